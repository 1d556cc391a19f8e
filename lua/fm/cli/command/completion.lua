-- Completion for a shell: prints the script to source, and, for that script, what may come at the
-- end of a line.
local printable <const> = require "fm.parts.printable"

local shells <const> = {
  bash = [==[
# Completion of fmrun for bash:   source <(fmrun completion bash)
_fmrun() {
    local line=${COMP_LINE:0:COMP_POINT} IFS=$'\n' word i
    COMPREPLY=($("${COMP_WORDS[0]}" completion --line "$line" 2>/dev/null))
    COMPREPLY=("${COMPREPLY[@]%%$'\t'*}")
    # Readline breaks words at these: what it has already must not come again.
    word=${line##*[[:space:]]}
    case $word in
    *=*) COMPREPLY=("${COMPREPLY[@]#"${word%=*}="}") ;;
    @*) [[ $COMP_WORDBREAKS == *@* ]] && COMPREPLY=("${COMPREPLY[@]#@}") ;;
    esac
    for i in "${COMPREPLY[@]}"; do
        case $i in *= | */) compopt -o nospace 2>/dev/null ;; esac
    done
}
complete -F _fmrun fmrun
]==],
  zsh = [==[
#compdef fmrun
# Completion of fmrun for zsh:   source <(fmrun completion zsh)
_fmrun() {
    local -a found closed open
    found=("${(@f)$($words[1] completion --line "${(j: :)words[1,CURRENT]}" 2>/dev/null)}")
    found=("${(@)found%%$'\t'*}")
    closed=(${found:#*[=/]})
    open=(${(M)found:#*[=/]})
    (( $#closed )) && compadd -a closed
    (( $#open )) && compadd -S '' -a open
    return 0
}
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit -u; }
compdef _fmrun fmrun
]==],
  fish = [==[
# Completion of fmrun for fish:   fmrun completion fish | source
function __fmrun_complete
    set -l words (commandline -cop)
    $words[1] completion --line (commandline -cp | string collect) 2>/dev/null
end
complete -c fmrun -f -a '(__fmrun_complete)'
]==],
}

return {
  help = "completion for bash, zsh or fish, to be sourced", usage = "fmrun completion bash|zsh|fish", takes = { "bash", "zsh", "fish" },
  options = { { "--line", name = "line", value = "TEXT", help = "what may come at the end of this line, a word and its meaning per line" } },
  examples = { "source <(fmrun completion bash)     # in ~/.bashrc", "fmrun completion fish | source" },
  run = function(line)
    if line.line then
      for _, candidate in ipairs(require "fm.cli.completion".candidates(line.line)) do
        local word, meaning = candidate[1], candidate[2]
        if printable.line(word) == word then print(word .. (meaning and "\t" .. printable.line(meaning) or "")) end -- a shell shows it
      end
      return
    end
    local shell = line.words[1]
    if not shells[shell or ""] or #line.words > 1 then line.refuse(('expected bash, zsh or fish, found "%s"'):format(table.concat(line.words, " "))) end
    io.stdout:write(shells[shell])
  end,
}

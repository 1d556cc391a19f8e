-- The words after `fmrun`: options, scripts, key=value, and what follows `--`.
local command_line <const> = {}

-- name: how the result calls it. value: it takes one, also written -lmod or --seed=1. many: it may come several times, in order.
local options <const> = {
  { "-e", name = "chunk", value = "STATEMENT", many = true, help = "run the statement" },
  { "-l", name = "module", value = "MODULE", many = true, help = "require the module into a global of its name" },
  { "-i", name = "interactive", help = "go on with a prompt afterwards" },
  { "-v", name = "show_version", help = "print the version, go on" },
  { "-E", name = "no_environment", help = "ignore LUA_INIT, LUA_PATH and LUA_CPATH" },
  { "-W", name = "warnings", help = "turn warnings on" },
  { "-o", "--runs", name = "runs", value = "DIR", help = "folder of the runs (else FM_RUNS, else ./runs)" },
  { "--seed", name = "seed", value = "N", help = "seed of every random stream, the same as seed=N" },
  { "--threads", name = "threads", value = "N", help = "threads of one run; results do not depend on it (1)" },
  { "-q", "--quiet", name = "quiet", help = "no progress, no notes: errors only" },
  { "--json", name = "json", help = "events as JSON lines on stdout" },
  { "--color", name = "color", value = "WHEN", help = "auto, always or never; NO_COLOR is heeded" },
  { "-V", "--version", name = "version", help = "print the version and end" },
  { "-h", "--help", name = "help", help = "print this and end" },
}

local by_flag <const> = {}
local flags <const> = {}
for _, option in ipairs(options) do
  for _, flag in ipairs(option) do
    by_flag[flag] = option
    flags[#flags + 1] = flag
  end
end

local function usage(message)
  error({ usage = message }, 0)
end

--- The option a word names, and the value inside the word ("-lmod", "--seed=1"), if any.
local function find_option(word)
  if by_flag[word] then return by_flag[word] end
  local long, value = word:match "^(%-%-[^=]+)=(.*)$"
  if long and by_flag[long] and by_flag[long].value then return by_flag[long], value end
  local short = word:sub(1, 2)
  if short ~= "--" and by_flag[short] and by_flag[short].value then return by_flag[short], word:sub(3) end
  local near = #word > 2 and require "fm.core".nearest(long or word, flags)
  usage(('unknown option "%s"%s; words for the script itself go after --'):format(word, near and ('; did you mean "%s"?'):format(near) or ""))
end

local function is_assignment(word)
  return word:find "^[^-/=][^/=]*=" ~= nil
end

local function is_first_script(word)
  return word == "-" or word:find "%.lua$" ~= nil or word:find("/", 1, true) ~= nil
end

local function add_word(result, word, place)
  if is_assignment(word) then
    result.words[#result.words + 1] = word
  elseif #result.scripts == 0 then
    if not is_first_script(word) then usage(('unknown command "%s"; a script ends in .lua or is written with a folder: ./%s'):format(word, word)) end
    result.scripts[1] = word
    result.script_place = place
  elseif word:find "%.lua$" then
    result.scripts[#result.scripts + 1] = word
  else
    result.words[#result.words + 1] = word
  end
end

--- Reads argv[1..]. Returns { scripts, words, extra (after --), actions = { {name, text}... }, script_place, and one field per option
--- given }; raises { usage = message }.
function command_line.parse(argv)
  local result = { scripts = {}, words = {}, extra = {}, actions = {} }
  local i = 1
  while i <= #argv do
    local word = argv[i]
    if word == "--" then
      table.move(argv, i + 1, #argv, 1, result.extra)
      break
    elseif word == "-" or word:sub(1, 1) ~= "-" then
      add_word(result, word, i)
    else
      local option, value = find_option(word)
      if option.value and not value then
        i = i + 1
        value = argv[i] or usage(("%s needs a value: %s"):format(word, option.value))
      end
      if option.many then
        result.actions[#result.actions + 1] = { option.name, value }
      elseif option.value and result[option.name] then
        usage(word .. " given twice")
      else
        result[option.name] = value or true
      end
    end
    i = i + 1
  end
  return result
end

function command_line.help()
  local lines = {
    "usage: fmrun [options] SCRIPT... [key=value...] [-- words for the script]", "",
    "  fmrun experiments/toy2d_moons.lua               run an experiment, results in runs/",
    "  fmrun experiments/toy2d_moons.lua lr=3e-3 seed=2   the same with other parameters",
    "  fmrun -e 'print(1 + 1)'                         as lua does",
    "  fmrun                                           a prompt", "", "options:",
  }
  for _, option in ipairs(options) do
    local names = table.concat(option, ", ") .. (option.value and " " .. option.value or "")
    lines[#lines + 1] = ("  %-18s %s"):format(names, option.help)
  end
  lines[#lines + 1] = ""
  lines[#lines + 1] = "exit: 0 all runs well, 1 a run failed, 2 usage, 4 internal error"
  return table.concat(lines, "\n")
end

return command_line

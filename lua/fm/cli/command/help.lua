-- What there is: the commands, one command, or a name of fm.
local command <const> = require "fm.cli.commands"
local layout <const> = require "fm.cli.terminal.layout"
local nearest <const> = require "fm.parts.nearest"

local function list_commands()
  print "usage: fmrun [options] SCRIPT... [key=value...]   run experiments (fmrun --help)"
  print "       fmrun COMMAND ...                          look at them\n"
  local page <const> = layout.columns() or 80
  for _, name in ipairs(command.names()) do
    print(table.concat(layout.wrap(command.summary(name), page, ("  %-12s"):format(name), (" "):rep(14)), "\n"))
  end
  print "\nfmrun COMMAND --help tells more; fmrun help fm.ode.solve prints the reference."
end

local function is_command(word)
  for _, name in ipairs(command.names()) do
    if name == word then return true end
  end
  return false
end

--- A word that is no command may be a name of fm, or a slip of either.
local function tell(word)
  if is_command(word) then return print(command.help(command.find(word))) end
  local reference <const> = require "fm.cli.reference"
  local found, message = reference.find(word)
  if not found then
    local advice = word:find "[.:]" and "" or nearest.advice(word, command.names())
    error({ message = advice == "" and message or ('no command is called "%s"%s'):format(word, advice), exit = 3 }, 0)
  end
  for i, entry in ipairs(found) do
    if i > 1 then print "" end
    print(reference.text(entry, layout.columns() or 80))
  end
end

return {
  help = "the commands, one command (ls), or a name of fm (fm.ode.solve)", usage = "fmrun help [COMMAND|fm.NAME]", takes = "name",
  run = function(line)
    if #line.words == 0 then return list_commands() end
    for _, word in ipairs(line.words) do tell(word) end
  end,
}

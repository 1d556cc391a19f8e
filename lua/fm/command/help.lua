-- What there is: the commands, one command, or a name of fm.
local command <const> = require "fm.command"

local function list_commands()
  print "usage: fmrun [options] SCRIPT... [key=value...]     run experiments (fmrun --help)"
  print "       fmrun COMMAND ...                            look at them\n"
  for _, name in ipairs(command.names()) do print(("  %-12s %s"):format(name, command.find(name).help)) end
  print "\nfmrun COMMAND --help tells more; fmrun help fm.ode.solve prints what the reference says."
end

return {
  help = "the commands, one command (help ls), or a name of fm (help fm.ode.solve)", usage = "fmrun help [COMMAND|fm.NAME]", takes = "name",
  run = function(line)
    if #line.words == 0 then return list_commands() end
    print(command.help(command.find(line.words[1])))
  end,
}

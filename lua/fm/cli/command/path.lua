-- The folder of a run or a sweep: cd "$(fmrun path @-1)".
local command_line <const> = require "fm.cli.command_line"
local printable <const> = require "fm.parts.printable"
local records <const> = require "fm.records.runs"

return {
  help = "print the folder of a run, a sweep or an experiment", usage = "fmrun path RUN", takes = "run", options = { "runs" },
  examples = { 'cd "$(fmrun path @-1)"' },
  run = function(line)
    if #line.words ~= 1 then line.refuse(("expected one run, found %d"):format(#line.words)) end
    print(printable.data(records.expect(records.target(command_line.runs(line), line.words[1])).path))
  end,
}

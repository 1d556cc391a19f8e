-- fmrun report: a run or a sweep as one HTML file. Reads only files, so it works while the run goes on and long after.
local lfs <const> = require "lfs"
local command_line <const> = require "fm.cli.command_line"
local printable <const> = require "fm.parts.printable"
local records <const> = require "fm.records.runs"
local report <const> = require "fm.report.report"

local follow_milliseconds <const> = 2000

--- The run or the sweep that a word stands for. Raises { usage } or { message, exit }.
local function target_of(line)
  if #line.words ~= 1 then line.refuse(("expected one run or sweep, found %d"):format(#line.words)) end
  local target = records.expect(records.target(command_line.runs(line), line.words[1]))
  if target.kind == "experiment" then line.refuse(('"%s" is an experiment: name one of its runs or sweeps'):format(target.name)) end
  return target
end

--- Writes the report; returns its file and whether anything in it still runs.
local function write(line)
  local target = target_of(line)
  local file = line.output or target.path .. "/report.html"
  if not line.output and lfs.symlinkattributes(file, "mode") == "link" then
    error({ message = ("%s is a link; say where the report shall go: -o FILE"):format(file), exit = 1 }, 0)
  end
  local running, message, about_metric = report.write(target, file, { metric = line.metric })
  if about_metric then line.refuse("--metric: " .. message) end
  if running == nil then error({ message = message, exit = 1 }, 0) end
  return file, running
end

return {
  help = "write a run or a sweep as one HTML file that opens from disk", usage = "fmrun report RUN|SWEEP [-o FILE]", takes = "run",
  examples = { "fmrun report @-1                       the last run, into its folder", "fmrun report 7f3a --metric accuracy:max -o page.html" },
  options = {
    { "-o", "--output", name = "output", value = "FILE", help = "where to write (report.html in the folder of the run or the sweep)" },
    { "-f", "--follow", name = "follow", help = "write it again every 2 seconds until nothing runs any more; the page loads itself again" },
    { "--metric", name = "metric", value = "NAME", help = "the summary that tells which run of a sweep is best: the lowest, or with NAME:max the highest" },
    { "--runs", name = "runs", value = "DIR", help = "folder of the runs (else FM_RUNS, else ./runs)" },
  },
  run = function(line)
    local file, running = write(line)
    print(printable.data(file))
    while line.follow and running do
      require "luv".sleep(follow_milliseconds)
      running = select(2, write(line))
    end
    return 0
  end,
}

-- fmrun report: a run or a sweep as one HTML file. Reads only files, so it works while the run goes
-- on and long after.
local lfs <const> = require "lfs"
local collection <const> = require "fm.report.collection"
local command_line <const> = require "fm.cli.command_line"
local printable <const> = require "fm.parts.printable"
local records <const> = require "fm.records.runs"
local report <const> = require "fm.report.report"
local selection <const> = require "fm.cli.selection"

local follow_milliseconds <const> = 2000

--- What the words stand for: a run, a sweep, or runs from anywhere as a collection; and the file
--- for its page. Raises { usage } or { message, exit }.
local function target_of(line)
  if #line.words == 0 then line.refuse "expected runs, sweeps or experiments" end
  local base = command_line.runs(line)
  local targets = records.expect(records.targets(base, line.words))
  local only = #targets == 1 and targets[1]
  if only and only.kind ~= "experiment" and not line.where then return only, only.path .. "/report.html" end
  local list = records.expect(records.runs_of(targets, line.words))
  local chosen = selection.choose(list, line)
  if #chosen == 0 then error({ message = selection.none(list), exit = 3 }, 0) end
  local place = only and only.kind and only.path or base
  return collection(chosen, table.concat(line.words, " "), command_line.text(line.argv)), place .. "/report.html"
end

--- Writes the report; returns its file and whether anything in it still runs.
local function write(line)
  local target, usual = target_of(line)
  local file = line.output or usual
  if not line.output and lfs.symlinkattributes(file, "mode") == "link" then
    error({ message = ("%s is a link; say where to write the report: -o FILE"):format(file), exit = 1 }, 0)
  end
  local running, message, about_metric = report.write(target, file, { metric = line.metric })
  if about_metric then line.refuse("--metric: " .. message) end
  if running == nil then error({ message = message, exit = 1 }, 0) end
  return file, running
end

return {
  help = "write a run, a sweep or any runs as one HTML file that opens from disk",
  usage = "fmrun report RUN|SWEEP|EXPERIMENT... [-o FILE]", takes = "run",
  examples = { "fmrun report @-1                       the last run, into its folder", "fmrun report 7f3a --metric accuracy:max -o page.html",
    "fmrun report toy2d_moons --where 'lr<1e-2'  all its runs that fit, into the folder of the experiment" },
  options = {
    { "-o", "--output", name = "output", value = "FILE", help = "where to write (report.html in the folder of the run, sweep or experiment)" },
    { "--where", name = "where", value = "CONDITION", many = true, help = "only runs that meet the condition: 'lr<1e-3', 'age<2h'; several must all hold" },
    { "-f", "--follow", name = "follow", help = "write it again every 2 seconds until nothing runs any more; the page loads itself again" },
    { "--metric", name = "metric", value = "NAME", help = "the result that tells which run is best: the lowest, or with NAME:max the highest" },
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

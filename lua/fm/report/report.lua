-- fmrun report: a run or a sweep as one HTML file that opens from the disk. It reads only files, so
-- anything that ever ran can have one.
local core <const> = require "fm.core"

local plain_numbers <const> = require "fm.parts.plain_numbers"

local report <const> = {}

--- The text of the page about a target of fm.records (a run's record, a sweep { path, name }, or a
--- collection of fm.report.collection), and whether anything in it still runs. options: metric
--- ("w2", "accuracy:max": which run is best). Or nil, a message, and true when the message is about
--- the metric.
function report.text(target, options)
  local plain <close> = plain_numbers()
  local made = os.date "!%Y-%m-%d %H:%M:%S UTC"
  if target.status then
    if options.metric then return nil, "only a sweep has a best run", true end
    return require "fm.report.run_page"(target, made)
  end
  local sweep, message = target, nil
  if target.kind ~= "runs" then sweep, message = require "fm.report.sweep"(target.path, target.name) end
  if not sweep then return nil, message end
  local problem = options.metric and require "fm.records.objective".problem(sweep.runs, options.metric)
  if problem then return nil, problem, true end
  return require "fm.report.sweep_page"(sweep, made, options.metric)
end

--- Writes the page to a file in one step. Returns whether anything in it still runs; when it fails,
--- returns the same as report.text.
function report.write(target, file, options)
  local text, running, about_metric = report.text(target, options)
  if not text then return nil, running, about_metric end
  local ok, message = core.file.write(file, text)
  if not ok then return nil, message end
  return running
end

return report

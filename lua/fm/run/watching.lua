-- Those that watch what a run logs: spikes, early stopping, the best checkpoint.
local fm <const> = require "fm"
local early_stopping <const> = require "fm.run.early_stopping"
local options <const> = require "fm.parts.options"
local saving <const> = require "fm.run.saving"
local spikes <const> = require "fm.run.spikes"

local watching <const> = { methods = {} }

--- run:stop_when { metric = "valid", patience = 10, mode = "min", min_delta = 0 }: the loop ends
--- after `patience` logs of the metric in a row that were no better than its best by more than
--- min_delta. run:stop_when { spike = 10 }: at a loss above ten times its running median.
function watching.methods.stop_when(run, given, ...)
  options.no_more("stop_when", 1, ...)
  run.loop:refuse_inside "stop_when"
  run.lines.line = nil -- one of its names may be watched from now on
  if type(given) == "table" and given.spike ~= nil then return spikes.stop_when(run, given) end
  table.insert(run.lines.stoppers, early_stopping.new(given))
end

--- The number that was logged under a name; `where` asks for it.
local function number(where, name, value)
  if math.type(value) then return value end
  fm.fail(("%s: %s: expected numbers to be logged, found %s"):format(where, name, options.shown(value)))
end

--- The loop, if one runs, ends after this step.
local function stop(run, why)
  local loop = run.loop
  if not loop.thread then return end
  loop.stopping = why
  run.listener:note(("%s: stops at step %d: %s"):format(run.name, loop.step, why))
  run.folder:add_line("log.txt", ("stopped at step %d: %s"):format(loop.step, why))
end

--- A line was logged (of fm.run.logging).
function watching.heed(run, line)
  local lasts, places, best = line.lasts, line.places, run.saving.plan.best
  for i = 1, #line.watched do
    local place = line.watched[i]
    local why = math.type(lasts[place]) and spikes.heed(run, line.names[place], lasts[place])
    if why then stop(run, why) end
  end
  for _, stopper in ipairs(run.lines.stoppers) do
    local place = places[stopper.metric]
    local why = place and early_stopping.heed(stopper, number("stop_when: metric", stopper.metric, lasts[place]), run.loop.step)
    if why then stop(run, why) end
  end
  if best and places[best] then saving.heed(run, number("checkpoints: best", best, lasts[places[best]])) end
end

return watching

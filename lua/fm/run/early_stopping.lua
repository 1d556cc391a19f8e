-- Early stopping: a logged metric, and how many logs in a row it may go without getting better
-- before the loop ends.
local given <const> = require "fm.run.given"
local options <const> = require "fm.parts.options"
local short <const> = require "fm.parts.short"

local early <const> = {}

--- Whether `value` is better than `best` (nil: none yet) by more than min_delta. A value that is
--- not finite is never better.
function early.is_better(value, best, mode, min_delta)
  if value ~= value or math.abs(value) == math.huge then return false end
  if not best then return true end
  if mode == "min" then return value < best - min_delta end
  return value > best + min_delta
end

local modes <const> = { min = "min", max = "max" }

function early.check_mode(where, mode)
  options.choose(where .. ": mode", mode, modes)
end

--- A stopper for run:stop_when. Its `state` belongs to the checkpoint.
function early.new(choice)
  local where = "stop_when"
  local o = options.read(where, choice, { metric = options.none, patience = 10, mode = "min", min_delta = 0, spike = options.none })
  given.metric(where .. ": metric", o.metric)
  early.check_mode(where, o.mode)
  options.integer(where .. ": patience", o.patience, 1)
  options.number(where .. ": min_delta", o.min_delta, 0, 1e300)
  o.state = { misses = 0, over = false } -- and best, step: where it was best
  return o
end

--- Gets a logged value; returns why the loop ends, or nil.
function early.heed(stopper, value, step)
  local state = stopper.state
  if state.over then return nil end
  if early.is_better(value, state.best, stopper.mode, stopper.min_delta) then
    state.best, state.step, state.misses = value, step, 0
    return nil
  end
  state.misses = state.misses + 1
  if state.misses < stopper.patience then return nil end
  state.over = true
  if not state.best then return ("%s was not finite for %d logs"):format(stopper.metric, state.misses) end
  return ("%s has been no better than %s, at step %d, for %d logs"):format(stopper.metric, short.number(state.best), state.step, state.misses)
end

return early

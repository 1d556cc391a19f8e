-- posterior(model, {path, guard, cond}) -> f(x, t) -> E[x1 | x], E[x0 | x]: the means of the data
-- and of the source that lead through x at time t, (s v - ds x) / (s da - a ds) and (da x - a v) /
-- (s da - a ds), from the velocity model(x, t); for the straight line x + (1 - t) v and x - t v.
-- The first is Tweedie's formula. t is a number or [B]; guard and cond as for score.
local arguments <const> = require "fm.flow.parts.arguments"
local guarded <const> = require "fm.flow.parts.guarded"
local fields <const> = require "fm.parts.field"
local options <const> = require "fm.parts.options"

return function(model, given, ...)
  options.no_more("posterior", 2, ...)
  arguments.model("posterior", model)
  local o = options.read("posterior", given, { path = "linear", guard = 1e-3, cond = options.none })
  local read, call = guarded("posterior", o.path, o.guard, false), fields.of(model, o.cond)
  return fields.new("posterior: field", function(x, t, pick)
    local at, a, s, da, ds, w = read(x, t)
    local v = call(x, at, pick)
    arguments.batch("posterior", "what the model returned", v, x)
    return (v * s - x * ds) / w, (x * da - v * a) / w
  end)
end

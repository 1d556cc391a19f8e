-- posterior(model, {path, guard, cond}) -> f(x, t) -> E[x1 | x], E[x0 | x]: the means of the data
-- and of the source that lead through x at time t, (s v - ds x) / (s da - a ds) and (da x - a v) /
-- (s da - a ds), from the velocity model(x, t); for the straight line x + (1 - t) v and x - t v.
-- The first is Tweedie's formula. For a path with noise gamma z and a unit normal source, s is
-- sqrt(s^2 + gamma^2), and the second mean is that of (s x0 + gamma z) / sqrt(s^2 + gamma^2). t is
-- a number or [B]; guard and cond as for score.
local arguments <const> = require "fm.flow.parts.arguments"
local conversion <const> = require "fm.flow.prediction.parts.conversion"
local guarded <const> = require "fm.flow.parts.guarded"
local fields <const> = require "fm.parts.field"
local options <const> = require "fm.parts.options"
local predictions <const> = require "fm.flow.prediction"

local tiny <const> = 1e-30 -- the divisors are bounded by where they are read

return function(model, given, ...)
  options.no_more("posterior", 2, ...)
  arguments.model("posterior", model)
  local o = options.read("posterior", given, { path = "linear", guard = 1e-3, cond = options.none })
  local read, call = guarded("posterior", o.path, o.guard, false), fields.of(model, o.cond)
  return fields.new("posterior: field", function(x, t, pick)
    local at, a, s, da, ds = read(x, t)
    local v = call(x, at, pick)
    arguments.batch("posterior", "what the model returned", v, x)
    local to_data, centre_v, data = conversion(predictions.velocity, predictions.data, a, s, da, ds, tiny)
    local to_noise, _, noise = conversion(predictions.velocity, predictions.noise, a, s, da, ds, tiny)
    local off = v - x * centre_v
    return off * to_data + x * data, off * to_noise + x * noise
  end)
end

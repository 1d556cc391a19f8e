-- score(model, {path, guard, cond}) -> f(x, t) -> score [B, ...], velocity: the gradient in x of
-- the log-density at time t, from the velocity model(x, t), for a source x0 ~ N(0, I) independent
-- of x1 (no coupling) on a path x = a x1 + s x0. It is -E[x0 | x] / s, where E[x0 | x] = (da x - a
-- v) / (s da - a ds); for the straight line the score is (t v - x) / (1 - t). Albergo and others
-- 2023, section 2. For a path with noise gamma z, s is sqrt(s^2 + gamma^2). At an end of the path
-- where this divides by 0, all is read `guard` (1e-3) away from it. t is a number or [B]; cond goes
-- to the model. A model that predicts the data, the noise or the score is passed as
-- flow.velocity(model, ...).
local arguments <const> = require "fm.flow.parts.arguments"
local conversion <const> = require "fm.flow.prediction.parts.conversion"
local guarded <const> = require "fm.flow.parts.guarded"
local fields <const> = require "fm.parts.field"
local options <const> = require "fm.parts.options"
local predictions <const> = require "fm.flow.prediction"

local tiny <const> = 1e-30 -- the divisors are bounded by where they are read

return function(model, given, ...)
  options.no_more("score", 2, ...)
  arguments.model("score", model)
  local o = options.read("score", given, { path = "linear", guard = 1e-3, cond = options.none })
  local read, call = guarded("score", o.path, o.guard, true), fields.of(model, o.cond)
  return fields.new("score: field", function(x, t, pick)
    local at, a, s, da, ds = read(x, t)
    local v = call(x, at, pick)
    arguments.batch("score", "what the model returned", v, x)
    local scale, centre_v, centre = conversion(predictions.velocity, predictions.score, a, s, da, ds, tiny)
    return (v - x * centre_v) * scale + x * centre, v
  end)
end

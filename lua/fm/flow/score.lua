-- score(model, {path, guard}) -> f(x, t) -> score [B, ...], velocity: the gradient in x of the log-density at time t, from the velocity
-- model(x, t), for a source x0 ~ N(0, I) independent of x1 (no coupling) on a path x = a x1 + s x0. It is -E[x0 | x] / s, where
-- E[x0 | x] = (da x - a v) / (s da - a ds); for the straight line the score is (t v - x) / (1 - t). Albergo and others 2023, section 2.
-- At an end of the path where this divides by 0, all is read `guard` (1e-3) away from it. t is a number. A model that predicts the data or
-- the noise comes as flow.velocity(model, ...).
local guarded <const> = require "fm.flow.guarded"
local options <const> = require "fm.options"

return function(model, given)
  local o = options.read("score", given, { path = "linear", guard = 1e-3 })
  local read = guarded("score", o.path, o.guard)
  return function(x, t)
    local at, a, s, da, _, w = read(t)
    local v = model(x, at)
    return (v * a - x * da) / (s * w), v
  end
end

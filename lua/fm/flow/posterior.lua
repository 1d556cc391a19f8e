-- posterior(model, {path, guard}) -> f(x, t) -> E[x1 | x], E[x0 | x]: the means of the data and of the source that lead through x at time
-- t, (s v - ds x) / (s da - a ds) and (da x - a v) / (s da - a ds), from the velocity model(x, t); for the straight line x + (1 - t) v and
-- x - t v. The first is Tweedie's formula. `guard` as for score.
local guarded <const> = require "fm.flow.guarded"
local options <const> = require "fm.options"

return function(model, given)
  local o = options.read("posterior", given, { path = "linear", guard = 1e-3 })
  local read = guarded("posterior", o.path, o.guard)
  return function(x, t)
    local at, a, s, da, ds, w = read(t)
    local v = model(x, at)
    return (v * s - x * ds) / w, (x * da - v * a) / w
  end
end

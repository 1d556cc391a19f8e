-- data: x1. Then u = da x1 + ds x0 with x0 = (x - a x1) / s; for the straight line (x1 - x) / (1 -
-- t). Where s vanishes x0 is 0 in the mean: a larger divisor is right there.
local divisor <const> = require "fm.flow.prediction.parts.divisor"

return {
  target = function(_, x1) return x1 end,
  velocity = function(p, x, a, s, da, ds, guard)
    local k = ds / divisor(s, guard)
    return p * (da - k * a) + x * k
  end,
  fails = function(_, unbounded) return unbounded end,
  centre = function(a, s) return a / (a * a + s * s) end,
  rate = function(_, s) return s end,
  per_rate = function(_, s, _, _, guard) return 1 / divisor(s, guard) end,
}

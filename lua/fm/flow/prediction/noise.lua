-- noise: x0. Then x1 = (x - s x0) / a.
local divisor <const> = require "fm.flow.prediction.parts.divisor"

return {
  target = function(x0) return x0 end,
  velocity = function(p, x, a, s, da, ds)
    local k = da / divisor(a)
    return p * (ds - k * s) + x * k
  end,
  fails = function(a, unbounded, guard) return unbounded or a < guard end,
  centre = function(a, s) return s / (a * a + s * s) end,
  rate = function(a) return -a end,
  per_rate = function(a, _, _, _, guard) return -1 / divisor(a, guard) end,
}

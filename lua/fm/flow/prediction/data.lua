-- data: x1. Then u = da x1 + ds x0 with x0 = (x - a x1) / s; for the straight line (x1 - x) / (1 -
-- t). With a larger divisor, where s vanishes, u stays near that of data which are a unit normal,
-- as in flow.convert.
local fm <const> = require "fm"
local divisor <const> = require "fm.flow.prediction.parts.divisor"

local function larger(s, guard)
  return type(guard) == "number" and divisor(s, guard) or fm.maximum(guard, s)
end

return {
  target = function(_, x1) return x1 end,
  velocity = function(p, x, a, s, da, ds, guard)
    local k = (s * da - a * ds) / larger(s, guard)
    return p * k + x * ((a * da + s * ds - a * k) / (a * a + s * s))
  end,
  divides_by_s = true,
  fails = function(_, unbounded) return unbounded end,
  centre = function(a, s) return a / (a * a + s * s) end,
  rate = function(_, s) return s end,
  per_rate = function(_, s, _, _, guard) return 1 / divisor(s, guard) end,
}

-- score: the gradient of the log-density. x0 = -s score, for a source that is a unit normal. |score
-- + x0 / s|^2 has no finite mean over t, but s^2 times it has. Song et al. 2021, section 3.3.
local divisor <const> = require "fm.flow.prediction.parts.divisor"

return {
  target = function(x0, _, _, s) return -x0 / divisor(s, 2.0 ^ -24) end,
  scaled = function(x0) return -x0 end,
  velocity = function(p, x, a, s, da, ds)
    local k = da / divisor(a)
    return p * (k * s * s - s * ds) + x * k
  end,
  like = "noise", -- s times a score is the noise with the other sign
  fails = function(a, _, guard) return a < guard end, -- s ds has a bound
  centre = function(a, s) return -1 / (a * a + s * s) end,
  rate = function(a, s, _, _, guard) return a / divisor(s, guard) end,
  per_rate = function(a, s, _, _, guard) return s / divisor(a, guard) end,
}

-- u_shaped{a = 4}: more often near both ends, with the density (e^(a t) + e^(a (1 - t))) a / (2
-- (e^a - 1)). Lee, Lin and Fanti 2024, section 4.2. Its distribution function has the inverse 1/2
-- + asinh((2 u - 1) sinh(a / 2)) / a.
local below_one <const> = require "fm.flow.time.parts.below_one"
local options <const> = require "fm.parts.options"

return function(given)
  local where <const> = "time u_shaped"
  local a <const> = options.number(where .. ": a", options.read(where, given, { a = 4 }).a, 1e-3, 80)
  local steep <const> = (math.exp(a / 2) - math.exp(-a / 2)) / 2
  return function(rng, n)
    local side = rng:uniform(n) * 2 - 1
    local y = side:abs() * steep
    local far = (y + (y:square() + 1):sqrt()):log() / a -- from 1/2
    return side:lt(0):where(0.5 - far, far + 0.5):clamp(0, below_one)
  end
end

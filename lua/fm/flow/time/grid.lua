-- grid{steps = 1}: one of the times 0, 1/steps, .. (steps - 1)/steps, each equally likely: those
-- at which equal Euler steps begin. For distilling a flow to that many steps. Liu et al. 2023.
local options <const> = require "fm.parts.options"

return function(given)
  local where <const> = "time grid"
  local o = options.read(where, given, { steps = 1 })
  local steps = options.integer(where .. ": steps", o.steps, 1, 1e6)
  return function(rng, n) return rng:integers(n, 0, steps - 1) / steps end
end

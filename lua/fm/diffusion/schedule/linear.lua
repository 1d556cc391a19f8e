-- linear{steps = 1000, beta_min = 1e-4, beta_max = 0.02, scale = false}: betas evenly spaced, both
-- ends included. They were chosen for 1000 steps: with fewer, much of the data is left at the noisy
-- end (abar_T is 0.9 for 10). scale = true multiplies them by 1000 / steps, which ends near abar_T
-- = 4e-5 as 1000 steps do; betas stay below 1 (0.999), so 20 steps are about the fewest it can do
-- that for. Ho et al. 2020.
local options <const> = require "fm.parts.options"

local most <const> = 0.999

return function(given)
  local where <const> = "schedule linear"
  local o = options.read(where, given, { steps = 1000, beta_min = 1e-4, beta_max = 0.02, scale = false })
  local n = options.integer(where .. ": steps", o.steps, 1, 1e6)
  local low, high = options.number(where .. ": beta_min", o.beta_min, 1e-12, most), options.number(where .. ": beta_max", o.beta_max, 1e-12, most)
  local factor = options.boolean(where .. ": scale", o.scale) and 1000 / n or 1
  local betas = {}
  for k = 1, n do betas[k] = math.min(factor * (n == 1 and low or low + (k - 1) * (high - low) / (n - 1)), most) end
  return betas
end

-- schrodinger_bridge{sigma}: a Brownian bridge around the straight line: xt = m + sigma sqrt(t (1 -
-- t)) z with m = (1 - t) x0 + t x1, u = (1 - 2t) / (2 t (1 - t)) (xt - m) + x1 - x0. Tong et al.
-- 2023. u has no bound at the ends: its first term is read `guard` away from them.
local options <const> = require "fm.parts.options"
local f <const> = require "fm.flow.path.parts.functions"
local linear <const> = require "fm.flow.path.linear"

local function at_least(t, low)
  if type(t) == "number" then return math.max(t, low) end
  return t:clamp { min = low }
end

return function(given)
  local where <const> = "path schrodinger_bridge"
  local o = options.read(where, given, { sigma = 1, guard = 1e-5 })
  local sigma, guard = options.number(where .. ": sigma", o.sigma, 0, 1e12), options.number(where .. ": guard", o.guard, 1e-12, 0.1)
  local path = { noisy = true }
  for key, value in pairs(linear) do path[key] = value end
  function path.around(m, u, t, z)
    local past, left = at_least(t, guard), at_least(1 - t, guard)
    local slope = (left - past) / f.sqrt(past * left) * (sigma / 2)
    return m + f.sqrt(t * (1 - t)) * sigma * z, slope * z + u
  end
  return path
end

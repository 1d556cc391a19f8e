-- schrodinger_bridge{sigma}: a Brownian bridge around the straight line: xt = m + sigma sqrt(t (1 - t)) z with m = (1 - t) x0 + t x1,
-- u = (1 - 2t) / (2 t (1 - t)) (xt - m) + x1 - x0. Tong et al. 2023. u has no bound at the ends: times stay `guard` away from them.
local options <const> = require "fm.options"
local f <const> = require "fm.flow.path.functions"
local linear <const> = require "fm.flow.path.linear"

return function(given)
  local o = options.read("schrodinger_bridge", given, { sigma = 1, guard = 1e-5 })
  local sigma, guard = options.number("schrodinger_bridge: sigma", o.sigma, 0, math.huge), o.guard
  local path = { noisy = true }
  for key, value in pairs(linear) do path[key] = value end
  function path.around(m, u, t, z)
    local inside = type(t) == "number" and math.min(math.max(t, guard), 1 - guard) or t:clamp(guard, 1 - guard)
    local spread = inside * (1 - inside)
    local step = f.sqrt(spread) * z * sigma
    return m + step, (1 - inside * 2) / (spread * 2) * step + u
  end
  return path
end

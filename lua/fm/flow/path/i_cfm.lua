-- i_cfm{sigma}: the straight line with noise of a constant size around it: xt = (1 - t) x0 + t x1 + sigma z, u = x1 - x0. Tong et al. 2023.
local options <const> = require "fm.options"
local linear <const> = require "fm.flow.path.linear"

return function(given)
  local sigma = options.number("i_cfm: sigma", options.read("i_cfm", given, { sigma = 0.1 }).sigma, 0, math.huge)
  local path = { noisy = true }
  for key, value in pairs(linear) do path[key] = value end
  function path.around(xt, u, _, z) return xt + z * sigma, u end
  return path
end

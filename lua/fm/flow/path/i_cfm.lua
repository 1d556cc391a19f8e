-- i_cfm{sigma = 0.1}: the straight line with noise of a constant size around it: xt = (1 - t) x0 +
-- t x1 + sigma z, u = x1 - x0. At t = 0 that is a normal of deviation sqrt(1 + sigma^2). Tong et
-- al. 2023.
local constant <const> = require "fm.flow.gamma.constant"
local linear <const> = require "fm.flow.path.linear"
local options <const> = require "fm.parts.options"
local with_noise <const> = require "fm.flow.path.parts.with_noise"

return function(given)
  local where <const> = "path i_cfm"
  local sigma = options.number(where .. ": sigma", options.read(where, given, { sigma = 0.1 }).sigma, 0, 1e12)
  return with_noise(linear, constant { scale = sigma })
end

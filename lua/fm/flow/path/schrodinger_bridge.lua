-- schrodinger_bridge{sigma = 1, guard = 1e-5}: a Brownian bridge around the straight line: xt = m +
-- sigma sqrt(t (1 - t)) z with m = (1 - t) x0 + t x1, u = (1 - 2t) / (2 t (1 - t)) (xt - m) + x1 -
-- x0. Tong et al. 2023. u has no bound at the ends: its first term is read `guard` away from them.
local linear <const> = require "fm.flow.path.linear"
local options <const> = require "fm.parts.options"
local sqrt <const> = require "fm.flow.gamma.sqrt"
local with_noise <const> = require "fm.flow.path.parts.with_noise"

return function(given)
  local where <const> = "path schrodinger_bridge"
  local o = options.read(where, given, { sigma = 1, guard = 1e-5 })
  return with_noise(linear, sqrt { scale = options.number(where .. ": sigma", o.sigma, 0, 1e12) }, o.guard)
end

-- ve{sigma_min = 0.01, sigma_max = 2}: noise of falling size on the data: a = 1, s = sigma_min
-- (sigma_max / sigma_min)^(1 - t). It starts as sigma_max times a normal, not as a unit normal:
-- path:source draws that. Song et al. 2021.
local fm <const> = require "fm"
local options <const> = require "fm.parts.options"
local f <const> = require "fm.flow.path.parts.functions"

return function(given)
  local where <const> = "path ve"
  local o = options.read(where, given, { sigma_min = 0.01, sigma_max = 2 })
  local low, high = options.number(where .. ": sigma_min", o.sigma_min, 1e-12, 1e12), options.number(where .. ": sigma_max", o.sigma_max, 1e-12, 1e12)
  if not (low < high) then fm.fail(("%s: sigma_min %g is not below sigma_max %g"):format(where, low, high)) end
  local rate = math.log(high / low)
  local function s(t) return f.exp((1 - t) * rate) * low end
  return {
    a = function() return 1 end,
    s = s,
    da = function() return 0 end,
    ds = function(t) return s(t) * -rate end,
    time = function(a, z) return 1 - f.log(z / (a * low)) / rate end,
  }
end

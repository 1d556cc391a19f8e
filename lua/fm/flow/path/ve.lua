-- ve{sigma_min, sigma_max}: noise of growing size on the data: a = 1, s = sigma_min (sigma_max / sigma_min)^(1 - t). Song et al. 2021.
local options <const> = require "fm.options"
local f <const> = require "fm.flow.path.functions"

return function(given)
  local o = options.read("ve", given, { sigma_min = 0.01, sigma_max = 2 })
  local rate = math.log(o.sigma_max / o.sigma_min)
  local function s(t) return f.exp((1 - t) * rate) * o.sigma_min end
  return {
    a = function() return 1 end,
    s = s,
    da = function() return 0 end,
    ds = function(t) return s(t) * -rate end,
  }
end

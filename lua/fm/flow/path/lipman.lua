-- lipman{sigma_min = 1e-4}: a = t, s = 1 - (1 - sigma_min) t. Lipman et al. 2023, equation 20.
local options <const> = require "fm.parts.options"

return function(given)
  local where <const> = "path lipman"
  local least = options.number(where .. ": sigma_min", options.read(where, given, { sigma_min = 1e-4 }).sigma_min, 0, 1)
  local keep = 1 - least
  return {
    a = function(t) return t end,
    s = function(t) return (1 - t) + t * least end, -- all digits near t = 1
    da = function() return 1 end,
    ds = function() return -keep end,
    time = function(a, s) return a / (s + a * keep) end,
  }
end

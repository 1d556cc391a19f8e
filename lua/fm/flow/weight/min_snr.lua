-- min_snr{gamma = 5}: min((a / s)^2, gamma) times the error of the data: the times at which the
-- data are nearly seen count no more than others. Hang et al. 2023.
local options <const> = require "fm.parts.options"
local divisor <const> = require "fm.flow.prediction.parts.divisor"

return function(given)
  local where <const> = "weight min_snr"
  local gamma <const> = options.number(where .. ": gamma", options.read(where, given, { gamma = 5 }).gamma, 1e-12, 1e12)
  local function at_most(ratio)
    if type(ratio) == "number" then return math.min(ratio, gamma) end
    return ratio:clamp { max = gamma }
  end
  return { of = "data", weight = function(a, s) return at_most((a / divisor(s)) ^ 2) end }
end

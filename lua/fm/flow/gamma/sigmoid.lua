-- sigmoid{steepness = 10, scale = 1}: scale (bump(t) - bump(0)), bump(t) = S(k (t - 1/2) + 1) - S(k
-- (t - 1/2) - 1) with the logistic function S and k the steepness: noise around t = 1/2, in a
-- window that is narrower for a larger k.
local fm <const> = require "fm"
local options <const> = require "fm.parts.options"

local function logistic(y)
  if type(y) == "number" then return 1 / (1 + math.exp(-y)) end
  return fm.sigmoid(y)
end

local function logistic_slope(y)
  return logistic(y) * logistic(-y)
end

return function(given)
  local where <const> = "gamma sigmoid"
  local o = options.read(where, given, { steepness = 10, scale = 1 })
  local k = options.number(where .. ": steepness", o.steepness, 1e-3, 1e3)
  local scale = options.number(where .. ": scale", o.scale, 0, 1e12)
  -- the bump is even; on its left side both logistic values are small, so that no digits are lost
  local function bump(t)
    local y = (type(t) == "number" and math.abs(t - 0.5) or (t - 0.5):abs()) * -k
    return logistic(y + 1) - logistic(y - 1)
  end
  local low <const> = bump(0.0)
  return {
    gamma = function(t) return (bump(t) - low) * scale end,
    dgamma = function(t) return (logistic_slope((t - 0.5) * k + 1) - logistic_slope((t - 0.5) * k - 1)) * (k * scale) end,
  }
end

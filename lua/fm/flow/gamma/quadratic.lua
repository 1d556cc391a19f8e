-- quadratic{scale = 1}: scale t (1 - t).
local scale_of <const> = require "fm.flow.gamma.parts.scale"

return function(given)
  local scale <const> = scale_of("quadratic", given)
  return {
    gamma = function(t) return t * (1 - t) * scale end,
    dgamma = function(t) return ((1 - t) - t) * scale end,
  }
end

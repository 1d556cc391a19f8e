-- sqrt{scale = 1}: scale sqrt(t (1 - t)), a Brownian bridge. Its slope has no bound at the ends.
local f <const> = require "fm.flow.path.parts.functions"
local scale_of <const> = require "fm.flow.gamma.parts.scale"

return function(given)
  local scale <const> = scale_of("sqrt", given)
  local function bridge(t) return f.sqrt(t * (1 - t)) end
  return {
    gamma = function(t) return bridge(t) * scale end,
    dgamma = function(t) return ((1 - t) - t) / bridge(t) * (scale / 2) end,
  }
end

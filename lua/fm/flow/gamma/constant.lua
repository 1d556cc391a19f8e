-- constant{scale = 1}: the same at every time, also at the ends.
local scale_of <const> = require "fm.flow.gamma.parts.scale"

return function(given)
  local scale <const> = scale_of("constant", given)
  return { gamma = function() return scale end, dgamma = function() return 0 end }
end

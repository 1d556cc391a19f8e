-- residual(layer): x + layer(x). He et al. 2016.
local module <const> = require "fm.nn.module"

return function(layer)
  return module.new({ { "layer", layer } }, function(_, x, ...) return x + layer(x, ...) end)
end

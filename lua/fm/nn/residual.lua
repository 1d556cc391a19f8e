-- residual(layer): x + layer(x). He et al. 2016.
local fm <const> = require "fm"
local options <const> = require "fm.parts.options"
local module <const> = require "fm.nn.parts.module"

return function(layer, ...)
  options.no_more("residual", 1, ...)
  if not options.callable(layer) then fm.fail("residual: expected a layer, found " .. options.shown(layer)) end
  local parts = type(layer) == "table" and { { "layer", layer } } or {} -- a function has no parameters
  return module.new(parts, function(_, x, ...)
    if not fm.is_tensor(x) then fm.fail("residual: expected a tensor, found " .. options.shown(x)) end
    return x + layer(x, ...)
  end)
end

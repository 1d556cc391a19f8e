-- none: x itself.
local module <const> = require "fm.nn.parts.module"
local options <const> = require "fm.parts.options"

return function(...)
  options.no_more("none", 0, ...)
  local layer = module.new({}, function(_, x) return x end)
  layer.same_as_op = "none"
  return layer
end

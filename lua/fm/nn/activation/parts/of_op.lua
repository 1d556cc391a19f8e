-- of_op(name): what the file of an activation returns when the activation is one op without
-- options. Its layer says which op, so that the layer before it may do the op in its own last pass:
-- see nn/sequential.lua.
local fm <const> = require "fm"
local module <const> = require "fm.nn.parts.module"
local options <const> = require "fm.parts.options"

return function(name)
  local op = fm[name]
  return function(...)
    options.no_more(name, 0, ...)
    local layer = module.new({}, function(_, x) return op(x) end)
    layer.same_as_op = name
    return layer
  end
end

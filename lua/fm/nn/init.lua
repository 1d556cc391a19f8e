-- Layers, found by name: nn.linear is nn/linear.lua, or linear.lua of a user's beside the script (in a folder on package.path).
-- Activations come from C: any op that takes one tensor and has no options of its own can stand between layers.
local fm <const> = require "fm"
local by_name <const> = require "fm.by_name"
local module <const> = require "fm.nn.module"
local init <const> = require "fm.nn.parts.init_stream"

local nn <const> = { module = module.new, seed = init.seed }

local activations <const> = { "tanh", "sigmoid", "relu", "silu", "gelu", "gelu_tanh", "selu", "elu", "softplus", "leaky_relu", "log_sigmoid" }
for _, name in ipairs(activations) do
  local op = fm[name]
  nn[name] = function()
    local layer = module.new({}, function(_, x) return op(x) end)
    layer.activation = name
    return layer
  end
end

return by_name.module("fm.nn", nn)

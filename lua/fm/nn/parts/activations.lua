-- The activations: ops that take one tensor and have no options of their own. Each can stand between layers, or be the act of a linear one.
local options <const> = require "fm.parts.options"

local activations <const> = {}
local known <const> = { none = true }

activations.names = { "tanh", "sigmoid", "relu", "silu", "gelu", "gelu_tanh", "selu", "elu", "softplus", "leaky_relu", "log_sigmoid" }
for _, name in ipairs(activations.names) do known[name] = true end

--- The name of an activation, "none" included, or an error.
function activations.check(where, name)
  options.choose(where, name, known)
  return name
end

return activations

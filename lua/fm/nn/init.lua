-- Layers, found by name: nn.linear is nn/linear.lua, or linear.lua of a user's beside the script (in a folder on package.path).
local fm <const> = require "fm"
local activations <const> = require "fm.nn.parts.activations"
local by_name <const> = require "fm.parts.by_name"
local module <const> = require "fm.nn.parts.module"
local options <const> = require "fm.parts.options"
local init <const> = require "fm.nn.parts.init_stream"

local nn <const> = { module = module.new, seed = init.seed }

for _, name in ipairs(activations.names) do
  local op = fm[name]
  nn[name] = function(...)
    options.no_more(name, 0, ...)
    local layer = module.new({}, function(_, x) return op(x) end)
    layer.activation = name
    return layer
  end
end

return by_name.room("fm.nn", nn)

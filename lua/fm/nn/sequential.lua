-- sequential{layer, layer, ...}: one after the other. A linear layer and the activation after it run as one op.
local fm <const> = require "fm"
local module <const> = require "fm.nn.module"

local fused <const> = fm.linear

local function forward(self, x, ...)
  for _, stage in ipairs(self.stages) do
    local linear = stage.linear
    if linear then x = fused(x, linear.weight, linear.bias, stage.act)
    else x = stage.layer(x, ...) end
  end
  return x
end

return function(layers)
  if type(layers) ~= "table" then fm.fail("sequential: expected a list of layers, found " .. type(layers)) end
  local parts, stages = {}, {}
  for i, layer in ipairs(layers) do
    parts[i] = { tostring(i - 1), layer }
    local last = stages[#stages]
    if type(layer) == "table" and layer.activation and last and last.linear and last.act == "none" then
      last.act = layer.activation
    elseif type(layer) == "table" and layer.weight and layer.act then
      stages[#stages + 1] = { linear = layer, act = layer.act }
    else
      stages[#stages + 1] = { layer = layer }
    end
  end
  local self = module.new(parts, forward)
  self.stages = stages
  return self
end

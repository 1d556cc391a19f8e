-- sequential{layer, layer, ...}: one after the other, layers or functions. A linear layer and the activation after it run as one op.
local fm <const> = require "fm"
local options <const> = require "fm.parts.options"
local module <const> = require "fm.nn.parts.module"

local fused <const> = fm.linear

local function forward(self, x, ...)
  for _, stage in ipairs(self.stages) do
    local linear = stage.linear
    if linear then x = fused(x, linear.weight, linear.bias, stage.act)
    else x = stage.layer(x, ...) end
  end
  return x
end

local function check(layers)
  if type(layers) ~= "table" or getmetatable(layers) then fm.fail("sequential: expected a list of layers, found " .. options.shown(layers)) end
  local last = 0
  for key in pairs(layers) do
    if not math.tointeger(key) or key < 1 then fm.fail("sequential: expected a list of layers, found a field " .. tostring(key)) end
    last = math.max(last, key)
  end
  for i = 1, last do -- a layer that was not made is nil: a hole, or the end of #
    local layer = layers[i]
    if not options.callable(layer) then fm.fail(("sequential: layer %d: expected a layer, found %s"):format(i, options.shown(layer))) end
  end
end

return function(layers, ...)
  options.no_more("sequential", 1, ...)
  check(layers)
  local parts, stages = {}, {}
  for i, layer in ipairs(layers) do
    if type(layer) == "table" then parts[#parts + 1] = { tostring(i - 1), layer } end -- a function has no parameters
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

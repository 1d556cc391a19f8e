-- sequential{layer, layer, ...}: runs layers or functions one after the other.
--
-- Two layers run as one when both say that they can. A layer that only does one op of fm names
-- it in the field same_as_op: "silu". A layer that can do an op in its own last pass has a method
-- fuse(self, op): it returns a function of x that does the layer and then the op, or nil.
-- fuse(self, "none") is the layer alone, as a plain function, when that is faster to call. All this
-- is asked once, when the sequential is made.
local fm <const> = require "fm"
local options <const> = require "fm.parts.options"
local module <const> = require "fm.nn.parts.module"

local function check(layers)
  if type(layers) ~= "table" or getmetatable(layers) then fm.fail("sequential: expected a list of layers, found " .. options.shown(layers)) end
  local last = 0
  for key in pairs(layers) do
    if math.type(key) ~= "integer" or key < 1 then fm.fail("sequential: expected a list of layers, found a field " .. tostring(key)) end
    last = math.max(last, key)
  end
  for i = 1, last do -- a layer that was not made is nil: a hole, or the end of #
    local layer = layers[i]
    if not options.callable(layer) then fm.fail(("sequential: layer %d: expected a layer, found %s"):format(i, options.shown(layer))) end
  end
end

-- The functions that run the layers, in order.
local function stages_of(layers)
  -- the layer that the last stage runs, if it may fuse with the next one
  local stages, before = {}, nil
  for _, layer in ipairs(layers) do
    local is_table = type(layer) == "table"
    local both = before and is_table and layer.same_as_op and before:fuse(layer.same_as_op)
    if both then
      stages[#stages], before = both, nil
    else
      before = is_table and options.callable(layer.fuse) and layer or nil
      stages[#stages + 1] = before and before:fuse "none" or layer
    end
  end
  return stages
end

return function(layers, ...)
  options.no_more("sequential", 1, ...)
  check(layers)
  local parts, stages = {}, stages_of(layers)
  for i, layer in ipairs(layers) do
    if type(layer) == "table" then parts[#parts + 1] = { tostring(i - 1), layer } end -- a function has no parameters
  end
  return module.new(parts, function(_, x, ...)
    for i = 1, #stages do x = stages[i](x, ...) end
    return x
  end)
end

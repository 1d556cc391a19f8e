-- Layers that do an activation with their own work. Such a layer says which ops it takes, by a
-- function takes(op), and how it does them, by joined(layer, op): a function of x that does the
-- layer and then the op. From these come its option `act` and its method fuse, see sequential.lua.
local fm <const> = require "fm"
local attempt <const> = require "fm.parts.attempt"
local module <const> = require "fm.nn.parts.module"

local fusing <const> = {}

--- takes(op) for a layer: try(op) raises when the layer cannot do the op. Each op is tried once.
function fusing.taking(try)
  local taken = { none = true }
  return function(op)
    if taken[op] == nil then
      local scope <close> = fm.scope()
      taken[op] = attempt(try, op)
    end
    return taken[op]
  end
end

-- What an option `act` asks for: the op that the layer does, "none" for none; and the layer that
-- comes after it, or nil.
local function asked(where, what, takes)
  if what == "none" then return "none" end
  local layer = require "fm.nn.activation".of(where, what)
  local op = type(layer) == "table" and layer.same_as_op
  if op and takes(op) then return op end
  return "none", layer
end

-- A layer that has an activation already takes no other.
local function fuse_of(takes, joined)
  return function(self, op)
    if op == "none" then return self.stage end
    if self.act ~= "none" or not takes(op) then return nil end
    return joined(self, op)
  end
end

--- Makes a layer with the activation `what`, an option `act`. Its tensors are `parts`, and fields
--- of it; forward(self, x) calls self.stage(x), which does the layer and its activation.
function fusing.layer(where, what, parts, forward, takes, joined)
  local act, after = asked(where .. ": act", what, takes)
  local layer = module.new(parts, forward)
  for _, part in ipairs(parts) do layer[part[1]] = part[2] end
  layer.act = act
  local own <const> = joined(layer, act)
  if after then
    layer.stage = function(x) return after(own(x)) end
    if type(after) == "table" then parts[#parts + 1] = { "act", after } end -- a function has no parameters
  else
    layer.stage, layer.fuse = own, fuse_of(takes, joined)
  end
  return layer
end

return fusing

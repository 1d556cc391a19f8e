-- Layers that do an activation in their own pass. Such a layer says which ops it takes, by a
-- function takes(op), and how it does them, by its method fuse(self, op): see sequential.lua.
local fm <const> = require "fm"
local attempt <const> = require "fm.parts.attempt"

local fusing <const> = {}

--- takes(op) for a layer: try(op) raises when the layer cannot do the op in the same pass. Each op
--- is tried once.
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

--- What an option `act` asks for: the op that runs in the same pass, "none" for none; and the layer
--- that comes after, or nil.
function fusing.act(where, what, takes)
  if what == "none" then return "none" end
  local layer = require "fm.nn.activation".of(where, what)
  local op = type(layer) == "table" and layer.same_as_op
  if op and takes(op) then return op end
  return "none", layer
end

--- The method fuse of a layer: joined(self, op) returns a function of x that does the layer and
--- then the op. A layer that has an activation already takes no other.
function fusing.method(takes, joined)
  return function(self, op)
    if op == "none" then return joined(self, self.act) end
    if self.act ~= "none" or not takes(op) then return nil end
    return joined(self, op)
  end
end

return fusing

-- Activations that the op `linear` does in its own last pass.
local fm <const> = require "fm"
local attempt <const> = require "fm.parts.attempt"

local fusing <const> = {}

local taken <const> = { none = true } -- op -> whether the op `linear` takes it as its act

--- Whether the op `linear` can do this op in the same pass.
function fusing.takes(op)
  if taken[op] == nil then
    local scope <close> = fm.scope()
    taken[op] = attempt(fm.linear, fm.zeros(1, 1), fm.zeros(1, 1), nil, op)
  end
  return taken[op]
end

--- What an option `act` asks for: the op that runs in the same pass, "none" for none; and the layer
--- that comes after, or nil.
function fusing.act(where, what)
  if what == "none" then return "none" end
  local layer = require "fm.nn.activation".of(where, what)
  local op = type(layer) == "table" and layer.same_as_op
  if op and fusing.takes(op) then return op end
  return "none", layer
end

return fusing

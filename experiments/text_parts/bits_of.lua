-- bits_of(model, rows, o) -> discrete.bits of all rows, a block at a time, and its standard error.
local fm <const> = require "fm"

local at_once <const> = 64

return function(model, rows, o)
  local sum, square, blocks = 0, 0, (#rows + at_once - 1) // at_once
  for i = 1, blocks do -- of nearly the same size: one row has no error
    local scope <close> = fm.scope()
    local some = rows[{ (i - 1) * #rows // blocks + 1, i * #rows // blocks }]
    local bits, off = fm.discrete.bits(model, some, o)
    sum, square = sum + bits * #some, square + ((off or 0) * #some) ^ 2
  end
  return sum / #rows, square ^ 0.5 / #rows
end

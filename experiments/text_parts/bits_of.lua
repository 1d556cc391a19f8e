-- bits_of(model, rows, o) -> discrete.bits of all rows, a block at a time, and its standard error.
local fm <const> = require "fm"

local at_once <const> = 64

return function(model, rows, o)
  local sum, square = 0, 0
  for first = 1, #rows, at_once do
    local scope <close> = fm.scope()
    local some = rows[{ first, math.min(first + at_once - 1, #rows) }]
    local bits, off = fm.discrete.bits(model, some, o)
    sum, square = sum + bits * #some, square + ((off or 0) * #some) ^ 2
  end
  return sum / #rows, square ^ 0.5 / #rows
end

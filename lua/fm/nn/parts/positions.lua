-- Where each row of a sequence or of a square of patches starts to be told its place: sines and
-- cosines of wave lengths from 2 pi to 20000 pi. Vaswani et al. 2017.
local fm <const> = require "fm"

local positions <const> = {}

local function waves(at, dim)
  local half = dim // 2
  local angles = at:reshape(-1, 1) * (fm.range(0, half - 1) * (-math.log(10000) / half)):exp():reshape(1, half)
  return fm.cat(fm.sin(angles), fm.cos(angles), 2)
end

--- [length, dim], dim even.
function positions.line(length, dim)
  local scope <close> = fm.scope()
  return fm.parameter(waves(fm.range(0, length - 1), dim))
end

--- [side * side, dim], line by line, dim a multiple of 4: half of it tells the line, half the
--- column.
function positions.square(side, dim)
  local scope <close> = fm.scope()
  local one = waves(fm.range(0, side - 1), dim // 2)
  local lines = fm.zeros(side, side, dim // 2) + one:reshape(side, 1, dim // 2)
  local columns = fm.zeros(side, side, dim // 2) + one:reshape(1, side, dim // 2)
  return fm.parameter(fm.cat(lines, columns, 3):reshape(side * side, dim))
end

return positions

-- The dark squares of a 4 x 4 board on -4..4; density 1/32 on them.
local fm <const> = require "fm"
local points <const> = require "fm.data.parts.points"
local columns <const> = require "fm.data.parts.columns"

return points("checkerboard", {}, function(o, u)
  local column, row = o.rng:integers(o.n, 0, 3), o.rng:integers(o.n, 0, 1)
  local odd = fm.zeros(o.n)
  for _, c in ipairs { 1, 3 } do odd = odd + (0.5 - (column - c):abs()):relu() * 2 end -- 1 in the columns 1 and 3
  local x = (column + u()) * 2 - 4
  local y = (row * 2 + odd + u()) * 2 - 4
  return columns(x, y)
end)

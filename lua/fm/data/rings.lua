-- Four rings of radius 0.75, 1.5, 2.25 and 3. Grathwohl et al. 2019.
local points <const> = require "fm.data.parts.points"
local columns <const> = require "fm.data.parts.columns"

return points("rings", { noise = 0.08 }, function(o, u)
  local angle, radius = u() * (2 * math.pi), o.rng:integers(o.n, 1, 4) * 0.75
  return columns(angle:cos() * radius, angle:sin() * radius)
end)

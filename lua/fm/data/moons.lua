-- Two half circles of radius 1 that reach into each other, like scikit-learn's make_moons, but the
-- angle is drawn uniformly.
local points <const> = require "fm.data.parts.points"
local columns <const> = require "fm.data.parts.columns"

return points("moons", { noise = 0.05 }, function(_, u)
  local angle, lower = u() * math.pi, (u() * 2 - 1):relu():sqrt() -- lower is 0 for one half of the points
  local x, y = angle:cos(), angle:sin()
  return columns(lower:where(1 - x, x), lower:where(0.5 - y, y))
end)

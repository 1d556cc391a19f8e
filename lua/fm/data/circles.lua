-- A circle of radius 1 and one of `factor`, like scikit-learn's make_circles.
local points <const> = require "fm.data.parts.points"
local columns <const> = require "fm.data.parts.columns"

return points("circles", { factor = 0.5, noise = 0.05 }, function(o, u)
  local angle = u() * (2 * math.pi)
  local radius = o.rng:integers(o.n, 0, 1) * (1 - o.factor) + o.factor
  return columns(angle:cos() * radius, angle:sin() * radius)
end)

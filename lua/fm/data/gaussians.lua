-- Gaussians of deviation `noise` on a circle.
local points <const> = require "fm.data.parts.points"
local columns <const> = require "fm.data.parts.columns"

return points("gaussians", { modes = 5, radius = 4.0, noise = 0.3 }, function(o)
  local angle = o.rng:integers(o.n, 1, o.modes) * (2 * math.pi / o.modes)
  return columns(angle:cos(), angle:sin()) * o.radius
end)

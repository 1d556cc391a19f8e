-- Eight Gaussians of variance 0.1 on a circle of radius 5: the scale of Tong et al. 2023.
local points <const> = require "fm.data.parts.points"
local columns <const> = require "fm.data.parts.columns"

return points("eight_gaussians", { radius = 5.0, noise = math.sqrt(0.1) }, function(o)
  local angle = o.rng:integers(o.n, 1, 8) * (math.pi / 4)
  return columns(angle:cos(), angle:sin()) * o.radius
end)

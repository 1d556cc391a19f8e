-- moons_density(noise) -> the density of data.moons with that noise, a model of fm.flow.exact:
-- points so close on the half circles that with the noise on them they are the same as the circles.
local fm <const> = require "fm"

return function(noise)
  local means, n = {}, 200
  for k = 1, n do
    local angle = (k - 0.5) * math.pi / n
    means[k], means[n + k] = { math.cos(angle), math.sin(angle) }, { 1 - math.cos(angle), 0.5 - math.sin(angle) }
  end
  return fm.flow.exact.mixture { means = means, std = noise }
end

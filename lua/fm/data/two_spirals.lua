-- Two spirals of one and a half turns, within -4..4. Grathwohl et al. 2019.
local points <const> = require "fm.data.parts.points"
local columns <const> = require "fm.data.parts.columns"

return points("two_spirals", { noise = 0.1 }, function(o, u)
  local angle = u():sqrt() * (3 * math.pi)
  local x, y = u() * 0.5 - angle:cos() * angle, u() * 0.5 + angle:sin() * angle
  local sign = o.rng:integers(o.n, 0, 1) * 2 - 1
  return columns(x * sign, y * sign) / 3
end)

-- Mollweide's map of the sphere: equal areas on the sphere are equal areas on the map, parallels
-- are straight, and the whole sphere is an ellipse, twice as wide as high. Snyder 1987, Map
-- Projections: A Working Manual, pages 249-252, with radius 1: for the latitude phi and the
-- longitude lambda (from the middle),
--   u = (2 sqrt 2 / pi) lambda cos theta,  v = sqrt 2 sin theta,
--   2 theta + sin 2 theta = pi sin phi
local mollweide <const> = { half_width = 2 * math.sqrt(2), half_height = math.sqrt(2) }

local pi <const> = math.pi

-- e - sin e, without the loss of digits near 0.
local function over_sine(e)
  if e > 0.5 then return e - math.sin(e) end
  local s = e * e
  return e * s / 6 * (1 - s / 20 * (1 - s / 42 * (1 - s / 72)))
end

--- theta in 0..pi/2 of a northern latitude, from 1 - sin phi: near the pole sin phi has no digits
--- left. With e = pi - 2 theta the equation is e - sin e = pi (1 - sin phi). Its left side is
--- convex and at most e^3 / 6, so Newton's steps from the root of that settle from above, also at
--- the pole, where the slope is 0.
local function angle(from_pole)
  local target = pi * from_pole
  local e = (6 * target) ^ (1 / 3)
  for _ = 1, e > 0 and 6 or 0 do e = e - (over_sine(e) - target) / (2 * math.sin(e / 2) ^ 2) end
  return (pi - e) / 2
end

--- The angle lambda in [-pi, pi), from the meridian in the middle.
local function from_middle(lambda, middle)
  return (lambda - middle + pi) % (2 * pi) - pi
end

--- The place u, v of a point that is not 0: its direction counts. middle: the longitude in the
--- middle of the map, in radians.
function mollweide.place(x, y, z, middle)
  local largest = math.max(math.abs(x), math.abs(y), math.abs(z)) -- squares of large numbers overflow
  x, y, z = x / largest, y / largest, z / largest
  local length = math.sqrt(x * x + y * y + z * z)
  x, y, z = x / length, y / length, z / length
  local theta = angle((x * x + y * y) / (1 + math.abs(z)))
  local lambda = from_middle(math.atan(y, x), middle)
  return mollweide.half_width / pi * lambda * math.cos(theta), mollweide.half_height * math.sin(z < 0 and -theta or theta)
end

--- The unit vector at a place of the map. A place beyond the rim has that of the rim beside it, on
--- the same parallel.
function mollweide.point(u, v, middle)
  local theta = math.asin(math.max(-1, math.min(v / mollweide.half_height, 1)))
  local z = math.max(-1, math.min((2 * theta + math.sin(2 * theta)) / pi, 1))
  local across, rim = pi * u / mollweide.half_width, pi * math.cos(theta)
  local lambda = middle + (rim > 0 and math.max(-1, math.min(across / rim, 1)) * pi or 0)
  local r = math.sqrt(1 - z * z)
  return r * math.cos(lambda), r * math.sin(lambda), z
end

return mollweide

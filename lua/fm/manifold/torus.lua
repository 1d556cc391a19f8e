-- torus(D): D angles in [-pi, pi), each a circle; flat, so geodesics are straight lines that wrap
-- around. Any finite number is an angle.
local fm <const> = require "fm"

local pi <const> = math.pi

-- The same angle in [-pi, pi).
local function wrap(x)
  local angle = x:sin():atan2(x:cos())
  return fm.where(angle:ge(pi), angle - 2 * pi, angle)
end

local function log(x, y) return wrap(y - x) end

local function without_nearest(x)
  for i, square in ipairs((x:detach() * 0):sum(2):totable()) do
    if square ~= square then return i, "it has an angle that is not finite" end
  end
  return nil
end

return function(dim)
  return {
    project = wrap,
    tangent = function(_, v) return v end,
    exp = function(x, v) return wrap(x + v) end,
    log = log,
    distance = function(x, y) return log(x, y):norm(2) end,
    draw = function(n, rng) return wrap((rng:uniform(n, dim) * 2 - 1) * pi) end,
    log_volume = dim * math.log(2 * pi),
    without_nearest = without_nearest,
    off = function(x) return (x:detach() * 0):abs():max():item() end, -- NaN where an angle is not finite
  }
end

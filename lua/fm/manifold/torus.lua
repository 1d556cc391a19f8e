-- torus(D): D angles in [-pi, pi), each a circle; flat, so geodesics are straight lines that wrap
-- around.
local fm <const> = require "fm"

local pi <const> = math.pi

-- The same angle in [-pi, pi).
local function wrap(x)
  local angle = x:sin():atan2(x:cos())
  return fm.where(angle:ge(pi), angle - 2 * pi, angle)
end

local function log(x, y) return wrap(y - x) end

return function(dim)
  return {
    project = wrap,
    tangent = function(_, v) return v end,
    exp = function(x, v) return wrap(x + v) end,
    log = log,
    distance = function(x, y) return log(x, y):norm(2) end,
    draw = function(n, rng) return wrap((rng:uniform(n, dim) * 2 - 1) * pi) end,
    log_volume = dim * math.log(2 * pi),
  }
end

-- sphere(D): unit vectors in D coordinates, the sphere S^(D - 1). From a point to the one opposite
-- all directions are equally short: log gives none of them there, and is 0.
local fm <const> = require "fm"

-- Below the square root of this, points count as one.
local least <const> = 1e-30

local function dot(x, y)
  return (x * y):sum { axis = 2, keep = true }
end

-- [B, 1], never 0: at 0 a length has no slope, and here none is needed.
local function length(v)
  return v:square():sum({ axis = 2, keep = true }):clamp({ min = least }):sqrt()
end

local function project(x) return x / length(x) end

local function tangent(x, v) return v - x * dot(x, v) end

local function exp(x, v)
  local angle = length(v)
  return x * angle:cos() + v * (angle:sin() / angle)
end

-- The angle [B, 1], also where its cosine is nearly 1 or -1; side: of y, beside x.
local function angle_of(x, y, side)
  return length(side):atan2(dot(x, y))
end

local function log(x, y)
  local side = tangent(x, y)
  return side * (angle_of(x, y, side) / length(side))
end

local function distance(x, y)
  local side = tangent(x, y)
  return fm.where(dot(side, side):gt(least), angle_of(x, y, side), fm.where(dot(x, y):gt(0), 0, math.pi)):reshape(-1)
end

-- log of the volume 2 pi^(D/2) / Gamma(D/2)
local function log_volume(dim)
  local log_gamma, k = 0, dim / 2
  while k > 1 do
    k = k - 1
    log_gamma = log_gamma + math.log(k)
  end
  if k == 0.5 then log_gamma = log_gamma + 0.5 * math.log(math.pi) end
  return math.log(2) + dim / 2 * math.log(math.pi) - log_gamma
end

return function(dim)
  if dim < 2 then fm.fail(("manifold.sphere: D: expected at least 2 coordinates, found %d"):format(dim)) end
  return {
    project = project, tangent = tangent, exp = exp, log = log, distance = distance,
    draw = function(n, rng) return project(rng:normal(n, dim)) end,
    log_volume = log_volume(dim),
    stretch = length,
    off = function(x) return (dot(x, x):sqrt() - 1):detach():abs():max():item() end,
  }
end

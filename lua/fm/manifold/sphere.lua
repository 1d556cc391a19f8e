-- sphere(D): unit vectors in D coordinates, the sphere S^(D - 1). From a point to the one opposite
-- all directions are equally short: log gives one of them.
local fm <const> = require "fm"

-- Squares of lengths: below the first, a difference of unit vectors is rounding; below the second,
-- numbers lose digits.
local rounding <const> = fm.real == "double" and 1e-30 or 1e-13
local smallest <const> = fm.real == "double" and 1e-300 or 1e-37

local function dot(x, y)
  return (x * y):sum { axis = 2, keep = true }
end

-- [B, 1], never 0: at 0 a length has no slope, and here none is needed.
local function length(v, least)
  return v:square():sum({ axis = 2, keep = true }):clamp({ min = least or rounding }):sqrt()
end

local function norm(x) return length(x, smallest) end

local function project(x) return x / norm(x) end

-- At the centre every point of the sphere is equally near, so none is the nearest. Of very long
-- vectors the square has no number, and x / |x| would be 0. NaN is nowhere.
local function without_nearest(x)
  local squares = dot(x:detach(), x:detach())
  if squares:min():item() >= smallest and squares:max():item() < math.huge then return nil end
  for i, square in ipairs(squares:reshape(-1):totable()) do
    if square ~= square then return i, "it has NaN" end
    if square < smallest or square == math.huge then return i, ("the square of its length is %g"):format(square) end
  end
  return nil
end

local function tangent(x, v) return v - x * dot(x, v) end

-- The part of y beside x. Where y is near x or its opposite, what one pass leaves is mostly
-- rounding, which need not be tangent.
local function beside(x, y) return tangent(x, tangent(x, y)) end

-- Unit vectors tangent at x: away from x, towards the axis that x leans on least.
local function any_direction(x)
  local axis = fm.one_hot(x:detach():abs():argmin { axis = 2 }, { n = x:size(2) })
  return project(tangent(x, axis))
end

local function exp(x, v)
  local angle = length(v)
  return x * angle:cos() + v * (angle:sin() / angle)
end

-- The angle [B, 1], also where its cosine is nearly 1 or -1; side: of y, beside x.
local function angle_of(x, y, side)
  return length(side):atan2(dot(x, y))
end

local function log(x, y)
  local side = beside(x, y)
  local v = side * (angle_of(x, y, side) / length(side))
  local opposite = (dot(side, side):le(rounding) * dot(x, y):lt(0)):detach()
  if opposite:sum():item() == 0 then return v end
  return fm.where(opposite, any_direction(x) * math.pi, v)
end

local function distance(x, y)
  local side = beside(x, y)
  return fm.where(dot(side, side):gt(rounding), angle_of(x, y, side), fm.where(dot(x, y):gt(0), 0, math.pi)):reshape(-1)
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
    project = project, without_nearest = without_nearest, tangent = tangent, exp = exp, log = log, distance = distance,
    draw = function(n, rng) return project(rng:normal(n, dim)) end,
    log_volume = log_volume(dim),
    stretch = norm,
    off = function(x) return (dot(x:detach(), x:detach()):sqrt() - 1):abs():max():item() end,
  }
end

-- empirical{points, path, guard}: the exact flow along a path whose data are exactly these points
-- [N, ...], each as likely as the others: the best model on them, and one that only repeats them.
-- Given x at t, point j has the weight softmax_j(-|x - a x1_j|^2 / 2 s^2), and E[x1 | x] is the
-- mean of the points under these weights. The velocity is a' E[x1 | x] + s' E[x0 | x], E[x0 | x] =
-- (x - a E[x1 | x]) / s; for the straight line (E[x1 | x] - x) / (1 - t). Bertrand et al. 2025.
--   flow(x, t), flow:velocity(x, t), flow:score(x, t), flow:mean(x, t) -> shaped as x; t is a
--   number or [B]               flow:posterior(x, t) -> weights [B, N]
-- Where s is below `guard` (1e-3), at the end of most paths, guard takes its place as a divisor, as
-- for flow.velocity: with a smaller one, a solver that calls the flow at t = 1 itself (heun, rk4)
-- throws samples far away there.
-- Rows are worked on a few at a time: a block needs 16 MB in float, however many rows x has.
local fm <const> = require "fm"
local arguments <const> = require "fm.flow.parts.arguments"
local divisor <const> = require "fm.flow.prediction.parts.divisor"
local coefficients <const> = require "fm.flow.path.parts.coefficients"
local options <const> = require "fm.parts.options"
local paths <const> = require "fm.flow.path"
local points_of <const> = require "fm.flow.parts.points"

local Empirical <const> = {}
Empirical.__index = Empirical

local block <const> = 1 << 22 -- weights at a time
local few_columns <const> = 8 -- so few are subtracted one by one, which is exact where points are close

-- x as [B, D] and t, checked.
local function point(self, where, x, t, ...)
  if getmetatable(self) ~= Empirical then fm.fail(where .. ": call it with a colon, on an empirical flow") end
  options.no_more(where, 2, ...)
  arguments.batch(where, "x", x)
  local shape = self.points.shape
  local fits = x:rank() == #shape
  for axis = 2, #shape do fits = fits and x:size(axis) == shape[axis] end
  if not fits then
    fm.fail(("%s: x is [%s], expected [B, %s]"):format(where, table.concat(x:shape(), ", "), table.concat(shape, ", ", 2)))
  end
  return x:reshape(#x, self.points.dim), arguments.time(where, t, #x)
end

-- The logarithms of the weights [b, N], up to a number for each row.
local function logits(points, x, a, s)
  if points.dim > few_columns then return (x:linear(points.rows) * a - points.squares * (a * a * 0.5)) / (s * s) end
  local sum
  for k = 1, points.dim do
    local column = points.rows:slice { axis = 2, first = k, last = k }:reshape(1, -1)
    local square = (x:slice { axis = 2, first = k, last = k } - column * a):square()
    sum = sum and sum + square or square
  end
  return sum * -0.5 / (s * s)
end

local least <const> = 1e-6 -- s of the weights: at the end the nearest point has all of it
local lowest <const> = -60 -- of a logit below the largest: smaller weights count for nothing, but numbers near 1e-40 are slow

-- The weights [b, N].
local function weights(points, x, a, s)
  local l = logits(points, x, a, s)
  return (l - l:detach():max { axis = 2, keep = true }):clamp { min = lowest }:softmax(2)
end

-- f(weights of some rows) for all rows of x [B, D], put together: [B, width].
local function with_weights(self, x, t, width, f)
  local points, B = self.points, #x
  local a, s = coefficients.columns(x, self.path.a(t), self.path.s(t))
  s = divisor(s, least)
  x = x - points.centre * a
  local rows = math.max(1, block // points.count)
  if B <= rows then return f(weights(points, x, a, s)) end

  local function part(value, first, last)
    if type(value) == "number" or #value ~= B then return value end
    return value:slice { axis = 1, first = first, last = last }
  end
  local parts, whole = {}, not fm.needs_grad(x, t) and fm.zeros(B, width) or nil
  for first = 1, B, rows do
    local last = math.min(first + rows - 1, B)
    local scope <close> = whole and fm.scope() or nil
    local result = f(weights(points, part(x, first, last), part(a, first, last), part(s, first, last)))
    if whole then whole[{ first, last }]:copy(result) else parts[#parts + 1] = result end
  end
  return whole or fm.cat(parts, 1)
end

-- E[x1 | x], [B, D].
local function mean(self, x, t)
  return with_weights(self, x, t, self.points.dim, function(w) return w:matmul(self.points.rows) end) + self.points.centre
end

-- E[x1 | x], E[x0 | x], and the coefficients and the divisor that belong to them.
local function ends(self, x, t)
  local a, s, da, ds = coefficients.columns(x, coefficients.terms_together(self.path, t))
  local x1 = mean(self, x, t)
  s = divisor(s, self.guard)
  return x1, (x - x1 * a) / s, da, ds, s
end

function Empirical:posterior(x, t, ...)
  x, t = point(self, "exact:posterior", x, t, ...)
  return with_weights(self, x, t, self.points.count, function(w) return w end)
end

function Empirical:mean(x, t, ...)
  local flat, at = point(self, "exact:mean", x, t, ...)
  return mean(self, flat, at):reshape(x:shape())
end

function Empirical:velocity(x, t, ...)
  local flat, at = point(self, "exact", x, t, ...)
  local x1, x0, da, ds = ends(self, flat, at)
  return (x1 * da + x0 * ds):reshape(x:shape())
end
Empirical.__call = Empirical.velocity

function Empirical:score(x, t, ...)
  local flat, at = point(self, "exact:score", x, t, ...)
  local _, x0, _, _, s = ends(self, flat, at)
  return (-x0 / s):reshape(x:shape())
end

return function(given, ...)
  local where <const> = "exact.empirical"
  options.no_more(where, 1, ...)
  local o = options.read(where, given, { points = options.none, path = "linear", guard = 1e-3 })
  local path = require "fm.flow.parts.normal_source"(where, paths.of(where, o.path))
  local guard = options.number(where .. ": guard", o.guard, 1e-9, 0.1)
  return setmetatable({ path = path, points = points_of(where .. ": points", o.points), guard = guard }, Empirical)
end

-- What a script calls on a manifold: the functions of its file, with their arguments checked: that
-- points lie on it, and that vectors are tangent. Solves and paths check where they start, and then
-- call the file's own functions.
local fm <const> = require "fm"
local manifolds <const> = require "fm.parts.manifolds"
local options <const> = require "fm.parts.options"

local methods <const> = {}

local Manifold <const> = { __name = "manifold" }
Manifold.__index = Manifold

local function shown(x)
  return fm.is_tensor(x) and ("[%s]"):format(table.concat(x:shape(), ", ")) or options.shown(x)
end

local function check(self, method, name, x, like)
  if getmetatable(self) ~= Manifold then fm.fail(("manifold: %s: call it with a colon, on a manifold"):format(method)) end
  local rows = like and #like
  if fm.is_tensor(x) and x:rank() == 2 and x:size(2) == self.dim and (not rows or #x == rows) then return x end
  fm.fail(("%s:%s: %s: expected [%s, %d], found %s"):format(self.name, method, name, rows or "B", self.dim, shown(x)))
end

local function check_point(self, method, name, x)
  manifolds.check_points(("%s:%s"):format(self.name, method), name, self, x)
end

-- Vectors must be tangent, but for rounding, which is that of their length.
local function check_tangent(self, method, name, x, v)
  v = v:detach()
  local most = v:count() > 0 and v:abs():max():item() or 0
  local off = most > 0 and (self.own.tangent(x:detach(), v) - v):abs():max():item() or 0
  if most - most ~= 0 then fm.fail(("%s:%s: %s: a row has a number that is not finite"):format(self.name, method, name)) end
  if off > 1e-3 * math.max(1, most) then
    fm.fail(("%s:%s: %s: a row is not tangent, by %.3g: expected vectors of manifold:tangent(x, v)"):format(self.name, method, name, off))
  end
end

local checks <const> = { point = check_point, tangent = function(self, method, name, y, x) check_tangent(self, method, name, x, y) end }

-- A method of points x and a second batch, which is of points, of vectors tangent at x, or of any.
local function of_batches(method, second, kind)
  return function(self, x, y, ...)
    check(self, method, "x", x)
    check(self, method, second, y, x)
    options.no_more(("%s:%s"):format(self.name, method), 2, ...)
    check_point(self, method, "x", x)
    if kind then checks[kind](self, method, second, y, x) end
    return self.own[method](x, y)
  end
end

--- The nearest points of the manifold. Solves call the file's own function, without a check: a step
--- along a tangent does not lead to where there is none.
function Manifold:project(x, ...)
  check(self, "project", "x", x)
  options.no_more(self.name .. ":project", 1, ...)
  local y = self.own.project(x)
  if not self.own.without_nearest or #x == 0 then return y end
  local row, why = self.own.without_nearest(x)
  if row then fm.fail(("%s:project: x: row %d has no nearest point on the %s: %s"):format(self.name, row, self.name, why)) end
  return y
end
--- The part of v that is tangent at x.
Manifold.tangent = of_batches("tangent", "v")
--- Where the geodesic that leaves x with the velocity v is after a unit of time.
Manifold.exp = of_batches("exp", "v", "tangent")
--- The velocity of the shortest geodesic from x to y.
Manifold.log = of_batches("log", "y", "point")
--- The length of the shortest geodesic, [B].
Manifold.distance = of_batches("distance", "y", "point")

--- n points [n, D], uniform in the manifold's volume.
function Manifold:uniform(n, rng, ...)
  if getmetatable(self) ~= Manifold then fm.fail "manifold: uniform: call it with a colon, on a manifold" end
  local where = self.name .. ":uniform"
  options.no_more(where, 2, ...)
  options.integer(where .. ": n", n, 0, 2 ^ 31)
  options.rng(where, rng)
  return self.own.draw(n, rng)
end

--- The log-density [B] of the uniform distribution.
function Manifold:log_uniform(x, ...)
  options.no_more(self.name .. ":log_uniform", 1, ...)
  check(self, "log_uniform", "x", x)
  check_point(self, "log_uniform", "x", x)
  return fm.full(#x, -self.log_volume)
end

local needed <const> = { "project", "tangent", "exp", "log", "distance", "draw" }

local function new(name, dim, own)
  if type(own) ~= "table" then fm.fail(("manifold %s: the file's function returned %s, expected a table"):format(name, options.shown(own))) end
  for _, key in ipairs(needed) do
    if not options.callable(own[key]) then fm.fail(("manifold %s: %s: expected a function, found %s"):format(name, key, options.shown(own[key]))) end
  end
  options.number(("manifold %s: log_volume"):format(name), own.log_volume, -math.huge, math.huge)
  return setmetatable({ name = name, dim = dim, own = own, log_volume = own.log_volume }, Manifold)
end

--- What a script gets for a file: a function of D that makes a manifold.
function methods.maker(make, name)
  if not options.callable(make) then fm.fail(("manifold %s: expected a function of D, found %s"):format(name, options.shown(make))) end
  return function(dim, ...)
    local where = "manifold." .. name
    options.no_more(where, 1, ...)
    return new(name, options.integer(where .. ": D", dim, 1, 2 ^ 20), make(dim))
  end
end

return methods

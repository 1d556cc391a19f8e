-- What a script calls on a manifold: the functions of its file, with their arguments checked.
local fm <const> = require "fm"
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

-- A method of one or two batches.
local function of_batches(method, first, second, count)
  return function(self, x, y, ...)
    check(self, method, first, x)
    if second then check(self, method, second, y, x) end
    options.no_more(("%s:%s"):format(self.name, method), count, second == nil and y or ..., ...)
    return self.own[method](x, y)
  end
end

local nearest <const> = of_batches("project", "x", nil, 1)

--- The nearest points of the manifold. Solves call the file's own function, without a check: a step
--- along a tangent does not lead to where there is none.
function Manifold:project(x, ...)
  local y = nearest(self, x, ...)
  if not self.own.without_nearest or #x == 0 then return y end
  local row, why = self.own.without_nearest(x)
  if row then fm.fail(("%s:project: x: row %d has no nearest point on the %s: %s"):format(self.name, row, self.name, why)) end
  return y
end
--- The part of v that is tangent at x.
Manifold.tangent = of_batches("tangent", "x", "v", 2)
--- Where the geodesic that leaves x with the velocity v is after a unit of time.
Manifold.exp = of_batches("exp", "x", "v", 2)
--- The velocity of the shortest geodesic from x to y.
Manifold.log = of_batches("log", "x", "y", 2)
--- The length of the shortest geodesic, [B].
Manifold.distance = of_batches("distance", "x", "y", 2)

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

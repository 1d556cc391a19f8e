-- Probability paths xt = a(t) x1 + s(t) x0. A path file returns { a, s [, da, ds] } or a function(options) that does; a, s, da, ds take
-- t as a tensor [B] (or a number) and give the like. Derivatives that are not given come from the tape.
local fm <const> = require "fm"
local by_name <const> = require "fm.by_name"
local options <const> = require "fm.options"

local Path <const> = {}
Path.__index = Path

-- f'(t) for a function of each t alone.
local function derivative(f)
  return function(t)
    local leaf = fm.parameter(type(t) == "number" and fm.full(1, t) or t)
    local grad
    do
      local tape <close> = fm.record()
      local y = f(leaf)
      if type(y) == "number" then return 0 end
      y:sum():backward()
      grad = leaf:grad()
    end
    if not grad then return 0 end
    return type(t) == "number" and grad[1] or grad:clone()
  end
end

--- a, s, a', s' at t.
function Path:coefficients(t)
  return self.a(t), self.s(t), self.da(t), self.ds(t)
end

-- A coefficient as a column that broadcasts over the rows of x.
local function over_rows(c, x)
  if type(c) == "number" or c:rank() == 0 then return c end
  local shape = { c:count() }
  for i = 2, x:rank() do shape[i] = 1 end
  return c:reshape(shape)
end

local function line(self, x0, x1, t)
  local a, s, da, ds = self:coefficients(t)
  if not fm.needs_grad(x0, x1, t) then return fm.path_sample(x0, x1, a, s, da, ds) end
  a, s, da, ds = over_rows(a, x1), over_rows(s, x1), over_rows(da, x1), over_rows(ds, x1)
  return a * x1 + s * x0, da * x1 + ds * x0
end

--- xt, u for pairs x0, x1 [B, ...] at times t [B] or a number; z, like x0, is the noise that some paths have around the line.
function Path:sample(x0, x1, t, z)
  if type(t) ~= "number" and not (t:count() == 1 or t:rank() == 1 and #t == #x1) then
    fm.fail(("path: t is [%s], expected [%d] or a number"):format(table.concat(t:shape(), ", "), #x1))
  end
  if self.noisy then
    if not z then fm.fail "path: this path wants noise z, shaped as x0" end
    local m, u = line(self, x0, x1, t)
    return self.around(m, u, over_rows(t, x1), z)
  end
  return line(self, x0, x1, t)
end

local path <const> = {}

local function new(where, given)
  for _, name in ipairs { "a", "s" } do
    if type(given[name]) ~= "function" then fm.fail(("%s: %s: expected a function of t, found %s"):format(where, name, type(given[name]))) end
  end
  local self = setmetatable({}, Path)
  for key, value in pairs(given) do self[key] = value end
  self.da = given.da or derivative(given.a)
  self.ds = given.ds or derivative(given.s)
  return self
end

--- A path by name, with its options; or from a table of functions; a path passes through.
function path.named(name, given)
  if getmetatable(name) == Path then return name end
  if type(name) == "table" then return new("path", options.read("path", name, { a = options.none, s = options.none, da = options.none, ds = options.none })) end
  local found = by_name.find("fm.flow.path", name)
  if not found then by_name.fail("path: unknown path", "fm.flow.path", name) end
  if type(found) == "function" then found = found(given) end
  return new("path " .. name, found)
end

return path

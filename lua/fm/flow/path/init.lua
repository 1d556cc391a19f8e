-- Probability paths xt = a(t) x1 + s(t) x0, or with noise around that line xt = a x1 + s x0 +
-- gamma(t) z. A path file returns { a, s [, da, ds] [, gamma, dgamma, guard] } or a
-- function(options) that returns such a table; a, s, da, ds take t as a tensor (or a number) and
-- give numbers of the same shape; gamma is what fm.flow.gamma takes. Derivatives that are not given
-- come from the tape. A file of fm may have time(a, s), the t at which a(t) / s(t) = a / s. A file
-- or a script's table may also have source(n, dim, rng) -> [n, dim] and source_log_prob(x0) -> [n],
-- for a path that does not start as s(0) times a normal. A file of fm may also have along(x0, x1,
-- t) -> xt, u in place of the line, and the manifold on which it runs.
local fm <const> = require "fm"
local by_name <const> = require "fm.parts.by_name"
local options <const> = require "fm.parts.options"
local arguments <const> = require "fm.flow.parts.arguments"
local coefficients <const> = require "fm.flow.path.parts.coefficients"
local noise_of <const> = require "fm.flow.path.parts.noise"
local of_time <const> = require "fm.flow.path.parts.of_time"
local start <const> = require "fm.flow.path.parts.start"

local Path <const> = {}
Path.__index = Path

-- ---- methods ----

-- Methods are called with a colon: path.sample(x0, ...) would take x0 for the path.
local function check_self(self, where)
  if getmetatable(self) ~= Path then fm.fail(("path:%s: call it with a colon, on a path"):format(where)) end
end

local function shaped_as(t, c)
  if type(t) == "number" then return c end
  if type(c) == "number" or c:count() ~= t:count() then return fm.zeros(t:shape()) + c end
  return table.concat(c:shape(), " ") == table.concat(t:shape(), " ") and c or c:reshape(t:shape())
end

--- a, s, a', s' at t, and gamma, gamma' of a path with noise: numbers for a number, tensors shaped
--- as t for a tensor.
function Path:coefficients(t, ...)
  check_self(self, "coefficients")
  options.no_more("path:coefficients", 1, ...)
  t = arguments.time_within("path:coefficients", t)
  local a, s, da, ds = coefficients.terms(self, t)
  a, s, da, ds = shaped_as(t, a), shaped_as(t, s), shaped_as(t, da), shaped_as(t, ds)
  if not self.noise then return a, s, da, ds end
  return a, s, da, ds, shaped_as(t, self.noise.gamma(t)), shaped_as(t, self.noise.dgamma(t))
end

local function line(self, x0, x1, t)
  if self.along then return self.along(x0, x1, t) end
  local a, s, da, ds = coefficients.terms(self, t)
  if not fm.needs_grad(x0, x1, t) then return fm.path_sample(x0, x1, a, s, da, ds) end
  a, s, da, ds = coefficients.columns(x1, a, s, da, ds)
  return a * x1 + s * x0, da * x1 + ds * x0
end

-- As sample, for arguments that are already checked.
local function sample(self, x0, x1, t, z)
  local xt, u = line(self, x0, x1, t)
  if not self.noise then return xt, u end
  local gamma, dgamma = coefficients.columns(x1, self.noise.gamma(t), self.noise.dgamma(t))
  return xt + z * gamma, u + z * dgamma
end

--- xt, u for pairs x0, x1 [B, ...] at times t [B] or a number; z, like x0, is the noise that some
--- paths add around the line.
function Path:sample(x0, x1, t, z, ...)
  local where <const> = "path:sample"
  check_self(self, "sample")
  options.no_more(where, 4, ...)
  arguments.batch(where, "x0", x0)
  arguments.batch(where, "x1", x1, x0)
  t = arguments.time_within(where, t, #x1)
  if z ~= nil then arguments.batch(where, "z", z, x0) end
  if self.noisy and not z then fm.fail(where .. ": z is missing: this path wants noise z, shaped as x0") end
  return sample(self, x0, x1, t, z)
end

--- n points [n, dim] of the path's source (dim may be a list of sizes).
function Path:source(n, dim, rng, ...)
  check_self(self, "source")
  options.no_more("path:source", 3, ...)
  return start.points(self, n, dim, rng)
end

--- The log-density [n] of points x0 [n, ...] where the path starts.
function Path:source_log_prob(x0, ...)
  check_self(self, "source_log_prob")
  options.no_more("path:source_log_prob", 1, ...)
  return start.log_prob(self, x0)
end

-- ---- paths by name ----

local path <const> = { sample = sample }

local functions_of_time <const>, other_functions <const> = { "a", "s", "da", "ds" }, { "source", "source_log_prob" }
local parts <const> = { gamma = options.none, dgamma = options.none, guard = options.none }
for _, list in ipairs { functions_of_time, other_functions } do
  for _, name in ipairs(list) do parts[name] = options.none end
end

local function check_functions(where, given)
  for i, name in ipairs(functions_of_time) do
    if (i <= 2 or given[name] ~= nil) and type(given[name]) ~= "function" then
      fm.fail(("%s: %s: expected a function of t, found %s"):format(where, name, type(given[name])))
    end
  end
  for _, name in ipairs(other_functions) do
    if given[name] ~= nil and type(given[name]) ~= "function" then
      fm.fail(("%s: %s: expected a function, found %s"):format(where, name, type(given[name])))
    end
  end
end

local function add_noise(where, self, given)
  if given.gamma == nil then
    for _, name in ipairs { "dgamma", "guard" } do
      if given[name] ~= nil then fm.fail(("%s: %s: it goes with gamma"):format(where, name)) end
    end
    return
  end
  self.noise, self.noisy = noise_of(where, given.gamma, given.dgamma, given.guard), true
  if (given.source or given.source_log_prob) and self.noise.gamma(0.0) ~= 0 then
    fm.fail(("%s: gamma(0) is %g: a path with a source of its own starts there without noise"):format(where, self.noise.gamma(0.0)))
  end
end

local function new(where, given)
  check_functions(where, given)
  local self = setmetatable({ own = { source = given.source, source_log_prob = given.source_log_prob } }, Path)
  for _, name in ipairs(functions_of_time) do self[name] = given[name] end
  self.time, self.along, self.manifold = given.time, given.along, given.manifold
  self.da = given.da or coefficients.derivative(given.a)
  self.ds = given.ds or coefficients.derivative(given.s)
  add_noise(where, self, given)
  return self
end

-- A path of functions that a script gave.
local function from_table(where, given)
  local own = options.read(where, given, parts)
  check_functions(where, own)
  for _, name in ipairs(functions_of_time) do own[name] = own[name] and of_time(where, name, own[name]) end
  return new(where, own)
end

-- Returns the path, and whether its file is one of fm.
local function from_file(where, name, given)
  local found, is_own = by_name.find("fm.flow.path", name)
  if not found then by_name.fail(where .. ": unknown path", "fm.flow.path", name) end
  if type(found) == "function" then found = found(given)
  elseif given ~= nil then options.read("path " .. name, given, {}) end
  if type(found) ~= "table" then fm.fail(("path %s: expected a table { a = , s = }, found %s"):format(name, type(found))) end
  return (is_own and new or from_table)("path " .. name, found), is_own
end

-- Returns the path; true when its file is one of fm.
local function make(where, what, given)
  if type(what) == "table" and getmetatable(what) ~= Path and type(what[1]) == "string" and given == nil then
    what, given = options.split(what)
  end
  if type(what) == "string" then return from_file(where, what, given) end
  if type(what) ~= "table" then fm.fail(("%s: expected a name, a path, or { a = , s = }, found %s"):format(where, arguments.kind_of(what))) end
  if given ~= nil then fm.fail(where .. ": unexpected options: they go with the name of a path") end
  return getmetatable(what) == Path and what or from_table(where, what)
end

-- Paths that were made before: by the name alone of a file of fm, or by a script's table. So an
-- option that is read in every step makes none.
local plain <const>, of_tables <const> = {}, setmetatable({}, { __mode = "k" })

local function is_unchanged(given, copy)
  for key, value in next, given do
    if copy[key] ~= value then return false end
  end
  for key in next, copy do
    if given[key] == nil then return false end
  end
  return true
end

local function from_known_table(where, given)
  local known = of_tables[given]
  if known and is_unchanged(given, known.given) then return known.path end
  local made, is_own = make(where, given)
  if not is_own and type(given[1]) == "string" then return made end -- a file beside the script
  local copy = {}
  for key, value in next, given do copy[key] = value end
  of_tables[given] = { path = made, given = copy }
  return made
end

--- The path that an option `path` asks for: by name, with its options, from a table of functions,
--- or a path itself.
function path.of(where, what)
  if getmetatable(what) == Path then return what end
  if type(what) == "table" then return from_known_table(where .. ": path", what) end
  if plain[what] then return plain[what] end
  local made, is_own = make(where .. ": path", what)
  if is_own then plain[what] = made end
  return made
end

--- A path without noise, for a path that adds noise to it.
function path.line_of(where, what)
  local made = make(where, what)
  if made.noise then fm.fail(where .. ": it has noise around its line already") end
  if made.along then fm.fail(where .. ": this path has no a(t) and s(t)") end
  return made
end

--- A path by name, with its options; or from a table of functions; a path is returned unchanged.
local function named(name, given, ...)
  options.no_more("path", 2, ...)
  return (make("path", name, given))
end

return by_name.room("fm.flow.path", path, { call = named })

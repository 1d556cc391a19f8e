-- fm.jvp(f, { x, ... }, { dx, ... }) -> y, dy: f(x, ...), and its derivative along (dx, ...), in
-- one forward pass. Where f returns several tensors, y and dy are lists.
--
-- A tangent is a tensor shaped as its input, a number (that number everywhere), or 0 or nothing:
-- then the input is a constant. A number with a tangent is a tensor of rank 0 for f. While a tape
-- records, both are recorded: a loss made of dy has gradients.
local fm <const> = require "fm"
local core <const> = require "fm.core"
local options <const> = require "fm.parts.options"

local function fail(...) fm.fail("jvp: " .. string.format(...)) end

-- An input as f gets it. Its tangent joins `known`.
local function carried(level, x, dx, i, known)
  if dx == nil or dx == 0 then return x end
  if type(x) == "number" then x = fm.tensor(x) end
  if not fm.is_tensor(x) then fail("input %d: expected a tensor or a number, found %s", i, options.shown(x)) end
  if type(dx) == "number" then dx = fm.full(x:shape(), dx) end
  if not fm.is_tensor(dx) then fail("tangent %d: expected a tensor or a number, found %s", i, options.shown(dx)) end
  known[#known + 1] = dx
  return level:carry(x, dx)
end

-- The tangent of y. Where y = x + 1 it is that of x, and y = x + 2 has the same one: who gets it
-- may write into it, so it is copied when it shares numbers with the known ones.
local function tangent_of(level, y, known)
  local dy = level:tangent(y)
  if not dy then return fm.zeros(y:shape()) end
  for _, other in ipairs(known) do
    if level:shares(dy, other) then return dy * 1 end
  end
  known[#known + 1] = dy
  return dy
end

local function size(list, what)
  if type(list) ~= "table" then fail("%s: expected a list, found %s", what, options.shown(list)) end
  local n = 0
  for i in next, list do
    if math.type(i) ~= "integer" or i < 1 then fail("%s: expected a list, found the key %s", what, options.shown(i)) end
    n = math.max(n, i)
  end
  return n
end

return function(f, inputs, tangents, ...)
  options.no_more("jvp", 3, ...)
  if not options.callable(f) then fail("expected a function, found %s", options.shown(f)) end
  local n = size(inputs, "inputs")
  if size(tangents, "tangents") > n then fail("%d tangents for %d inputs", size(tangents, "tangents"), n) end
  local level <close> = core.level()
  local given, known = {}, {}
  for i = 1, n do given[i] = carried(level, inputs[i], tangents[i], i, known) end
  local y = table.pack(f(table.unpack(given, 1, n)))
  local dy = {}
  for i = 1, math.max(y.n, 1) do
    if not fm.is_tensor(y[i]) then fail("f must return tensors, found %s", options.shown(y[i])) end
    dy[i] = tangent_of(level, y[i], known)
  end
  for i = 1, y.n do level:drop(y[i]) end
  if y.n == 1 then return y[1], dy[1] end
  y.n = nil
  return y, dy
end

-- What a new method must pass before it is used: its tableau fulfils the order conditions up to its
-- stated order (5 at most), and the errors on a problem that depends on time show that order.
local core <const> = require "fm.core"
local options <const> = require "fm.parts.options"

local check <const> = {}

-- What a solver file may return; a misspelt part would change the method without an error.
local parts <const> = {}
for _, part in ipairs { "name", "order", "step", "c", "a", "b", "e", "e3", "error_order", "errors", "closes", "dense", "dense_order", "extra",
  "history" } do parts[part] = options.none end

--- Raises when a solver's table has an unknown part.
function check.parts(m, name)
  options.read("ode: " .. name, m, parts)
end

-- The order conditions, one per rooted tree: sum of b_i * weight_i = 1 / density. Hairer, Norsett,
-- Wanner I, II.2, table 2.2. Each weight is made of the weights before it: A(w) = sum_j a_ij w_j.
local function conditions(c, A)
  local function times(...)
    local product = {}
    for i = 1, #c do
      product[i] = 1
      for _, w in ipairs { ... } do product[i] = product[i] * w[i] end
    end
    return product
  end
  local one = {}
  for i = 1, #c do one[i] = 1 end
  local c2, c3, Ac = times(c, c), times(c, c, c), A(c)
  local Ac2, AAc = A(c2), A(Ac)
  return {
    { order = 1, weight = one, is = 1, text = "b" },
    { order = 2, weight = c, is = 1 / 2, text = "b c" },
    { order = 3, weight = c2, is = 1 / 3, text = "b c^2" },
    { order = 3, weight = Ac, is = 1 / 6, text = "b A c" },
    { order = 4, weight = c3, is = 1 / 4, text = "b c^3" },
    { order = 4, weight = times(c, Ac), is = 1 / 8, text = "b c (A c)" },
    { order = 4, weight = Ac2, is = 1 / 12, text = "b A c^2" },
    { order = 4, weight = AAc, is = 1 / 24, text = "b A A c" },
    { order = 5, weight = times(c2, c2), is = 1 / 5, text = "b c^4" },
    { order = 5, weight = times(c2, Ac), is = 1 / 10, text = "b c^2 (A c)" },
    { order = 5, weight = times(c, Ac2), is = 1 / 15, text = "b c (A c^2)" },
    { order = 5, weight = times(c, AAc), is = 1 / 30, text = "b c (A A c)" },
    { order = 5, weight = times(Ac, Ac), is = 1 / 20, text = "b (A c)^2" },
    { order = 5, weight = A(c3), is = 1 / 20, text = "b A c^3" },
    { order = 5, weight = A(times(c, Ac)), is = 1 / 40, text = "b A (c (A c))" },
    { order = 5, weight = A(Ac2), is = 1 / 60, text = "b A A c^2" },
    { order = 5, weight = A(AAc), is = 1 / 120, text = "b A A A c" },
  }
end

local function dot(b, w)
  local sum = 0
  for i = 1, #w do sum = sum + (b[i] or 0) * w[i] end
  return sum
end

-- x' = x cos t + sin 3t (1 + x^2) / 4: nonlinear, and errors of every order show in it.
local function slope_at(t, x)
  return x * math.cos(t) + math.sin(3 * t) * (1 + x * x) / 4
end

local function integrate(m, n)
  local x, h, k = 0.5, 1 / n, {}
  for step = 0, n - 1 do
    for i = 1, #m.b do
      local at = x
      for j = 1, i - 1 do at = at + h * (m.a[i][j] or 0) * k[j] end
      k[i] = slope_at((step + m.c[i]) * h, at)
    end
    for i = 1, #m.b do x = x + h * m.b[i] * k[i] end
  end
  return x
end

-- The order that the errors show: from the ratio of the differences of three runs with halved
-- steps.
local function measured_order(run, n)
  local coarse, middle, fine = run(n), run(2 * n), run(4 * n)
  return math.log(math.abs(coarse - middle) / math.abs(middle - fine), 2)
end

local function near(found, expected)
  return math.abs(found - expected) <= 1e-9
end

-- Where the slopes of a step are taken: at its stages, at the new point, and at the points that
-- only the interpolant uses.
local function nodes(m)
  local c, a = table.move(m.c, 1, #m.c, 1, {}), table.move(m.a, 1, #m.a, 1, {})
  c[#c + 1], a[#a + 1] = 1, m.b
  local extra = m.extra or { c = {}, a = {} }
  table.move(extra.c, 1, #extra.c, #c + 1, c)
  table.move(extra.a, 1, #extra.a, #a + 1, a)
  return c, a
end

local function conditions_of(m)
  local c, a = nodes(m)
  return conditions(c, function(w)
    local result = {}
    for i = 1, #a do result[i] = dot(a[i], w) end
    return result
  end)
end

local function stated(m, key, default, name)
  local order = m[key]
  if order == nil then return default end
  if math.type(order) ~= "integer" or order < 1 then core.fail(("ode: %s: %s: expected a whole number"):format(name, key)) end
  return order
end

--- Raises when the error estimate sees an error of its order or below, or none above it.
function check.errors(m, name)
  local order, blind = stated(m, "error_order", math.max(1, m.order - 1), name), true
  for _, condition in ipairs(conditions_of(m)) do
    local found = dot(m.e, condition.weight)
    if condition.order <= order and not near(found, 0) then
      core.fail(("ode: %s: its error estimate is not of order %d: sum of e%s is %.10g, expected 0"):format(name, order,
        condition.text:sub(2), found))
    end
    blind = blind and (condition.order > order + 1 or near(found, 0))
  end
  if blind and order < 5 then
    core.fail(("ode: %s: its error estimate sees no error of order %d"):format(name, order + 1))
  end
end

-- Within the step, at theta: sum of b(theta) weight = theta^order / density, one power of theta at
-- a time.
local function check_dense(m, name)
  local order = stated(m, "dense_order", math.max(1, m.order - 1), name)
  for _, condition in ipairs(conditions_of(m)) do
    for power = 1, condition.order <= order and 8 or 0 do
      local found, expected = 0, power == condition.order and condition.is or 0
      for j, row in ipairs(m.dense) do found = found + (row[power] or 0) * (condition.weight[j] or 0) end
      if not near(found, expected) then
        core.fail(("ode: %s: its interpolant is not of order %d (dense_order): sum of dense%s is %.10g at theta^%d, expected %.10g"):format(
          name, order, condition.text:sub(2), found, power, expected))
      end
    end
  end
end

-- Slopes are taken within the step only, because the field may not exist beyond t1.
local function check_nodes(c, what, name)
  for i, at in ipairs(c) do
    if at < 0 or at > 1 then
      core.fail(("ode: %s: %s[%d] = %g lies outside of the step, 0..1: the field is never called there"):format(name, what, i, at))
    end
  end
end

--- Raises when a tableau breaks a condition of its order, and names it.
function check.tableau(m, name)
  if m.order == nil then core.fail(("ode: %s: order is missing"):format(name)) end
  options.integer(("ode: %s: order"):format(name), m.order, 1)
  check_nodes(m.c, "c", name)
  if m.extra then check_nodes(m.extra.c, "extra.c", name) end
  for _, condition in ipairs(conditions_of(m)) do
    local found = dot(m.b, condition.weight)
    if condition.order <= m.order and not near(found, condition.is) then
      core.fail(("ode: %s is not of order %d: sum of %s is %.10g, expected %.10g"):format(name, m.order, condition.text, found,
        condition.is))
    end
  end
  if m.e then check.errors(m, name) end
  if m.dense then check_dense(m, name) end
  local order = measured_order(function(n) return integrate(m, n) end, m.order > 5 and 4 or 16)
  if order < m.order - 0.5 then
    core.fail(("ode: %s is not of order %d: halved steps show order %.2f"):format(name, m.order, order))
  end
end

-- Halved steps that end this near to each other show rounding errors and no order.
local noise <const> = core.real == "double" and 1e-12 or 8e-6

--- The same for a step function that states an order; in float up to 4, because rounding hides the
--- errors of higher orders.
function check.step(m, name)
  if m.order == nil then return end
  options.integer(("ode: %s: order"):format(name), m.order, 1)
  local function field(x, t)
    return core.tensor { slope_at(t, x[1]) }
  end
  local function run(n) return core.ode_engine.solve(m.step, field, core.tensor { 0.5 }, { t0 = 0, t1 = 1, steps = n })[1] end
  if math.abs(run(4) - run(8)) < noise then return end
  local order = measured_order(run, 4)
  local visible = core.real == "double" and m.order or math.min(m.order, 4)
  if not (order > visible - 0.5) then
    core.fail(("ode: %s is not of order %d: halved steps show order %.2f"):format(name, m.order, order))
  end
end

return check

-- What ode.solve checks of a method, condition by condition, and how it plans: grids, times and
-- states against their formulas, messages whole.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local check <const> = require "fm.ode.parts.check"
local ode <const> = fm.ode
local raises <const> = checks.raises_text

-- The rooted trees with at most five nodes, each a list of the trees on its root: its text, as the
-- method's check shows it, is the product of theirs.
local leaf <const> = {}
local function tree(...) return { ... } end
local chain2 <const>, chain3 <const>, fork <const> = tree(leaf), tree(tree(leaf)), tree(leaf, leaf)
local trees <const> = {
  { leaf, "" }, { tree(leaf), " c" }, { fork, " c^2" }, { tree(chain2), " A c" },
  { tree(leaf, leaf, leaf), " c^3" }, { tree(leaf, chain2), " c (A c)" }, { tree(fork), " A c^2" }, { tree(chain3), " A A c" },
  { tree(leaf, leaf, leaf, leaf), " c^4" }, { tree(leaf, leaf, chain2), " c^2 (A c)" }, { tree(leaf, fork), " c (A c^2)" },
  { tree(leaf, chain3), " c (A A c)" }, { tree(chain2, chain2), " (A c)^2" }, { tree(tree(leaf, leaf, leaf)), " A c^3" },
  { tree(tree(leaf, chain2)), " A (c (A c))" }, { tree(tree(fork)), " A A c^2" }, { tree(tree(chain3)), " A A A c" },
}

local function nodes(t)
  local n = 1
  for _, branch in ipairs(t) do n = n + nodes(branch) end
  return n
end

local function density(t)
  local product = nodes(t)
  for _, branch in ipairs(t) do product = product * density(branch) end
  return product
end

--- The weight of a tree at stage i of a tableau: the product over its branches of sum_j a_ij times
--- theirs.
local function weight(t, a, i)
  local product = 1
  for _, branch in ipairs(t) do
    local sum = 0
    for j, a_ij in ipairs(a[i]) do sum = sum + a_ij * weight(branch, a, j) end
    product = product * sum
  end
  return product
end

--- The x with sum_i W[k][i] x[i] = y[k], by elimination.
local function solved(W, y)
  local n, rows = #W, {}
  for k = 1, n do
    rows[k] = table.move(W[k], 1, n, 1, {})
    rows[k][n + 1] = y[k]
  end
  for k = 1, n do
    local best = k
    for i = k + 1, n do
      if math.abs(rows[i][k]) > math.abs(rows[best][k]) then best = i end
    end
    rows[k], rows[best] = rows[best], rows[k]
    for i = 1, n do
      local factor = i ~= k and rows[i][k] / rows[k][k] or 0
      for j = k, factor ~= 0 and n + 1 or 0 do rows[i][j] = rows[i][j] - factor * rows[k][j] end
    end
  end
  local x = {}
  for k = 1, n do x[k] = rows[k][n + 1] / rows[k][k] end
  return x
end

describe("the conditions of a method", function()
  checks.no_bytes_stay(setup, teardown)

  -- A tableau of 17 stages in which nothing depends on anything: each tree has weights of its own.
  local a, c, W = {}, {}, {}
  local state = 1
  local function draw()
    state = state * 48271 % 2147483647
    return state / 2147483647
  end
  for i = 1, #trees do
    a[i], c[i] = {}, 0
    for j = 1, i - 1 do
      a[i][j] = (draw() - 0.5) * 2
      c[i] = c[i] + a[i][j]
    end
    if i > 1 then -- c within 0..1
      local want = draw()
      a[i][1], c[i] = a[i][1] + want - c[i], want
    end
  end
  for k, t in ipairs(trees) do
    W[k] = {}
    for i = 1, #trees do W[k][i] = weight(t[1], a, i) end
  end
  local function unit(k)
    local y = {}
    for i = 1, #trees do y[i] = i == k and 1 or 0 end
    return y
  end
  local all = {}
  for k, t in ipairs(trees) do all[k] = 1 / density(t[1]) end
  local b <const> = solved(W, all)

  local function sum(list, k)
    local total = 0
    for i, value in ipairs(list) do total = total + value * W[k][i] end
    return total
  end

  local function plus(x, y, factor)
    local list = {}
    for i in ipairs(x) do list[i] = x[i] + factor * y[i] end
    return list
  end

  it("are those of the seventeen trees, for the result, its error estimate and its interpolant", function()
    local dense = {} -- b(theta) with sum b(theta) weight = theta^order / density
    for i = 1, #trees do dense[i] = {} end
    for order = 1, 5 do
      local y = {}
      for k, t in ipairs(trees) do y[k] = nodes(t[1]) == order and all[k] or 0 end
      for i, value in ipairs(solved(W, y)) do dense[i][order] = value end
    end
    for k, t in ipairs(trees) do
      local order, e = nodes(t[1]), solved(W, unit(k))
      for i in ipairs(trees) do assert.near(i == k and 1 or 0, sum(e, i), 1e-9) end
      -- the result
      local wrong = { order = 5, c = c, a = a, b = plus(b, e, 0.25) }
      raises(("ode: mine is not of order 5: sum of b%s is %.10g, expected %.10g"):format(t[2], all[k] + 0.25, all[k]), check.tableau, wrong, "mine")
      -- its error estimate: seen by the order of the tree, and blind from there on
      raises(("ode: mine: its error estimate is not of order %d: sum of e%s is 1, expected 0"):format(order, t[2]), check.errors,
        { order = 5, c = c, a = a, b = b, e = e, error_order = order }, "mine")
      if order > 1 then
        check.errors({ order = 5, c = c, a = a, b = b, e = e, error_order = order - 1 }, "mine")
        if order > 2 then
          raises(("ode: mine: its error estimate sees no error of order %d"):format(order - 1), check.errors,
            { order = 5, c = c, a = a, b = b, e = e, error_order = order - 2 }, "mine")
        end
      end
      -- its interpolant
      for power = 1, order + 1 do
        local off = {}
        for i = 1, #trees do
          off[i] = table.move(dense[i], 1, 5, 1, {})
          off[i][power] = (off[i][power] or 0) + e[i] * 0.5
        end
        local want = power == order and all[k] or 0
        raises(("ode: mine: its interpolant is not of order %d (dense_order): sum of dense%s is %.10g at theta^%d, expected %.10g"):format(order, t[2],
          want + 0.5, power, want), check.tableau, { order = 1, c = c, a = a, b = b, dense = off, dense_order = order }, "mine")
      end
    end
    for order = 1, 5 do check.tableau({ order = 1, c = c, a = a, b = b, dense = dense, dense_order = order }, "mine") end
  end)

  it("have orders of their own, one less than the method's unless they are given", function()
    local rk23 <const> = require "fm.ode.rk23"
    local function changed(more)
      local m = {}
      for name, value in pairs(rk23) do m[name] = value end
      for name, value in pairs(more) do m[name] = value end
      return m
    end
    for _, m in ipairs { rk23, changed { error_order = 2, dense_order = 2 }, changed { dense_order = 3 },
      changed { order = 2, error_order = 2, dense_order = 3 } } do
      check.tableau(m, "mine")
    end
    raises("ode: mine: its error estimate sees no error of order 2", check.tableau, changed { order = 2, dense_order = 3 }, "mine")
    raises("ode: mine: its error estimate is not of order 3: sum of e c^2 is", check.tableau, changed { error_order = 3 }, "mine")
    for _, key in ipairs { "error_order", "dense_order" } do
      for _, value in ipairs { 0, 2.0 } do raises(("ode: mine: %s: expected a whole number"):format(key), check.tableau, changed { [key] = value }, "mine") end
    end
    raises("ode: mine: order is missing", check.tableau, { c = { 0 }, a = { {} }, b = { 1 } }, "mine")
    raises("ode: mine: c[1] = -0.5 lies outside of the step, 0..1: the field is never called there", check.tableau,
      { order = 1, c = { -0.5 }, a = { {} }, b = { 1 } }, "mine")
    raises("ode: mine: extra.c[2] = 1.5 lies outside of the step, 0..1: the field is never called there", check.tableau,
      { order = 1, c = { 0 }, a = { {} }, b = { 1 }, extra = { c = { 1, 1.5 }, a = { {}, {} } } }, "mine")
    check.tableau({ order = 1, c = { 0 }, a = { {} }, b = { 1 }, extra = { c = { 0, 1 }, a = { { 0 }, { 1 } } } }, "mine")
    for _, order in ipairs { 0, 1.5 } do
      local text = ("ode: mine: order: expected a whole number >= 1, found %g"):format(order)
      raises(text, check.tableau, { order = order, c = { 0 }, a = { {} }, b = { 1 } }, "mine")
      raises(text, check.step, { order = order, step = print }, "mine")
    end
  end)

  it("beyond those of order five, and of a step function, are seen in errors of halved steps", function()
    local m = {}
    for name, value in pairs(require "fm.ode.tsit5") do m[name] = value end
    m.order, m.error_order, m.dense_order = 6, 4, 4
    raises("ode: mine is not of order 6: halved steps show order 5.39", check.tableau, m, "mine")
    local function midpoint(field, t, x, h) return x + field(x + field(x, t) * (h / 2), t + h / 2) * h end
    for order = 1, 2 do check.step({ order = order, step = midpoint }, "mine") end
    checks.raises("ode: mine is not of order 3: halved steps show order 2%.%d%d$", check.step, { order = 3, step = midpoint }, "mine")
    check.step({ step = print }, "mine") -- it states none
  end)
end)

describe("a plan of ode.solve", function()
  checks.no_bytes_stay(before_each, after_each)

  local x0 <const> = fm.ones(1)
  local function still(x) return x * 0 end

  --- The times of all points of a solve.
  local function points(o)
    o.method, o.save = o.method or "euler", o.times == nil and "steps" or nil
    return select(2, ode.solve(still, x0, o)).times
  end

  local function near(want, found)
    assert.equal(#want, #found)
    for i, t in ipairs(want) do assert.near(t, found[i], 1e-12) end
  end

  local shares <const> = {
    uniform = function(s) return s end, cosine = function(s) return (1 - math.cos(math.pi * s)) / 2 end, quadratic = function(s) return s ^ 2 end,
    shift = function(s) return 1 - 3 * (1 - s) / (3 - 2 * s) end,
    edm = function(s, n)
      local i = s * n -- sigma_i of Karras et al. from 1 down to 0.002, then 0
      return i >= n - 0.5 and 1 or 1 - (1 + i / math.max(1, n - 1) * (0.002 ^ (1 / 7) - 1)) ^ 7
    end,
  }

  it("has the points of its grid, both ways", function()
    for name, share in pairs(shares) do
      for _, n in ipairs { 1, 2, 5 } do
        local want, back = {}, {}
        for i = 0, n do
          want[i + 1] = 2 + share(i / n, n) * 3
          back[n + 1 - i] = want[i + 1]
        end
        near(want, points { grid = name, steps = n, t0 = 2, t1 = 5 })
        near(back, points { grid = name, steps = n, t0 = 5, t1 = 2 })
      end
    end
    local own = points { grid = { "edm", rho = 1, sigma_min = 0.4 }, steps = 3 }
    near({ 0, 0.3, 0.6, 1 }, own)
    near({ 0, 1 - 0.25 / 0.75, 1 }, points { grid = { "shift", s = 0.5 }, steps = 2 })
    assert.equal(101, #points { grid = "cosine" }) -- steps are 100
  end)

  it("says what is wrong with a grid", function()
    local function fails(text, o)
      o.method = "euler"
      raises("ode.solve: " .. text, ode.solve, still, x0, o)
    end
    fails("grid: expected a name, { name, option = }, or a list of points, found 3", { grid = 3 })
    fails("grid: expected a name, { name, option = }, or a list of points, found a table without a name", { grid = { rho = 1 } })
    for option, limits in pairs { sigma_min = { 1e-9, 0.999, "1e-09..0.999" }, rho = { 1e-3, 1e3, "0.001..1000" } } do
      for i = 1, 2 do
        points { grid = { "edm", [option] = limits[i] }, steps = 1 }
        local value <const> = limits[i] * (i == 1 and 0.5 or 1.5)
        fails(("grid edm: %s: expected a number in %s, found %.14g"):format(option, limits[3], value), { grid = { "edm", [option] = value } })
      end
    end
    fails("grid shift: s: expected a number in 0.001..1000, found 0", { grid = { "shift", s = 0 } })
    fails('grid cosine: unknown option "s"', { grid = { "cosine", s = 1 } })
    fails("grid cosine: 1000001 steps are over the limit 1000000 of a grid", { grid = "cosine", steps = 1000001 })
    fails("a list of points is the grid: leave steps out", { grid = { 0, 1 }, steps = 1 })
    fails("grid[2] = 2 lies outside of t0 = 0 .. t1 = 1 (t1 is 1 unless it is given)", { grid = { 0.5, 2 } })
    checks.raises("ode.solve: grid%[1%] = %-1 lies outside of t0 = 0 .. t1 = 1$", ode.solve, still, x0, { method = "euler", grid = { -1 }, t1 = 1 })
    fails("grid quadratic: two of 100 steps meet at t = 1", { grid = "quadratic", steps = 100, t0 = 1, t1 = 1 + 1e-13 })
    fails("grid[2] = 0.25 does not follow 0.5 on the way from 0 to 1", { grid = { 0.5, 0.25 } })
    fails("grid[2] = 0.75 does not follow 0.5 on the way from 1 to 0", { grid = { 0.5, 0.75 }, t0 = 1, t1 = 0 })
    fails("steps: expected a whole number in 1..1000000000, found 0", { steps = 0 })
    fails("give times or save, not both", { times = { 1 }, save = 1 })
    fails("save = 4 states, but 2 steps have 3", { steps = 2, save = 4 })
    fails("first_step is for error control; this method takes fixed steps", { first_step = 0.1 })
    raises("ode.solve: controller is for error control; without steps and grid this method has it", ode.solve, still, x0, { steps = 3, controller = "pi" })
    raises("ode.solve: first_step: expected a number in 0..1, found 0", ode.solve, still, x0, { first_step = 0 })
    raises("ode.solve: first_step: expected a number in 0..3, found 3.5", ode.solve, still, x0, { first_step = 3.5, t0 = 1, t1 = -2 })
    raises("ode.solve: max_step: expected a number above 0", ode.solve, still, x0, { max_step = 0 })
    raises("ode.solve: min_step: expected a number in 0..0.5, found 0.6", ode.solve, still, x0, { min_step = 0.6, max_step = 0.5 })
    raises('ode.solve: controller: unknown name "pid"', ode.solve, still, x0, { controller = "pid" })
    for _, times in ipairs { 3, {} } do raises("ode.solve: times: expected a list of numbers", ode.solve, still, x0, { times = times }) end
    raises("ode.solve: save: 1000001 states are over the limit 1000000: take fewer, or solve in parts", ode.solve, still, x0, { save = 1000001 })
    raises("ode.solve: t0 and t1 must be finite", ode.solve, still, x0, { t0 = -math.huge })
    raises("ode.solve: t1: 1e+308 is too far from t0 = -1e+308", ode.solve, still, x0, { t0 = -1e308, t1 = 1e308 })
    raises("ode.solve: events: expected a list", ode.solve, still, x0, { events = 3 })
    raises("ode.solve: events: this method cannot interpolate", ode.solve, still, x0, { method = "ab2", events = { still } })
    raises("ode.solve: events[1]: expected a function, or a table that begins with one", ode.solve, still, x0, { events = { 3 } })
    raises("ode.solve: events[1]: terminal: expected a whole number >= 0, found -1", ode.solve, still, x0, { events = { { still, terminal = -1 } } })
    raises("ode.solve: max_nfe: expected a whole number >= 0, found -1", ode.solve, still, x0, { max_nfe = -1 })
    raises('ode.solve: control = "sample" needs a method with an error estimate', ode.solve, still, x0, { method = "euler", control = "sample" })
    for _, name in ipairs { "steps", "grid", "times", "save", "events" } do
      raises(('ode.solve: %s does not go with control = "sample"'):format(name), ode.solve, still, x0, { control = "sample", [name] = 1 })
    end
    raises('ode.solve: control: expected "batch" or "sample", found "rows"', ode.solve, still, x0, { control = "rows" })
    raises("ode.solve: method: expected a name, a tableau or a step function, found a number", ode.solve, still, x0, { method = 3 })
    raises("ode.solve: give rows or cond, not both: each is the third argument of the field", ode.solve, still, x0, { rows = true, cond = x0 })
    raises("ode.solve: rows: x0 is a single number", ode.solve, still, fm.tensor(1), { rows = true })
    raises("ode.solve: rows: expected true or false, found 1", ode.solve, still, x0, { rows = 1 })
    raises("ode.solve: the field is a number: expected a function or a model", ode.solve, 3, x0)
    raises("ode.solve: x0 is a number: expected a tensor", ode.solve, still, 3)
    raises("ode.solve: unexpected argument 4, a number: it takes 3", ode.solve, still, x0, {}, 4)
  end)

  it("has the points of lists, then steps of a hundredth", function()
    near({ 0, 0.5, 1 }, points { grid = { 0.5, 1 } })
    near({ 0, 0.5, 1 }, points { grid = { 0, 0.5, 1 } })
    near({ 1, 0.75, 0 }, points { grid = { 0.75, 0 }, t0 = 1, t1 = 0 })
    near({ 0, 0.5, 1 - 2 ^ -6, 1 - 2 ^ -7, 1 }, points { grid = { 0.5, 1 - 2 ^ -6 } })
    near({ 0, 2 - 2 ^ -5, 2 - 2 ^ -6, 2 }, points { grid = { 2 - 2 ^ -5 }, t1 = 2 })
    near({ 0, 2 - 2 ^ -6, 2 }, points { grid = { 2 - 2 ^ -6 }, t1 = 2 })
    local _, info = ode.solve(still, x0, { method = "euler", times = { 0.5, 0.75 } })
    assert.same({ 27, { 0.5, 0.75 }, { 2, 1 } }, { info.steps, info.times, info.states:shape() })
    assert.equal(100, select(2, ode.solve(still, x0, { method = "euler" })).steps)
    assert.equal(100, select(2, ode.solve(still, x0, { method = "rk45", grid = "cosine" })).steps)
  end)

  it("saves what is asked for, the end alone with one", function()
    local function saved(o) return select(2, ode.solve(still, x0, o)).times end
    near({ 1 }, saved { method = "euler", steps = 4, save = 1 })
    near({ 0, 1 }, saved { method = "euler", steps = 4, save = 2 })
    near({ 0, 0.5, 1 }, saved { method = "euler", steps = 4, save = 3 })
    near({ 0, 0.25, 0.75, 1 }, saved { method = "euler", steps = 4, save = 4 })
    near({ 0, 0.25, 0.5, 0.75, 1 }, saved { method = "euler", steps = 4, save = 5 })
    near({ 0, 0.25, 1 }, saved { method = "euler", steps = 4, grid = "quadratic", save = 3 })
    near({ 3, 2, 1 }, saved { method = "euler", steps = 4, save = 3, t0 = 3, t1 = 1 })
    near({ 1 }, saved { save = 1 })
    near({ 0, 1 }, saved { save = 2 })
    near({ 3, 2.5, 2, 1.5, 1 }, saved { save = 5, t0 = 3, t1 = 1 })
  end)
end)

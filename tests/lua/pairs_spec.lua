-- Couplings, plans and the iterator over pairs beyond the golden values: closed forms, ties, sizes,
-- rounds, resuming, misuse.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local skip <const> = require "fm.skip"
local flow <const> = fm.flow

local raises <const> = checks.raises
local double <const> = fm.real == "double"

local function normal(seed, ...) return fm.rng(seed):normal(...) end

local function cost_of(a, b) return (a - b):square():sum():item() end

-- The least of f over all orders of 1..n.
local function least_of_orders(n, f)
  local order, best = {}, math.huge
  for i = 1, n do order[i] = i end
  local function try(k)
    if k == n then
      best = math.min(best, f(order))
      return
    end
    for i = k + 1, n do
      order[k + 1], order[i] = order[i], order[k + 1]
      try(k + 1)
      order[k + 1], order[i] = order[i], order[k + 1]
    end
  end
  try(0)
  return best
end

describe("the coupling ot", function()
  checks.no_bytes_stay(before_each, after_each)

  it("has no better order, for any size, rank, and with equal rows", function()
    for _, shape in ipairs { { 1, 2 }, { 2, 3 }, { 6, 2 }, { 7, 2, 2 } } do
      local x0, x1 = normal(1, shape), normal(2, shape)
      if shape[1] == 7 then x0[2], x1[3], x1[4] = x0[1], x1[1], x1[1] end
      local y0, y1 = flow.coupling "ot"(x0, x1)
      local best = least_of_orders(shape[1], function(order) return cost_of(x0:index_select(fm.tensor(order), 1), x1) end)
      assert.near(best, cost_of(y0, y1), 1e-4)
      local sorted, all = flow.coupling "ot":partners(x0, x1):totable(), {}
      table.sort(sorted)
      for i = 1, shape[1] do all[i] = i + 0.0 end
      assert.same(all, sorted)
    end
  end)

  it("is monotone on a line, for many points", function()
    for _, n in ipairs { 63, 64, 65, 300, 1000 } do
      local x0, x1 = normal(3, n, 1), normal(4, n, 1) * 3 + 1
      local partner = flow.coupling "ot":partners(x0, x1):totable()
      local pairs_of = {}
      for j = 1, n do pairs_of[j] = { x1[j]:item(), x0[math.tointeger(partner[j])]:item() } end
      table.sort(pairs_of, function(a, b) return a[1] < b[1] end)
      for j = 2, n do assert.is_true(pairs_of[j - 1][2] <= pairs_of[j][2]) end
    end
  end)

  it("of rows that are all the same is any order", function()
    local x0, x1 = fm.ones(200, 2), fm.zeros(200, 2)
    local partner = flow.coupling "ot":partners(x0, x1):totable()
    table.sort(partner)
    assert.same({ 1.0, 200.0 }, { partner[1], partner[200] })
    assert.near(400, cost_of(flow.coupling "ot"(x0, x1)), 1e-3)
  end)

  it("of no rows, or of rows without numbers, leaves them as they are", function()
    for _, x in ipairs { fm.zeros(0, 2), fm.zeros(3, 0), fm.zeros(0) } do
      for _, how in ipairs { "ot", { "conditional_ot", weight = 1 } } do
        local x0, x1 = flow.coupling(how)(x, x, fm.ones(#x))
        assert.is_true(rawequal(x0, x) and rawequal(x1, x))
      end
    end
  end)

  it("names the sample and the row that is not finite", function()
    local x, odd = normal(1, 3, 2), normal(2, 3, 2)
    odd[2] = fm.full({ 2 }, 0 / 0)
    raises("coupling ot: row 2 of x1 is not finite", flow.coupling "ot", x, odd)
    raises("coupling ot: row 2 of x0 is not finite", flow.coupling "ot", odd, x)
    raises("coupling sinkhorn: row 2 of x1 is not finite", flow.coupling "sinkhorn", x, odd)
    raises("coupling conditional_ot: row 2 of x0 is not finite", flow.coupling "conditional_ot", odd, x, fm.ones(3))
    raises("coupling conditional_ot: row 2 of cond is not finite", flow.coupling("conditional_ot", { ratio = 0.5 }), x, x, odd)
  end)
end)

describe("flow.transport_plan", function()
  checks.no_bytes_stay(before_each, after_each)
  local plan = flow.transport_plan

  it("has its marginals, and the closed form of two points", function()
    local P, info = plan(normal(1, 5, 3), normal(2, 9, 3), { reg = 0.7 })
    assert.is_true(info.converged)
    for _, v in ipairs(P:sum(2):totable()) do assert.near(1 / 5, v, 1e-7) end
    for _, v in ipairs(P:sum(1):totable()) do assert.near(1 / 9, v, 1e-7) end
    -- two points against two: P_11 = P_22 = e / (2 (1 + e)), e = exp(gain / 2 reg)
    local x0, x1 = fm.tensor { { 0.0 }, { 1.0 } }, fm.tensor { { 0.2 }, { 1.1 } }
    P = plan(x0, x1, { reg = 0.5 })
    local gain = (1.1 ^ 2 + 0.8 ^ 2) - (0.2 ^ 2 + 0.1 ^ 2)
    local e = math.exp(gain / (2 * 0.5))
    assert.near(e / (2 * (1 + e)), P[1][1], double and 1e-9 or 1e-6)
  end)

  it("goes to the product of the marginals for a large reg, to the assignment for a small one", function()
    local x0, x1 = normal(5, 6, 2), normal(6, 6, 2)
    local P = plan(x0, x1, { reg = 1e6 })
    assert.near(0, (P - 1 / 36):abs():max():item(), 1e-6)
    local exact = cost_of(flow.coupling "ot"(x0, x1)) / 6
    local info
    P, info = plan(x0, x1, { reg = 1e-3, iterations = 20000 })
    assert.is_true(info.error < 1e-4 and not info.converged) -- it goes as 1 / iterations
    assert.near(exact, info.cost, 1e-4)
    assert.near(exact, (P * fm.measure.pair_costs(x0, x1)):sum():item(), 1e-4)
  end)

  it("makes no NaN of a tiny reg, and says that it did not converge", function()
    local x0, x1 = normal(7, 40, 2) * 10, normal(8, 30, 2) * 10 + 5
    for _, reg in ipairs { 1e-2, 1e-4, 1e-8 } do
      local P, info = plan(x0, x1, { reg = reg, iterations = 20 })
      local total = P:sum():item()
      assert.near(1, total, 1e-5)
      assert.is_false(info.converged)
      assert.equal(20, info.iterations)
      assert.is_true(info.error > 1e-3 and info.cost > 0 and info.cost < math.huge)
      assert.is_true((P - 1 / 1200):abs():max():item() > 1e-3) -- not the uniform plan
    end
  end)

  it("counts iterations and tells the error of the plan that it returns", function()
    local x0, x1 = normal(9, 12, 2), normal(10, 12, 2)
    local before = math.huge
    for _, n in ipairs { 1, 2, 5, 30 } do
      local P, info = plan(x0, x1, { reg = 0.1, iterations = n, tolerance = 0 })
      assert.equal(n, info.iterations)
      assert.near(info.error, (P:sum(2) - 1 / 12):abs():max():item(), 1e-7)
      for _, v in ipairs(P:sum(1):totable()) do assert.near(1 / 12, v, 1e-7) end
      assert.is_true(info.error < before)
      before = info.error
    end
  end)

  it("takes one row, rows of any rank, and equal points", function()
    local P, info = plan(fm.ones(1, 2), normal(11, 4, 2), { reg = 1e-6 })
    assert.same({ 1, 4 }, P:shape())
    assert.near(0.25, P[1][3], 1e-7)
    assert.equal(1, info.iterations)
    P = plan(fm.ones(3, 2, 2), fm.ones(3, 2, 2), { reg = 1e-12 })
    assert.near(1 / 9, P[2][2], 1e-7)
  end)

  it("refuses what it cannot use", function()
    local x = normal(12, 3, 2)
    raises("transport_plan: reg is missing", plan, x, x, {})
    raises("transport_plan: reg: expected a number > 0, found 0", plan, x, x, { reg = 0 })
    raises("transport_plan: reg: expected a number in 0", plan, x, x, { reg = -1 })
    raises('transport_plan: unknown option "iteration"; did you mean "iterations"', plan, x, x, { reg = 1, iteration = 3 })
    raises("transport_plan: iterations: expected a whole number in 1..1000000000, found 0", plan, x, x, { reg = 1, iterations = 0 })
    raises("transport_plan: x0 is a tensor %[3, 2%], x1 a tensor %[3, 3%]: expected rows of one size", plan, x, normal(1, 3, 3), { reg = 1 })
    raises("transport_plan: x1 is a number", plan, x, 3, { reg = 1 })
    raises("transport_plan: reg 1e%-30 is lost in the rounding", plan, x, x + 1, { reg = 1e-30 })
    raises("transport_plan: row 1 of x1 is not finite", plan, x, x / 0, { reg = 1 })
  end)
end)

describe("the coupling sinkhorn", function()
  checks.no_bytes_stay(before_each, after_each)

  it("draws partners by the columns of the plan", function()
    local x0, x1 = normal(1, 4, 2), normal(2, 4, 2)
    local P = flow.transport_plan(x0, x1, { reg = 0.8 })
    local rng = fm.rng(5, "draws")
    local couple = flow.coupling("sinkhorn", { reg = 0.8, tolerance = 1e-9, rng = rng })
    local counts, rounds = {}, 4000
    for _ = 1, rounds do
      for j, i in ipairs(couple:partners(x0, x1):totable()) do
        local key = math.tointeger(i) * 10 + j
        counts[key] = (counts[key] or 0) + 1
      end
    end
    for i = 1, 4 do
      for j = 1, 4 do assert.near(4 * P[i][j], (counts[i * 10 + j] or 0) / rounds, 0.03) end
    end
    assert.is_true(couple.info.converged)
  end)

  it("is the same for the same stream, keeps x1 and cond, and takes other numbers of rows", function()
    local x0, x1, cond = normal(3, 20, 2), normal(4, 7, 2), fm.range(1, 7)
    local a = flow.coupling("sinkhorn", { reg = 0.5, rng = fm.rng(1) })
    local b = flow.coupling("sinkhorn", { reg = 0.5, rng = fm.rng(1) })
    local y0, y1, c = a(x0, x1, cond)
    assert.is_true(rawequal(y1, x1) and rawequal(c, cond))
    assert.same({ 7, 2 }, y0:shape())
    assert.same(y0:totable(), b(x0, x1, cond):totable())
    assert.same({ 7, 2 }, flow.coupling "sinkhorn"(x0, x1):shape()) -- without rng
  end)

  it("refuses a wrong option", function()
    raises('coupling sinkhorn: unknown option "regg"', flow.coupling, "sinkhorn", { regg = 1 })
    raises("coupling sinkhorn: rng: expected a random stream", flow.coupling, "sinkhorn", { rng = 3 })
    raises("coupling sinkhorn: reg: expected a number > 0", flow.coupling, "sinkhorn", { reg = 0 })
  end)
end)

describe("the coupling conditional_ot", function()
  checks.no_bytes_stay(before_each, after_each)

  it("pairs equal labels alone, in the best way", function()
    local x0, x1 = normal(1, 7, 2), normal(2, 7, 2)
    local cond = fm.tensor { 3, 1, 3, 3, 2, 1, 3 }
    local couple = flow.coupling "conditional_ot"
    local partner = couple:partners(x0, x1, cond)
    assert.same(cond:totable(), cond:index_select(partner, 1):totable())
    local best = least_of_orders(7, function(order)
      for j, i in ipairs(order) do
        if cond[i] ~= cond[j] then return math.huge end
      end
      return cost_of(x0:index_select(fm.tensor(order), 1), x1)
    end)
    assert.near(best, cost_of(couple(x0, x1, cond), x1), 1e-4)
    assert.same(x0[{ 1, 1 }]:totable(), couple(x0[{ 1, 1 }], x1[{ 1, 1 }], cond[{ 1, 1 }]):totable())
    assert.same(flow.coupling "ot"(x0, x1):totable(), couple(x0, x1, fm.ones(7)):totable())
  end)

  it("weighs the distance of conditions, its own or a given one", function()
    local x0, x1, cond = normal(3, 6, 2), normal(4, 6, 2), normal(5, 6, 2)
    local function best(weight, distance)
      return least_of_orders(6, function(order)
        local sum = 0
        for j, i in ipairs(order) do sum = sum + cost_of(x0[i], x1[j]) + weight * distance(i, j) end
        return sum
      end)
    end
    local function objective(couple, weight, distance)
      local sum = 0
      for j, i in ipairs(couple:partners(x0, x1, cond):totable()) do
        i = math.tointeger(i)
        sum = sum + cost_of(x0[i], x1[j]) + weight * distance(i, j)
      end
      return sum
    end
    local function squared(i, j) return cost_of(cond[i], cond[j]) end
    for _, weight in ipairs { 0, 0.3, 2, 1000 } do
      assert.near(best(weight, squared), objective(flow.coupling("conditional_ot", { weight = weight }), weight, squared), 1e-3 * (1 + weight))
    end
    -- not symmetric: row i of x0 is the first argument's
    local C = fm.rng(6):uniform(6, 6)
    local couple = flow.coupling("conditional_ot", { weight = 4, distance = function(a, b)
      assert.is_true(rawequal(a, cond) and rawequal(b, cond))
      return C
    end })
    local function given(i, j) return C[i][j] end
    assert.near(best(4, given), objective(couple, 4, given), 1e-4)
  end)

  it("finds the weight of a ratio by the stated rule", function()
    for seed = 1, 6 do
      local n = 5 + seed
      local x0, x1, cond = normal(seed, n, 2), normal(seed + 10, n, 2), normal(seed + 20, n, 1)
      if seed > 3 then cond[2], cond[4] = cond[1], cond[1] end -- pairs with C = 0 count at every weight
      local M, C = fm.measure.pair_costs(x0, x1), fm.measure.pair_costs(cond, cond)
      for _, ratio in ipairs { 1 / n, 0.2, 0.3, 0.5, 0.9, 1 } do
        local limits, always = {}, 0
        for i = 1, n do
          for j = 1, n do
            if i ~= j and C[i][j] > 0 then limits[#limits + 1] = (M[j][j] - M[i][j]) / C[i][j]
            elseif i ~= j and M[i][j] <= M[j][j] then always = always + 1
            end
          end
        end
        table.sort(limits, function(a, b) return a > b end)
        local k = math.floor(ratio * n * n + 0.5) - n - always
        local want = math.max(0, limits[math.max(1, k)] or 0)
        local couple = flow.coupling("conditional_ot", { ratio = ratio })
        couple(x0, x1, cond)
        assert.near(want, couple.weight, 1e-4 * (1 + want))
      end
    end
  end)

  it("takes labels as numbers when there is a weight", function()
    local x0, x1, cond = normal(7, 5, 2), normal(8, 5, 2), fm.tensor { 1, 2, 2.5, 4, 1 }
    local y0 = flow.coupling("conditional_ot", { weight = 3 })(x0, x1, cond)
    assert.same(flow.coupling("conditional_ot", { weight = 3 })(x0, x1, cond:reshape(5, 1)):totable(), y0:totable())
  end)

  it("refuses what it cannot use", function()
    local x = normal(9, 3, 2)
    local couple = flow.coupling "conditional_ot"
    raises("coupling conditional_ot: cond is missing", couple, x, x)
    raises("coupling conditional_ot: cond: label 2 is 1.5: expected whole numbers", couple, x, x, fm.tensor { 1, 1.5, 2 })
    raises("coupling conditional_ot: cond is a tensor %[3, 1%]: continuous conditions need a weight or a ratio", couple, x, x, fm.ones(3, 1))
    raises("coupling conditional_ot: cond has 2 rows, x1 has 3", couple, x, x, fm.ones(2))
    raises("weight and ratio exclude each other", flow.coupling, "conditional_ot", { weight = 1, ratio = 0.1 })
    raises("coupling conditional_ot: ratio: expected a number in 0..1, found 2", flow.coupling, "conditional_ot", { ratio = 2 })
    raises("coupling conditional_ot: distance needs a weight or a ratio", flow.coupling, "conditional_ot", { distance = print })
    raises('unknown coupling "conditional"; did you mean "conditional_ot"', flow.coupling, "conditional")
    local function wrong(value) return flow.coupling("conditional_ot", { weight = 1, distance = function() return value end }) end
    raises("distance returned a number", wrong(3), x, x, fm.ones(3, 1))
    raises("distances of conditions are %[2, 3%]: expected %[3, 3%]", wrong(fm.ones(2, 3)), x, x, fm.ones(3, 1))
    raises("the distance of conditions 1 and 1 is %-1: expected a finite number >= 0", wrong(fm.full({ 3, 3 }, -1)), x, x, fm.ones(3, 1))
  end)
end)

describe("the coupling semidiscrete", function()
  checks.no_bytes_stay(before_each, after_each)

  it("chooses the best row of many dimensions, the first among equals", function()
    for _, dims in ipairs { 1, 3, 8, 9, 40 } do
      local data, g, x0 = normal(1, 300, dims), normal(2, 300) * 0.3, normal(3, 70, dims)
      data[200] = data[5]
      g[200] = g[5]
      local couple = flow.coupling("semidiscrete", { data = data, potentials = g })
      local y0, x1, index = couple(x0)
      assert.is_true(rawequal(y0, x0))
      assert.same(data:index_select(index, 1):totable(), x1:totable())
      local score = g - fm.measure.pair_costs(x0, data)
      for i, j in ipairs(index:totable()) do
        assert.are_not.equal(200, j)
        assert.near(score[i]:max():item(), score[i][math.tointeger(j)], 1e-4)
      end
    end
  end)

  it("fits potentials that make all rows equally likely: on a line they are known", function()
    local data = fm.tensor { { -1 }, { 0 }, { 2 } }
    local couple = flow.coupling("semidiscrete", { data = data, rng = fm.rng(1), batch = 256, steps = 1500 })
    raises("coupling semidiscrete: it has no potentials yet: call couple:fit%(%) first", couple, normal(1, 3, 1))
    local info = couple:fit()
    assert.is_true(math.abs(info.chi2) < 0.01)
    -- cells end at the quantiles q of 1/3 and 2/3: g_1 - (q + 1)^2 = g_2 - q^2 at the first
    local q = 0.4307273
    local g = couple.potentials:totable()
    assert.near((-q + 1) ^ 2 - q ^ 2, g[1] - g[2], 0.03)
    assert.near((q - 2) ^ 2 - q ^ 2, g[3] - g[2], 0.03)
    local gradient, chi2 = couple:gradient(normal(9, 4000, 1))
    assert.is_true(gradient:abs():max():item() < 0.03 and math.abs(chi2) < 0.01)
    assert.is_nil((select(2, couple:gradient(normal(9, 1, 1)))))
  end)

  it("is the same for the same stream, begins large data with a part, and keeps its state", function()
    local data = fm.data.moons { n = 300, noise = 0.05, rng = fm.rng(4) }:reshape(300, 1, 2)
    local o = { data = data, rng = fm.rng(5), batch = 128, steps = 200 }
    local a, b = flow.coupling("semidiscrete", o), nil
    local info = a:fit()
    assert.is_true(info.chi2 < 0.5, tostring(info.chi2))
    o.rng = fm.rng(5)
    b = flow.coupling("semidiscrete", o)
    b:fit()
    assert.same(a.potentials:totable(), b.potentials:totable())
    o.rng = nil
    local c = flow.coupling("semidiscrete", o)
    c:load_state(a:state())
    local x0 = normal(6, 20, 1, 2)
    assert.same((select(2, a(x0))):totable(), (select(2, c(x0))):totable())
    assert.same({ 20, 1, 2 }, (select(2, c(x0))):shape())
    raises("coupling semidiscrete: fit: rng is missing", c.fit, c)
  end)

  it("fits as well whichever points were drawn: the steps do not follow a few draws far out", function()
    for seed = 1, 10 do
      local rng = fm.rng(seed)
      local couple = flow.coupling { "semidiscrete", data = rng:stream "data":normal(300, 2) * 3, rng = rng:stream "fit", steps = 300, batch = 256 }
      local chi2 = couple:fit().chi2
      assert.is_true(chi2 < 0.06, ("seed %d: %g"):format(seed, chi2))
    end
  end)

  it("has potentials per class, and takes a source", function()
    local data = fm.cat(normal(1, 40, 2) * 0.3 + 3, normal(2, 20, 2) * 0.3 - 3, 1)
    local labels = fm.cat(fm.full(40, 2), fm.full(20, 5), 1)
    local drawn = 0
    local couple = flow.coupling("semidiscrete", { data = data, labels = labels, rng = fm.rng(3), batch = 128, steps = 400,
      source = function(n, rng)
        drawn = drawn + n
        return rng:normal(n, 2) * 2
      end })
    local info = couple:fit()
    assert.is_true(drawn > 0 and info.classes[2] < 0.2 and info.classes[5] < 0.2)
    local cond = fm.tensor { 5, 2, 2, 5, 5, 2 }
    local x0 = normal(7, 6, 2)
    local _, x1, index = couple(x0, nil, cond)
    assert.same(cond:totable(), labels:index_select(index, 1):totable())
    assert.same(data:index_select(index, 1):totable(), x1:totable())
    local gradient = couple:gradient(x0, cond)
    assert.near(0, gradient[{ 1, 40 }]:sum():item(), 1e-5)
    assert.near(0, gradient[{ 41, 60 }]:sum():item(), 1e-5)
    raises("cond is missing: the labels of x0", couple, x0)
    raises("no row of data has the label 7", couple, x0, nil, fm.full(6, 7))
    local loss = flow.loss(function(x, _, c) return x * c:reshape(-1, 1) end, x0, { rng = fm.rng(1), cond = cond, coupling = couple })
    assert.is_true(loss:item() > 0)
  end)

  it("of one row, of equal rows, and what it refuses", function()
    local couple = flow.coupling("semidiscrete", { data = fm.ones(1, 2), rng = fm.rng(1) })
    assert.equal(0, couple:fit().chi2)
    assert.same({ 1.0, 1.0 }, (select(3, couple(normal(1, 2, 2)))):totable())
    couple = flow.coupling("semidiscrete", { data = fm.ones(4, 2), rng = fm.rng(1), steps = 300, batch = 64 })
    local chi2 = couple:fit().chi2
    assert.is_true(chi2 == chi2)
    local data = normal(2, 5, 2)
    raises("coupling semidiscrete: data is missing", flow.coupling, "semidiscrete", {})
    raises("labels is a tensor %[4%]: expected a tensor %[5%]", flow.coupling, "semidiscrete", { data = data, labels = fm.ones(4) })
    raises("potentials is a tensor %[5, 1%]: expected a tensor %[5%]", flow.coupling, "semidiscrete", { data = data, potentials = fm.ones(5, 1) })
    raises('unknown option "potential"; did you mean "potentials"', flow.coupling, "semidiscrete", { data = data, potential = 1 })
    raises("source: expected a tensor, a function", flow.coupling, "semidiscrete", { data = data, source = 3 })
    couple = flow.coupling("semidiscrete", { data = data, potentials = fm.zeros(5) })
    raises("x0 is a tensor %[3, 3%], data a tensor %[5, 2%]", couple, normal(1, 3, 3))
    raises("coupling semidiscrete: row 1 of x0 is not finite", couple, normal(1, 3, 2) / 0)
    raises("coupling semidiscrete: row 1 of x0 is not finite", couple.gradient, couple, normal(1, 3, 2) / 0)
    raises("coupling semidiscrete: row 1 of data is not finite", flow.coupling, "semidiscrete", { data = data / 0 })
    raises("coupling semidiscrete: row 1 of potentials is not finite", flow.coupling, "semidiscrete", { data = data, potentials = fm.full(5, 0 / 0) })
    raises("there is a cond, but the data has no labels", couple, normal(1, 3, 2), nil, fm.ones(3))
  end)
end)

describe("flow.pairs", function()
  checks.no_bytes_stay(before_each, after_each)
  local source <const>, target <const> = normal(1, 9, 2), normal(2, 13, 2)
  local number <const>, labels <const> = fm.range(1, 13), fm.tensor { 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1 }

  local function sizes_of(it)
    local sizes, seen = {}, {}
    for _, _, _, rows in it do
      sizes[#sizes + 1] = #rows
      for _, row in ipairs(rows:totable()) do seen[#seen + 1] = row end
    end
    table.sort(seen)
    return sizes, seen
  end

  it("visits each row of the target once a round, in parts of pairings", function()
    local it = flow.pairs(nil, target, { size = 2, ot_size = 5, with = { number }, rng = fm.rng(1), coupling = "ot" })
    for _ = 1, 2 do
      local sizes, seen = sizes_of(it)
      assert.same({ 2, 2, 1, 2, 2, 1, 2, 1 }, sizes)
      assert.same(number:totable(), seen)
    end
    it = flow.pairs(nil, target, { size = 2, ot_size = 5, with = { number }, rng = fm.rng(1), drop_last = true })
    assert.same({ 2, 2, 2, 2 }, (sizes_of(it)))
    it = flow.pairs(nil, target, { size = 100, with = number, rng = fm.rng(1) })
    assert.same({ 13 }, (sizes_of(it)))
  end)

  it("is one assignment of ot_size rows, dealt out; all tensors go with their rows", function()
    local it = flow.pairs(source, target, { size = 4, ot_size = 13, coupling = "ot", cond = labels, with = { number }, source_with = { fm.range(1, 9) },
      rng = fm.rng(3) })
    local all0, all1 = {}, {}
    for x0, x1, cond, rows, rows0 in it do
      assert.same(target:index_select(rows, 1):totable(), x1:totable())
      assert.same(labels:index_select(rows, 1):totable(), cond:totable())
      assert.same(source:index_select(rows0, 1):totable(), x0:totable())
      all0[#all0 + 1], all1[#all1 + 1] = x0, x1
    end
    local x0, x1 = fm.cat(all0, { axis = 1 }), fm.cat(all1, { axis = 1 })
    assert.near(cost_of(flow.coupling "ot"(x0, x1), x1), cost_of(x0, x1), 1e-4)
  end)

  it("uses each row of a source tensor once in its own rounds", function()
    local it = flow.pairs(source, target, { size = 13, source_with = { fm.range(1, 9) }, rng = fm.rng(4) })
    local rows = {}
    for _ = 1, 9 do
      for _, _, _, rows0 in it do
        for _, row in ipairs(rows0:totable()) do rows[#rows + 1] = row end
      end
    end
    for first = 1, 9 * 13, 9 do
      local round = table.move(rows, first, first + 8, 1, {})
      table.sort(round)
      assert.same(fm.range(1, 9):totable(), round)
    end
  end)

  it("keeps the order given without an rng", function()
    local it = flow.pairs(source, target, { size = 5 })
    local x0, x1 = it()
    assert.same({ source[{ 1, 5 }]:totable(), target[{ 1, 5 }]:totable() }, { x0:totable(), x1:totable() })
    x0, x1 = it()
    assert.same({ fm.cat(source[{ 6, 9 }], source[{ 1, 1 }], 1):totable(), target[{ 6, 10 }]:totable() }, { x0:totable(), x1:totable() })
  end)

  it("depends on the position alone: passing over values, and a place, lead to the same pairs", function()
    local function made(rng)
      return flow.pairs(function(n, own) return own:normal(n, 2) end, target,
        { size = 2, ot_size = 5, coupling = { "sinkhorn", reg = 0.5 }, cond = { a = labels }, rng = rng })
    end
    local all, it = {}, made(fm.rng(7))
    while #all < 30 do
      local x0, x1, cond = it()
      if x0 then all[#all + 1] = { x0:totable(), x1:totable(), cond.a:totable() } end
    end
    for _, passed in ipairs { 0, 1, 2, 7, 8, 9, 20 } do
      local rng = fm.rng(7)
      local other = made(rng)
      rng:at(1000) -- the clock of a run moves; the pairs do not depend on it
      skip.of(other)(passed)
      local x0, x1, cond = other()
      if not x0 then x0, x1, cond = other() end
      assert.same(all[passed + 1], { x0:totable(), x1:totable(), cond.a:totable() })
      local third = made(fm.rng(7))
      skip.place_of(third).set(skip.place_of(other).get())
      local a, b = other(), third()
      if not a then a, b = other(), third() end
      assert.same(a:totable(), b:totable())
    end
  end)

  it("takes any coupling: labels alone, a function, a semidiscrete one", function()
    local it = flow.pairs(nil, target, { size = 13, coupling = "conditional_ot", cond = labels, rng = fm.rng(1) })
    local x0, x1, cond = it()
    assert.same({ 13, 2 }, x0:shape())
    local y0 = flow.coupling "conditional_ot"(x0, x1, cond)
    assert.near(cost_of(y0, x1), cost_of(x0, x1), 1e-4)
    local function backward(a, b, c) return a:index_select(fm.range(#a, 1, -1), 1), b, c end
    it = flow.pairs(source, target, { size = 4, coupling = backward })
    assert.same(source:index_select(fm.tensor { 4, 3, 2, 1 }, 1):totable(), it():totable())
    local couple = flow.coupling("semidiscrete", { data = target, labels = labels, potentials = fm.zeros(13) })
    it = flow.pairs(nil, target, { size = 6, ot_size = 13, coupling = couple, cond = labels, with = { number }, rng = fm.rng(1) })
    for a, b, c, rows in it do
      assert.same(c:totable(), labels:index_select(rows, 1):totable())
      assert.same(b:totable(), target:index_select(rows, 1):totable())
      assert.same((select(2, couple(a, nil, c))):totable(), b:totable())
    end
  end)

  it("refuses what it cannot use", function()
    local pairs_of = flow.pairs
    raises("pairs: size is missing", pairs_of, nil, target, { rng = fm.rng(1) })
    raises("pairs: size: expected a whole number >= 1, found 0", pairs_of, nil, target, { size = 0, rng = fm.rng(1) })
    raises("pairs: drop_last leaves no batch: size is 14, and target has 13 rows", pairs_of, nil, target, { size = 14, rng = fm.rng(1), drop_last = true })
    raises("pairs: ot_size is 3: expected at least size, 4", pairs_of, nil, target, { size = 4, ot_size = 3, rng = fm.rng(1) })
    raises("pairs: rng is missing: it draws the source", pairs_of, nil, target, { size = 4 })
    raises("pairs: rng is missing: it draws the order of rows", pairs_of, source, target, { size = 4, shuffle = true })
    raises("pairs: target is a number", pairs_of, nil, 3, { size = 4 })
    raises("pairs: source: expected a tensor, a function", pairs_of, "normal", target, { size = 4 })
    raises("pairs: cond has 9 rows, target has 13", pairs_of, source, target, { size = 4, cond = fm.ones(9) })
    raises("pairs: cond.a has 9 rows, target has 13", pairs_of, source, target, { size = 4, cond = { a = fm.ones(9) } })
    raises("pairs: with%[2%] has 9 rows, target has 13", pairs_of, source, target, { size = 4, with = { number, fm.ones(9) } })
    raises("pairs: source_with belongs to the rows of source, which is no tensor", pairs_of, nil, target,
      { size = 4, source_with = { number }, rng = fm.rng(1) })
    raises('pairs: unknown option "ot_sise"; did you mean "ot_size"', pairs_of, source, target, { size = 4, ot_sise = 3 })
    raises('pairs: coupling: unknown coupling "sinkhorm"; did you mean "sinkhorn"', pairs_of, source, target, { size = 4, coupling = "sinkhorm" })
    raises("pairs: source returned 3 rows, expected 4", pairs_of(function() return fm.ones(3, 2) end, target, { size = 4, rng = fm.rng(1) }))
  end)
end)

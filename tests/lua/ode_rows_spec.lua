-- control = "sample": every row of a batch has its own steps.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local ode <const> = fm.ode
local double <const> = fm.real == "double"
local methods <const> = { "rk23", "rk45", "dop853", "tsit5", "adaptive_heun" }

local raises <const> = checks.raises

-- x' = x cos(rate t) and rate, row by row: the second column is the rate. A row's numbers come from
-- that row alone.
local function waves(x, t)
  local rate = x:slice { axis = 2, first = 2, last = 2 }
  local slope = x:slice { axis = 2, first = 1, last = 1 } * (rate * t:reshape(-1, 1)):cos()
  return fm.cat(slope, rate * 0, { axis = 2 })
end

describe("ode row by row", function()
  checks.no_bytes_stay(before_each, after_each)

  it("gives every row its own steps", function()
    -- x' = -s (x - cos t), s in the second column: from easy to stiff.
    local function field(x, t)
      local rate = x:slice { axis = 2, first = 2, last = 2 }
      local time = type(t) == "number" and fm.full(#x, 1, math.cos(t)) or t:cos():reshape(-1, 1)
      return fm.cat((x:slice { axis = 2, first = 1, last = 1 } - time) * rate * -1, rate * 0, { axis = 2 })
    end
    local rates = { 0.1, 1, 5, 200, 2, 0.5 }
    local rows = {}
    for i, rate in ipairs(rates) do rows[i] = { 0.5, rate } end
    local x0 = fm.tensor(rows)
    for _, name in ipairs { "rk45", "rk23", "dop853", "tsit5" } do
      local o = { method = name, rtol = 1e-4, atol = 1e-4, t1 = 2, control = "sample" }
      local x, info = ode.solve(field, x0, o)
      assert.same({ "finished", 2.0 }, { info.status, info.t })
      local nfe, total = info.rows.nfe:totable(), 0
      for i = 1, #rates do
        local alone = { method = name, rtol = 1e-4, atol = 1e-4, t1 = 2 }
        local y, one = ode.solve(field, x0[{ i, i }], alone)
        assert.near(y[1][1], x[i][1], double and 1e-7 or 3e-4) -- sums in another order: the stiff row's steps are rejected near round-off
        if double then assert.same({ i, one.nfe, one.steps }, { i, nfe[i], info.rows.accepted[i] }) end
        total = total + nfe[i]
      end
      assert.equal(total, info.evaluations)
      assert.equal(math.max(table.unpack(nfe)), info.nfe)
      local _, batch = ode.solve(field, x0, { method = name, rtol = 1e-4, atol = 1e-4, t1 = 2 })
      assert(info.evaluations < batch.nfe * #rates / 2, info.evaluations)
      o.max_nfe = 40
      for i, bar in ipairs(info.histogram) do
        total = total - bar.nfe * bar.rows
        if i > 1 then assert(info.histogram[i - 1].nfe < bar.nfe) end
      end
      assert.equal(0, total)
      local half, stopped = ode.solve(field, x0, o)
      assert.equal("max_nfe", stopped.status)
      assert(stopped.nfe <= 40 and stopped.rows.t[4] < 2 and stopped.t < 2)
      if name == "rk45" then assert.equal(x[1][1], half[1][1]) end
    end
    local seen
    local x = ode.solve(function(x, t)
      seen = t:shape()
      return x * -1
    end, fm.ones(3, 2, 2), { control = "sample", t0 = 1, t1 = 0 })
    assert.same({ 3 }, seen)
    assert.near(math.exp(1), x[3][2][2], 1e-3)
    raises("needs a method with an error estimate", ode.solve, field, x0, { method = "rk4", control = "sample" })
    raises('save does not go with control = "sample"', ode.solve, field, x0, { control = "sample", save = 3 })
    raises("needs rows", ode.solve, field, fm.tensor(1), { control = "sample" })
    raises("the field returned a nil", ode.solve, function() end, x0, { control = "sample" })
    raises("in the field", ode.solve, function() error "in the field" end, x0, { control = "sample" })
    raises("field returns numbers that are not finite", ode.solve, function(y) return y * (0 / 0) end, x0, { control = "sample" })
    local co = coroutine.create(function() return ode.solve(function() coroutine.yield() end, x0, { control = "sample" }) end)
    assert.is_false(coroutine.resume(co))
    local _, bad = ode.solve(function(y, t) return y / (0.5 - t):relu():reshape(-1, 1):sqrt() end, fm.ones(2, 1), { control = "sample" })
    assert.equal("step_too_small", bad.status)
    assert.is_string(bad.reason)
  end)

  it("gives a row the same bits, whatever the other rows are", function()
    local rates = { 0.3, 40, 1, 5, 17, 0.01, 3 }
    local rows = {}
    for i, rate in ipairs(rates) do rows[i] = { 1, rate } end
    local x0 = fm.tensor(rows)
    for _, name in ipairs(methods) do
      for _, controller in ipairs { "scipy", "pi", "torchdiffeq" } do
        local o = { method = name, rtol = 1e-3, atol = 1e-3, control = "sample", controller = controller }
        local x, info = ode.solve(waves, x0, o)
        for _, rows_of in ipairs { { 1, 1 }, { 4, 7 }, { 2, 3 } } do
          local y, part = ode.solve(waves, x0[rows_of], o)
          assert.same(x[rows_of]:totable(), y:totable())
          assert.same(info.rows.nfe[rows_of]:totable(), part.rows.nfe:totable())
          assert.same(info.rows.error_sum[rows_of]:totable(), part.rows.error_sum:totable())
        end
      end
    end
  end)

  it("keeps each row to the budget, and says where it is", function()
    local x0 = fm.tensor { { 1, 0.1 }, { 1, 60 }, { 1, 8 } }
    local _, whole = ode.solve(waves, x0, { control = "sample" })
    for budget = 0, whole.nfe + 3 do
      local x, info = ode.solve(waves, x0, { control = "sample", max_nfe = budget })
      assert.equal(budget < whole.nfe and "max_nfe" or "finished", info.status)
      assert(info.nfe <= budget)
      for i, nfe in ipairs(info.rows.nfe:totable()) do
        local rate, t = x0[i][2], info.rows.t[i]
        assert(nfe <= budget)
        assert.near(math.exp(math.sin(rate * t) / rate), x[i][1], 1e-3)
      end
    end
  end)

  it("says which row found no step, and goes on with the others", function()
    local function field(x, t) -- the second row's slope is no number after 0.5
      local late = (t:reshape(-1, 1) - 0.5):relu() * x:slice { axis = 2, first = 2, last = 2 }
      return fm.cat(x:slice { axis = 2, first = 1, last = 1 } * 0 + (late * -1):sqrt() + 1, x:slice { axis = 2, first = 2, last = 2 } * 0,
        { axis = 2 })
    end
    local x, info = ode.solve(field, fm.tensor { { 0, 0 }, { 0, 1 } }, { control = "sample" })
    assert.equal("step_too_small", info.status)
    assert.truthy(info.reason:find "not finite")
    assert.near(1, x[1][1], 1e-4)
    assert.near(0.5, x[2][1], 1e-4)
    assert.near(0.5, info.t, 1e-4)
    x, info = ode.solve(function(y) return y / (y - 2) end, fm.tensor { { 2 }, { 1 }, { 2 } }, { control = "sample" }) -- some from the start
    assert.same({ 2, 2 }, { x[1][1], x[3][1] })
    assert.same({ { 0, 1, 0 }, { 1, 0, 1 } }, { info.rows.t:totable(), { x[1][1] - 1, 0, x[3][1] - 1 } })
    assert(x[2][1] < 1 and info.status == "step_too_small" and info.reason:find "not finite")
    local _
    _, info = ode.solve(function(y) return y * 0 + 1 end, fm.tensor { { 0 }, { 1 } }, { control = "sample", atol = 0 })
    assert.same({ 0, 1 }, info.rows.t:totable())
    assert.truthy(info.reason:find "atol is 0 where the state is 0")
    if double then return end
    for _, name in ipairs(methods) do
      _, info = ode.solve(waves, fm.tensor { { 3, 1 } }, { method = name, t1 = 20, rtol = 1e-9, atol = 1e-12, control = "sample" })
      assert.truthy(info.reason:find "round%-off of float")
    end
  end)

  it("takes the same limits on the step as a batch", function()
    local x0 = fm.tensor { { 1, 2 } }
    for _, o in ipairs { { first_step = 0.5 }, { max_step = 0.1 }, { min_step = 0.3 }, { t0 = 2, t1 = -1 } } do
      o.rtol, o.atol = 1e-6, 1e-7
      o.control = "batch"
      local x, info = ode.solve(function(x, t) return waves(x, fm.full({ 1 }, t)) end, x0, o)
      o.control = "sample"
      local y, same = ode.solve(waves, x0, o)
      assert.near(x[1][1], y[1][1], 1e-5)
      if double then assert.same({ info.nfe, info.accepted, info.forced }, { same.nfe, same.accepted, same.forced }) end
    end
    assert.equal("finished", select(2, ode.solve(waves, fm.zeros(0, 2), { control = "sample" })).status)
    assert.same({}, select(2, ode.solve(waves, fm.zeros(0, 2), { control = "sample" })).histogram)
  end)

  it("tells the field which rows are on their way", function()
    local rates, engine = fm.tensor { { 1 }, { 40 }, { 3 }, { 20 }, { 3 } }, require "fm.core".ode_engine
    local tableau = require "fm.ode.parts.method" ("rk45", "test").tableau
    local plan = { t0 = 0, t1 = 1, rtol = 1e-5, atol = 1e-5, numbers = true }
    local counts, fewest = { 0, 0, 0, 0, 0 }, 5
    local function field(x, t, numbers)
      assert.same({ { #x }, { #x } }, { numbers:shape(), t:shape() })
      local last, of = 0, {}
      for i, number in ipairs(numbers:totable()) do
        assert(number > last)
        last, counts[number // 1], of[i] = number, counts[number // 1] + 1, rates[{ number // 1, number // 1 }]
      end
      fewest = math.min(fewest, #x)
      numbers[1] = 7 -- does no harm
      return x * -1 * fm.cat(of, { axis = 1 })
    end
    local x, info = engine.solve_rows(tableau, field, fm.ones(5, 1), plan)
    assert.same(info.rows.nfe:totable(), counts)
    assert.equal(1, fewest)
    for i = 1, 5 do assert.near(math.exp(-rates[i][1]), x[i][1], 1e-3) end
    plan.numbers = nil
    engine.solve_rows(tableau, function(y, ...) assert.equal(1, select("#", ...)) return y end, x, plan)
  end)
end)

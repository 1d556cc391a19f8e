-- Error control: how steps are chosen, what they may cost, and the status when a solve ends early.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local ode <const> = fm.ode
local double <const> = fm.real == "double"
local in_double <const> = checks.in_double(it)
local methods <const> = { "rk23", "rk45", "dop853", "tsit5", "adaptive_heun" }

local function decay(x) return x * -0.5 end
local function cosine(x, t) return x * math.cos(t) end -- x(t) = x(0) exp(sin t)

describe("ode control", function()
  checks.no_bytes_stay(before_each, after_each)

  it("reads no slope that was not computed", function()
    local function spoil() -- what the pool hands out next holds NaN
      local scope <close> = fm.scope()
      for n = 8, 4096, 8 do fm.full(n, 0 / 0) end
    end
    for _, name in ipairs(methods) do
      for _, control in ipairs { "batch", "sample" } do
        for _, n in ipairs { 1, 6, 64 } do
          local x0 = fm.ones(n, 1)
          spoil()
          local x, info = ode.solve(decay, x0, { method = name, control = control })
          assert.same({ name, "finished", 0 }, { name, info.status, info.rejected })
          assert.near(math.exp(-0.5), x[n][1], 1e-3)
        end
      end
    end
  end)

  in_double("takes torchdiffeq's steps with its controller", function()
    local sin, cos, T = math.sin, math.cos, fm.tensor
    local fields = {
      constant = { function(x, t) return T { 0.2 + (x[1] - (0.2 * t + 3)) ^ 5 } end, function(t) return 0.2 * t + 3 end },
      sine = { function(x, t) return T { 2 * x[1] / t + t ^ 4 * sin(2 * t) - t ^ 2 + 4 * t ^ 3 } end, function(t)
        return -t ^ 4 / 2 * cos(2 * t) + t ^ 3 / 2 * sin(2 * t) + t ^ 2 / 4 * cos(2 * t) - t ^ 3 + 2 * t ^ 4 + (math.pi - 0.25) * t ^ 2
      end },
      exp = { function(_, t) return T { -0.1 * math.exp(-0.1 * t) } end, function(t) return math.exp(-0.1 * t) end },
    }
    local cases = { -- evaluations, accepted, rejected, first step
      { "dopri5", "constant", 1, 8, 26, 4, 0, 2.761182e-2 }, { "dopri5", "sine", 1, 8, 266, 40, 4, 1.086156e-2 },
      { "dopri5", "sine", 8, 1, 338, 41, 15, 1.687165e-2 }, { "dopri5", "exp", 1, 8, 32, 5, 0, 2.517414e-2 },
      { "bosh3", "constant", 1, 8, 17, 5, 0, 2.522464e-3 }, { "bosh3", "sine", 1, 8, 1754, 550, 34, 5.327050e-4 },
      { "bosh3", "sine", 8, 1, 1754, 541, 43 }, { "bosh3", "exp", 1, 8, 146, 48, 0, 2.162342e-3 },
    }
    for _, c in ipairs(cases) do
      local field, exact = table.unpack(fields[c[2]])
      local x, info = ode.solve(field, T { exact(c[3]) },
        { method = c[1], t0 = c[3], t1 = c[4], rtol = 1e-7, atol = 1e-9, controller = "torchdiffeq", save = "steps" })
      assert.same({ c[1], c[2], c[5], c[6], c[7] }, { c[1], c[2], info.nfe, info.accepted, info.rejected })
      if c[8] then assert.near(1, math.abs(info.times[2] - c[3]) / c[8], 1e-6) end
      assert.near(1, x[1] / exact(c[4]), 4e-6)
    end
  end)

  it("rejects fewer steps with a memory of the error before", function()
    local function stiff(x, t) return x * -60 + math.cos(t) * 60 end
    for _, name in ipairs { "rk23", "rk45", "tsit5" } do
      local o = { method = name, t1 = 4, rtol = 1e-4, atol = 1e-4 }
      local _, plain = ode.solve(stiff, fm.ones(1), o)
      o.controller = "pi"
      local x, info = ode.solve(stiff, fm.ones(1), o)
      assert(info.rejected < plain.rejected / 2, name)
      assert.near((3600 * math.cos(4) + 60 * math.sin(4)) / 3601, x[1], 1e-3)
    end
  end)

  it("tells scipy's rule from torchdiffeq's at an error of just 1", function()
    -- One step of 1 on x' = t - 1/2: Heun's result is 0, Euler's -1/2, and 1/2 is the tolerance.
    local function field(x, t) return x * 0 + (t - 0.5) end
    local o = { method = "adaptive_heun", rtol = 0, atol = 0.5, first_step = 1, controller = "torchdiffeq" }
    local _, info = ode.solve(field, fm.zeros(1), o)
    assert.same({ 1, 0, 1.0, 0.5 }, { info.accepted, info.rejected, info.error, info.error_sum })
    o.controller = "scipy"
    _, info = ode.solve(field, fm.zeros(1), o)
    assert.equal(1, info.rejected)
  end)

  it("does not go below min_step, and counts what that cost", function()
    local function rough(x, t) return x * 0 + (t > 0.3 and 5 or 0) end
    for _, controller in ipairs { "scipy", "pi", "torchdiffeq" } do
      local o = { method = "rk45", rtol = 1e-8, atol = 1e-8, controller = controller, save = "steps" }
      local _, free = ode.solve(rough, fm.zeros(1), o)
      o.min_step = 0.06
      local x, info = ode.solve(rough, fm.zeros(1), o)
      assert.equal("finished", info.status)
      assert(info.forced >= 1 and info.nfe < free.nfe, controller)
      assert.near(3.5, x[1], 0.3)
      for i = 2, #info.times - 1 do assert(info.times[i] - info.times[i - 1] > 0.06 - 1e-12) end
    end
    local nan = 0 / 0 -- is no error that min_step could excuse
    local _, bad = ode.solve(function(x, t) return x * 0 + (t > 0.5 and nan or 1) end, fm.zeros(1), { min_step = 0.2 })
    assert.equal("step_too_small", bad.status)
  end)

  it("takes a step of min_step that rounding made a little longer", function()
    for _, control in ipairs { "batch", "sample" } do
      local calls = 0
      local function rough(x, t) -- from 0.4 on a step of 0.2 ends at 0.6000000000000001
        calls = calls + 1
        assert(calls < 200, "it never ends")
        return x:sin() * (type(t) == "number" and 30 * math.cos(20 * t) or 30 * math.cos(20 * t:item()))
      end
      local _, info = ode.solve(rough, fm.ones(1, 1), { min_step = 0.2, rtol = 1e-9, atol = 1e-9, control = control })
      assert.same({ "finished", 5 }, { info.status, info.forced })
    end
  end)

  it("evaluates the first slope of adaptive_heun anew: its step is Heun's own", function()
    local o = { method = "adaptive_heun", t1 = 2, first_step = 0.125, max_step = 0.125, rtol = 1, atol = 10 }
    local x, info = ode.solve(cosine, fm.ones(1), o)
    local y, same = ode.solve(cosine, fm.ones(1), { method = "heun", t1 = 2, steps = 16 })
    assert.same({ 16, 32, y[1] }, { info.accepted, info.nfe, x[1] }) -- taking Euler's slope over doubles the error
    assert.equal(info.nfe, same.nfe)
  end)

  it("says that a tolerance of 0 has no measure, and that numbers are too large", function()
    local function one(x) return x * 0 + 1 end
    for _, control in ipairs { "batch", "sample" } do
      local x, info = ode.solve(one, fm.zeros(1, 1), { atol = 0, control = control })
      assert.same({ "step_too_small", 0.0, 0 }, { info.status, info.t, x[1][1] })
      assert.truthy(info.reason:find "atol is 0 where the state is 0")
    end
    local _, info = ode.solve(function(x) return x * 0 + (double and 1e300 or 1e38) end, fm.zeros(1), { atol = 1e-300, rtol = 0 })
    assert.equal("step_too_small", info.status)
    assert.truthy(info.reason:find "numbers are too large")
  end)

  it("keeps to a budget and gives what it has", function()
    for budget = 0, 60 do
      local x, info = ode.solve(cosine, fm.ones(1), { method = "rk45", t1 = 20, max_nfe = budget, save = "steps" })
      assert.equal("max_nfe", info.status)
      assert(info.nfe <= budget and info.t < 20 and #info.times == info.steps + 1)
      assert.near(math.exp(math.sin(info.t)), x[1], 1e-3)
    end
    local _, info = ode.solve(cosine, fm.ones(1), { method = "heun", steps = 10, max_nfe = 7, times = { 0.25, 0.5, 1 } })
    assert.same({ 6, 3, "max_nfe" }, { info.nfe, info.steps, info.status })
    assert.same({ 0.25 }, info.times)
    assert.same({ 1, 1 }, info.states:shape())
  end)

  it("never calls the field once more than the budget, whatever else is asked", function()
    local crossing = { function(x) return x[1] - 1.5 end }
    local end_at = { { function(_, t) return t - 3.3 end, terminal = true } }
    for _, name in ipairs(methods) do
      for _, more in ipairs { {}, { save = 7 }, { events = crossing, save = 5 }, { events = end_at }, { first_step = 0.1 }, { steps = 9 },
        { steps = 9, times = { 0.1, 2, 5 } }, { steps = 5, events = crossing }, { controller = "pi" }, { min_step = 0.5 } } do
        for budget = 0, 70 do
          local calls = 0
          more.method, more.t1, more.max_nfe = name, 7, budget
          local x, info = ode.solve(function(x, t)
            calls = calls + 1
            return cosine(x, t)
          end, fm.ones(1), more)
          assert(calls <= budget and calls == info.nfe)
          assert(info.status == (info.t == 7 and "finished" or info.events and info.t == 3.3 and "event" or "max_nfe")
            or info.t == 7 or info.status == "event" and math.abs(info.t - 3.3) < 1e-6, info.status)
          if not more.steps and not more.min_step then assert.near(math.exp(math.sin(info.t)), x[1], 0.01) end
          for _, found in ipairs(info.events or {}) do
            for _, t in ipairs(found.t) do assert(t <= info.t) end
          end
        end
      end
    end
  end)

  it("stops a step function in the middle of a step when the budget is spent", function()
    local function midpoint(f, t, x, h) return x + f(x + f(x, t) * (h / 2), t + h / 2) * h end
    for budget = 0, 9 do
      local calls = 0
      local x, info = ode.solve(function(x)
        calls = calls + 1
        return decay(x)
      end, fm.ones(1), { method = midpoint, steps = 4, max_nfe = budget })
      local steps = math.min(budget // 2, 4)
      assert.same({ math.min(budget, 8), steps, steps / 4, steps < 4 and "max_nfe" or "finished" }, { calls, info.steps, info.t, info.status })
      assert.near(math.exp(-info.t / 2), x[1], 2e-3)
    end
    local ok, message = pcall(ode.solve, decay, fm.ones(1), { method = function() error "my own" end, max_nfe = 3 })
    assert.is_false(ok)
    assert.truthy(message:find "my own")
  end)

  it("adds up an error estimate that bounds what the steps left behind", function()
    for _, name in ipairs(methods) do
      for _, tolerance in ipairs { 1e-3, 1e-4 } do
        local x, info = ode.solve(function(x, t) return x * 0 + math.cos(3 * t) end, fm.zeros(4),
          { method = name, t1 = 3, rtol = tolerance, atol = tolerance })
        local off = math.abs(x[1] - math.sin(9) / 3)
        assert(off <= info.error_sum + 1e-6 and info.error_sum <= info.steps * tolerance * 1.5, name)
        assert(info.error > 0 and info.error < 1)
      end
    end
  end)

  it("ends where no step is small enough, and says why", function()
    local bad = function(x, t) return t > 0.5 and x * (0 / 0) or x * 0 + 1 end
    local x, info = ode.solve(bad, fm.zeros(2), { method = "rk45" })
    assert.equal("step_too_small", info.status)
    assert.truthy(info.reason:find "not finite")
    assert.near(0.5, info.t, 1e-6)
    assert.near(0.5, x[1], 1e-6)
    local _
    _, info = ode.solve(function(y) return y * y end, fm.ones(1), { method = "rk45", t1 = 2, max_nfe = 1e5 })
    assert.equal("step_too_small", info.status)
    if not double then
      _, info = ode.solve(cosine, fm.ones(1), { method = "rk23", t1 = 20, rtol = 1e-9, atol = 1e-12 })
      assert.equal("step_too_small", info.status)
      assert.truthy(info.reason:find "round%-off of float")
    end
  end)

  it("reads names in the plan of the engine", function()
    local engine, tableau = require "fm.core".ode_engine, require "fm.ode.parts.method" ("rk45", "test").tableau
    local x0 = fm.tensor { 0.3, 0.7, 1.1, 1.9, 2.3 }
    local function steps(plan)
      plan.t0, plan.t1, plan.rtol, plan.atol = 0, 3, 1e-3, 1e-6
      local _, info = engine.solve(tableau, function(x, t) return (x * (3 + t)):sin() end, x0, plan)
      return info.accepted, info.error_sum
    end
    local n, error_sum = steps { sum_order = "plain" }
    assert.same({ n, error_sum }, { steps { controller = "scipy" } }) -- what is absent is the first of the names
    local as_scipy, other_sum = steps { sum_order = "scipy" }
    assert.equal(n, as_scipy)
    assert.near(error_sum, other_sum, 1e-9)
    assert.not_equal(error_sum, other_sum) -- in the last digits
    assert.not_equal(error_sum, select(2, steps { controller = "pi" }))
    for plan, message in pairs {
      [{ sum_order = "skipy" }] = 'ode.solve: unknown sum_order "skipy"; did you mean "scipy"%?',
      [{ controller = "scip" }] = 'ode.solve: unknown controller "scip"; did you mean "scipy"%?',
      [{ controller = 1 }] = "ode.solve: controller: expected a name, found number",
    } do
      local ok, found = pcall(steps, plan)
      assert.is_false(ok)
      assert.truthy(found:find(message), found)
    end
  end)
end)

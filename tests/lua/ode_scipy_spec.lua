-- The adaptive methods beside scipy.integrate.solve_ivp: every step, evaluation, saved state and
-- event.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local ode <const> = fm.ode
local T <const> = fm.tensor
local double <const> = fm.real == "double"
local in_double <const> = checks.in_double(it)

local function decay(x) return x * -0.5 end
local function cosine(x, t) return x * math.cos(t) end

local function flat(rows)
  local list = {}
  for _, row in ipairs(rows) do
    for _, v in ipairs(type(row) == "table" and row or { row }) do list[#list + 1] = v end
  end
  return list
end

-- The largest difference, in units of the largest number.
local function off(got, want)
  got, want = flat(got), flat(want)
  assert.equal(#want, #got)
  local difference, largest = 0, 1e-300
  for i, v in ipairs(want) do
    difference, largest = math.max(difference, math.abs(got[i] - v)), math.max(largest, math.abs(v))
  end
  return difference / largest
end

describe("ode beside SciPy", function()
  checks.no_bytes_stay(before_each, after_each)

  -- In float the field's rounding moves the steps.
  in_double("takes the steps of the golden file, one by one", function()
    local fields = {
      decay = decay, reverse_decay = decay, time_cos = cosine,
      lotka_volterra = function(x) return T { 1.5 * x[1] - x[1] * x[2], x[1] * x[2] - 3 * x[2] } end,
      harmonic = function(x) return T { x[2], -x[1] } end,
      van_der_pol_mu1 = function(x) return T { x[2], (1 - x[1] ^ 2) * x[2] - x[1] } end,
    }
    -- The file was made with NumPy 1.24, whose cosine differs from libm's in the last bit at some
    -- t. DOP853's error estimate is near round-off at these tolerances, and SciPy itself, given
    -- libm's cosine, moves as far.
    local allowed = { ["time_cos.DOP853.0.001"] = 1e-5, ["time_cos.DOP853.1e-06"] = 1e-6 }
    local tensors, metadata = assert(fm.load "tests/golden/ode.safetensors")
    local cases = fm.json.decode(metadata.cases)
    assert.equal(36, #cases)
    for _, c in ipairs(cases) do
      local function near(got, want)
        local found = off(got, want:totable())
        if not (found <= (allowed[c.name] or 1e-9)) then error(("%s: off by %.3g"):format(c.name, found)) end
      end
      local o = { method = c.method:lower(), t0 = c.span[1], t1 = c.span[2], rtol = c.rtol, atol = c.atol, save = "steps" }
      local x, info = ode.solve(fields[c.problem], tensors[c.y0], o)
      assert.same({ c.name, c.nfev, c.steps, "finished" }, { c.name, info.nfe, info.steps, info.status })
      near(info.times, tensors[c.t])
      near(info.states:totable(), tensors[c.y])
      near(x:totable(), tensors[c.y][-1])
      o.save, o.times = nil, tensors[c.t_eval]:totable()
      near(select(2, ode.solve(fields[c.problem], tensors[c.y0], o)).states:totable(), tensors[c.y_eval])
    end
  end)

  in_double("takes the steps of random problems, with limits on the step and events", function()
    local file <close> = assert(io.open "tests/golden/ode_random.json")
    local names = { sin = math.sin, cos = math.cos, exp = math.exp, sqrt = math.sqrt }
    local function values_of(expressions)
      return assert(load("local x, t = ... return " .. table.concat(expressions, ", "), "=field", "t", names))
    end
    for i, c in ipairs(fm.json.decode(file:read "a")) do
      local slopes, events = values_of(c.field), {}
      for j, e in ipairs(c.events) do
        local value = values_of { e.value }
        events[j] = { function(x, t) return (value(x:totable(), t)) end, direction = e.direction, terminal = e.terminal }
      end
      local function field(x, t) return T { slopes(x:totable(), t) } end
      local o = { method = c.method:lower(), t0 = c.span[1], t1 = c.span[2], rtol = c.rtol, atol = c.atol, first_step = c.first_step,
        max_step = c.max_step, save = "steps", events = events }
      local _, info = ode.solve(field, T(c.y0), o)
      assert.same({ i, c.status, c.nfev, #c.t - 1 }, { i, info.status, info.nfe, info.steps })
      assert(off(info.times, c.t) < 1e-9, i)
      assert(off(info.states:totable(), c.y) < 1e-9, i)
      for j, times in ipairs(c.t_events) do assert(off(info.events[j].t, times) < 1e-8, i) end
      if #c.y_eval > 0 then
        o.save, o.times = nil, c.t_eval
        assert(off(select(2, ode.solve(field, T(c.y0), o)).states:totable(), c.y_eval) < 1e-9, i)
      end
    end
  end)

  in_double("counts the evaluations of RK45, and those of torchdiffeq, on problems of DETEST (Hull and others, 1972)", function()
    local function kepler(x)
      local r3 = (x[1] ^ 2 + x[2] ^ 2) ^ 1.5
      return T { x[3], x[4], -x[1] / r3, -x[2] / r3 }
    end
    -- Start, field, then evaluations, accepted and rejected steps at 1e-3, 1e-6, 1e-9, of SciPy;
    -- then of torchdiffeq where its last step does not run over the end and fail there, where ours
    -- ends.
    local problems = {
      A1 = { { 1 }, function(x) return -x end, "74/11/1 164/27/0 530/88/0", "* 152/25/0 494/82/0" },
      A2 = { { 1 }, function(x) return T { -x[1] ^ 3 / 2 } end, "44/7/0 98/16/0 302/50/0", "44/7/0 92/15/0 278/46/0" },
      A3 = { { 1 }, cosine, "128/18/3 482/62/18 1502/222/28", "* * 1490/203/45" },
      A4 = { { 1 }, function(x) return T { x[1] / 4 * (1 - x[1] / 20) } end, "32/5/0 98/14/2 308/48/3", "32/5/0 86/13/1 302/45/5" },
      A5 = { { 4 }, function(x, t) return T { (x[1] - t) / (x[1] + t) } end, "32/5/0 86/13/1 266/44/0", "32/5/0 * 260/40/3" },
      B1 = { { 1, 3 }, function(x) return T { 2 * (x[1] - x[1] * x[2]), x[1] * x[2] - x[2] } end,
        "284/37/10 866/116/28 2768/442/19", "* 836/107/32 2726/404/50" },
      B3 = { { 1, 0, 0 }, function(x) return T { -x[1], x[1] - x[2] ^ 2, x[2] ^ 2 } end,
        "86/12/2 176/29/0 578/96/0", "* 164/27/0 536/89/0" },
      B5 = { { 0, 1, 1 }, function(x) return T { x[2] * x[3], -x[1] * x[3], -0.51 * x[1] * x[2] } end,
        "158/20/6 482/66/14 1484/247/0", "152/19/6 458/61/15 1466/224/20" },
      D1 = { { 0.9, 0, 0, (1.1 / 0.9) ^ 0.5 }, kepler, "188/29/2 428/71/0 1700/283/0", "* 428/65/6 1592/256/9" },
      D5 = { { 0.1, 0, 0, (1.9 / 0.1) ^ 0.5 }, kepler, "458/56/20 1352/165/60 3602/599/1", "* 1268/154/57 3950/558/100" },
      E2 = { { 2, 0 }, function(x) return T { x[2], (1 - x[1] ^ 2) * x[2] - x[1] } end,
        "386/49/15 1142/142/48 3284/525/22", "* 1118/133/53 3392/481/84" },
    }
    for name, p in pairs(problems) do
      for i, controller in ipairs { "scipy", "torchdiffeq" } do
        local tolerance = 1
        for counts in p[2 + i]:gmatch "%S+" do
          tolerance = tolerance / 1000
          local _, info = ode.solve(p[2], T(p[1]), { method = "dopri5", t1 = 20, rtol = tolerance, atol = tolerance, controller = controller })
          local found = ("%d/%d/%d"):format(info.nfe, info.accepted, info.rejected)
          if counts ~= "*" then assert.same({ name, controller, tolerance, counts }, { name, controller, tolerance, found }) end
        end
      end
    end
  end)

  it("gives the numbers of its documentation and tests", function()
    local x, info = ode.solve(decay, T { 2, 4, 8 }, { method = "rk45", t1 = 10, rtol = 1e-3, atol = 1e-6, save = "steps" })
    local small = double and 1e-8 or 1e-3
    assert(off(info.times, { 0, 0.11487653, 1.26364188, 3.06061781, 4.81611105, 6.57445806, 8.33328988, 10 }) < small)
    assert.same({ 44, 7, 0 }, { info.nfe, info.accepted, info.rejected })
    assert.near(0.01350781, x[1], small)
    local _
    _, info = ode.solve(decay, T { 2, 4, 8 }, { method = "rk45", rtol = 1e-3, atol = 1e-6, t1 = 10, times = { 0, 1, 2, 4, 10 } })
    local first = {}
    for i = 1, 5 do first[i] = info.states[i][1] end
    assert(off(first, { 2, 1.21305369, 0.73534021, 0.27069123, 0.01350781 }) < small)
    local function cannon(y) return T { y[2], -0.5 } end
    _, info = ode.solve(cannon, T { 0, 10 }, { method = "rk45", t1 = 100, rtol = 1e-3, atol = 1e-6, save = "steps" })
    assert(off(info.times, { 0, 9.9990001e-5, 1.09989001e-3, 1.10988901e-2, 0.111088891, 1.1109889, 11.109989, 100 }) < small)
  end)

  in_double("solves the rational problem of its tests as it does", function()
    local function rational(y, t) return T { y[2] / t, y[2] * (y[1] + 2 * y[2] - 1) / (t * (y[1] - 1)) } end
    local cases = { -- method, end, evaluations, accepted, rejected, first step, state
      { "rk45", 9, 20, 3, 0, 0.1569315871, { 0.4736842293, 0.2493076242 } }, { "rk45", 1, 20, 3, 0, false, { 0.0908240125, 0.0825703109 } },
      { "rk23", 9, 14, 4, 0, 0.0456580415, { 0.4736658393, 0.2493383346 } }, { "rk23", 1, 29, 6, 3, false, { 0.0910188167, 0.0827493427 } },
    }
    for _, c in ipairs(cases) do
      local x, info = ode.solve(rational, T { 1 / 3, 2 / 9 },
        { method = c[1], t0 = 5, t1 = c[2], rtol = 1e-3, atol = 1e-6, save = "steps" })
      assert.same({ c[3], c[4], c[5] }, { info.nfe, info.accepted, info.rejected })
      if c[6] then assert.near(c[6], info.times[2] - 5, 1e-9) end
      assert(off(x:totable(), c[7]) < 1e-9)
      for i, t in ipairs(info.times) do
        local exact = { t / (t + 10), 10 * t / (t + 10) ^ 2 }
        for j = 1, 2 do assert(math.abs(info.states[i][j] - exact[j]) < 5 * (1e-6 + 1e-3 * exact[j])) end
      end
    end
  end)

  it("has the properties that its tests ask for", function()
    for _, name in ipairs { "rk23", "rk45", "dop853" } do
      local function fenced(x, t)
        if t < 0 or t > 1e-4 then error "the field does not reach so far" end
        return x * 2
      end
      assert.equal("finished", select(2, ode.solve(fenced, T { 1 }, { method = name, t1 = 1e-4 })).status)
      local still = ode.solve(function(x) return x * 0 end, T { 0.1, -3 }, { method = name, t1 = 10 })
      assert.same(T({ 0.1, -3 }):totable(), still:totable())
      -- One step of 0.2 for x' = x: the estimate is no smaller than the error.
      local x, info = ode.solve(function(x) return x end, T { 1 },
        { method = name, t1 = 0.2, first_step = 0.2, rtol = 1, atol = 1, controller = "scipy" })
      assert.equal(1, info.steps)
      if double or name == "rk23" then assert(math.abs(x[1] - math.exp(0.2)) < info.error_sum, name) end
    end
  end)
end)

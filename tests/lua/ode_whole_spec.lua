-- Where a solve starts and ends, and what it returns when it ends early: times and grids do not
-- move its end, solves backward pass through the points of solves forward, functions that need the
-- whole interval raise, and nothing large is allocated before it is known to fit.
local fm <const> = require "fm"
local flow <const>, ode <const>, sde <const> = fm.flow, fm.ode, fm.sde

local function raises(pattern, f, ...)
  local ok, message = pcall(f, ...)
  assert.is_false(ok)
  assert.truthy(tostring(message):find(pattern), tostring(message))
  assert.is_nil(tostring(message):find "\n")
end

local function apart(a, b)
  assert.same(a:shape(), b:shape())
  return (a - b):abs():max():item()
end

local function cosine(x, t) return x * math.cos(t) end -- x = exp(sin t)
local target <const> = flow.exact.gaussian { mean = { 2, -1 }, std = 0.5 }
local z <const> = fm.rng(1):normal(50, 2)

-- The state of the exact flow at t: it keeps (x - mean) / deviation.
local function state_at(t)
  local a, s = target.path:coefficients(t)
  return z * (0.25 * a * a + s * s) ^ 0.5 + fm.tensor { 2, -1 } * a
end

describe("the end of a solve", function()
  it("is t1, 1 when it is not given, whatever the times", function()
    local plain = ode.solve(target, z)
    for _, o in ipairs { {}, { t1 = 1 }, { method = "dop853" }, { method = "rk4", steps = 40 }, { method = "rk4", grid = "edm", steps = 40 },
      { method = "rk45", memory = "segments" }, { method = "rk4" }, { method = "ab3" } } do
      for _, times in ipairs { { 0.25, 0.5 }, { 0, 0.3 }, { 0.5, 1 }, { 0.7 } } do
        o.times = o.method == "ab3" and { 0.5, 1 } or times
        for _, solve in ipairs { ode.solve, flow.decode } do
          local x, info = solve(target, z, o)
          assert.equal(1, info.t)
          assert.same(o.times, info.times)
          assert(apart(x, state_at(1)) < 0.03, apart(x, state_at(1)))
          for i, t in ipairs(info.times) do assert(apart(info.states[i], state_at(t)) < 0.03) end
        end
      end
      if not o.method then assert.same(plain:totable(), ode.solve(target, z, o):totable()) end
    end
  end)

  it("is reached in steps of the default from the last of the times, or of a list of points", function()
    local x, info = ode.solve(target, z, { method = "euler", times = { 0.25, 0.5 } })
    assert.same({ 52, 52, 1.0 }, { info.steps, info.nfe, info.t })
    assert(apart(x, state_at(1)) < 0.15)
    local y, points = ode.solve(target, z, { method = "euler", grid = { 0, 0.25, 0.5 }, save = "steps" })
    assert.same({ 53, 0, 0.25, 0.5, 0.51, 1 }, { #points.times, points.times[1], points.times[2], points.times[3], points.times[4], points.times[53] })
    assert.same(x:totable(), y:totable())
    info = select(2, ode.solve(cosine, fm.ones(1), { method = "rk4", times = { 2.5, 1 }, t0 = 3, t1 = -1 }))
    assert.same({ 52, -1.0 }, { info.steps, info.t })
    assert.near(math.exp(math.sin(1) - math.sin(3)), info.states[2][1], 1e-2)
    assert.equal(3, select(2, ode.solve(target, z, { method = "heun", times = { 0.25, 0.5, 1 } })).steps)
  end)

  it("holds for encode and for noise too, and times beyond it are refused", function()
    local x = target:map(z)
    local x0, info = flow.encode(target, x, { times = { 0.75, 0.5 } })
    assert.equal(0, info.t)
    assert(apart(x0, z) < 1e-3 and apart(info.states[2], state_at(0.5)) < 1e-3)
    local noisy, way = sde.solve(target, z, { w = 0.1, times = { 0.25, 0.5 }, rng = fm.rng(1) })
    assert.same({ 1.0, 52, { 0.25, 0.5 } }, { way.t, way.steps, way.times })
    assert.near(2, noisy:mean(1)[1], 0.3)
    assert.equal(0.5, select(2, sde.solve(target, z, { w = 0.1, times = { 0.25, 0.5 }, t1 = 0.5, rng = fm.rng(1) })).t)
    for _, method in ipairs { "dopri5", "euler" } do
      raises("ode.solve: times%[2%] = 2 lies outside of t0 = 0 .. t1 = 1 %(t1 is 1 unless it is given%)", ode.solve, target, z,
        { method = method, times = { 0.5, 2 } })
      raises("decode: times%[2%] = 2 lies outside", flow.decode, target, z, { method = method, times = { 0.5, 2 } })
    end
    raises("ode.solve: grid%[2%] = 2 lies outside", ode.solve, target, z, { method = "euler", grid = { 0, 2 } })
    raises("encode: times%[2%] = %-0.1 lies outside", flow.encode, target, z, { times = { 0.5, -0.1 } })
    raises("sde.solve: times%[2%] = 2 lies outside", sde.solve, target, z, { w = 0.1, times = { 0.5, 2 }, rng = fm.rng(1) })
    raises("sde.solve: t1: expected a number in 0..1", sde.solve, target, z, { w = 0.1, t1 = 2, rng = fm.rng(1) })
    raises('times does not go with control = "sample"', ode.solve, target, z, { control = "sample", times = { 0.5 } })
  end)
end)

describe("a named grid", function()
  it("has the same points backward", function()
    local function rest(x) return x * 0 end
    for _, grid in ipairs { "uniform", "cosine", "quadratic", "edm", { "edm", rho = 3, sigma_min = 0.1 }, "shift", { "shift", s = 0.2 } } do
      for _, ends in ipairs { { 0, 1 }, { -2, 0.7 }, { 1e12, 1e12 + 8 }, { 1, 1 + 1e-10 }, { 0, 1e-13 } } do
        for _, steps in ipairs { 1, 2, 9 } do
          local function points(t0, t1)
            return select(2, ode.solve(rest, z, { method = "euler", grid = grid, steps = steps, t0 = t0, t1 = t1, save = "steps" })).times
          end
          local forward, back = points(ends[1], ends[2]), points(ends[2], ends[1])
          for i = 1, steps + 1 do assert.equal(forward[i], back[steps + 2 - i]) end
        end
      end
    end
  end)

  it("takes data back over the points that it came by", function()
    for _, grid in ipairs { "uniform", "edm", "cosine", "shift" } do
      local o = { method = "rk4", grid = grid, steps = 16, save = 17 }
      local x, way = flow.decode(target, z, o)
      local back, again = flow.encode(target, x, o)
      for i, t in ipairs(way.times) do assert.equal(t, again.times[18 - i]) end
      assert(apart(back, z) < 1e-3, apart(back, z))
      local here, info = flow.log_prob(target, target:map(z), { method = "rk4", grid = grid, steps = 40 })
      assert(apart(here, target:log_prob(target:map(z))) < 1e-3 and apart(info.x0, z) < 1e-3)
    end
  end)
end)

describe("a solve that does not get there", function()
  local function fades(x, t) return t > 0.5 and x * (0 / 0) or x end
  local function stuck(x, t) return x * (1 / (t - 0.5) ^ 2) end

  it("raises where the whole way is asked for", function()
    for _, o in ipairs { { max_nfe = 9 }, { max_nfe = 0 }, { max_nfe = 9, save = 5 }, { max_nfe = 9, times = { 0.1, 0.9 } },
      { max_nfe = 9, method = "rk4", steps = 9 }, { max_nfe = 9, control = "sample" }, { max_nfe = 9, gradient = true, memory = "segments" } } do
      raises("decode: the solve ended at t = [%d.e-]+ with status max_nfe", flow.decode, target, z, o)
      if not o.times then raises("encode: the solve ended at t = [%d.e-]+ with status max_nfe", flow.encode, target, z, o) end
    end
    local tape <close> = fm.record()
    local w = fm.parameter(fm.ones(2))
    for _, memory in ipairs { "full", "segments" } do
      raises("decode: the solve ended at t = .* with status max_nfe", flow.decode, function(x) return x * w end, z, { max_nfe = 9, memory = memory })
    end
  end)

  it("raises for a field that turns bad", function()
    raises("decode: the solve ended at t = 0.5%d* with status step_too_small: the field returns numbers that are not finite", flow.decode, fades, z)
    raises("decode: the solve ended at t = 0.4%d* with status step_too_small", flow.decode, stuck, z)
    local function fades_by_row(x, t) return x * (t * -2 + 1):sqrt():reshape(-1, 1) end
    raises("decode: the solve ended at t = 0.%d* with status step_too_small", flow.decode, fades_by_row, z, { control = "sample" })
    raises("not finite at t = 1", flow.encode, fades, z)
    local function fades_back(x, t) return t < 0.5 and x * (0 / 0) or x end
    raises("encode: the solve ended at t = 0.%d* with status step_too_small: the field returns", flow.encode, fades_back, z)
    raises("log_prob: the solve ended at t = 0.%d* with status step_too_small: the field returns", flow.log_prob, fades_back, z)
    raises("bits_per_dimension: the solve ended at", flow.bits_per_dimension, fades_back, z, { dequantise = false })
    raises("the state is not finite at t = 0.7", flow.decode, fades, z, { method = "euler", steps = 10 })
    raises("the state is not finite at t = 0.7", sde.solve, { drift = fades, diffusion = 1 }, z, { steps = 10, rng = fm.rng(1) })
  end)

  it("finishes at a terminal event, where it was asked to", function()
    local function at(t) return { { function(_, now) return now - t end, terminal = true } } end
    for _, o in ipairs { {}, { method = "rk4", steps = 10 } } do
      o.events = at(0.3)
      local x, info = flow.decode(target, z, o)
      assert.equal("event", info.status)
      assert.near(0.3, info.t, 1e-6)
      assert(apart(x, state_at(0.3)) < 1e-3)
      x, info = flow.encode(target, target:map(z), o)
      assert.equal("event", info.status)
      assert(apart(x, state_at(0.3)) < 1e-3)
      o.max_nfe = 3
      raises("decode: .* with status max_nfe", flow.decode, target, z, o)
    end
  end)

  it("gives in ode.solve what it reached: the times and states up to info.t", function()
    local times = { 0, 0.1, 0.5, 1, 2.5, 4, 5, 6.9 }
    local terminal = { { function(_, t) return t - 3.3 end, terminal = true } }
    for _, method in ipairs { "rk23", "rk45", "dop853", "tsit5", "adaptive_heun" } do
      for _, more in ipairs { {}, { steps = 14 }, { events = terminal }, { events = { function(x) return x[1] - 1.5 end } }, { save = 8 } } do
        for budget = 0, 70, 3 do
          local o = { method = method, t1 = 7, max_nfe = budget, times = not more.save and times or nil }
          for key, value in pairs(more) do o[key] = value end
          local x, info = ode.solve(cosine, fm.ones(1), o)
          local want = 0
          for i, t in ipairs(more.save and { 0, 1, 2, 3, 4, 5, 6, 7 } or times) do
            if t <= info.t then
              want = i
              assert.equal(t, info.times[i])
              if budget > 20 then assert.near(math.exp(math.sin(t)), info.states[i][1], 0.3) end
            end
          end
          assert.same({ want, 1 }, info.states:shape())
          assert.equal(want, #info.times)
          assert(info.nfe <= budget and x:shape()[1] == 1)
        end
      end
    end
    local x, info = ode.solve(fades, z, { save = 11 })
    assert.equal("step_too_small", info.status)
    assert(info.t <= 0.5 + 1e-6 and #info.times == 6 - (info.t < 0.5 and 1 or 0) and info.states:size(1) == #info.times)
    assert(apart(x, z * math.exp(info.t)) < 1e-3)
  end)
end)

describe("large numbers", function()
  local function quick(pattern, f, ...)
    collectgarbage()
    local before, start = collectgarbage "count", os.clock()
    raises(pattern, f, ...)
    assert(os.clock() - start < 1, "slow")
    assert(collectgarbage "count" - before < 200, "much memory")
  end

  it("are refused before anything is made for them", function()
    local function still(x) return x * 0 end
    for _, n in ipairs { 6e7, 60000000, 1e9 } do
      for _, o in ipairs { {}, { method = "rk4", steps = 1000000000 } } do
        o.save = n
        quick("ode.solve: save: %d+ states are over the limit 1000000", ode.solve, still, z, o)
        quick("decode: save: %d+ states are over the limit 1000000", flow.decode, still, z, o)
      end
    end
    quick("ode.solve: save: 1000000 states of 20000 numbers are over the limit", ode.solve, still, fm.zeros(10000, 2), { save = 1e6 })
    quick("ode.solve: save: expected a whole number in 1..1000000000, found 1e%+20", ode.solve, still, z, { save = 1e20 })
    quick("ode.solve: grid edm: 60000000 steps are over the limit 1000000", ode.solve, still, z, { method = "rk4", grid = "edm", steps = 6e7 })
    quick("sde.solve: grid edm: 60000000 steps are over", sde.solve, still, z, { w = 1, rng = fm.rng(1), grid = "edm", steps = 6e7 })
    quick("sde.solve: save: 60000000 states are over", sde.solve, still, z, { w = 1, rng = fm.rng(1), save = 6e7 })
    quick(
      "sde.solve: first_row: a step draws at most 17179869184 numbers, counting those of the 1099511627775 rows before",
      sde.solve, still, z, { w = 1, rng = fm.rng(1), first_row = 2 ^ 40 })
    quick("ode.solve: steps: expected a whole number in 1..1000000000", ode.solve, still, z, { method = "rk4", steps = 2 ^ 53 })
    local function probes(n) return { divergence = "hutchinson", probes = n, rng = fm.rng(1) } end
    quick("log_prob: probes: 1000000 of them for x %[5000, 2%] are 10000000000 numbers", flow.log_prob, still, fm.zeros(5000, 2), probes(1e6))
    quick("log_prob: probes: expected a whole number in 1..1000000", flow.log_prob, still, z, probes(6e7))
    local many = {}
    for i = 1, 1000001 do many[i] = i / 1000001 end
    raises("ode.solve: times: 1000001 times are over the limit 1000000", ode.solve, still, z, { times = many })
    raises("ode.solve: grid: 1000001 times are over the limit 1000000", ode.solve, still, z, { method = "rk4", grid = many })
  end)

  it("are whole numbers as floats too", function()
    local x, info = ode.solve(cosine, fm.ones(1), { method = "rk4", steps = 8.0, save = 5.0, max_nfe = 1e3 })
    assert.same({ 8, 5, 5 }, { info.steps, #info.times, info.states:size(1) })
    assert.near(math.exp(math.sin(1)), x[1], 1e-3)
  end)
end)

describe("times of any size", function()
  local spans <const> = { { 0, 1e-13 }, { 1, 1 + 1e-10 }, { 1e12, 1e12 + 1 }, { -1e12, -1e12 + 0.5 }, { 1e-30, 2e-30 }, { 0, 1e12 } }

  it("solve over their span, both ways", function()
    for _, span in ipairs(spans) do
      for _, ends in ipairs { span, { span[2], span[1] } } do
        local t0, t1 = table.unpack(ends)
        local function field(x) return x * 0 + 1 / (t1 - t0) end -- grows by 1
        for _, o in ipairs { { method = "rk4", steps = 8 }, { method = "euler", grid = "cosine", steps = 8 }, { method = "dopri5" },
          { method = "rk23" }, { save = 5 }, { control = "sample" } } do
          o.t0, o.t1 = t0, t1
          local x, info = ode.solve(field, fm.zeros(2, 1), o)
          assert.equal("finished", info.status)
          assert.near(1, x[1][1], 1e-5)
          assert.equal(t1, info.t)
        end
      end
    end
    raises("ode.solve: t1: 1.5e%+308 is too far from t0 = %-1.5e%+308", ode.solve, cosine, fm.ones(1), { t0 = -1.5e308, t1 = 1.5e308 })
  end)

  it("end an equation with noise at t1, and its last step is the last one alone", function()
    for _, span in ipairs(spans) do
      local t0, t1 = table.unpack(span)
      local length, latest = t1 - t0, -math.huge
      local what = { drift = function(x, t)
        latest = math.max(latest, t)
        return x * 0 + 1 / length
      end, diffusion = 0 }
      for _, method in ipairs { "euler_maruyama", "heun" } do
        local x, info = sde.solve(what, fm.zeros(2, 1), { t0 = t0, t1 = t1, steps = 10, method = method, rng = fm.rng(1) })
        assert.near(1, x[1][1], 1e-5)
        assert.equal(t1, info.t)
        assert(latest <= t1)
      end
    end
    for _, ends in ipairs { { 0, 1e-13 }, { 0.3, 0.3 + 1e-13 }, { 0.5, 1 }, { 0, 1 } } do -- a flow: the ending takes the place of one step
      for _, steps in ipairs { 1, 7, 100 } do
        local calls = 0
        local rng = { normal = function(_, rows, n)
          calls = calls + 1
          return fm.zeros(rows, n)
        end }
        sde.solve(target, z, { w = 0.1, t0 = ends[1], t1 = ends[2], steps = steps, last = "mean", rng = rng })
        assert.equal(steps - 1, calls)
      end
    end
  end)
end)

it("leaves nothing behind", function()
  collectgarbage() collectgarbage()
  local before = fm.live_bytes()
  pcall(flow.decode, target, z, { max_nfe = 9, save = 5 })
  ode.solve(target, z, { times = { 0.25, 0.5 } })
  collectgarbage() collectgarbage()
  assert.equal(before, fm.live_bytes())
end)

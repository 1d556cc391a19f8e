-- Where a comparison turns: ties, bounds that are met exactly, samples that repeat, times 0 and 1.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local flow <const>, metrics <const> = fm.flow, fm.metrics

--- The gradients of the sum of f at x, y.
local function gradients(f, ...)
  local parameters = {}
  for i, x in ipairs { ... } do parameters[i] = fm.parameter(x) end
  local tape <close> = fm.record()
  f(table.unpack(parameters)):sum():backward()
  local list = {}
  for i, p in ipairs(parameters) do list[i] = p:grad():totable() end
  return list
end

describe("at an edge,", function()
  checks.no_bytes_stay(setup, teardown)

  it("equal numbers share the gradient of maximum and minimum, others do not", function()
    local a, b = fm.tensor { 1, 2, 3, 0 }, fm.tensor { 1, 3, 2, -0.0 }
    assert.same({ { 0.5, 0, 1, 0.5 }, { 0.5, 1, 0, 0.5 } }, gradients(fm.maximum, a, b))
    assert.same({ { 0.5, 1, 0, 0.5 }, { 0.5, 0, 1, 0.5 } }, gradients(fm.minimum, a, b))
    assert.same({ { 0.5, 0, 1, 1 } }, gradients(function(x) return x:maximum(1) end, fm.tensor { 1, 0, 3, 2 }))
    assert.same({ { 0.5, 1, 0, 0 } }, gradients(function(x) return x:minimum(1) end, fm.tensor { 1, 0, 3, 2 }))
  end)

  it("the first of equals has the gradient of max and min", function()
    assert.same({ { 1, 0, 0, 0 } }, gradients(fm.max, fm.tensor { 2, 1, 2, -1 }))
    assert.same({ { 0, 1, 0, 0 } }, gradients(fm.min, fm.tensor { 2, 1, 2, 1 }))
    local x = fm.tensor { { 3, 3, 1 }, { 2, 2, 2 } }
    assert.same({ { { 1, 0, 0 }, { 1, 0, 0 } } }, gradients(function(y) return y:max(2) end, x))
    assert.same({ { { 0, 0, 1 }, { 1, 0, 0 } } }, gradients(function(y) return y:min(2) end, x))
    assert.same({ { { 1, 1, 0 }, { 0, 0, 1 } } }, gradients(function(y) return y:max(1) end, x))
  end)

  it("clamp, relu, abs and huber have the slopes of their definition at the bend", function()
    assert.same({ { 0, 1, 1, 1, 0 } }, gradients(function(x) return x:clamp(-1, 1) end, fm.tensor { -1.5, -1, 0, 1, 1.5 }))
    assert.same({ { 0, 0, 1 } }, gradients(fm.relu, fm.tensor { -1, 0, 1 }))
    assert.same({ { -1, 0, 1 } }, gradients(fm.abs, fm.tensor { -1, 0, 1 }))
    local slopes = gradients(function(x) return x:huber(fm.zeros(7), { delta = 2, reduce = "sum" }) end, fm.tensor { -3, -2, -1, 0, 1, 2, 3 })
    assert.same({ { -2, -2, -1, 0, 1, 2, 2 } }, slopes)
    assert.equal(2 * 2 / 2, fm.tensor { 2 }:huber(fm.zeros(1), { delta = 2, reduce = "sum" }):item())
  end)

  it("uniform{low, high} never reaches high, also where low + u (high - low) rounds to it", function()
    for low, high in pairs { [1e6] = 1e6 + 0.25, [-1] = -1 + 2 ^ -22, [-3e30] = 3e30, [0] = 1, [-2] = 1 } do
      local x = fm.rng(1):uniform({ 200000 }, { low = low, high = high })
      assert.is_true(x:max():item() < high, high)
      assert.is_true(x:min():item() >= low, low)
    end
    local two = fm.rng(1):uniform({ 1000 }, { low = 1, high = 1 + (fm.real == "double" and 2 ^ -52 or 2 ^ -23) }) -- neighbours
    assert.same({ 1, 1 }, { two:min():item(), two:max():item() })
  end)

  it("distances to one repeated point are those to the point", function()
    local x, point = fm.rng(2):normal(40, 3), fm.tensor { 1, -2, 0.5 }
    local repeated = fm.zeros(40, 3) + point
    local away = (x - point):square():sum(2)
    assert.near(math.sqrt(away:mean():item()), metrics.wasserstein2(x, repeated), 1e-5)
    assert.near(math.sqrt(away:mean():item()), metrics.wasserstein2(repeated, x), 1e-5)
    assert.near(away:sqrt():mean():item(), metrics.wasserstein1(x, repeated), 1e-5)
    assert.equal(0, metrics.wasserstein2(repeated, repeated))
    assert.equal(0, metrics.wasserstein1(repeated, repeated))
    assert.near(3, metrics.wasserstein2(repeated, repeated + fm.tensor { 2, -1, 2 }), 1e-5)
    assert.near(0, metrics.energy_distance(repeated, repeated), 1e-6)
    assert.near(2 * 3, metrics.energy_distance(repeated, repeated + fm.tensor { 2, -1, 2 }), 1e-5)
    local mean = x:mean(1)
    local spread = (x - mean):square():sum(1):sum():item() / 39
    assert.near((mean - point):square():sum():item() + spread, metrics.frechet_distance(x, repeated), 1e-4)
  end)

  it("balls hold their rim, and a radius of mode_coverage its end", function()
    local line = fm.tensor { { 0 }, { 1 }, { 3 } } -- balls to the nearest other: 1, 1, 2
    assert.same({ 1, 2 / 3 }, { metrics.precision_recall(fm.tensor { { -1 }, { 0.5 } }, line, { k = 1 }) })
    assert.equal(0.5, (metrics.precision_recall(fm.tensor { { -1.0001 }, { 0.5 } }, line, { k = 1 })))
    local density, coverage = metrics.density_coverage(fm.tensor { { -1 }, { 9 } }, line, { k = 1 })
    assert.near(0.5, density, 1e-6)
    assert.near(1 / 3, coverage, 1e-6)
    local share, _, hits = metrics.mode_coverage(fm.tensor { { 0.5 }, { 1 }, { 3.5001 } }, fm.tensor { { 0 }, { 3 } }, 0.5)
    assert.same({ 0.5, { 1, 0 } }, { share, hits:totable() })
  end)

  it("score reads the model and the path guard away from t = 1, and not before", function()
    local read = {}
    local function model(x, t)
      read[#read + 1] = t
      return x * t
    end
    local x <const> = fm.tensor { { 2, -1 } }
    local function formula(t) return (x * t * t - x) / (1 - t) end
    for _, guard in ipairs { 1e-3, 0.01 } do
      local score = flow.score(model, { guard = guard })
      for _, t in ipairs { 0, 0.5, 1 - 2 * guard, 1 - guard, 1 - guard / 2, 1 } do
        local at = math.min(t, 1 - guard)
        checks.near(score(x, t), formula(at), 1e-3)
        assert.near(at, read[#read], 1e-12)
        checks.near(score(x, fm.tensor { t }), formula(at), 1e-2)
      end
    end
  end)

  it("a bridge goes through x0 and x1, at a speed that is that of `guard` away from them", function()
    local x0, x1, z = fm.rng(3):normal(5, 2), fm.rng(4):normal(5, 2) + 3, fm.rng(5):normal(5, 2)
    for _, sigma in ipairs { 0.5, 1 } do
      for _, guard in ipairs { 1e-4, 1e-2 } do
        local bridge = flow.path("schrodinger_bridge", { sigma = sigma, guard = guard })
        for t, ends in pairs { [0] = x0, [1] = x1 } do
          for _, at in ipairs { t, fm.full(5, t) } do
            local xt, u = bridge:sample(x0, x1, at, z)
            checks.same(ends, xt)
            local slope = (1 - 2 * guard) / (2 * math.sqrt(guard * (1 - guard))) * sigma * (t == 0 and 1 or -1)
            checks.near(u, x1 - x0 + z * slope, 1e-3 / math.sqrt(guard))
          end
        end
        local t = guard / 2 -- nearer than guard: the noise is that of t, the speed that of guard
        local xt = bridge:sample(x0, x1, t, z)
        checks.near(xt, x0 * (1 - t) + x1 * t + z * (sigma * math.sqrt(t * (1 - t))), 1e-5)
      end
    end
  end)

  it("a coupling pairs a source that is given, as one that is drawn", function()
    local x0, x1 = fm.rng(6):normal(16, 2), fm.rng(7):normal(16, 2) * 3
    local t, seen = fm.full(16, 0), nil
    local function model(x) -- at t = 0 it sees x0
      seen = x:detach():clone()
      return x * 0
    end
    for _, name in ipairs { "ot", "independent" } do
      local loss = flow.loss(model, x1, { x0 = x0, t = t, coupling = name }):item()
      local paired = flow.coupling(name)(x0, x1)
      checks.near(seen, paired)
      assert.near((x1 - paired):square():mean():item(), loss, 1e-4)
      if name == "ot" then assert.is_true((paired - x0):abs():max():item() > 0.1) end
    end
  end)

  it("chi2 of a semidiscrete coupling is there from two draws on", function()
    local data = fm.tensor { { 0 }, { 10 }, { 20 } }
    local couple = flow.coupling("semidiscrete", { data = data, potentials = fm.zeros(3) })
    local function chi2(...)
      local gradient, value = couple:gradient(fm.tensor { ... }:reshape(-1, 1))
      assert.near(0, gradient:sum():item(), 1e-6)
      return value
    end
    assert.is_nil(chi2(1))
    assert.near(3 * 2 / 2 - 1, chi2(1, -1), 1e-6) -- N sum(n^2 - n) / (B (B - 1)) - 1
    assert.near(-1, chi2(1, 9), 1e-6)
    assert.near(3 * (2 + 2) / 12 - 1, chi2(1, 0, 9, 11), 1e-6)
  end)

  it("states that are saved end at t1 itself, whatever t0 and t1 are", function()
    local x = fm.ones(1)
    local function still(z) return z * 0 end
    for _, method in ipairs { "euler", "rk45" } do
      for k = 1, 60 do
        local t0, t1 = 0.1 * k, 0.1 * k + 0.07 * (k % 7 + 1)
        for _, save in ipairs { 1, 2, 3 } do
          local _, info = fm.ode.solve(still, x, { method = method, t0 = t0, t1 = t1, save = save, steps = method == "euler" and k % 11 + 3 or nil })
          assert.equal(t1, info.times[save])
          assert.equal(save, #info.times)
          if save > 1 then assert.equal(t0, info.times[1]) end
        end
      end
    end
    local t0, t1 = 0.1 * 5, 0.1 * 5 + 0.07 * 6
    assert.are_not.equal(t1, t0 + 3 * (t1 - t0) / 3) -- by rounding
    assert.equal(t1, select(2, fm.ode.solve(still, x, { method = "euler", t0 = t0, t1 = t1, steps = 3, save = 2 })).times[2])
  end)

  it("a fixed method goes on from the last of its times in steps of a hundredth of the whole way", function()
    local function steps(o)
      o.method = "euler"
      return select(2, fm.ode.solve(function(z) return z * 0 end, fm.ones(1), o)).steps
    end
    assert.equal(2 + 50, steps { times = { 0.25, 0.5 } })
    assert.equal(1 + 100, steps { times = { 1 }, t1 = 1e6 })
    assert.equal(2, steps { times = { 0.3, 1 } })
    assert.equal(1 + 1, steps { times = { 0.995 } })
    assert.equal(1 + 75, steps { times = { 1 }, t0 = 0, t1 = 4 })
    assert.equal(2 + 50, steps { grid = { 0.25, 0.5 } })
  end)

  it("rtol is at least 100 units in the last place of a double", function()
    local function solve(rtol)
      local x, info = fm.ode.solve(function(z) return z * -3 end, fm.ones(1), { method = "dop853", rtol = rtol, atol = 0, max_nfe = 20000 })
      return { x:totable(), info.nfe, info.status }
    end
    local least = solve(100 * 2 ^ -52)
    assert.same(least, solve(0))
    assert.same(least, solve(1e-20))
    assert.are_not.same(least, solve(1e-9))
  end)
end)

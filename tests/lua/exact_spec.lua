local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local flow <const> = fm.flow
local double <const> = fm.real == "double"
local in_double <const> = checks.in_double(it)
local tight <const> = double and { rtol = 1e-9, atol = 1e-9 } or { rtol = 1e-6, atol = 1e-6 }

local raises <const> = checks.raises

local function apart(a, b)
  assert.same(a:shape(), b:shape())
  return (a - b):abs():max():item()
end

describe("closed forms", function()
  checks.no_bytes_stay(before_each, after_each)

  local gaussians = {
    [1] = { mean = { 1.5 }, std = { 0.4 } }, [2] = { mean = { -1, 2 }, std = { 0.5, 1.7 } }, [5] = { mean = 0.7, std = 0.6, dim = 5 },
  }
  local function two_gaussians(path)
    return flow.exact.mixture { means = { { -2, 0 }, { 1, 1.5 } }, std = { 0.5, 0.8 }, weights = { 1, 3 }, path = path }
  end

  it("agrees with closed forms of a Gaussian: velocity, map and log-density", function()
    for dim, o in pairs(gaussians) do
      local target = flow.exact.gaussian(o)
      local x0 = fm.rng(dim):normal(30, dim)
      local mean, std = fm.zeros(dim) + fm.tensor(o.mean), fm.zeros(dim) + fm.tensor(o.std)
      local x1 = x0 * std + mean
      for _, t in ipairs { 0, 0.3, 1 } do
        local k = (std:square() * t - (1 - t)) / (std:square() * t ^ 2 + (1 - t) ^ 2)
        assert.near(0, apart(target(x0, t), mean + k * (x0 - mean * t)), 1e-4)
      end
      local by_hand = ((x1 - mean) / std):square():sum(2) * -0.5 - std:log():sum():item() - dim / 2 * math.log(2 * math.pi)
      local limit = double and 1e-7 or 1e-4
      assert.near(0, apart(target:map(x0), x1), limit)
      assert.near(0, apart(target:log_prob(x1), by_hand), limit)
      assert.near(0, apart(flow.decode(target, x0, tight), x1), limit)
      assert.near(0, apart(flow.encode(target, x1, tight), x0), limit)
      assert.near(0, apart(target:inverse(x1), x0), limit)
      assert.near(0, apart(flow.log_prob(target, x1, tight), by_hand), limit)
    end
  end)

  -- The tolerance is that of linear_vp, whose slope has no bound at t = 1.
  it("agrees with a mixture of two Gaussians, on every path that begins in N(0, I)", function()
    for _, path in ipairs { "linear", "cosine", "poly", "linear_vp" } do
      local target = two_gaussians(path)
      local x1 = target:sample(200, fm.rng(2))
      assert.near(0, apart(flow.log_prob(target, x1, tight), target:log_prob(x1)), double and 1e-5 or 5e-3)
    end
    local target = two_gaussians()
    local x = fm.parameter(fm.rng(3):normal(5, 2)) -- score = gradient of log_prob
    do
      local tape <close> = fm.record()
      target:log_prob(x, 0.4):sum():backward()
    end
    assert.near(0, apart(x:grad(), target:score(x, 0.4)), 1e-5)
    local samples = target:sample(20000, fm.rng(4))
    assert.near(-2 * 0.25 + 0.75, samples:mean(1)[1], 0.05)
    assert.near(1.5 * 0.75, samples:mean(1)[2], 0.05)
    local floor = flow.loss(target, samples, { rng = fm.rng(5) }):item() -- no model has a smaller loss
    assert.is_true(flow.loss(function(y, t) return target(y, t) * 1.1 end, samples, { rng = fm.rng(5) }):item() > floor + 0.005)
  end)

  in_double("converges to the closed form with the order of each solver", function()
    local target = flow.exact.gaussian(gaussians[2])
    local x0 = fm.rng(6):normal(20, 2)
    local x1 = target:map(x0)
    local want = target:log_prob(x1)
    local orders = { euler = { 1, 400 }, midpoint = { 2, 80 }, heun = { 2, 80 }, ralston = { 2, 80 }, heun3 = { 3, 60 }, rk4 = { 4, 40 },
      rk4_38 = { 4, 40 }, ab2 = { 2, 400 }, ab3 = { 3, 400 }, ab4 = { 4, 400 }, rk23 = { 3, 60 }, rk45 = { 5, 64 }, tsit5 = { 5, 64 },
      dop853 = { 8, 12 }, adaptive_heun = { 2, 80 } }
    for method, o in pairs(orders) do
      local function off(steps)
        local log_prob, info = flow.log_prob(target, x1, { method = method, steps = steps })
        return (log_prob - want):norm():item(), (info.x0 - x0):norm():item()
      end
      local density, point = off(o[2])
      local finer_density, finer_point = off(2 * o[2])
      for what, slope in pairs { density = math.log(density / finer_density, 2), point = math.log(point / finer_point, 2) } do
        assert(slope > o[1] - 0.25 and slope < o[1] + 1.2, ("%s: order of the %s %.2f"):format(method, what, slope))
      end
    end
  end)

  in_double("converges to the closed form as the tolerance falls, with every adaptive solver and controller", function()
    local target = two_gaussians()
    local x1 = target:sample(60, fm.rng(2))
    local want = target:log_prob(x1)
    for _, method in ipairs { "rk23", "rk45", "tsit5", "dop853", "adaptive_heun" } do
      for _, controller in ipairs { "scipy", "pi", "torchdiffeq" } do
        for _, tolerance in ipairs { 1e-4, 1e-6 } do
          local found = flow.log_prob(target, x1, { method = method, controller = controller, rtol = tolerance, atol = tolerance })
          local off = apart(found, want)
          assert(off < 200 * tolerance, ("%s, %s: off by %g at tolerance %g"):format(method, controller, off, tolerance))
        end
      end
    end
  end)

  it("says what is wrong", function()
    local x = fm.zeros(2, 2)
    raises("means are missing", flow.exact.mixture, {})
    raises("std: expected numbers above 0", flow.exact.mixture, { means = { { 1 } }, std = 0 })
    raises('unknown option "sdt"; did you mean "std"', flow.exact.gaussian, { sdt = 1 })
    raises("std has 3 numbers, expected 2", flow.exact.gaussian, { mean = { 1, 2 }, std = { 1, 2, 3 } })
    raises("exact: x is %[2, 2%], expected %[B, 1%]", flow.exact.gaussian {}, x, 0)
    raises('fm.flow.exact has no "gausian"; did you mean "gaussian"', function() return flow.exact.gausian end)
  end)
end)

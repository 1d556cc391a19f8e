local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local flow <const>, ode <const>, nn <const> = fm.flow, fm.ode, fm.nn
local double <const> = fm.real == "double"
local tight <const> = double and { rtol = 1e-9, atol = 1e-9 } or { rtol = 1e-6, atol = 1e-6 }

local raises <const> = checks.raises

local function apart(a, b)
  assert.same(a:shape(), b:shape())
  return (a - b):abs():max():item()
end

local function with(o, more)
  local all = {}
  for _, part in ipairs { o, more or {} } do
    for key, value in pairs(part) do all[key] = value end
  end
  return all
end

describe("likelihood", function()
  checks.no_bytes_stay(before_each, after_each)

  local gaussians = {
    [2] = { mean = { -1, 2 }, std = { 0.5, 1.7 } }, [5] = { mean = 0.7, std = 0.6, dim = 5 },
  }
  local function two_gaussians(path)
    return flow.exact.mixture { means = { { -2, 0 }, { 1, 1.5 } }, std = { 0.5, 0.8 }, weights = { 1, 3 }, path = path }
  end

  it("has the sign of a field that spreads: x1 = e x0, log p1(x1) = log p0(x1 / e) - D", function()
    local x1 = fm.rng(1):normal(20, 3)
    local log_prob, info = flow.log_prob(function(x) return x * 1 end, x1, tight)
    local x0 = x1 / math.exp(1)
    assert.near(0, apart(log_prob, x0:square():sum(2) * -0.5 - 1.5 * math.log(2 * math.pi) - 3), 1e-5)
    assert.near(0, apart(info.x0, x0), 1e-5)
    assert.near(3, info.divergence[7], 1e-5)
    local turned = flow.log_prob(function(x) return x * -1 end, x1, tight)
    assert.near(-0.5 * (math.exp(1) * x1[1]:norm():item()) ^ 2 - 1.5 * math.log(2 * math.pi) + 3, turned[1], 1e-3)
  end)

  it("follows a model that predicts the data", function()
    local target = two_gaussians()
    local x1 = target:sample(50, fm.rng(2))
    local field = flow.velocity(flow.posterior(target), { predict = "data", guard = 1e-3 })
    assert.near(0, apart(flow.log_prob(field, x1, { rtol = 1e-5, atol = 1e-5 }), target:log_prob(x1)), 0.01)
  end)

  it("integrates to 1", function()
    local target, n = two_gaussians(), 60
    local u = fm.linspace(-7.9, 7.9, n)
    local points = fm.cat((u:reshape(1, n) + fm.zeros(n, 1)):reshape(-1, 1), (u:reshape(n, 1) + fm.zeros(1, n)):reshape(-1, 1), 2)
    local mass = flow.log_prob(target, points):exp():sum():item() * (15.8 / (n - 1)) ^ 2
    assert.near(1, mass, 1e-3)
  end)

  it("goes through a field that solves inside itself", function()
    local x = fm.rng(1):normal(5, 3)
    local rate = 1.25 ^ 2 - 1
    local function nested(y)
      return ode.solve(function(z) return z * 0.5 end, y, { method = "euler", steps = 2 }) - y
    end
    local x0 = x * math.exp(-rate)
    local want = x0:square():sum(2) * -0.5 - 1.5 * math.log(2 * math.pi) - 3 * rate
    assert.near(0, apart(flow.log_prob(nested, x, tight), want), 1e-4)
  end)

  it("estimates the divergence without bias, and knows how well", function()
    local model = nn.vector_field { dim = 5, hidden = 16, time_embed = 4 }
    for _, p in ipairs(model:parameters()) do p:copy(p * 2) end
    local x, o, rng, R = fm.rng(7):normal(6, 5), { method = "rk4", steps = 3 }, fm.rng(8), 300
    local exact = flow.log_prob(model, x, o)
    local sum, squares, claimed = fm.zeros(6), fm.zeros(6), fm.zeros(6)
    for _ = 1, R do
      local found, info = flow.log_prob(model, x, with(o, { divergence = "hutchinson", probes = 4, rng = rng }))
      local off = found - exact
      sum, squares, claimed = sum + off, squares + off:square(), claimed + info.standard_error:square()
    end
    for i = 1, 6 do
      local mean, variance = sum[i] / R, squares[i] / R
      assert(math.abs(mean) < 4 * (variance / R) ^ 0.5, ("row %d: off by %.1f standard errors"):format(i, mean / (variance / R) ^ 0.5))
      assert.near(1, claimed[i] / R / variance, 0.35) -- 4 standard errors of a variance of 300
    end
    local _, info = flow.log_prob(model, x, with(o, { divergence = "hutchinson", probes = 64, rng = rng }))
    assert.same({ 12, 12 * 64 }, { info.nfe, info.backward_passes })
    local one, alone = flow.log_prob(model, x, with(o, { divergence = "hutchinson", rng = fm.rng(9) }))
    assert.is_nil(alone.standard_error)
    assert.same(one:totable(), flow.log_prob(model, x, with(o, { divergence = "hutchinson", rng = fm.rng(9) })):totable())
    -- signs that are +-1 are exact where the Jacobian is diagonal
    local target = flow.exact.gaussian(gaussians[2])
    local x1 = target:map(fm.rng(10):normal(10, 2))
    local estimate, none = flow.log_prob(target, x1, with(tight, { divergence = "hutchinson", probes = 2, rng = rng }))
    assert.near(0, apart(estimate, target:log_prob(x1)), 1e-3)
    assert.near(0, none.standard_error:max():item(), 1e-4)
  end)

  it("leaves the model's gradients alone", function()
    local model = nn.vector_field { dim = 2, hidden = 8, time_embed = 4 }
    local x = fm.rng(11):normal(4, 2)
    flow.log_prob(model, x, { method = "euler", steps = 2 })
    for _, p in ipairs(model:parameters()) do assert.is_nil(p:grad()) end
    local tape <close> = fm.record()
    local scope <close> = fm.scope() -- a look at the likelihood in the middle of a step
    assert.equal(4, #flow.log_prob(model, x, { method = "euler", steps = 2 }))
  end)

  it("takes any shape, rows with conditions, rows with steps of their own, a source of one's own", function()
    local target = flow.exact.gaussian(gaussians[5])
    local x1 = target:map(fm.rng(12):normal(8, 5))
    local function image(x, t) return target(x:reshape(-1, 5), t):reshape(x:shape()) end
    local want = target:log_prob(x1)
    local found, info = flow.log_prob(image, x1:reshape(8, 1, 5), tight)
    assert.near(0, apart(found, want), 1e-4)
    assert.same({ 8, 1, 5 }, info.x0:shape())
    assert.near(0, apart(flow.log_prob(target, x1, with(tight, { control = "sample" })), want), 1e-4)
    assert.near(0, apart(flow.log_prob(target, x1, with(tight, { control = "sample" }))[{ 1, 3 }],
      flow.log_prob(target, x1[{ 1, 3 }], with(tight, { control = "sample" }))), double and 1e-12 or 1e-5)
    local shift = fm.rng(13):normal(8, 5) -- a field that knows its rows
    local unmoved = flow.log_prob(function(x) return x * 0 end, x1)
    assert.near(0, apart(flow.log_prob(function() return shift end, x1 + shift, tight), unmoved), 1e-4)
    local wide = flow.log_prob(function(x) return x * 0 end, x1, { log_p0 = function(x0) return x0:abs():sum(2) * -1 end })
    assert.near(0, apart(wide, x1:abs():sum(2) * -1), 1e-5)
    assert.near(0, apart(flow.log_prob(target, x1[{ 2, 2 }], tight), want[{ 2, 2 }]), 1e-4)
    local half = flow.log_prob(target, x1 * 0, with(tight, { t0 = 0.5, log_p0 = function(x) return target:log_prob(x, 0.5) end }))
    assert.near(target:log_prob(fm.zeros(1, 5))[1], half[1], 1e-4)
  end)

  it("counts bits: levels spread over their bins, and the offset of the scale", function()
    local levels = fm.rng(14):integers(600, 0, 255)
    local still = function(x) return x * 0 end
    local uniform = function(x0) return x0:sum(2) * 0 end -- density 1 on 0..1
    local bits, info = flow.bits_per_dimension(still, (levels / 255):reshape(100, 6), { rng = fm.rng(15), log_p0 = uniform })
    assert.near(0, (bits - 8):abs():max():item(), 1e-5)
    assert.near(0, info.log_prob:abs():max():item(), 1e-5)
    local x = (levels / 127.5 - 1):reshape(100, 6)
    bits = flow.bits_per_dimension(still, x, { low = -1, high = 1, rng = fm.rng(15) })
    local y = flow.dequantise(x, { low = -1, high = 1, rng = fm.rng(15) })
    local by_hand = flow.log_prob(still, y) / (-6 * math.log(2)) + 7
    assert.near(0, apart(bits, by_hand), 1e-5)
    local spread = ((y + 1) * 128):reshape(-1) - levels -- within its bin
    assert.is_true(spread:min():item() > -1e-3 and spread:max():item() < 1 + 1e-3)
    assert.near(0.5, spread:mean():item(), 0.05)
    assert.near(0, apart(by_hand, flow.bits_per_dimension(still, y, { low = -1, high = 1, dequantise = false })), 1e-5)
    local _, estimated = flow.bits_per_dimension(nn.vector_field { dim = 6, hidden = 8 }, x, { low = -1, high = 1, rng = fm.rng(15),
      divergence = "hutchinson", probes = 3, method = "euler", steps = 2 })
    assert.same({ 100 }, estimated.standard_error:shape())
    raises("values are in", flow.dequantise, levels, { rng = fm.rng(1) })
    raises("rng is missing", flow.bits_per_dimension, still, x, { low = -1 })
  end)

  it("says what is wrong", function()
    local still, x = function(y) return y * 0 end, fm.zeros(2, 2)
    raises('log_prob: unknown option "probs"; did you mean "probes"', flow.log_prob, still, x, { probs = 3 })
    raises('unknown option "rtoll"; did you mean "rtol"', flow.log_prob, still, x, { rtoll = 1 })
    raises('unknown option "times"', flow.log_prob, still, x, { times = { 1 } })
    raises('bits_per_dimension: unknown option "bin"; did you mean "bins"', flow.bits_per_dimension, still, x, { bin = 3 })
    raises('encode: unknown option "step"; did you mean "steps"', flow.encode, still, x, { step = 3 })
    raises('divergence: unknown name "exat"; did you mean "exact"', flow.log_prob, still, x, { divergence = "exat" })
    raises("rng is missing", flow.log_prob, still, x, { divergence = "hutchinson" })
    raises("log_prob: rng: expected a random stream, found number", flow.log_prob, still, x, { divergence = "hutchinson", rng = 3 })
    raises("log_p0: expected a function of x0, found number", flow.log_prob, still, x, { log_p0 = 3 })
    raises("dequantise: rng: expected a random stream, found number", flow.bits_per_dimension, still, x, { rng = 3 })
    raises('dequantise: low: expected a number, found "a"', flow.dequantise, x, { rng = fm.rng(1), low = "a" })
    raises('bits_per_dimension: bins: expected a whole number >= 2, found 1', flow.bits_per_dimension, still, x, { bins = 1, dequantise = false })
    raises("bits_per_dimension: low 1 is not below high 0", flow.bits_per_dimension, still, x, { low = 1, high = 0, dequantise = false })
    raises("loss: rng: expected a random stream, found number", flow.loss, still, x, { rng = 3 })
    raises('probes are for divergence = "hutchinson"', flow.log_prob, still, x, { probes = 3 })
    raises("ended at t = .* with status max_nfe", flow.log_prob, function(y) return y * 1 end, x + 1, { max_nfe = 9 })
    raises("x is %[2%], expected %[B, D%]", flow.log_prob, still, fm.zeros(2))
    raises("x is a nil", flow.log_prob, still)
    raises("the model is a nil", flow.log_prob, nil, x)
    raises("the model returned a number, expected a velocity of 4 numbers", flow.log_prob, function() return 1 end, x)
    raises("the model returned a tensor %[2, 3%]", flow.log_prob, function() return fm.zeros(2, 3) end, x)
    raises("log_p0 must return %[2%] numbers", flow.log_prob, still, x, { log_p0 = function(y) return y end })
    raises("in my model", flow.log_prob, function() error "in my model" end, x)
    assert.equal(2, #flow.encode(still, x, { save = 3 }))
    assert.same({ 1, 0.5, 0 }, select(2, flow.encode(still, x, { method = "euler", steps = 4, save = 3 })).times)
    assert(ode.options.rtol)
  end)
end)

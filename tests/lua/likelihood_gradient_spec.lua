-- Likelihoods on a tape: gradients of log p for the parameters of the model, and for x.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local flow <const>, nn <const>, optim <const> = fm.flow, fm.nn, fm.optim

local double <const> = fm.real == "double"
local near <const>, raises <const> = checks.near, checks.raises

-- e^A, as a sum of ops.
local function exponential(A)
  local sum, term = fm.eye(#A) + A, A
  for k = 2, double and 22 or 12 do
    term = term:matmul(A) / k
    sum = sum + term
  end
  return sum
end

-- A copy of the options: a stream of its own for every call, and so the same probes.
local function fresh(o)
  local copy = {}
  for key, value in pairs(o) do copy[key] = value end
  if o.divergence == "hutchinson" then copy.rng = fm.rng(4) end
  return copy
end

local ways <const> = {
  euler = { method = "euler", steps = 3 }, rk4 = { method = "rk4", steps = 2 }, dopri5 = { rtol = 1e-6, atol = 1e-6 },
  segments = { method = "rk4", steps = 5, memory = "segments" }, adaptive_segments = { rtol = 1e-6, atol = 1e-6, memory = "segments" },
  probes = { method = "rk4", steps = 2, divergence = "hutchinson", probes = 3 },
  adaptive_probes = { rtol = 1e-6, atol = 1e-6, divergence = "hutchinson" },
  probes_in_segments = { method = "euler", steps = 3, divergence = "hutchinson", probes = 2, memory = "segments" },
}

describe("likelihood on a tape", function()
  checks.no_bytes_stay(before_each, after_each)

  local function tiny()
    nn.seed(5)
    return nn.vector_field { dim = 2, hidden = 5, time_embed = 3 }
  end

  -- log p, and its gradients for a list of parameters.
  local function gradients(model, x, o, parameters)
    for _, p in ipairs(parameters) do p:zero_grad() end
    local tape <close> = fm.record()
    local log_p = flow.log_prob(model, x, fresh(o))
    log_p:mean():backward()
    local all = {}
    for i, p in ipairs(parameters) do all[i] = p:grad():clone():detach() end
    return log_p:clone():detach(), all
  end

  for name, o in pairs(ways) do
    it("has the numbers of one without a tape, and gradients: " .. name, function()
      local model, x = tiny(), fm.parameter(fm.rng(3):normal(4, 2))
      local inputs = model:parameters()
      inputs[#inputs + 1] = x
      local plain = flow.log_prob(model, x, fresh(o))
      local recorded = gradients(model, x, o, inputs)
      near(plain, recorded, double and 1e-13 or 1e-5)
      if double then assert(fm.gradcheck(function() return flow.log_prob(model, x, fresh(o)):mean() end, inputs)) end
    end)
  end

  it("agrees with a linear field's closed form, in 2 and in 11 dimensions", function()
    for _, D in ipairs { 2, 11 } do
      local A, x = fm.parameter(fm.rng(1):normal(D, D) * 0.2), fm.parameter(fm.rng(2):normal(6, D))
      local function field(y) return y:matmul(A:transpose()) end
      local e = fm.rng(4):integers(6 * D, 0, 1):reshape(6, D) * 2 - 1 -- the probe of fresh
      for _, o in ipairs { { divergence = "exact" }, { divergence = "hutchinson" } } do
        o.rtol, o.atol = double and 1e-10 or 1e-6, double and 1e-10 or 1e-6
        local found, slopes = gradients(field, x, o, { A, x })
        for _, p in ipairs { A, x } do p:zero_grad() end
        local tape <close> = fm.record()
        local x0 = x:matmul(exponential(A * -1):transpose())
        local trace = o.divergence == "exact" and (A * fm.eye(D)):sum() or (e:matmul(A:transpose()) * e):sum(2)
        local log_p = x0:square():sum(2) * -0.5 - 0.5 * D * math.log(2 * math.pi) - trace
        log_p:mean():backward()
        near(log_p, found, double and 1e-7 or 1e-3)
        near(A:grad(), slopes[1], double and 1e-7 or 1e-3)
        near(x:grad(), slopes[2], double and 1e-7 or 1e-3)
      end
    end
  end)

  it("has the score as its gradient for x", function()
    local target = flow.exact.mixture { means = { { -2, 0 }, { 1, 1.5 } }, std = { 0.5, 0.8 }, weights = { 1, 3 } }
    local x = fm.parameter(target:sample(20, fm.rng(2)))
    local tape <close> = fm.record(x)
    flow.log_prob(target, x, { rtol = 1e-7, atol = 1e-7, t1 = 0.999 }):sum():backward()
    near(target:score(x:detach(), 0.999), x:grad(), double and 1e-3 or 2e-2)
  end)

  it("passes gradients to the density of the source, and bits to their data", function()
    local scale = fm.parameter(fm.tensor { 1.5 })
    local x = fm.rng(3):normal(4, 2)
    local tape <close> = fm.record()
    local function log_p0(x0) return (x0 * scale):square():sum(2) * -0.5 end
    flow.log_prob(function(y) return y * 0 end, x, { log_p0 = log_p0, method = "euler", steps = 1 }):sum():backward()
    near(fm.tensor { -1.5 * x:square():sum():item() }, scale:grad(), 1e-4)
    local y = fm.parameter(x)
    local bits, info = flow.bits_per_dimension(function(z) return z * 0 end, y, { dequantise = false, method = "euler", steps = 1 })
    bits:sum():backward()
    near(x / (2 * math.log(2)), y:grad(), 1e-5)
    assert.same({ 4 }, info.log_prob:shape())
  end)

  it("takes conditions, row numbers and pictures", function()
    nn.seed(2)
    local model = nn.vector_field { dim = 2, hidden = 6, time_embed = 4, classes = 3 }
    local x, labels, o = fm.rng(3):normal(4, 2), fm.tensor { 1, 3, 2, 3 }, { method = "rk4", steps = 2, cond = fm.tensor { 1, 3, 2, 3 } }
    local plain = flow.log_prob(model, x, o)
    local recorded, all = gradients(model, x, o, model:parameters())
    near(plain, recorded, double and 1e-13 or 1e-5)
    local function by_rows(y, t, rows) return model(y, fm.full(#y, t), labels:index_select(rows, 1)) end
    local _, same = gradients(by_rows, x, { method = "rk4", steps = 2, rows = true }, model:parameters())
    for i, slope in ipairs(all) do near(slope, same[i]) end
    local conv = nn.conv2d(1, 1, 3, { padding = 1 })
    local pictures = fm.rng(4):normal(3, 1, 3, 3)
    local function still(y) return conv(y):tanh() end
    near(flow.log_prob(still, pictures), (gradients(still, pictures, {}, conv:parameters())), double and 1e-12 or 1e-4)
  end)

  it("looks without gradients, in a step and with gradient = false", function()
    local model, x = tiny(), fm.rng(3):normal(4, 2)
    local want, o = flow.log_prob(model, x, { method = "euler", steps = 2 }), { method = "euler", steps = 2, gradient = false }
    local twice = fm.custom { forward = function(a) return a * 2 end, backward = function(_, dy) return dy * 2 end }
    local tape <close> = fm.record()
    local found, info = flow.log_prob(model, x, o)
    assert.is_false(fm.needs_grad(found))
    assert.same({ 2, 4 }, { info.nfe, info.backward_passes })
    near(want, found, 0)
    assert.equal(4, select(2, flow.log_prob(model, x, { method = "euler", steps = 2 })).tangents)
    assert.equal(4, #flow.log_prob(twice, x, o)) -- which goes through what has no tangents
    raises("custom has no tangent rule", flow.log_prob, twice, x, { method = "euler", steps = 2 })
    raises('log_prob: control = "sample" records no gradient', flow.log_prob, model, x, { control = "sample" })
    raises("log_prob: gradient: expected true or false", flow.log_prob, model, x, { gradient = 1 })
    raises('log_prob: memory: unknown name "ful"', flow.log_prob, model, x, { memory = "ful" })
  end)

  it("knows the spread of its probes, of which no gradient is taken", function()
    local model, x = tiny(), fm.parameter(fm.rng(3):normal(4, 2))
    local o = { method = "euler", steps = 2, divergence = "hutchinson", probes = 3 }
    local _, plain = flow.log_prob(model, x, fresh(o))
    local tape <close> = fm.record()
    local _, info = flow.log_prob(model, x, fresh(o))
    near(plain.standard_error, info.standard_error:clone(), double and 1e-13 or 1e-5)
    assert.is_false(fm.needs_grad(info.standard_error))
    assert.is_true(fm.needs_grad(info.x0))
  end)

  it("has the same bytes for any number of threads", function()
    nn.seed(1)
    local model, x = nn.vector_field { dim = 3, hidden = 70 }, fm.parameter(fm.rng(3):normal(300, 3))
    local before, first = fm.system.threads()
    for _, n in ipairs { 1, 2, 3 } do
      fm.system.threads(n)
      local log_p, all = gradients(model, x, { method = "euler", steps = 2 }, { x, table.unpack(model:parameters()) })
      all[#all + 1] = log_p
      first = first or all
      for i, t in ipairs(all) do checks.same(first[i], t) end
    end
    fm.system.threads(before)
  end)

  it("trains: a normal with another mean and spread is found by maximum likelihood", function()
    local rate, shift = fm.parameter(fm.zeros(2)), fm.parameter(fm.zeros(2))
    local opt = optim.adam({ rate, shift }, { lr = 5e-2 })
    local x1 = fm.rng(1):normal(400, 2) * fm.tensor { 0.5, 2 } + fm.tensor { 1, -1 }
    for _ = 1, 200 do
      opt:step(function() return -flow.log_prob(function(x) return x * rate + shift end, x1, { method = "rk4", steps = 4 }):mean() end)
    end
    local std = x1:var(1):sqrt()
    near(std:log(), rate:detach(), 1e-2)
    local entropy = math.log(2 * math.pi) + 1 + std:log():sum():item()
    assert.near(entropy, -flow.log_prob(function(x) return x * rate + shift end, x1):mean():item(), 1e-2)
  end)
end)

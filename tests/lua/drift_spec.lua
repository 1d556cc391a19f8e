-- flow.drift_loss, and distillation on the pairs of flow.reflow: generators of one evaluation.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local flow <const>, nn <const>, optim <const> = fm.flow, fm.nn, fm.optim
local raises <const> = checks.raises_text

local root <const> = fm.rng(8)
local n <const>, m <const>, D <const> = 5, 7, 3
local x0 <const>, x1 <const> = root:normal(n, D), root:normal(m, D) + 0.5

local function distance(a, b)
  local sum = 0
  for k = 1, D do sum = sum + (a[k] - b[k]) ^ 2 end
  return math.sqrt(sum)
end

-- The mean square of the drift of rows x towards y, number by number.
local function by_hand(x, y, tau)
  local k, row, col = {}, {}, {}
  for i = 1, n do
    k[i] = {}
    for j = 1, n + m do
      local other = j <= n and x[j] or y[j - n]
      k[i][j] = i == j and 0 or math.exp(-distance(x[i], other) / tau)
      row[i], col[j] = (row[i] or 0) + k[i][j], (col[j] or 0) + k[i][j]
    end
  end
  local total = 0
  for i = 1, n do
    local repelled, drawn, from, to = 0, 0, { 0, 0, 0 }, { 0, 0, 0 }
    for j = 1, n + m do
      local w = k[i][j] / math.sqrt(row[i] * col[j])
      local sum, other = j <= n and from or to, j <= n and x[j] or y[j - n]
      if j <= n then repelled = repelled + w else drawn = drawn + w end
      for d = 1, D do sum[d] = sum[d] + w * other[d] end
    end
    for d = 1, D do total = total + (to[d] * repelled - from[d] * drawn) ^ 2 end
  end
  return total / (n * D)
end

describe("flow.drift_loss", function()
  checks.no_bytes_stay(before_each, after_each)

  it("is the mean square of the drift: to the data, away from the other samples", function()
    for _, tau in ipairs { 0.3, 1, 5 } do
      local want = by_hand((x0 * 2):totable(), x1:totable(), tau)
      assert.near(want, flow.drift_loss(function(x) return x * 2 end, x1, { x0 = x0, tau = tau }):item(), want * (fm.real == "double" and 1e-9 or 1e-3))
    end
    local function same(x) return x end
    assert.equal(flow.drift_loss(same, x1, { x0 = x0 }):item(), flow.drift_loss(same, x1, { x0 = x0, tau = 0.05 }):item())
    assert.equal(flow.drift_loss(same, x1, { rng = fm.rng(1) }):item(), flow.drift_loss(same, x1, { x0 = fm.rng(1):normal(m, D) }):item())
    local shape = { n, D, 1 }
    local tall = flow.drift_loss(function(x) return x:reshape(shape) end, x1:reshape(m, 1, D), { x0 = x0, tau = 1 }):item()
    assert.near(flow.drift_loss(same, x1, { x0 = x0, tau = 1 }):item(), tall, 1e-6)
    assert.equal(flow.drift_loss(function(x, cond) return x * cond end, x1, { x0 = x0, cond = 2, tau = 1 }):item(),
      flow.drift_loss(function(x) return x * 2 end, x1, { x0 = x0, tau = 1 }):item())
  end)

  it("moves samples along the drift: the gradient is -2 V / (n D)", function()
    local function value(x) return flow.drift_loss(function() return x end, x1, { x0 = x0, tau = 1 }) end
    local x = fm.parameter(x0:clone())
    local tape <close> = fm.record()
    local loss = value(x)
    loss:backward()
    local squares = x:grad():square():sum():item() * (n * D) / 4
    assert.near(loss:item(), squares, loss:item() * 1e-5)
    assert(x0:ne(x):sum():item() == 0)
  end)

  it("trains a generator, and is small for samples of the same law", function()
    local function moons(seed) return fm.data.moons { n = 256, noise = 0.05, rng = fm.rng(seed) } end
    local function drift_at(off) return flow.drift_loss(function() return moons(5) + off end, moons(6), { x0 = moons(7), tau = 0.5 }):item() end
    assert(drift_at(0) < 0.05 * drift_at(1), drift_at(0) / drift_at(1))
    nn.seed(1)
    local model = nn.vector_field { dim = 2, hidden = 32, times = 2 }
    local map, rng, opt = flow.map(model), fm.rng(2), optim.adam(model, { lr = 3e-3 })
    local truth, noise = moons(1) + 2, fm.rng(3):normal(256, 2)
    local before = fm.metrics.wasserstein2(flow.map_sample(model, noise), truth)
    for _ = 1, 150 do
      opt:step(function() return flow.drift_loss(function(x) return map(x, 0, 1) end, truth, { rng = rng, tau = 0.5 }) end)
    end
    local after = fm.metrics.wasserstein2(flow.map_sample(model, noise), truth)
    assert(after < 0.2 * before, ("%g, %g"):format(before, after))
  end)

  it("refuses what makes no sense, in one sentence", function()
    local function same(x) return x end
    raises("drift_loss: rng is missing (or give x0)", flow.drift_loss, same, x1)
    raises("drift_loss: tau: expected a number in 1e-09..1000000000, found 0", flow.drift_loss, same, x1, { x0 = x0, tau = 0 })
    raises('drift_loss: unknown option "tua"; did you mean "tau"?', flow.drift_loss, same, x1, { x0 = x0, tua = 1 })
    raises("drift_loss: 1 samples and 7 data points: expected two or more", flow.drift_loss, same, x1, { x0 = x0[{ 1, 1 }] })
    raises("drift_loss: 1 samples and 7 data points: expected two or more", flow.drift_loss, function(z) return z[{ 1, 1 }] end, x1, { x0 = x0 })
    raises("drift_loss: a sample has 2 numbers, a row of x1 has 3", flow.drift_loss, same, x1, { x0 = fm.zeros(4, 2) })
    raises("drift_loss: what the generator returned is a nil", flow.drift_loss, function() end, x1, { x0 = x0 })
    raises("drift_loss: the model is a nil", flow.drift_loss)
  end)
end)

describe("distillation on reflow pairs", function()
  it("makes a map of a flow: the loss at t = 0 alone is the mean square of the map's error", function()
    local exact = flow.exact.gaussian { mean = { 1, -2 }, std = 0.5 }
    local from, to = flow.reflow(exact, { x0 = 256, rng = fm.rng(1), method = "rk4", steps = 20 })
    nn.seed(1)
    local model = nn.vector_field { dim = 2, hidden = 32 }
    local opt = optim.adam(model, { lr = optim.cosine { lr = 1e-2, steps = 400 } })
    for _ = 1, 400 do opt:step(function() return flow.loss(model, to, { x0 = from, t = 0 }) end) end
    local noise = fm.rng(2):normal(500, 2)
    local off = (fm.ode.solve(model, noise, { method = "euler", steps = 1 }) - exact:map(noise)):square():mean():item() ^ 0.5
    assert(off < 0.05, off)
    local map = flow.map(function(x, s) return model(x, s) end)
    checks.near(fm.mse(map(from, 0, 1), to):reshape(1), flow.loss(model, to, { x0 = from, t = 0 }):reshape(1), 1e-5)
  end)
end)

#!/usr/bin/env fmrun
-- Eight Gaussians to moons, without a condition, by class and by the x of the target, under three
-- couplings; one Euler step and dopri5. Cheng and Schwing 2025, figure 1; data, network and test
-- are those of their moons.py. Its moons are torchdyn's: equal angles, and one offset, drawn
-- uniformly from [0, 0.2], on both coordinates of a point.
local fm <const> = require "fm"
local nn, flow, optim, ode, metrics = fm.nn, fm.flow, fm.optim, fm.ode, fm.metrics

local batch <const>, ot_batch <const>, test <const> = 256, 1024, 10000

local function eight_gaussians(n, rng) -- covariance sqrt(0.1) I
  return fm.data.eight_gaussians { n = n, rng = rng, noise = 0.1 ^ 0.25 }
end

-- n points, the first half on the upper moon, class 1, the others on the lower one, class 2
local function moons(n, rng)
  local half = n // 2
  local upper, lower = fm.linspace(0, math.pi, half), fm.linspace(0, math.pi, n - half)
  local x, y = fm.cat(upper:cos(), 1 - lower:cos(), 1), fm.cat(upper:sin(), 0.5 - lower:sin(), 1)
  local offset = rng:uniform(n, 1) * 0.2
  return (fm.cat(x:reshape(n, 1), y:reshape(n, 1), 2) + offset) * 3 - 1, fm.cat(fm.ones(half), fm.full(n - half, 2), 1)
end

-- The condition of each point, and as a column for the network.
local conditions <const> = {
  none = function() return nil end,
  class = function(_, class) return class end,
  x = function(x1) return x1:slice { axis = 2, first = 1, last = 1 } end,
}
local columns <const> = { class = function(c) return (c * 2 - 3):reshape(-1, 1) end, x = function(c) return c end }

local function network(condition) -- 396,034 parameters, and 256 more with a condition
  local from_x, from_t, from_cond, out = nn.linear(2, 128), nn.linear(1, 128), columns[condition] and nn.linear(1, 128), nn.linear(128, 2)
  local layers, blocks = { { "x", from_x }, { "t", from_t }, { "out", out } }, {}
  for i = 1, 3 do
    blocks[i] = nn.mlp { inputs = 128, hidden = { 512 }, outputs = 128, act = "gelu" }
    layers[#layers + 1] = { "block" .. i, blocks[i] }
  end
  if from_cond then layers[#layers + 1] = { "cond", from_cond } end
  return nn.module(layers, function(_, x, t, c)
    local h = from_x(x) + from_t(t:reshape(-1, 1))
    if from_cond then h = h + from_cond(columns[condition](c)) end
    for i = 1, 3 do h = h + blocks[i](h) end
    return out(h)
  end)
end

local card <const> = {
  title = "Eight Gaussians to moons: without a condition, by class, and by the x of the target",
  source = "Cheng and Schwing 2025 (C2OT, arXiv 2503.10636), figure 1, and their moons.py",
  seeds = 5,
  data = function(rng) return eight_gaussians(test, rng), (moons(test, rng)) end,
  protocol = {
    { "metric", "W2 squared: the cost of the exact assignment under the squared Euclidean distance, not its root" },
    { "test points", "10,000 of the source to 10,000 of the target" },
    { "solver", "one Euler step; dopri5 with tolerances of 1e-4, 256 points at a time" },
    { "evaluations", "1; about 55 with dopri5 (nfe_dopri5 in each run)" },
    { "batch", "256; 1,024 are coupled at once" },
    { "training", "20,000 steps of Adam at 3e-4, uniform t, no EMA, 396,034 parameters" },
    { "reference set", "a fresh draw of 10,000; the conditions of the samples are those of its points" },
    { "published error bar", "standard deviation over 10 seeds" },
  },
  results = {
    { "w2_squared_euler", "one Euler step", floor = "w2_squared_floor" }, { "w2_squared_dopri5", "dopri5", floor = "w2_squared_floor" },
  },
  rows = {},
}
for _, row in ipairs {
  { "uncond FM", "independent", "none", { 6.232, 0.186 }, { 0.120, 0.045 } },
  { "uncond OT", "ot", "none", { 0.072, 0.025 }, { 0.050, 0.040 } },
  { "class FM", "independent", "class", { 2.573, 0.112 }, { 0.059, 0.029 } },
  { "class OT", "ot", "class", { 0.483, 0.059 }, { 0.462, 0.025 } },
  { "class C2OT", "conditional_ot", "class", { 0.048, 0.010 }, { 0.018, 0.006 } },
  { "x FM", "independent", "x", { 0.732, 0.052 }, { 0.028, 0.010 } },
  { "x OT", "ot", "x", { 8.276, 6.51 }, { 2.143, 1.99 } },
  { "x C2OT", "conditional_ot", "x", { 0.077, 0.024 }, { 0.013, 0.003 } },
} do
  table.insert(card.rows, { row[1], { coupling = row[2], condition = row[3] }, w2_squared_euler = row[4], w2_squared_dopri5 = row[5] })
end

return fm.experiment {
  name = "c2ot", card = card,
  params = {
    coupling = { "ot", "which x0 goes with which x1", choices = { "independent", "ot", "conditional_ot" } },
    condition = { "none", "what the network is told of x1", choices = { "none", "class", "x" } },
    steps = { 20000, "optimizer steps", min = 1 }, test = { test, "points of the test", min = 2 },
  },
  run = function(run, p)
    local x1, class, rng = {}, {}, run.rng:stream "target"
    for i = 1, (p.steps * batch + ot_batch - 1) // ot_batch do x1[i], class[i] = moons(ot_batch, rng) end
    x1, class = fm.cat(x1, { axis = 1 }), fm.cat(class, { axis = 1 })
    local coupling = p.coupling == "conditional_ot" and p.condition == "x" and { "conditional_ot", ratio = 0.05 } or p.coupling
    local pairs_of = flow.pairs(eight_gaussians, x1, { size = batch, ot_size = ot_batch, shuffle = false, coupling = coupling,
      cond = conditions[p.condition](x1, class), rng = run.rng:stream "pairs" })
    local model = network(p.condition)
    local opt = optim.adam(model, { lr = 3e-4 })
    run:keeps { model = model, opt = opt }
    for _, a, b, cond in run:steps(p.steps, pairs_of) do
      run:log { loss = opt:step(function() return flow.loss(model, b, { rng = run.rng, x0 = a, cond = cond }) end) }
    end

    model:eval()
    local draws = run.rng:stream "test"
    local start, real, label = eight_gaussians(p.test, draws), moons(p.test, draws)
    local cond, ends, nfe = conditions[p.condition](real, label), {}, {}
    for first = 1, p.test, batch do -- dopri5 chooses its steps for so many points together
      local part = { first, math.min(first + batch - 1, p.test) }
      local x, info = ode.solve(flow.velocity(model, { cond = cond and cond[part] }), start[part], { method = "dopri5", rtol = 1e-4, atol = 1e-4 })
      ends[#ends + 1], nfe[#nfe + 1] = x, info.nfe
    end
    local once = ode.solve(flow.velocity(model, { cond = cond }), start, { method = "euler", steps = 1 })
    run:summary {
      w2_squared_euler = metrics.wasserstein2(once, real) ^ 2, w2_squared_dopri5 = metrics.wasserstein2(fm.cat(ends, { axis = 1 }), real) ^ 2,
      w2_squared_floor = metrics.wasserstein2(moons(p.test, draws), real) ^ 2, nfe_dopri5 = fm.tensor(nfe):mean():item(),
    }
  end,
}

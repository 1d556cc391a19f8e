#!/usr/bin/env fmrun
-- From noise to moons, eight Gaussians and two spirals, and from moons to eight Gaussians: flow
-- matching with independent pairs (I-CFM), with pairs by optimal transport (OT-CFM), and towards
-- the mean velocity of the whole batch at each point (ExFM). Ryzhakov et al. 2024, table 4. The
-- table does not say how the data are scaled; these scales give its path energies.
local fm <const> = require "fm"
local nn, flow, optim, ode, data, metrics = fm.nn, fm.flow, fm.optim, fm.ode, fm.data, fm.metrics

local function normal(n, rng) return rng:normal(n, 2) end
local function eight_gaussians(n, rng) return data.eight_gaussians { n = n, rng = rng, noise = 0.1 ^ 0.25 } end

-- torchdyn's: equal angles on each moon, and one offset of 0..0.2 on both coordinates of a point
local function moons(n, rng)
  local half = n // 2
  local upper, lower = fm.linspace(0, math.pi, half), fm.linspace(0, math.pi, n - half)
  local x, y = fm.cat(upper:cos(), 1 - lower:cos(), 1), fm.cat(upper:sin(), 0.5 - lower:sin(), 1)
  return (fm.cat(x:reshape(n, 1), y:reshape(n, 1), 2) + rng:uniform(n, 1) * 0.2) * 3 - 1
end

-- torchdyn's: two arms of 780 degrees, out to a radius of 13.6
local function two_spirals(n, rng)
  local angle, sign = rng:uniform(n):sqrt() * (780 / 180 * math.pi), rng:integers(n, 0, 1) * 2 - 1
  return fm.cat((-angle:cos() * angle * sign):reshape(n, 1), (angle:sin() * angle * sign):reshape(n, 1), 2)
end

local tasks <const> = {
  normal_moons = { normal, moons }, normal_eight = { normal, eight_gaussians }, moons_eight = { moons, eight_gaussians },
  normal_spirals = { normal, two_spirals },
}

local function network() -- 8,706 parameters
  local mlp = nn.mlp { inputs = 3, hidden = { 64, 64, 64 }, outputs = 2, act = "selu" }
  return nn.module({ { "net", mlp } }, function(_, x, t) return mlp(fm.cat(x, t:reshape(-1, 1), 2)) end)
end

-- The mean of E[x1 - x0 | x_t] over the points of the batch: x1 itself is one of them, so the
-- target has no bias.
local function explicit(model, x0, x1, rng)
  local t = rng:uniform(#x1)
  local xt, velocity = flow.path "linear":sample(x0, x1, t), flow.exact.empirical { points = x1 }
  return fm.mse(model(xt, t), velocity(xt, t))
end

local card <const> = {
  title = "Noise to moons, eight Gaussians and two spirals, and moons to eight Gaussians: I-CFM, OT-CFM, ExFM",
  source = "Ryzhakov et al. 2024 (ExFM, arXiv 2402.03232), table 4; data of torchcfm and torchdyn",
  seeds = 5,
  data = function(rng) return eight_gaussians(2000, rng), moons(2000, rng), two_spirals(2000, rng) end,
  protocol = {
    { "metric", "W2, the root of the exact assignment's cost; NPE, |E integral |v|^2 - W2^2| / W2^2 with the W2 of source and target" },
    { "test points", "2,000, mean of 5 draws; the table does not say how many. Two true samples of 1,000 of 8 Gaussians are 0.62 apart" },
    { "solver", "Euler" }, { "evaluations", "100" },
    { "batch", "256, coupled together, fresh points in each step" },
    { "training", "10,000 steps of AdamW, 1e-3 along half a cosine, weight decay 1e-5; MLP 3 x 64 SELU, 8,706 parameters; sigma 0.1" },
    { "reference set", "a fresh draw" },
    { "published error bar", "deviation over 3 seeds" },
    { "differs", "table 4 gives no scales; its path energies fit moons 3x - 1, radius 5, spirals of 780 degrees. A cosine, no early stopping" },
    { "settings", "chosen after pilots of seed 1: first were 20,000 steps at a constant rate and tests of 1,000 points, whose floor is above some bars" },
  },
  results = { { "w2", "W2", floor = "w2_floor" }, { "npe", "normalized path energy" } },
  rows = {},
}
-- What 1,000 and 2,000 steps at a constant rate give: mean and deviation over three seeds; and the
-- seconds of all six runs, one after the other.
local pilots <const> = {
  ["N to moons, I-CFM"] = { w2 = { { 0.595, 0.068 }, { 0.412, 0.044 } }, npe = { { 0.303, 0.240 }, { 0.438, 0.061 } }, seconds = 16 },
  ["N to moons, OT-CFM"] = { w2 = { { 0.517, 0.027 }, { 0.374, 0.026 } }, npe = { { 0.131, 0.091 }, { 0.047, 0.031 } }, seconds = 67 },
  ["N to moons, ExFM"] = { w2 = { { 0.412, 0.016 }, { 0.406, 0.024 } }, npe = { { 0.384, 0.097 }, { 0.410, 0.155 } }, seconds = 12 },
  ["N to 8 Gaussians, I-CFM"] = { w2 = { { 0.776, 0.014 }, { 0.668, 0.091 } }, npe = { { 0.141, 0.048 }, { 0.207, 0.049 } }, seconds = 12 },
  ["moons to 8 Gaussians, I-CFM"] = { w2 = { { 0.832, 0.029 }, { 0.820, 0.111 } }, npe = { { 0.958, 0.098 }, { 0.996, 0.081 } }, seconds = 8 },
  ["moons to 8 Gaussians, OT-CFM"] = { w2 = { { 0.696, 0.017 }, { 0.567, 0.056 } }, npe = { { 0.051, 0.042 }, { 0.070, 0.026 } }, seconds = 42 },
  ["N to 2 spirals, I-CFM"] = { w2 = { { 1.623, 0.109 }, { 1.587, 0.135 } }, npe = { { 0.186, 0.025 }, { 0.099, 0.054 } }, seconds = 12 },
  ["N to 2 spirals, OT-CFM"] = { w2 = { { 1.365, 0.108 }, { 1.266, 0.148 } }, npe = { { 0.067, 0.028 }, { 0.043, 0.017 } }, seconds = 43 },
  ["N to 2 spirals, ExFM"] = { w2 = { { 1.550, 0.146 }, { 1.186, 0.009 } }, npe = { { 0.113, 0.007 }, { 0.040, 0.030 } }, seconds = 16 },
}
local longer <const> = "trained longer, at a falling rate"
local reasons <const> = {
  ["N to moons, I-CFM"] = "W2: " .. longer .. ". The path energy is unexplained: with 2,000 steps it is further off",
  ["moons to 8 Gaussians, I-CFM"] = "W2: " .. longer .. ". The path energy is unexplained: with fewer steps it is nearer, but by less than its spread",
}
local gives <const> = "%s: 1,000 and 2,000 steps at a constant 1e-3 give W2 %.3f ± %.3f and %.3f ± %.3f, path energy %.3f ± %.3f and %.3f ± %.3f "
  .. "(mean ± std of three seeds: fmrun -m experiments/cards/exfm.lua task=%s method=%s cosine=false steps=1000,2000 tests=2 seed=1:3, %d s)"

local function because(name, task, method)
  local found = pilots[name]
  if not found then return nil end
  local w2, npe = found.w2, found.npe
  return gives:format(reasons[name] or longer, w2[1][1], w2[1][2], w2[2][1], w2[2][2], npe[1][1], npe[1][2], npe[2][1], npe[2][2], task, method, found.seconds)
end

for _, row in ipairs { -- name, task, method, W2, path energy
  { "N to moons, I-CFM", "normal_moons", "i_cfm", { 0.522, 0.015 }, { 0.328, 0.051 } },
  { "N to moons, OT-CFM", "normal_moons", "ot_cfm", { 0.427, 0.038 }, { 0.065, 0.068 } },
  { "N to moons, ExFM", "normal_moons", "exfm", { 0.318, 0.010 }, { 0.382, 0.05 } },
  { "N to 8 Gaussians, I-CFM", "normal_eight", "i_cfm", { 0.647, 0.078 }, { 0.209, 0.009 } },
  { "N to 8 Gaussians, OT-CFM", "normal_eight", "ot_cfm", { 0.528, 0.053 }, { 0.031, 0.018 } },
  { "N to 8 Gaussians, ExFM", "normal_eight", "exfm", { 0.445, 0.075 }, { 0.213, 0.023 } },
  { "moons to 8 Gaussians, I-CFM", "moons_eight", "i_cfm", { 0.966, 0.21 }, { 0.945, 0.025 } },
  { "moons to 8 Gaussians, OT-CFM", "moons_eight", "ot_cfm", { 0.569, 0.018 }, { 0.074, 0.026 } },
  { "N to 2 spirals, I-CFM", "normal_spirals", "i_cfm", { 1.662, 0.067 }, { 0.098, 0.04 } },
  { "N to 2 spirals, OT-CFM", "normal_spirals", "ot_cfm", { 1.322, 0.052 }, { 0.031, 0.02 } },
  { "N to 2 spirals, ExFM", "normal_spirals", "exfm", { 1.276, 0.043 }, { 0.069, 0.064 } },
} do
  local name, task, method = row[1], row[2], row[3]
  table.insert(card.rows, { name, { task = task, method = method }, w2 = row[4], npe = row[5], because = because(name, task, method) })
end

return fm.experiment {
  name = "exfm", card = card,
  params = {
    task = { "normal_eight", "source and target", choices = { "normal_moons", "normal_eight", "moons_eight", "normal_spirals" } },
    method = { "ot_cfm", "how it is trained; exfm needs noise as the source", choices = { "i_cfm", "ot_cfm", "exfm" } },
    steps = { 10000, "optimizer steps", min = 1 }, batch = { 256, "pairs in a step, coupled together", min = 1 },
    lr = { 1e-3, "learning rate at the start" }, cosine = { true, "it falls along half a cosine" },
    sigma = { 0.1, "deviation of the points around the line, not in exfm", min = 0 },
    test = { 2000, "points of a test", min = 2 }, tests = { 5, "tests: the results are their means", min = 1 },
  },
  run = function(run, p)
    local source, target = table.unpack(tasks[p.task])
    if p.method == "exfm" and source ~= normal then error("task: exfm starts from noise, not from that of " .. p.task, 0) end
    local path, couple = { "i_cfm", sigma = p.sigma }, flow.coupling(p.method == "ot_cfm" and "ot" or "independent")
    local model, rng, draws = network(), run.rng:stream "loss", run.rng:stream "data"
    local opt = optim.adamw(model, { lr = p.cosine and optim.cosine { lr = p.lr, steps = p.steps } or p.lr, weight_decay = 1e-5 })
    run:keeps { model = model, opt = opt }
    for _, x0, x1 in run:steps(p.steps, function() return source(p.batch, draws), target(p.batch, draws) end) do
      run:log { loss = opt:step(function()
        if p.method == "exfm" then return explicit(model, x0, x1, rng) end
        return flow.loss(model, x1, { rng = rng, x0 = x0, coupling = couple, path = path })
      end) }
    end

    model:eval()
    local sum, tests = { w2 = 0, npe = 0, w2_floor = 0 }, run.rng:stream "tests"
    for _ = 1, p.tests do
      local x0, x1, other = source(p.test, tests), target(p.test, tests), target(p.test, tests)
      local x = ode.solve(model, x0, { method = "euler", steps = 100 })
      local npe = flow.normalized_path_energy(model, x0, metrics.wasserstein2(x0, x1), { method = "euler", steps = 100 })
      for name, value in pairs { w2 = metrics.wasserstein2(x, x1), npe = npe, w2_floor = metrics.wasserstein2(other, x1) } do
        sum[name] = sum[name] + value / p.tests
      end
    end
    run:summary(sum)
  end,
}

#!/usr/bin/env fmrun
-- Drifting on its authors' toys, a Swiss roll and a checkerboard within -1..1: a generator that
-- makes a sample in one evaluation. Deng et al. 2026; network, batches and data are those of their
-- notebook. The loss is the mean squared drift, which is no measure of quality, so W2 is beside it.
local fm <const> = require "fm"
local nn, flow, optim, metrics = fm.nn, fm.flow, fm.optim, fm.metrics

local sets <const> = {
  swiss_roll = { noise = 0.03, draw = function(n, rng)
    local angle = (rng:uniform(n) * 4 + 0.5) * math.pi
    return fm.cat((angle:cos() * angle):reshape(n, 1), (angle:sin() * angle):reshape(n, 1), 2) / (4.5 * math.pi)
  end },
  checkerboard = { noise = 0.05, draw = function(n, rng) -- the four squares on each of two diagonals
    local odd = rng:integers(n, 0, 1)
    local x, y = rng:integers(n, 0, 1) * 2 + odd + rng:uniform(n), rng:integers(n, 0, 1) * 2 + odd + rng:uniform(n)
    return fm.cat(x:reshape(n, 1), y:reshape(n, 1), 2) / 2 - 1
  end },
}

local full <const>, batches <const> = 2048, 25 -- the notebook's batch, and about how many its printed loss is the mean of

local function drawn(set, n, rng)
  return (set.draw(n, rng) + rng:normal(n, 2) * set.noise):detach()
end

local card <const> = {
  title = "Drifting: a Swiss roll and a checkerboard in one evaluation",
  source = "Deng et al. 2026 (arXiv 2602.04770), the losses that their toy notebook prints",
  seeds = 5,
  data = function(rng) return drawn(sets.swiss_roll, 5000, rng), drawn(sets.checkerboard, 5000, rng) end,
  protocol = {
    { "metric", "the mean squared drift over 25 fresh batches of 2,048 samples and 2,048 points; W2 and energy distance beside it" },
    { "test points", "5,000 samples to 5,000 points for W2 and energy distance" },
    { "solver", "none: one evaluation of the generator" }, { "evaluations", "1" },
    { "batch", "1,024 samples and 1,024 points" },
    { "training", "2,000 steps of Adam at 1e-3; MLP 32 to 2, 3 x 256 SiLU; tau 0.05" },
    { "reference set", "a fresh draw of 5,000" },
    { "published error bar", "none: one run, a mean over some 25 steps" },
    { "differs", "training batches of 1,024 instead of 2,048, for time; the loss is measured at 2,048" },
  },
  results = { { "loss", "mean squared drift" }, { "w2", "W2", floor = "w2_floor" }, { "energy", "energy distance", floor = "energy_floor" } },
  rows = {
    { "Swiss roll", { data = "swiss_roll" }, loss = { 1.6e-5 } },
    { "checkerboard", { data = "checkerboard" }, loss = { 3.6e-5 } },
  },
}

return fm.experiment {
  name = "drifting", card = card,
  params = {
    data = { "swiss_roll", "what is generated", choices = { "swiss_roll", "checkerboard" } },
    steps = { 2000, "optimizer steps", min = 1 }, batch = { 1024, "samples, and as many points of the data, in a step", min = 2 },
    tau = { 0.05, "how far drift is felt" }, lr = { 1e-3, "learning rate" },
    inputs = { 32, "numbers of noise", min = 1 }, hidden = { 256, "width of the generator", min = 1 },
    test = { 5000, "points of the test", min = 2 },
  },
  run = function(run, p)
    local set, noise, draws = sets[p.data], run.rng:stream "noise", run.rng:stream "data"
    local model = nn.mlp { inputs = p.inputs, hidden = { p.hidden, p.hidden, p.hidden }, outputs = 2, act = "silu" }
    local opt = optim.adam(model, { lr = p.lr })
    run:keeps { model = model, opt = opt }
    for _, x1, x0 in run:steps(p.steps, function() return drawn(set, p.batch, draws), noise:normal(p.batch, p.inputs) end) do
      run:log { loss = opt:step(function() return flow.drift_loss(model, x1, { x0 = x0, tau = p.tau }) end) }
    end
    model:eval()
    local tests, loss = run.rng:stream "tests", 0
    for _ = 1, batches do -- the loss depends on the size of the batch
      loss = loss + flow.drift_loss(model, drawn(set, full, tests), { x0 = tests:normal(full, p.inputs), tau = p.tau }):item() / batches
    end
    local real, x = drawn(set, p.test, tests), model(tests:normal(p.test, p.inputs)):detach()
    run:summary { loss = loss, w2 = metrics.wasserstein2(x, real), w2_floor = metrics.wasserstein2(drawn(set, p.test, tests), real),
      energy = metrics.energy_distance(x, real), energy_floor = metrics.energy_distance(drawn(set, p.test, tests), real) }
  end,
}

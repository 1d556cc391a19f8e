#!/usr/bin/env fmrun
-- Meta's first notebook (flow_matching, 2d_flow_matching.ipynb): flow matching on a checkerboard,
-- with smaller batches and fewer steps. It prints the loss of one batch every 2,000 steps; loss
-- here is that of `test` pairs that the training has not seen. The true density is 1 / area on the
-- dark squares.
local fm <const> = require "fm"
local nn, flow, optim, ode, data, metrics = fm.nn, fm.flow, fm.optim, fm.ode, fm.data, fm.metrics

local scale <const> = 1 / 0.9 -- of data.checkerboard, whose squares have side 2
local area <const> = 32 * scale ^ 2

local function checkerboard(n, rng) return data.checkerboard { n = n, rng = rng } * scale end

local card <const> = {
  title = "Flow matching on a checkerboard: the loss of Meta's first notebook",
  source = "Meta, flow_matching, examples/2d_flow_matching.ipynb, the losses that it prints",
  seeds = 5,
  data = function(rng) return checkerboard(40000, rng) end,
  protocol = {
    { "metric", "the flow matching loss, mean over rows and dimensions; negative log-likelihood in nats; W2" },
    { "test points", "40,000 pairs; 2,000 points for the likelihood; 5,000 to 5,000 for W2" },
    { "solver", "midpoint, 20 steps" }, { "evaluations", "40" },
    { "batch", "512" },
    { "training", "3,000 steps of Adam, 1e-3 along half a cosine; MLP 4 x 512 SiLU, 791,042 parameters" },
    { "reference set", "fresh draws; the true density is 1 / 39.5 on the dark squares" },
    { "published error bar", "deviation of the ten printed losses, each of one batch of 4,096; the value is their mean" },
    { "differs", "the notebook: batches of 4,096, 20,001 steps at 1e-3; here 1/53 of the pairs" },
  },
  results = { { "loss", "loss" }, { "nll", "negative log-likelihood", floor = "nll_floor" }, { "w2", "W2", floor = "w2_floor" } },
  rows = { { "checkerboard", {}, loss = { 3.746, 0.078 } } },
}

return fm.experiment {
  name = "meta_checkerboard", card = card,
  params = {
    steps = { 3000, "optimizer steps", min = 1 }, batch = { 512, "pairs in a step", min = 1 },
    lr = { 1e-3, "learning rate at the start; it falls along half a cosine" }, hidden = { 512, "width of the network", min = 1 },
    test = { 40000, "pairs of the test", min = 2 }, likelihoods = { 2000, "points whose density is computed", min = 2 },
  },
  run = function(run, p)
    local mlp = nn.mlp { inputs = 3, hidden = { p.hidden, p.hidden, p.hidden, p.hidden }, outputs = 2, act = "silu" }
    local model = nn.module({ { "net", mlp } }, function(_, x, t) return mlp(fm.cat(x, t:reshape(-1, 1), 2)) end)
    local opt, rng, draws = optim.adam(model, { lr = optim.cosine { lr = p.lr, steps = p.steps } }), run.rng:stream "loss", run.rng:stream "data"
    run:keeps { model = model, opt = opt }
    for _, x1 in run:steps(p.steps, function() return checkerboard(p.batch, draws) end) do
      run:log { loss = opt:step(function() return flow.loss(model, x1, { rng = rng }) end) }
    end
    model:eval()
    local tests = run.rng:stream "tests"
    local real, few = checkerboard(p.test, tests), checkerboard(p.likelihoods, tests)
    local x = ode.solve(model, tests:normal(5000, 2), { method = "midpoint", steps = 20 })
    local log_p = flow.log_prob(model, few, { method = "midpoint", steps = 20 })
    run:summary {
      loss = flow.loss(model, real, { rng = tests }):item(), nll = -log_p:mean():item(), nll_floor = math.log(area),
      w2 = metrics.wasserstein2(x, real[{ 1, 5000 }]), w2_floor = metrics.wasserstein2(real[{ 5001, 10000 }], real[{ 1, 5000 }]),
    }
  end,
}

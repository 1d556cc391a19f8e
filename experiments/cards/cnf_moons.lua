#!/usr/bin/env fmrun
-- Meta's notebook of a continuous normalizing flow trained by maximum likelihood on moons
-- (flow_matching, 2d_continuous_normalizing_flow.ipynb). It prints the loss of one batch at three
-- steps; a batch's loss varies by 0.05, so here each is the mean of the 50 batches before. No model
-- has a lower negative log-likelihood on unseen points than nll_floor, that of the true density.
local fm <const> = require "fm"
local nn, flow, optim, data = fm.nn, fm.flow, fm.optim, fm.data
local density_of <const> = require "parts.moons_density"

local noise <const>, window <const> = 0.1, 50

local function moons(n, rng) return data.moons { n = n, noise = noise, rng = rng } end

local card <const> = {
  title = "A continuous normalizing flow on moons by maximum likelihood",
  source = "Meta, flow_matching, examples/2d_continuous_normalizing_flow.ipynb, the losses that it prints",
  seeds = 5,
  data = function(rng) return moons(10000, rng) end,
  protocol = {
    { "metric", "negative log-likelihood in nats: of the 50 training batches before steps 500, 1,000 and 1,500, and of unseen points" },
    { "test points", "10,000 unseen" },
    { "solver", "dopri5, tolerances 1e-5, exact divergence" }, { "evaluations", "about 40 (nfe in each run)" },
    { "batch", "256" },
    { "training", "1,500 steps of Adam at 1e-3; MLP 3 x 64 ELU" },
    { "reference set", "fresh moons with noise 0.1, unscaled, and their true density as the floor" },
    { "published error bar", "none: one run, one batch at each step; a batch's loss varies by 0.05" },
    { "differs", "means of 50 batches instead of one batch; the angle of a point is uniform instead of on a grid" },
  },
  results = { { "nll_third", "batches to step 500" }, { "nll_two_thirds", "batches to step 1,000" }, { "nll_end", "batches to step 1,500" },
    { "nll_unseen", "unseen points", floor = "nll_floor" } },
  rows = { { "CNF on moons", {}, nll_third = { 1.236 }, nll_two_thirds = { 1.188 }, nll_end = { 1.155 } } },
}

return fm.experiment {
  name = "cnf_moons", card = card,
  params = {
    steps = { 1500, "optimizer steps", min = 1 }, batch = { 256, "points in a step", min = 1 }, lr = { 1e-3, "learning rate" },
    hidden = { 64, "width of the network", min = 1 }, tolerance = { 1e-5, "of dopri5, relative and absolute" },
    unseen = { 10000, "points of the test", min = 2 },
  },
  run = function(run, p)
    local mlp = nn.mlp { inputs = 3, hidden = { p.hidden, p.hidden, p.hidden }, outputs = 2, act = "elu" }
    local model = nn.module({ { "net", mlp } }, function(_, x, t) return mlp(fm.cat(x, t:reshape(-1, 1), 2)) end)
    local opt, draws, how = optim.adam(model, { lr = p.lr }), run.rng:stream "data", { rtol = p.tolerance, atol = p.tolerance }
    local sums = { 0, 0, 0 } -- of the losses before a third, two thirds and all of the steps
    run:keeps { model = model, opt = opt, sums = sums }
    for step, x1 in run:steps(p.steps, function() return moons(p.batch, draws) end) do
      local nll = opt:step(function() return -flow.log_prob(model, x1, how):mean() end)
      for k = 1, 3 do
        local last = p.steps * k // 3
        if step > last - window and step <= last then sums[k] = sums[k] + nll end
      end
      run:log { nll = nll }
    end
    local unseen = moons(p.unseen, run.rng:stream "unseen")
    local log_p, info = flow.log_prob(model:eval(), unseen, how)
    run:summary { nll_third = sums[1] / window, nll_two_thirds = sums[2] / window, nll_end = sums[3] / window,
      nll_unseen = -log_p:mean():item(), nll_floor = -density_of(noise):log_prob(unseen):mean():item(), nfe = info.nfe }
  end,
}

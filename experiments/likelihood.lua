#!/usr/bin/env fmrun
-- The density of a trained flow, beside the true one: eight Gaussians, whose density and entropy
-- are known.
local fm <const> = require "fm"
local nn, flow, optim, data, metrics, plot = fm.nn, fm.flow, fm.optim, fm.data, fm.metrics, fm.plot

local function eight_gaussians(radius, std)
  local means = {}
  for k = 1, 8 do means[k] = { radius * math.cos(k * math.pi / 4), radius * math.sin(k * math.pi / 4) } end
  return flow.exact.mixture { means = means, std = std }
end

--- side x side points of the square -half..half, rows from below.
local function grid(side, half)
  local u, zero = fm.linspace(-half, half, side), fm.zeros(side, side)
  return fm.cat((zero + u):reshape(-1, 1), (zero + u:reshape(side, 1)):reshape(-1, 1), 2)
end

return fm.experiment {
  name = "likelihood",
  params = {
    steps = { 6000, "optimizer steps", min = 1 },
    batch = { 512, "points in a step", min = 1 },
    lr = { 2e-3, "learning rate at the start; it falls along half a cosine" },
    hidden = { 128, "width of the network", min = 1 },
    side = { 100, "points along a side of the grid", min = 2 },
    probes = { 16, "of Hutchinson's estimate", min = 2 },
  },
  run = function(run, p)
    local truth, half = eight_gaussians(4, 0.5), 6.5
    local points = truth:sample(20000, run.rng:stream "data")
    local model = nn.vector_field { dim = 2, hidden = p.hidden }
    local opt = optim.adam(model, { lr = optim.cosine { lr = p.lr, steps = p.steps } })
    run:keeps { model = model, opt = opt }
    run:floor(flow.loss(truth, truth:sample(100000, run.rng:stream "floor"), { rng = run.rng:stream "floor" })) -- the exact flow has the least loss
    for _, x1 in run:steps(p.steps, data.batches(points, p.batch, { rng = run.rng:stream "batches" })) do
      run:log { loss = opt:step(function() return flow.loss(model, x1, { rng = run.rng }) end) }
    end

    model:eval()
    local unseen = truth:sample(2000, run.rng:stream "unseen")
    run:pareto { field = model, x0 = run.rng:stream "pareto":normal(1000, 2), name = "W2 to the data",
      metric = function(x) return metrics.wasserstein2(x, unseen[{ 1, 1000 }]) end,
      floor = function() return metrics.wasserstein2.floor(unseen[{ 1001, 2000 }], unseen[{ 1, 1000 }], { draws = 5 }) end }
    local exact, info = flow.log_prob(model, unseen)
    local estimate, about = flow.log_prob(model, unseen, { divergence = "hutchinson", probes = p.probes, rng = run.rng:stream "probes" })
    local places = grid(p.side, half)
    local learned, known = flow.log_prob(model, places):exp(), truth:log_prob(places):exp()
    local cell = (2 * half / (p.side - 1)) ^ 2
    run:summary {
      -- no density has a lower value than the true one
      nll = -exact:mean():item(), nll_floor = -truth:log_prob(unseen):mean():item(),
      hutchinson_apart = (estimate - exact):square():mean():item() ^ 0.5,
      -- the error that it reports itself
      hutchinson_error = about.standard_error:square():mean():item() ^ 0.5,
      mass = learned:sum():item() * cell, true_mass = known:sum():item() * cell,
      total_variation = (learned - known):abs():sum():item() * cell / 2, nfe = info.nfe,
    }
    run:picture("density", plot.densities({ known:reshape(p.side, p.side), learned:reshape(p.side, p.side) },
      { titles = { "true", "learned" }, difference = true, limits = { -half, half, -half, half }, label = "density", title = "Eight Gaussians" }))
  end,
}

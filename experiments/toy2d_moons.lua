#!/usr/bin/env fmrun
-- Two moons: the founding article's network, loss, Adam and Euler sampling, from noise to samples
-- in half a minute.
local fm <const> = require "fm"
local nn, flow, optim, ode, data, metrics, plot = fm.nn, fm.flow, fm.optim, fm.ode, fm.data, fm.metrics, fm.plot

return fm.experiment {
  name = "toy2d_moons",
  params = {
    steps = { 4000, "optimizer steps", min = 1 },
    batch = { 256, "points in a step", min = 1 },
    lr = { 4e-3, "learning rate at the start; it falls along half a cosine" },
    hidden = { 256, "width of the network", min = 1 },
    samples = { 5000, "points to sample", min = 4000 },
    euler = { 100, "Euler steps of the sampler", min = 1 },
  },
  run = function(run, p)
    local truth = data.moons { n = 10000, noise = 0.05, rng = run.rng:stream "data" }
    local model = nn.vector_field { dim = 2, hidden = p.hidden }
    local opt = optim.adam(model, { lr = optim.cosine { lr = p.lr, steps = p.steps } })
    run:keeps { model = model, opt = opt }

    for _, x1 in run:steps(p.steps, data.batches(truth, p.batch, { rng = run.rng:stream "batches" })) do
      run:log { loss = opt:step(function() return flow.loss(model, x1, { rng = run.rng }) end) }
    end

    model:eval()
    local noise = run.rng:stream "sample":normal(p.samples, 2)
    local x, info = ode.solve(model, noise, { method = "euler", steps = p.euler })
    local other = data.moons { n = 2000, noise = 0.05, rng = run.rng:stream "other" }
    local floor, deviation = metrics.wasserstein2.floor(other, truth[{ 1, 2000 }], { draws = 5 }) -- what two true samples differ by
    run:summary {
      w2 = metrics.wasserstein2(x[{ 1, 2000 }], truth[{ 1, 2000 }]), w2_floor = floor, w2_floor_deviation = deviation,
      nfe = info.nfe,
    }

    local few = noise[{ 1, 2000 }]
    local _, way = ode.solve(model, few, { method = "euler", steps = p.euler, save = math.min(6, p.euler + 1) })
    run:picture("samples", plot.scatter(x[{ 1, 4000 }], { reference = truth[{ 1, 4000 }], names = { "samples", "data" }, title = "Two moons" }))
    run:picture("filmstrip", plot.filmstrip(way.states, { title = "From noise to moons" }))
    _, way = ode.solve(model, noise[{ 1, 200 }], { method = "euler", steps = p.euler, save = math.min(51, p.euler + 1) })
    run:picture("trajectories", plot.trajectories(way.states, { title = "Paths of 200 samples" }))
  end,
}

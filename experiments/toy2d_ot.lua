#!/usr/bin/env fmrun
-- Eight gaussians to moons: pairs chosen by optimal transport within the batch make straight flows
-- that few steps can follow. Tong et al. 2023. Try coupling=independent beside it.
local fm <const> = require "fm"
local nn, flow, optim, ode, data, metrics, plot = fm.nn, fm.flow, fm.optim, fm.ode, fm.data, fm.metrics, fm.plot

return fm.experiment {
  name = "toy2d_ot",
  params = {
    steps = { 3000, "optimizer steps", min = 1 },
    batch = { 256, "pairs in a step", min = 1 },
    lr = { 5e-3, "learning rate at the start" },
    hidden = { 128, "width of the network", min = 1 },
    coupling = { "ot", "which x0 goes with which x1", choices = { "ot", "independent" } },
  },
  run = function(run, p)
    local source = data.eight_gaussians { n = 10000, rng = run.rng:stream "source" }
    local target = data.moons { n = 10000, noise = 0.05, rng = run.rng:stream "target" } * 3 - 1
    local model = nn.vector_field { dim = 2, hidden = p.hidden }
    local opt = optim.adam(model, { lr = optim.cosine { lr = p.lr, steps = p.steps } })
    local couple = flow.coupling(p.coupling)
    local from = data.batches(source, p.batch, { rng = run.rng:stream "from", drop_last = true })
    run:keeps { model = model, opt = opt }

    for _, x1 in run:steps(p.steps, data.batches(target, p.batch, { rng = run.rng:stream "to", drop_last = true })) do
      local x0 = from() or from() -- the next round begins after the last batch
      run:log { loss = opt:step(function() return flow.loss(model, x1, { rng = run.rng, x0 = x0, coupling = couple }) end) }
    end

    local start = data.eight_gaussians { n = 2000, rng = run.rng:stream "start" }
    local truth = target[{ 1, 2000 }]
    run:pareto { field = model, x0 = start[{ 1, 1000 }], name = "W2 to the data",
      metric = function(x) return metrics.wasserstein2(x, truth[{ 1, 1000 }]) end,
      floor = function() return metrics.wasserstein2.floor(target[{ 2001, 3000 }], truth[{ 1, 1000 }], { draws = 5 }) end }
    local floor, deviation = metrics.wasserstein2.floor(target[{ 2001, 4000 }], truth, { draws = 5 })
    local summary = { w2_floor = floor, w2_floor_deviation = deviation }
    local strip = {}
    for _, steps in ipairs { 1, 2, 4, 8, 100 } do
      local x = ode.solve(model, start, { method = "euler", steps = steps })
      summary["w2_euler_" .. steps] = metrics.wasserstein2(x, truth)
      strip[#strip + 1] = x
    end
    run:summary(summary)
    run:picture("few_steps", plot.filmstrip(strip, { reference = truth, names = { "samples", "data" },
      title = "Few Euler steps, coupling: " .. p.coupling, titles = { "1 step", "2 steps", "4 steps", "8 steps", "100 steps" } }))
    local _, way = ode.solve(model, start[{ 1, 300 }], { method = "euler", steps = 100, save = 51 })
    run:picture("trajectories", plot.trajectories(way.states, { title = "From eight Gaussians to moons, coupling: " .. p.coupling }))
  end,
}

#!/usr/bin/env fmrun
-- Two moons: the founding article's network, loss, Adam and Euler sampling, from noise to samples
-- in half a minute. The network learns the moons enlarged: beside noise of deviation 1, arcs that
-- lie farther apart are easier to keep apart.
local fm <const> = require "fm"
local nn, flow, optim, ode, data, metrics, plot = fm.nn, fm.flow, fm.optim, fm.ode, fm.data, fm.metrics, fm.plot

--- The distance of points to the upper arc: the half circle of radius 1 around 0.
local function from_upper(x, y)
  return y:relu():where((x:square() + y:square()):sqrt() - 1, ((x:abs() - 1):square() + y:square()):sqrt()):abs()
end

--- The share of points that lie farther than `limit` from both arcs. The lower arc is the upper
--- one, turned by half a turn.
local function off_arcs(points, limit)
  local x, y = points[{ {}, { 1, 1 } }], points[{ {}, { 2, 2 } }]
  local distance = from_upper(x, y):minimum(from_upper(1 - x, 0.5 - y))
  return (distance - limit):relu():where(1, 0):mean():item()
end

return fm.experiment {
  name = "toy2d_moons",
  params = {
    steps = { 10000, "optimizer steps", min = 1 },
    batch = { 256, "points in a step", min = 1 },
    lr = { 8e-3, "learning rate at the start; it falls along half a cosine" },
    scale = { 5, "how many times larger the network sees the moons", min = 0.1 },
    hidden = { 256, "width of the network", min = 1 },
    samples = { 5000, "points to sample", min = 4000 },
    euler = { 100, "Euler steps of the sampler", min = 1 },
  },
  run = function(run, p)
    local truth = data.moons { n = 10000, noise = 0.05, rng = run.rng:stream "data" }
    local enlarged = (truth - 0.5) * p.scale
    local model = nn.vector_field { dim = 2, hidden = p.hidden }
    local opt = optim.adam(model, { lr = optim.cosine { lr = p.lr, steps = p.steps } })
    run:keeps { model = model, opt = opt }

    for _, x1 in run:steps(p.steps, data.batches(enlarged, p.batch, { rng = run.rng:stream "batches" })) do
      run:log { loss = opt:step(function() return flow.loss(model, x1, { rng = run.rng }) end) }
    end

    model:eval()
    local function sample(noise, save)
      local x, info = ode.solve(model, noise, { method = "euler", steps = p.euler, save = save and math.min(save, p.euler + 1) })
      return x / p.scale + 0.5, info
    end
    local noise = run.rng:stream "sample":normal(p.samples, 2)
    run:pareto { field = model, x0 = noise[{ 1, 1000 }], name = "W2 to the data",
      metric = function(x) return metrics.wasserstein2(x / p.scale + 0.5, truth[{ 1, 1000 }]) end,
      floor = function() return metrics.wasserstein2.floor(truth[{ 1001, 2000 }], truth[{ 1, 1000 }], { draws = 5 }) end }
    local x, info = sample(noise)
    local other = data.moons { n = 2000, noise = 0.05, rng = run.rng:stream "other" }
    local floor, deviation = metrics.wasserstein2.floor(other, truth[{ 1, 2000 }], { draws = 5 }) -- what two true samples differ by
    run:summary {
      w2 = metrics.wasserstein2(x[{ 1, 2000 }], truth[{ 1, 2000 }]), w2_floor = floor, w2_floor_deviation = deviation,
      off_arcs = off_arcs(x, 0.2), nfe = info.nfe,
    }

    run:picture("samples", plot.scatter(x[{ 1, 4000 }], { reference = truth[{ 1, 4000 }], names = { "samples", "data" }, title = "Two moons" }))
    local _, way = sample(noise[{ 1, 2000 }], 6)
    run:picture("filmstrip", plot.filmstrip(way.states, { title = "From noise to enlarged moons" }))
    _, way = sample(noise[{ 1, 200 }], 51)
    run:picture("trajectories", plot.trajectories(way.states, { title = "Paths of 200 samples" }))
  end,
}

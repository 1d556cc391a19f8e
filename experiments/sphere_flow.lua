#!/usr/bin/env fmrun
-- A flow on a sphere or a torus, from uniform points along geodesics to the data (Chen and Lipman
-- 2024). The data lie around a closed curve, the seam of a tennis ball or a line that winds once in
-- x1 and twice in x2: a mixture around K centres on it, of von Mises-Fisher distributions or of
-- wrapped normals. No model has a lower nll than nll_floor, that of the known density.
local fm <const> = require "fm"
local nn, flow, optim, ode, data, metrics, plot = fm.nn, fm.flow, fm.optim, fm.ode, fm.data, fm.metrics, fm.plot

-- For each manifold: m, the centres, scatter(centres, rng): a point around each, log_prob(x) of the
-- mixture, seen(x): what a network sees, at(u, v): the unit square, areas in proportion.
local pi <const>, K <const>, surfaces <const> = math.pi, 60, {}

function surfaces.sphere(a)
  local m, kappa = fm.manifold.sphere(3), 60
  local centres = fm.cat((a:cos() * 3 + (a * 3):cos()) / 4, (a:sin() * 3 - (a * 3):sin()) / 4, (a * 2):sin() * (math.sqrt(3) / 2), 2)
  local log_scale = math.log(kappa / (2 * pi * (1 - math.exp(-2 * kappa))) / K)
  return { m = m, centres = centres, plot = plot.globe, seen = function(x) return x end,
    scatter = function(c, rng) -- less: 1 - cosine of the angle to c, by its inverse distribution function
      local u, side = rng:uniform(#c, 1), m:project(m:tangent(c, rng:normal(#c, 3)))
      local less = (u + (1 - u) * math.exp(-2 * kappa)):log() / -kappa
      return m:project(c * (1 - less) + side * (less * (2 - less)):sqrt())
    end,
    log_prob = function(x) return ((x:matmul(centres:transpose()) - 1) * kappa):logsumexp(2) + log_scale end,
    at = function(u, v) return fm.cat((v * 2 * pi):cos() * (u - u * u):sqrt() * 2, (v * 2 * pi):sin() * (u - u * u):sqrt() * 2, u * 2 - 1, 2) end }
end

function surfaces.torus(a)
  local m, std, turns = fm.manifold.torus(2), 0.25, {}
  for i = 0, 8 do turns[i + 1] = { (i // 3 - 1) * 2 * pi, (i % 3 - 1) * 2 * pi } end
  local centres = m:project(fm.cat(a, a * 2, 2)) -- in the plane each is there again after every turn
  local unrolled = flow.exact.mixture { means = (centres:reshape(K, 1, 2) + fm.tensor(turns)):reshape(-1, 2), std = std }
  return { m = m, centres = centres, plot = plot.torus, seen = function(x) return fm.cat(x:cos(), x:sin(), 2) end,
    scatter = function(c, rng) return m:exp(c, rng:normal(#c, 2) * std) end,
    log_prob = function(x) return unrolled:log_prob(x) + math.log(#turns) end,
    at = function(u, v) return m:project((fm.cat(u, v, 2) * 2 - 1) * pi) end }
end

return fm.experiment {
  name = "sphere_flow",
  params = {
    manifold = { "sphere", "where the points are", choices = { "sphere", "torus" } }, points = { 50000, "to train with", min = 1 },
    steps = { 16000, "optimizer steps", min = 1 }, batch = { 512, "points in a step", min = 1 }, hidden = { 128, "width of the network", min = 1 },
    lr = { 2e-3, "at the start; it falls along half a cosine" }, unseen = { 4000, "points of the test, and samples", min = 2 },
    side = { 80, "points along a side of the grid of integrals", min = 2 },
  },
  run = function(run, p)
    local on = surfaces[p.manifold](fm.range(1, K):reshape(K, 1) * (2 * pi / K))
    local m, seen, how = on.m, on.seen, { manifold = on.m, rtol = 1e-5, atol = 1e-5 }
    local function draw(n, rng) return on.scatter(on.centres:index_select(rng:integers(n, 1, K), 1), rng) end
    local points, unseen, x0 = draw(p.points, run.rng:stream "data"), draw(p.unseen, run.rng:stream "unseen"), m:uniform(p.unseen, run.rng:stream "x0")
    local others = draw(p.unseen, run.rng:stream "others")
    local net = nn.mlp { inputs = seen(x0):size(2) + 1, hidden = { p.hidden, p.hidden, p.hidden }, outputs = m.dim, act = "silu" }
    local function model(x, t) return m:tangent(x, net(fm.cat(seen(x), type(t) == "number" and fm.full(#x, 1, t) or t:reshape(-1, 1), 2))) end
    local opt = optim.adam(net, { lr = optim.cosine { lr = p.lr, steps = p.steps } })
    run:keeps { model = net, opt = opt }
    for _, x1 in run:steps(p.steps, data.batches(points, p.batch, { rng = run.rng:stream "batches" })) do
      run:log { loss = opt:step(function() return flow.loss(model, x1, { path = { "geodesic", manifold = m }, rng = run.rng }) end) }
    end

    local function energy(x) return metrics.energy_distance(seen(x), seen(unseen)) end
    local energy_floor = energy(others)
    run:pareto { field = model, x0 = x0, manifold = m, name = "energy distance to the data", metric = energy, floor = energy_floor }
    local function log_prob(x) return flow.log_prob(model, x, how) end
    local x, u = ode.solve(model, x0, how), (fm.range(1, p.side):reshape(-1, 1) - 0.5) / p.side + fm.zeros(p.side, p.side)
    local places, log_unseen, info = on.at(u:reshape(-1, 1), u:transpose():reshape(-1, 1)), log_prob(unseen)
    local true_p, learned = on.log_prob(places) + m.log_volume, log_prob(places) + m.log_volume -- 0 where as likely as in the uniform distribution
    run:summary { nll = -log_unseen:mean():item(), nll_floor = -on.log_prob(unseen):mean():item(), nll_uniform = m.log_volume, nfe = info.nfe,
      kl = (true_p:exp() * (true_p - learned)):mean():item(), mass = learned:exp():mean():item(), true_mass = true_p:exp():mean():item(),
      energy = energy(x), energy_floor = energy_floor, off_manifold = (m:project(x) - x):abs():max():item() }
    local look = { label = "density", size = 480, range = { 0, math.exp(math.max(true_p:max():item(), learned:max():item()) - m.log_volume) } }
    run:picture("samples", on.plot(x, { reference = unseen, names = { "samples", "data" }, title = "Samples over unseen data" }))
    run:picture("density", on.plot(function(y) return log_prob(y):exp() end, look))
    run:picture("true_density", on.plot(function(y) return on.log_prob(y):exp() end, look))
  end,
}

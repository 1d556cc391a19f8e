#!/usr/bin/env fmrun
-- The article's sample_adaptive beside Euler: how many model calls each takes, and how far apart
-- their samples end.
local fm <const> = require "fm"
local nn, flow, optim, ode, data, metrics, plot = fm.nn, fm.flow, fm.optim, fm.ode, fm.data, fm.metrics, fm.plot

return fm.experiment {
  name = "adaptive_sampling",
  params = {
    steps = { 2000, "optimizer steps", min = 1 },
    hidden = { 128, "width of the network", min = 1 },
    tolerance = { 1e-5, "rtol and atol of the adaptive solvers", min = 1e-6 },
  },
  run = function(run, p)
    local truth = data.moons { n = 10000, noise = 0.05, rng = run.rng:stream "data" }
    local model = nn.vector_field { dim = 2, hidden = p.hidden }
    local opt = optim.adam(model, { lr = optim.cosine { lr = 2e-3, steps = p.steps } })
    run:keeps { model = model, opt = opt }
    run:floor(flow.loss_floor(truth, { draws = 400 }))
    for _, x1 in run:steps(p.steps, data.batches(truth, 256, { rng = run.rng:stream "batches" })) do
      run:log { loss = opt:step(function() return flow.loss(model, x1, { rng = run.rng }) end) }
    end

    local noise = run.rng:stream "sample":normal(2000, 2)
    run:pareto { field = model, x0 = noise[{ 1, 1000 }], name = "W2 to the data",
      metric = function(x) return metrics.wasserstein2(x, truth[{ 1, 1000 }]) end,
      floor = function() return metrics.wasserstein2.floor(truth[{ 1001, 2000 }], truth[{ 1, 1000 }], { draws = 5 }) end }
    local exact = ode.solve(model, noise, { method = "rk4", steps = 400 }) -- as near to the flow itself as float allows
    local solvers = {
      { "euler 10", { method = "euler", steps = 10 } }, { "euler 100", { method = "euler", steps = 100 } },
      { "midpoint 20", { method = "midpoint", steps = 20 } }, { "heun 20", { method = "heun", steps = 20 } },
      { "rk4 10", { method = "rk4", steps = 10 } }, { "rk23", { method = "rk23", rtol = p.tolerance, atol = p.tolerance } },
      { "rk45", { method = "rk45", rtol = p.tolerance, atol = p.tolerance } },
    }
    local calls, distance, names = {}, {}, {}
    run:print(("%-12s %6s %12s %10s"):format("solver", "nfe", "distance", "W2"))
    for _, solver in ipairs(solvers) do
      local name, settings = solver[1], solver[2]
      local x, info = ode.solve(model, noise, settings)
      local d = (x - exact):square():sum(2):mean():item() ^ 0.5 -- root mean square over samples
      local w2 = metrics.wasserstein2(x, truth[{ 1, 2000 }])
      run:print(("%-12s %6d %12.3g %10.4f"):format(name, info.nfe, d, w2))
      run:summary { [name:gsub(" ", "_") .. "_nfe"] = info.nfe, [name:gsub(" ", "_") .. "_distance"] = d, [name:gsub(" ", "_") .. "_w2"] = w2 }
      calls[#calls + 1], distance[#distance + 1], names[#names + 1] = info.nfe, math.max(d, 1e-12), name
    end
    run:picture("distance_by_nfe", plot.curve({ { x = calls, y = distance, points = true, labels = names } },
      { log = "xy", title = "What a solver costs and how far it errs", xlabel = "model calls", ylabel = "distance to the flow" }))
  end,
}

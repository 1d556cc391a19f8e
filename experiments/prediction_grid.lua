#!/usr/bin/env fmrun
-- What a network should predict, and in what to compare it: a spiral of the plane, laid into a
-- space of `dim` numbers by a fixed map that keeps distances. Nine networks see the same batches,
-- one for each prediction and comparison. Li and He 2025 (JiT), figure 2: in 512 dimensions a
-- network of width 256 must predict the data, which lie on a plane; noise and velocity fill all of
-- the space, and such samples may leave the picture. All dimensions of the figure:
-- fmrun -m experiments/prediction_grid.lua dim=2,8,16,512
local fm <const> = require "fm"
local nn, flow, optim, ode, data, metrics, plot = fm.nn, fm.flow, fm.optim, fm.ode, fm.data, fm.metrics, fm.plot

local kinds <const> = { "data", "noise", "velocity" }

-- Two rows [2, dim] of length 1 at a right angle: points [n, 2] times this lie in a plane.
local function plane(dim, rng)
  local first, second = rng:normal(1, dim), rng:normal(1, dim)
  first = first / first:norm()
  second = second - first * (first * second):sum()
  return fm.cat(first, second / second:norm(), 1)
end

-- Five layers with ReLU of x and t.
local function network(dim)
  local net = nn.mlp { inputs = dim + 1, hidden = { 256, 256, 256, 256 }, outputs = dim, act = "relu" }
  return nn.module({ { "net", net } }, function(_, x, t) return net(fm.cat(x, t:reshape(-1, 1), 2)) end)
end

return fm.experiment {
  name = "prediction_grid",
  params = {
    dim = { 16, "dimensions of the space", min = 2 },
    steps = { 1500, "optimizer steps", min = 1 },
    batch = { 256, "points in a step", min = 1 },
    lr = { 2e-3, "learning rate at the start; it falls along half a cosine" },
    euler = { 100, "Euler steps of the sampler", min = 1 },
  },
  run = function(run, p)
    local map = plane(p.dim, run.rng:stream "map")
    local flat = data.swiss_roll { n = 10000, noise = 0.02, rng = run.rng:stream "data" }
    local truth = flat:matmul(map)
    local cells, kept = {}, {}
    for _, predict in ipairs(kinds) do
      for _, compare in ipairs(kinds) do
        local cell = { name = predict .. "_in_" .. compare, predict = predict, compare = compare, model = network(p.dim) }
        cell.opt = optim.adam(cell.model, { lr = optim.cosine { lr = p.lr, steps = p.steps } })
        cells[#cells + 1], kept["model_" .. cell.name], kept["opt_" .. cell.name] = cell, cell.model, cell.opt
      end
    end
    run:keeps(kept)

    for _, x1 in run:steps(p.steps, data.batches(truth, p.batch, { rng = run.rng:stream "batches" })) do
      local x0, t, losses = run.rng:normal(#x1, p.dim), run.rng:uniform(#x1), {}
      for _, c in ipairs(cells) do
        losses[c.name] = c.opt:step(function() return flow.loss(c.model, x1, { x0 = x0, t = t, predict = c.predict, compare = c.compare }) end)
      end
      run:log(losses)
    end

    local noise, some = run.rng:stream "sample":normal(1000, p.dim), truth[{ 1, 1000 }]
    local floor, deviation = metrics.wasserstein2.floor(truth[{ 1001, 2000 }], some, { draws = 5 })
    local best = cells[3] -- predicts the data, compares velocities
    run:pareto { field = flow.velocity(best.model, { predict = best.predict }), x0 = noise, name = "W2 of data_in_velocity to the data",
      metric = function(x) return metrics.wasserstein2(x, some) end, floor = floor }
    local summary, strip, titles = { w2_floor = floor, w2_floor_deviation = deviation }, {}, {}
    for i, c in ipairs(cells) do
      local x = ode.solve(flow.velocity(c.model, { predict = c.predict }), noise, { method = "euler", steps = p.euler })
      local w2 = metrics.wasserstein2(x, some)
      summary["w2_" .. c.name], strip[i] = w2, x:matmul(map:transpose())
      titles[i] = ("%s in %s: " .. (w2 < 100 and "%.2f" or "%.0f")):format(c.predict, c.compare, w2)
    end
    run:summary(summary)
    run:picture("grid", plot.filmstrip(strip, { columns = 3, titles = titles, reference = flat[{ 1, 1000 }], limits = { -3.4, 3.4, -3.4, 3.4 }, size = 240,
      names = { "samples", "data" },
      title = ("What is predicted, in what it is compared, and W2 in %d dimensions (floor %.2f)"):format(p.dim, floor) }))
  end,
}

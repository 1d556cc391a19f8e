#!/usr/bin/env fmrun
-- "Is my loss normal?" No loss reaches 0: x_t does not tell which pair made it. From N(0, I) to
-- N(0, I) the best model has pi / 2. On a set of points the best model is known too, and it only
-- repeats them: a network that generalises stays above its loss, most of all near t = 1.
local fm <const> = require "fm"
local nn, flow, optim, ode, data, metrics, plot = fm.nn, fm.flow, fm.optim, fm.ode, fm.data, fm.metrics, fm.plot

--- The loss of a model in 20 equal parts of 0..1, over n points of draw(rng, n) in each, and in all
--- of it. The same rng gives the same pairs.
local function by_time(model, rng, draw, n)
  local list = {}
  for k = 1, 20 do
    local stream = rng:stream("part " .. k)
    local function time(_, count) return (stream:uniform(count) + (k - 1)) / 20 end
    list[k] = flow.loss(model, draw(stream:stream "x1", n), { rng = stream, time = time }):item()
  end
  return list, fm.tensor(list):mean():item()
end

local function rows_of(points)
  return function(rng, n) return points:index_select(rng:integers(n, 1, #points)) end
end

return fm.experiment {
  name = "loss_floor",
  params = {
    steps = { 6000, "optimizer steps", min = 1 },
    batch = { 512, "points in a step", min = 1 },
    lr = { 4e-3, "learning rate at the start; it falls along half a cosine" },
    hidden = { 128, "width of the networks", min = 1 },
    points = { 300, "moons to train on", min = 10 },
    samples = { 20000, "pairs that measure the loss, in each of 20 parts of time", min = 100 },
  },
  run = function(run, p)
    local function draw_moons(name) return data.moons { n = p.points, noise = 0.05, rng = run.rng:stream(name) } end
    local points, unseen = draw_moons "points", draw_moons "unseen"
    local floor, info = flow.loss_floor(points, { draws = 4000 })
    run:floor({ moons_loss = floor }, info)
    run:floor { normal_loss = math.pi / 2 }

    local normal = { name = "normal_loss", draw = function(rng, n) return rng:normal(n, 2) end, mean = {} }
    local moons = { name = "moons_loss", draw = rows_of(points), mean = {} }
    for _, task in ipairs { normal, moons } do
      task.model = nn.vector_field { dim = 2, hidden = p.hidden }
      task.opt = optim.adam(task.model, { lr = optim.cosine { lr = p.lr, steps = p.steps } })
      run:keeps { [task.name] = task.model, [task.name .. "_opt"] = task.opt, [task.name .. "_mean"] = task.mean }
    end
    local every = math.max(1, p.steps // 60)
    for step in run:steps(p.steps) do
      local losses, k = {}, (step - 1) // every + 1
      for _, task in ipairs { normal, moons } do
        local rng = run.rng:stream(task.name)
        local x1 = task.draw(rng:stream "x1", p.batch)
        losses[task.name] = task.opt:step(function() return flow.loss(task.model, x1, { rng = rng }) end)
        task.mean[k] = (task.mean[k] or 0) + losses[task.name] / math.min(every, p.steps - (k - 1) * every)
      end
      run:log(losses)
    end

    local rng, noise = run.rng:stream "measure", run.rng:stream "sample":normal(2000, 2)
    local normal_by_time, normal_loss = by_time(normal.model:eval(), rng, normal.draw, p.samples)
    local best_by_time, best_loss = by_time(flow.exact.gaussian { dim = 2 }, rng, normal.draw, p.samples)
    local moons_by_time, moons_loss = by_time(moons.model:eval(), rng, moons.draw, p.samples)
    run:pareto { field = moons.model, x0 = run.rng:stream "pareto":normal(p.points, 2), name = "W2 to unseen points",
      metric = function(x) return metrics.wasserstein2(x, unseen) end, floor = function() return metrics.wasserstein2(points, unseen) end }
    local samples = ode.solve(moons.model, noise, { method = "euler", steps = 100 })
    local copies = ode.solve(flow.exact.empirical { points = points }, noise, { method = "euler", steps = 100 })
    local share, ratio = metrics.memorisation(samples, points, unseen)
    local share_of_copies, ratio_of_copies = metrics.memorisation(copies, points, unseen)
    run:summary {
      normal_loss = normal_loss, normal_best = best_loss, normal_excess = normal_loss / best_loss - 1, -- on the same pairs
      moons_loss = moons_loss, moons_floor = floor, moons_floor_error = info.standard_error,
      nearer_than_unseen = share, nearness = ratio, copies_nearer = share_of_copies, copies_nearness = ratio_of_copies,
    }

    local middle = {}
    for k = 1, #normal.mean do middle[k] = (k - 0.5) * every end
    local function level(name, value) return { name = name, x = { 1, p.steps }, y = { value, value } } end
    run:picture("loss", plot.curve({ { name = "N to N", x = middle, y = normal.mean }, level("floor, pi / 2", math.pi / 2),
      { name = "moons", x = middle, y = moons.mean }, level("floor of the points", floor) },
      { title = "Two losses and their floors", xlabel = "step", ylabel = "loss" }))
    run:picture("by_time", plot.curve({ { name = "N to N", x = info.t, y = normal_by_time },
      { name = "its floor", x = info.t, y = best_by_time, points = true }, { name = "moons", x = info.t, y = moons_by_time },
      { name = "floor of the points", x = info.t, y = info.floor, points = true } },
      { title = "The loss by time: where the network does not repeat its points", xlabel = "t", ylabel = "loss" }))
    run:picture("samples", plot.filmstrip({ samples, copies }, { reference = points, names = { "samples", "training points" }, size = 400,
      titles = { "the network", "the best model of the points" }, title = "A model at the floor repeats its points" }))
  end,
}

#!/usr/bin/env fmrun
-- Models of one step on one bench: every kind trains the same network for the same time on the same
-- noise and data, and says W2 to the data and C2ST after 1, 2, 4, 8 and 16 evaluations. One page
-- for all kinds, with data=checkerboard or data=moons:
--   fmrun -m experiments/one_step_arena.lua kind=flow,reflow,lsd,psd,meanflow data=moons seed=1:5
--   fmrun report one_step_arena --where data=moons -o arena.html
local fm <const> = require "fm"
local nn, flow, optim, ode, data, metrics, plot = fm.nn, fm.flow, fm.optim, fm.ode, fm.data, fm.metrics, fm.plot

local sources <const> = { checkerboard = function(n, rng) return rng:normal(n, 2) end,
  moons = function(n, rng) return data.eight_gaussians { n = n, rng = rng } end }
local targets <const> = { checkerboard = function(n, rng) return data.checkerboard { n = n, rng = rng } end,
  moons = function(n, rng) return data.moons { n = n, noise = 0.05, rng = rng } * 3 - 1 end }

local function euler(model, x0, n) return ode.solve(model, x0, { method = "euler", steps = n }) end
local function rk4(model, x0, n) return ode.solve(model, x0, { method = "rk4", steps = n // 4 }) end
local function composed(model, x0, n) return flow.map_sample(model, x0, { steps = n }) end
local function velocity(time) return function(model, x0, x1, rng) return flow.loss(model, x1, { rng = rng, x0 = x0, time = time }) end end
local function map(kind) return function(model, x0, x1, rng) return flow.map_loss(kind, model, x1, { rng = rng, x0 = x0 }) end end

-- cost: CPU time of a step on one thread, in steps of flow matching (0.73 ms; medians of 9 rounds
-- of all kinds in turn). student: half of the time trains a flow, the other half this loss on the
-- flow's pairs.
local any <const> = { 1, 2, 4, 8, 16 } -- evaluations
local kinds <const> = {
  flow = { cost = 1, loss = velocity "uniform", sample = euler, evaluations = any },
  flow_rk4 = { cost = 1, loss = velocity "uniform", sample = rk4, evaluations = { 4, 8, 16 } },
  reflow = { cost = 1, loss = velocity "uniform", student = velocity "u_shaped", sample = euler, evaluations = any },
  distilled = { cost = 1, loss = velocity "uniform", student = velocity { "grid", steps = 1 }, sample = euler, evaluations = { 1 } },
  drifting = { cost = 1.85, sample = euler, evaluations = { 1 }, loss = function(model, x0, x1)
    return flow.drift_loss(function(x) return x + model(x, 0) end, x1, { x0 = x0, tau = 0.3 }) -- one Euler step is the generator
  end },
  consistency = { cost = 1.45, loss = map { "consistency", segments = 2 }, sample = euler, evaluations = any },
}
for name, cost in pairs { lsd = 1.75, psd = 1.45, shortcut = 1.5, meanflow = 1.35, improved_meanflow = 1.5, alpha = 1.25 } do
  kinds[name] = { cost = cost, loss = map(name == "alpha" and { name, alpha = 0.1 } or name), sample = composed, evaluations = any, times = 2 }
end
local pairs_made <const>, pairs_cost <const> = 20000, 1000 -- for a student; 40 evaluations each cost as much as so many steps

-- Trains for so many steps. Returns the average of the weights.
local function train(run, p, name, model, steps, next_pair, loss)
  local opt = optim.adam(model, { lr = optim.cosine { lr = p.lr, steps = steps, warmup = math.min(1000, steps // 4) } })
  local average, rng, began, taken = optim.ema(model, { decay = p.ema, warmup = true }), run.rng:stream "loss", os.clock(), 0
  run:keeps { ["model_" .. name] = model, ["opt_" .. name] = opt, ["average_" .. name] = average }
  for _, x0, x1 in run:steps(steps, next_pair) do
    run:log { loss = opt:step(function() return loss(model, x0, x1, rng) end, { clip = 1 }) }
    average:update()
    taken = taken + 1
  end
  if taken > 0 then run:summary { ms_per_step = (os.clock() - began) * 1000 / taken } end
  return average
end

local function names_of(list)
  local names = {}
  for name in pairs(list) do names[#names + 1] = name end
  table.sort(names)
  return names
end

return fm.experiment {
  name = "one_step_arena",
  params = {
    kind = { "lsd", "what is trained", choices = names_of(kinds) },
    data = { "checkerboard", "noise to a checkerboard, or eight Gaussians to moons", choices = names_of(targets) },
    steps = { 24000, "the time for training, in steps of flow matching", min = 2 },
    batch = { 256, "pairs in a step", min = 1 }, hidden = { 128, "width of the network", min = 1 },
    lr = { 3e-3, "learning rate: it rises to this, and falls along half a cosine" }, ema = { 0.999, "decay of the averaged weights" },
    samples = { 2000, "points of a test", min = 10 }, tests = { 6, "tests", min = 1 },
  },
  run = function(run, p)
    local source, target, kind, rng = sources[p.data], targets[p.data], kinds[p.kind], fm.rng(run.seed, "tests")
    local tests, floor = {}, 0
    for i = 1, p.tests do
      tests[i] = { x0 = source(p.samples, rng), x1 = target(p.samples, rng) }
      floor = floor + metrics.wasserstein2(target(p.samples, rng), tests[i].x1) / p.tests
    end

    local model, from, to = nn.vector_field { dim = 2, hidden = p.hidden, times = kind.times or 1 }, run.rng:stream "from", run.rng:stream "to"
    local steps = (kind.student and math.max(2, p.steps - pairs_cost) / 2 or p.steps) / kind.cost // 1
    local average = train(run, p, p.kind, model, steps, function() return source(p.batch, from), target(p.batch, to) end, kind.loss)
    if kind.student then
      local x0, x1 = average:swap(function()
        return flow.reflow(model, { x0 = source(pairs_made, fm.rng(run.seed, "pairs")), method = "rk4", steps = 10 })
      end)
      local batches = data.batches(x0, p.batch, { labels = x1, rng = run.rng:stream "pairs", drop_last = true })
      average = train(run, p, "student", model, steps, batches, kind.student)
    end

    average:swap(function()
      local two = kind.times == 2 and { sample = function(n) return flow.map_sample(model, tests[1].x0, { steps = n }), n end, methods = { "map" } }
      local what = two or { field = model, x0 = tests[1].x0 }
      what.name, what.metric = "W2 to the data", function(x) return metrics.wasserstein2(x, tests[1].x1) end
      what.floor = function() return metrics.wasserstein2.floor(target(p.samples, run.rng:stream "floor"), tests[1].x1, { draws = 5 }) end
      run:pareto(what)
      local w2 = {}
      for k, n in ipairs(kind.evaluations) do
        local x = {}
        w2[k] = 0
        for i, test in ipairs(tests) do
          x[i] = kind.sample(model, test.x0, n)
          w2[k] = w2[k] + metrics.wasserstein2(x[i], test.x1) / p.tests
        end
        run:summary { ["w2_" .. n] = w2[k], ["c2st_" .. n] = metrics.c2st(x[1], tests[1].x1) }
        if n == 1 or n == 4 then run:picture("samples_" .. n, plot.scatter(x[1], { reference = tests[1].x1, names = { p.kind .. ", " .. n, "data" } })) end
      end
      run:summary { w2_floor = floor }
      run:curve("quality", { x = kind.evaluations, y = w2, xlabel = "evaluations of the model", ylabel = "W2 to the data", floor = floor, log = "xy" })
    end)
  end,
}

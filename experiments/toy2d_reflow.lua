#!/usr/bin/env fmrun
-- Rectified flow from eight Gaussians to moons, Liu et al. 2023: the ends of a flow's paths are the
-- pairs for the next flow, whose paths are straighter, so that one Euler step is enough. At the end
-- the last flow is distilled: trained on its pairs at the times of 4 steps, or of 1, and no others.
local fm <const> = require "fm"
local nn, flow, optim, ode, data, metrics, plot = fm.nn, fm.flow, fm.optim, fm.ode, fm.data, fm.metrics, fm.plot

local stages <const> = {
  { key = "rectified_1", name = "1-rectified" }, { key = "rectified_2", name = "2-rectified" }, { key = "rectified_3", name = "3-rectified" },
  { key = "distilled_4", name = "distilled to 4 steps", steps = 4 }, { key = "distilled_1", name = "distilled to 1 step", steps = 1 },
}
local euler <const> = { 1, 2, 4, 100 } -- steps
local function source(n, rng) return data.eight_gaussians { n = n, rng = rng } end
local function target(n, rng) return data.moons { n = n, noise = 0.05, rng = rng } * 3 - 1 end

-- W2 to the data after few Euler steps, the mean over tests; straightness; calls of a solver.
local function measured(model, tests)
  local found = { straightness = flow.straightness(model, tests[1].x0), nfe = select(2, ode.solve(model, tests[1].x0, { rtol = 1e-4, atol = 1e-4 })).nfe }
  for _, steps in ipairs(euler) do
    local w2 = {}
    for i, test in ipairs(tests) do w2[i] = metrics.wasserstein2(ode.solve(model, test.x0, { method = "euler", steps = steps }), test.x1) end
    found["w2_euler_" .. steps] = fm.tensor(w2):mean()
  end
  return found
end

return fm.experiment {
  name = "toy2d_reflow",
  params = {
    steps = { 10000, "optimizer steps of a stage", min = 1 },
    batch = { 256, "pairs in a step", min = 1 },
    lr = { 5e-3, "learning rate at the start of each stage" },
    hidden = { 128, "width of the network", min = 1 },
    pairs = { 30000, "pairs that a flow makes for the next", min = 1 },
    online = { 0, "Heun steps that make fresh pairs for each batch; 0: pairs are made once", min = 0 },
    samples = { 2000, "points of a test", min = 1 },
    tests = { 6, "tests", min = 1 },
  },
  run = function(run, p)
    local from, to, rng = run.rng:stream "from", run.rng:stream "to", fm.rng(run.seed, "tests")
    local tests, floor, strip, titles = {}, {}, {}, {}
    for i = 1, p.tests do
      tests[i] = { x0 = source(p.samples, rng), x1 = target(p.samples, rng) }
      floor[i] = metrics.wasserstein2(target(p.samples, rng), tests[i].x1)
    end
    run:summary { w2_floor = fm.tensor(floor):mean() }

    local function batches() return source(p.batch, from), target(p.batch, to) end -- of the first flow: any x0 with any x1
    local teacher -- the flow that made the pairs at hand
    for i, stage in ipairs(stages) do
      local model, key = nn.vector_field { dim = 2, hidden = p.hidden }, stage.key
      if teacher then model:load_state(teacher:state()) end
      local opt = optim.adam(model, { lr = optim.cosine { lr = p.lr, steps = p.steps } })
      local time = stage.steps and { "grid", steps = stage.steps } or teacher and "u_shaped" or "uniform"
      run:keeps { ["model_" .. key] = model, ["opt_" .. key] = opt }
      for _, x0, x1 in run:steps(p.steps, batches) do
        local loss = opt:step(function() return flow.loss(model, x1, { rng = run.rng, x0 = x0, time = time }) end, { clip = 1 })
        run:log { loss = loss, stage = i }
      end

      local found, w2 = measured(model, tests), {}
      for name, value in pairs(found) do run:summary { [key .. "_" .. name] = value } end
      for n, steps in ipairs(euler) do w2[n] = found["w2_euler_" .. steps] end
      run:curve("quality_" .. key, { x = euler, y = w2, xlabel = "Euler steps", ylabel = "W2 to the data", floor = fm.tensor(floor):mean(), log = "xy" })
      local few, steps = tests[1].x0[{ 1, math.min(300, p.samples) }], stage.steps or 100
      local _, way = ode.solve(model, few, { method = "euler", steps = steps, save = steps + 1 })
      run:picture("paths_" .. key, plot.trajectories(way.states, { title = "From eight Gaussians to moons, " .. stage.name }))
      strip[i], titles[i] = ode.solve(model, tests[1].x0, { method = "euler", steps = 1 }), stage.name

      if not stage.steps then
        teacher = model
        local x0, x1 = flow.reflow(model, { x0 = source(p.pairs, fm.rng(run.seed, key)) })
        assert(flow.check_pairs(x0, x1, { model = model }))
        batches = data.batches(x0, p.batch, { labels = x1, rng = run.rng:stream("pairs of " .. key), drop_last = true })
        if p.online > 0 then
          batches = function() return flow.reflow(model, { x0 = source(p.batch, from), method = "heun", steps = p.online }) end
        end
      end
    end
    run:pareto { field = teacher, x0 = tests[1].x0, name = "W2 of the 3-rectified flow to the data",
      metric = function(x) return metrics.wasserstein2(x, tests[1].x1) end, floor = floor[1] }
    run:picture("one_step", plot.filmstrip(strip, { reference = tests[1].x1, names = { "one Euler step", "data" }, titles = titles,
      title = "One step, after each stage", columns = 3, size = 260 }))
  end,
}

#!/usr/bin/env fmrun
-- Which x0 goes with which x1? Eight Gaussians to the two classes of moons under each coupling; try
-- `fmrun -m` with coupling=independent,ot,sinkhorn,conditional_ot,semidiscrete. Straight pairs need
-- few steps. But plain ot gives each class its own part of the source, and sampling starts a class
-- from all of it; conditional_ot pairs within the class. Cheng and Schwing 2025, figure 1.
local fm <const> = require "fm"
local nn, flow, optim, ode, data, metrics, plot = fm.nn, fm.flow, fm.optim, fm.ode, fm.data, fm.metrics, fm.plot

-- n points, half of each class: moon 1 opens downward, moon 2 upward.
local function moons(n, rng)
  local angle, class = rng:uniform(n) * math.pi, fm.cat(fm.ones(n // 2), fm.full(n - n // 2, 2), 1)
  local sign = class * -2 + 3
  local x = fm.cat((angle:cos() * sign + class - 1):reshape(n, 1), (angle:sin() * sign + (class - 1) * 0.5):reshape(n, 1), 2)
  return ((x + rng:normal(n, 2) * 0.05) * 3 - 1):detach(), class
end

local sources <const> = {
  eight_gaussians = function(n, rng) return data.eight_gaussians { n = n, rng = rng } end,
  normal = function(n, rng) return rng:normal(n, 2) end,
}

return fm.experiment {
  name = "toy2d_couplings",
  params = {
    coupling = { "conditional_ot", "which x0 goes with which x1", choices = { "independent", "ot", "sinkhorn", "conditional_ot", "semidiscrete" } },
    source = { "eight_gaussians", "where the flow starts", choices = { "eight_gaussians", "normal" } },
    labels = { true, "the network knows the class; conditional_ot needs it" },
    steps = { 8000, "optimizer steps", min = 1 },
    batch = { 256, "pairs in a step", min = 1 },
    ot_size = { 1024, "pairs that are coupled at once", min = 1 },
    lr = { 3e-3, "learning rate at the start; it falls along half a cosine" },
    hidden = { 256, "width of the network", min = 1 },
    reg = { 0.5, "of sinkhorn: the weight of the entropy" },
    points = { 10000, "points of the data", min = 2 },
    samples = { 10000, "points to sample", min = 100 },
  },
  run = function(run, p)
    local truth, class = moons(p.points, run.rng:stream "target")
    local source, known = sources[p.source], p.labels and class or nil
    local couple = flow.coupling(p.coupling, ({
      sinkhorn = { reg = p.reg, tolerance = 1e-5 },
      semidiscrete = { data = truth, labels = known, source = source, rng = run.rng:stream "fit" },
    })[p.coupling])
    local fit = p.coupling == "semidiscrete" and couple:fit() or {}
    local model = nn.vector_field { dim = 2, hidden = p.hidden, classes = p.labels and 2 or nil }
    local opt = optim.adam(model, { lr = optim.cosine { lr = p.lr, steps = p.steps } })
    run:keeps { model = model, opt = opt }

    local pairs_of = flow.pairs(source, truth, { size = p.batch, ot_size = p.ot_size, coupling = couple, cond = known, drop_last = true,
      rng = run.rng:stream "pairs" })
    local begun = fm.system.seconds()
    for _, x0, x1, cond in run:steps(p.steps, pairs_of) do
      run:log { loss = opt:step(function() return flow.loss(model, x1, { rng = run.rng, x0 = x0, cond = cond }) end) }
    end
    local summary = { ms_per_step = (fm.system.seconds() - begun) * 1000 / p.steps, fit_seconds = fit.seconds, chi2 = fit.chi2 }

    model:eval()
    local few_real, few_labels = moons(1000, run.rng:stream "pareto")
    run:pareto { field = flow.velocity(model, { cond = p.labels and few_labels or nil }), x0 = source(1000, run.rng:stream "pareto start"),
      name = "W2 to the data", metric = function(x) return metrics.wasserstein2(x, few_real) end,
      floor = function() return metrics.wasserstein2.floor(moons(1000, run.rng:stream "pareto floor"), few_real, { draws = 5 }) end }
    local start = source(p.samples, run.rng:stream "start")
    local real, labels = moons(p.samples, run.rng:stream "real")
    summary.w2_floor = metrics.wasserstein2(moons(p.samples, run.rng:stream "other"), real)
    local cond = p.labels and labels or nil
    local field, few = flow.velocity(model, { cond = cond }), fm.range(1, p.samples, math.max(1, p.samples // 2000))
    local strip = { start:index_select(few, 1) }
    for _, steps in ipairs { 1, 2, 4, 8, 100 } do
      local x = ode.solve(field, start, { method = "euler", steps = steps })
      summary["w2_euler_" .. steps] = metrics.wasserstein2(x, real)
      strip[#strip + 1] = x:index_select(few, 1)
    end
    summary.path_energy = flow.path_energy(model, start, { cond = cond, method = "euler", steps = 100 })
    run:summary(summary)
    run:picture("few_steps", plot.filmstrip(strip, { classes = p.labels and labels:index_select(few, 1) or nil, columns = 3, size = 280,
      title = "Few Euler steps, coupling: " .. p.coupling, titles = { "the source", "1 step", "2 steps", "4 steps", "8 steps", "100 steps" } }))
  end,
}

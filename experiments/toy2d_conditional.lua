#!/usr/bin/env fmrun
-- Eight Gaussians that overlap are eight classes. One network learns the flow to each class and,
-- from hidden labels, to all of them; guidance of strength w draws samples deeper into their class,
-- at the price of their spread. Ho and Salimans 2022. Try kind=cfg_zero_star, or from=0.3 to=0.9.
local fm <const> = require "fm"
local nn, flow, optim, ode, data, metrics, plot = fm.nn, fm.flow, fm.optim, fm.ode, fm.data, fm.metrics, fm.plot

local classes <const>, strengths <const> = 8, { 0, 1, 2, 4 }

local function centres()
  local angle = fm.range(1, classes):reshape(-1, 1) * (2 * math.pi / classes)
  return fm.cat(angle:cos(), angle:sin(), 2) * 2
end

local function points(labels, rng) return centres():embedding(labels) + rng:normal(#labels, 2) * 0.6 end

-- The share of points whose nearest centre is that of their class.
local function share(x, labels) return metrics.nearest(x, centres()):eq(labels):mean():item() end

-- The mean over the classes of W2 between samples and data of a class; the classes lie in blocks.
local function w2(x, y, n)
  local sum = 0
  for last = n, #x, n do sum = sum + metrics.wasserstein2(x[{ last - n + 1, last }], y[{ last - n + 1, last }]) end
  return sum / classes
end

return fm.experiment {
  name = "toy2d_conditional",
  params = {
    steps = { 4000, "optimizer steps", min = 1 },
    batch = { 256, "points in a step", min = 1 },
    lr = { 4e-3, "learning rate at the start; it falls along half a cosine" },
    hidden = { 128, "width of the network", min = 1 },
    drop = { 0.15, "probability with which a step hides a label", min = 0, max = 1 },
    kind = { "cfg", "how both velocities are combined", choices = { "cfg", "cfg_zero_star" } },
    from = { 0, "guidance begins at this time", min = 0, max = 1 },
    to = { 1, "guidance ends at this time", min = 0, max = 1 },
    samples = { 250, "samples of each class", min = 2 },
  },
  run = function(run, p)
    local labels = run.rng:stream "labels":integers(10000, 1, classes)
    local truth = points(labels, run.rng:stream "data")
    local model = nn.vector_field { dim = 2, hidden = p.hidden, classes = classes }
    local opt = optim.adam(model, { lr = optim.cosine { lr = p.lr, steps = p.steps } })
    run:keeps { model = model, opt = opt }
    local batches = data.batches(truth, p.batch, { rng = run.rng:stream "batches", labels = labels })
    for _, x1, cond in run:steps(p.steps, batches) do
      run:log { loss = opt:step(function() return flow.loss(model, x1, { rng = run.rng, cond = cond, drop = p.drop }) end) }
    end

    model:eval()
    local cond = ((fm.range(1, classes):reshape(-1, 1) + fm.zeros(classes, p.samples)):reshape(-1)):detach()
    local noise, real = run.rng:stream "sample":normal(#cond, 2), points(cond, run.rng:stream "real")
    local summary = { share_data = share(real, cond), w2_floor = w2(points(cond, run.rng:stream "other"), real, p.samples) }
    run:pareto { field = flow.guidance(model, { cond = cond, scale = 1 }), x0 = noise, name = "W2 to the data, mean over the classes",
      metric = function(x) return w2(x, real, p.samples) end, floor = summary.w2_floor }
    local strip, titles = {}, {}
    for i, w in ipairs(strengths) do
      local field = flow.guidance(model, { cond = cond, scale = w, kind = p.kind, interval = { p.from, p.to } })
      strip[i], titles[i] = ode.solve(field, noise, { method = "heun", steps = 25 }), "w = " .. w
      summary["share_w" .. w], summary["w2_w" .. w] = share(strip[i], cond), w2(strip[i], real, p.samples)
    end
    run:summary(summary)
    run:picture("guidance", plot.filmstrip(strip, { reference = truth[{ 1, 2000 }], names = { "samples", "data" }, classes = cond, titles = titles,
      title = "Samples of eight classes under guidance w", columns = 4, size = 260 }))
  end,
}

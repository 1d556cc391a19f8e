#!/usr/bin/env fmrun
-- Simulation-based inference: a flow learns p(parameters | observation) from simulations alone. It
-- is compared with the exact posterior, of ten observations, by a classifier (C2ST: 1/2 is perfect,
-- 1 the worst), and by ranks of true parameters among draws (calibration). Lueckmann et al. 2021;
-- Wildberger et al. 2023. A task is a file of posterior/: see `fmrun help posterior`.
local fm <const> = require "fm"
local nn, flow, optim, data = fm.nn, fm.flow, fm.optim, fm.data
local folder <const> = ... == "cards.posterior" and "cards.posterior." or "posterior."
local learned <const>, measured <const> = require(folder .. "parts.learned"), require(folder .. "parts.measured")
local observations <const> = require(folder .. "parts.observations")

return fm.experiment {
  name = "posterior", card = require(folder .. "parts.published"),
  params = {
    task = { "two_moons", "a file of posterior/: prior, simulator, observations, and the exact posterior" },
    simulations = { 10000, "pairs of parameters and observation to learn from", min = 10 },
    steps = { 20000, "optimizer steps", min = 1 }, batch = { 256, "simulations in a step", min = 1 },
    lr = { 4e-3, "learning rate at the start; it falls along half a cosine" }, hidden = { 64, "width of the network", min = 1 },
    decay = { 0.999, "of the averaged weights, which draw" }, late = { 2.0, "times are drawn with a density proportional to t to this power" },
    samples = { 10000, "draws for each observation", min = 10 }, classifier = { 6000, "steps of the classifier of C2ST", min = 1 },
    tests = { 500, "new simulations for the calibration", min = 10 }, draws = { 99, "draws for each of them", min = 1 },
    reference = { "", "a folder of sbibm with draws of the task's posteriors, to compare with as well" },
  },
  run = function(run, p)
    if not (p.task:find "^[%w_]+$" and package.searchpath(folder .. p.task, package.path)) then
      error(("task: there is no file posterior/%s.lua"):format(p.task), 0)
    end
    local task = require(folder .. p.task)
    local theta = task.prior(p.simulations, run.rng:stream "prior")
    local x = task.simulate(theta, run.rng:stream "simulator")
    local observed, reference = observations(task, p.reference, x:size(2))
    local model = nn.vector_field { dim = theta:size(2), cond = x:size(2), hidden = p.hidden }
    local opt, average = optim.adam(model, { lr = optim.cosine { lr = p.lr, steps = p.steps } }), optim.ema(model, { decay = p.decay, warmup = true })
    run:keeps { model = model, opt = opt, average = average }
    local post = learned(task, model, theta, x)
    local batches = data.batches(post.scaled_theta(theta), p.batch, { rng = run.rng:stream "batches", labels = post.scaled_x(x) })
    for _, z, cond in run:steps(p.steps, batches) do
      run:log { loss = opt:step(function() return flow.loss(model, z, { rng = run.rng, cond = cond, time = { "power", a = p.late } }) end) }
      average:update()
    end

    model:eval()
    average:swap(function()
      measured.compare(run, p, task, post, observed, reference)
      measured.calibrate(run, p, task, post)
    end)
  end,
}

#!/usr/bin/env fmrun
-- A flow trained by maximum likelihood, through its solver, beside one with the same network that
-- was trained by flow matching. The data are moons with noise 0.1, unscaled, whose density is
-- known: no model has a lower nll than nll_floor on the same points. Network, batch, optimizer and
-- solver are those of Meta's notebook (flow_matching, 2d_continuous_normalizing_flow.ipynb), which
-- prints 1.155 for the batch of step 1500: the loss of a batch varies by 0.05, so every nll here is
-- that of `unseen` points. The defaults take 2 to 4 minutes on one core, preset=fast 1 to 2.
local fm <const> = require "fm"
local nn, flow, optim, data, metrics, plot = fm.nn, fm.flow, fm.optim, fm.data, fm.metrics, fm.plot
local density_of <const> = require "cards.parts.moons_density"

local noise <const>, limits <const> = 0.1, { -1.6, 2.6, -1.1, 1.6 }

local function network(hidden)
  local mlp = nn.mlp { inputs = 3, hidden = { hidden, hidden, hidden }, outputs = 2, act = "elu" }
  return nn.module({ { "net", mlp } }, function(_, x, t) return mlp(fm.cat(x, t:reshape(-1, 1), 2)) end)
end

return fm.experiment {
  name = "cnf_likelihood",
  params = {
    steps = { 1500, "optimizer steps by likelihood", min = 1 },
    flow_steps = { 100000, "optimizer steps by flow matching", min = 1 },
    batch = { 256, "points in a step", min = 1 },
    lr = { 1e-3, "learning rate" },
    hidden = { 64, "width of the network", min = 1 },
    tolerance = { 1e-5, "of dopri5, relative and absolute" },
    euler = { 0, "Euler steps in training instead of dopri5", min = 0 },
    unseen = { 10000, "points of the test", min = 2 },
  },
  presets = { fast = { steps = 700, flow_steps = 30000, unseen = 4000 } },
  run = function(run, p)
    local truth, batches, tight = density_of(noise), run.rng:stream "data", { rtol = 1e-5, atol = 1e-5 }
    local how = p.euler > 0 and { method = "euler", steps = p.euler } or { rtol = p.tolerance, atol = p.tolerance }
    local unseen = data.moons { n = p.unseen, noise = noise, rng = run.rng:stream "unseen" }
    local known = truth:log_prob(unseen)
    run:summary { nll_floor = -known:mean():item(), nll_standard_error = (known:var():item() / p.unseen) ^ 0.5 }

    local function density(model) return function(x) return flow.log_prob(model, x, tight):exp() end end
    local maps, models = { function(x) return truth:log_prob(x):exp() end }, {}
    for _, way in ipairs {
      { "likelihood", p.steps, function(model, x1) return -flow.log_prob(model, x1, how):mean() end },
      { "matching", p.flow_steps, function(model, x1) return flow.loss(model, x1, { rng = run.rng }) end },
    } do
      local name, steps, loss = table.unpack(way)
      local model, begun = network(p.hidden), fm.system.seconds()
      local opt = optim.adam(model, { lr = p.lr })
      run:keeps { ["model_" .. name] = model, ["opt_" .. name] = opt }
      for _, x1 in run:steps(steps, function() return data.moons { n = p.batch, noise = noise, rng = batches } end) do
        run:log { [name] = opt:step(function() return loss(model, x1) end) }
      end
      run:summary { ["ms_per_step_" .. name] = (fm.system.seconds() - begun) * 1000 / steps }
      models[name] = model
    end
    local some <const>, fresh = unseen[{ 1, math.min(1000, p.unseen) }], run.rng:stream "pareto"
    run:pareto { field = models.likelihood, x0 = fresh:normal(#some, 2), name = "W2 of the flow by likelihood to the data",
      metric = function(x) return metrics.wasserstein2(x, some) end,
      floor = function() return metrics.wasserstein2.floor(data.moons { n = #some, noise = noise, rng = fresh }, some, { draws = 5 }) end }
    for _, name in ipairs { "likelihood", "matching" } do
      local model = models[name]
      local log_p, info = flow.log_prob(model, unseen, tight)
      run:summary { ["nll_" .. name] = -log_p:mean():item(), ["nfe_" .. name] = info.nfe }
      maps[#maps + 1] = density(model)
    end
    run:picture("density", plot.densities(maps, { titles = { "true", "by likelihood", "by flow matching" }, limits = limits, label = "density" }))
  end,
}

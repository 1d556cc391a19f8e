-- Small networks that are trained here, on data whose flow is known: how far the velocity is from
-- the best one, that the loss exceeds its floor by just that, density, samples. What a network
-- misses has no closed form: its bounds come from other seeds, which tests/verify/seeds.lua prints.
local fm <const> = require "fm"

local flow <const>, optim <const>, ode <const> = fm.flow, fm.optim, fm.ode
local margin <const> = "three times the largest of 8 other seeds, float and double"

local function trained(case, o)
  local model = fm.nn.vector_field { dim = 2, hidden = 64, time_embed = 16, classes = o.classes, times = o.times }
  local opt = optim.adam(model, { lr = 4e-3 })
  local rate = optim.cosine { lr = 4e-3, steps = o.steps, floor = 1e-5 }
  for step = 1, o.steps do
    opt.lr = rate(step)
    opt:step(function() return o.loss(model, case.rng) end)
  end
  return model
end

-- Of one model against the exact flow, over 40 batches: the mean square of v - v*; and the excess
-- of its loss over that of the exact flow on the same pairs, less that mean square, which has the
-- mean 0.
local function against(case, model, target)
  local wrong, excess = {}, {}
  for i = 1, 40 do
    local x1, x0, t = target:sample(2000, case.rng), case.rng:normal(2000, 2), case.rng:uniform(2000)
    local xt = flow.path "linear":sample(x0, x1, t)
    wrong[i] = (model(xt, t) - target(xt, t)):square():mean():item()
    local o <const> = { x0 = x0, t = t }
    excess[i] = flow.loss(model, x1, o):item() - flow.loss(target, x1, o):item() - wrong[i]
  end
  local mean = 0
  for _, v in ipairs(wrong) do mean = mean + v / #wrong end
  return mean, excess
end

local function normal(case)
  local target = flow.exact.gaussian { mean = { 1, -0.5 }, std = { 0.5, 1.3 } }
  local model = trained(case, { steps = 1500, loss = function(model, rng) return flow.loss(model, target:sample(256, rng), { rng = rng }) end })
  local wrong, excess = against(case, model, target)
  case:row("normal: velocity, square error", wrong, 0.005, margin)
  case:mean("normal: loss less floor less error", excess, 0)
  local x1 = target:sample(1000, case.rng)
  local log_prob = flow.log_prob(model, x1, { method = "rk4", steps = 20 })
  case:row("normal: log-density, mean error", (log_prob - target:log_prob(x1)):abs():mean():item(), 0.11, margin)
  local x0 = case.rng:normal(4000, 2)
  local x = ode.solve(model, x0, { method = "rk4", steps = 20 })
  local truth = target:map(x0)
  local apart = (x - truth):square():sum(2):mean():item()
  case:row("normal: samples, square error", apart, 0.003, margin)
  local other, W2 = target:sample(1000, case.rng), fm.metrics.wasserstein2
  local part = (x - truth)[{ 1, 1000 }]:square():sum(2):mean():item()
  case:row("normal: W2 to others less the truth's", math.abs(W2(x[{ 1, 1000 }], other) - W2(truth[{ 1, 1000 }], other)),
    math.sqrt(part) + 100 * case.rounding, "the triangle: the distance of the two sets of samples")
end

-- Two classes, some labels dropped: the network is both conditional flows and that of all data.
local function classes(case)
  local flows <const> = { flow.exact.gaussian { mean = { -1.5, 0 }, std = 0.5 }, flow.exact.gaussian { mean = { 1, 1 }, std = { 0.4, 0.8 } } }
  flows[3] = flow.exact.mixture { means = { { -1.5, 0 }, { 1, 1 } }, std = { { 0.5, 0.5 }, { 0.4, 0.8 } } }
  local labels = fm.cat(fm.ones(128), fm.full({ 128 }, 2), 1)
  local model = trained(case, { steps = 2500, classes = 2, loss = function(model, rng)
    local x1 = fm.cat(flows[1]:sample(128, rng), flows[2]:sample(128, rng), 1)
    return flow.loss(model, x1, { rng = rng, cond = labels, drop = 0.3 })
  end })
  for k, what in ipairs { "class 1", "class 2", "no class" } do
    local wrong = against(case, function(x, t) return model(x, t, fm.full({ #x }, k)) end, flows[k])
    case:row(("mixture: velocity error, %s"):format(what), wrong, k == 3 and 0.024 or 0.0075, margin)
  end
  local o <const> = { method = "rk4", steps = 25 }
  local x0 = case.rng:normal(3000, 2)
  local x = ode.solve(model, x0, { method = "rk4", steps = 25, cond = fm.full({ 3000 }, 3) })
  case:mean("mixture: share of samples of class 2", x:slice { axis = 2, first = 1, last = 1 }:gt(-0.2), 0.5, 0.02, "0.02 for the network")
  local function exact(y, t, cond) return flows[cond:item() == 1 and 1 or 3](y, t) end
  local guided = flow.guidance(model, { cond = fm.ones(3000), scale = 2 })
  local own = flow.guidance(function(y, t, cond) return exact(y, t, cond[{ 1, 1 }]) end,
    { cond = fm.ones(3000), null = fm.full({ 3000 }, 3), scale = 2 })
  local apart = (ode.solve(guided, x0, o) - ode.solve(own, x0, o)):square():sum(2):mean():item()
  case:row("mixture: guided samples, square error", apart, 0.021, margin)
end

-- Six points: no loss is below their floor, a trained network's is not far above it.
local function points(case)
  local x1 = case.rng:normal(6, 2)
  local model = trained(case, { steps = 2500, loss = function(model, rng)
    return flow.loss(model, x1:index_select(rng:integers(256, 1, 6), 1), { rng = rng })
  end })
  local best, losses, excess = flow.exact.empirical { points = x1 }, {}, 0
  for i = 1, 40 do
    local o <const> = { x0 = case.rng:normal(2000, 2), t = case.rng:uniform(2000) }
    local batch = x1:index_select(case.rng:integers(2000, 1, 6), 1)
    losses[i] = flow.loss(model, batch, o):item()
    excess = excess + (losses[i] - flow.loss(best, batch, o):item()) / 40
  end
  local floor, info = flow.loss_floor(x1, { draws = 10000, rng = case.rng })
  case:mean("points: loss less its excess", losses, floor + excess, 5 * info.standard_error, "5 of the floor")
  case:row("points: excess over the best flow's", excess, 0.34, margin)
  local x = ode.solve(model, case.rng:normal(1200, 2), { method = "rk4", steps = 50 })
  local _, distance = fm.metrics.nearest(x, x1)
  case:row("points: median distance of samples", distance:sort()[600], 0.34, margin)
end

-- A map of two times learned from its own velocity.
local function map(case)
  local target = flow.exact.gaussian { mean = { 1, -0.5 }, std = { 0.5, 1.3 } }
  local model = trained(case, { steps = 1500, times = 2, loss = function(model, rng)
    return flow.map_loss("lsd", model, target:sample(256, rng), { rng = rng })
  end })
  local x0 = case.rng:normal(4000, 2)
  for _, steps in ipairs { 1, 4 } do
    local x = flow.map_sample(model, x0, { steps = steps })
    case:row(("map, %d step%s: samples, square error"):format(steps, steps == 1 and "" or "s"),
      (x - target:map(x0)):square():sum(2):mean():item(), steps == 1 and 0.053 or 0.013, margin)
  end
end

return {
  about = "networks trained here: error of velocity and density, excess over the floor, samples",
  seconds = 15,
  run = function(case)
    normal(case)
    classes(case)
    points(case)
    map(case)
  end,
}

#!/usr/bin/env fmrun
-- Energy distance on the eight toy sets of FFJORD, after a short training by flow matching (CFM)
-- and by ExFM, whose target at each point is the mean velocity over many points of the data: its
-- gradient varies less from batch to batch. Ryzhakov et al. 2024, table 2.
local fm <const> = require "fm"
local nn, flow, optim, ode, data, metrics = fm.nn, fm.flow, fm.optim, fm.ode, fm.data, fm.metrics

-- Grathwohl et al. 2019, in their scales.
local sets <const> = {
  swiss_roll = function(n, rng) return data.swiss_roll { n = n, rng = rng, noise = 0.2 } end,
  moons = function(n, rng) return data.moons { n = n, rng = rng, noise = 0.1 } * 2 + fm.tensor { -1, -0.2 } end,
  eight_gaussians = function(n, rng) return data.eight_gaussians { n = n, rng = rng, radius = 4 / 1.414, noise = 0.5 / 1.414 } end,
  circles = function(n, rng) return data.circles { n = n, rng = rng, noise = 0.08 } * 3 end,
  two_spirals = function(n, rng) return data.two_spirals { n = n, rng = rng } end,
  checkerboard = function(n, rng) return data.checkerboard { n = n, rng = rng } end,
  pinwheel = function(n, rng) return data.pinwheel { n = n, rng = rng } end,
  rings = function(n, rng) return data.rings { n = n, rng = rng } end,
}
local names <const> = { "swiss_roll", "moons", "eight_gaussians", "circles", "two_spirals", "checkerboard", "pinwheel", "rings" }

local function network(hidden)
  local mlp = nn.mlp { inputs = 3, hidden = { hidden, hidden, hidden }, outputs = 2, act = "selu" }
  return nn.module({ { "net", mlp } }, function(_, x, t) return mlp(fm.cat(x, t:reshape(-1, 1), 2)) end)
end

local losses <const> = {
  cfm = function(model, x1, rng) return flow.loss(model, x1, { rng = rng }) end,
  exfm = function(model, x1, rng, more) -- x1 itself is one of the points of the mean, so the target has no bias
    local x0, t = rng:normal(x1:shape()), rng:uniform(#x1)
    local xt, velocity = flow.path "linear":sample(x0, x1, t), flow.exact.empirical { points = fm.cat(x1, more, 1) }
    return fm.mse(model(xt, t), velocity(xt, t))
  end,
}

local card <const> = {
  title = "Energy distance on eight toy sets: flow matching and ExFM",
  source = "Ryzhakov et al. 2024 (ExFM, arXiv 2402.03232), table 2; data of FFJORD",
  seeds = 5,
  data = function(rng) return sets.moons(20000, rng), sets.rings(20000, rng), sets.checkerboard(20000, rng) end,
  protocol = {
    { "metric", "energy distance 2 E|a - b| - E|a - a'| - E|b - b'| over all pairs, each point with itself included; not its root" },
    { "test points", "20,000 to 20,000" }, { "solver", "Euler" }, { "evaluations", "100" },
    { "batch", "256; ExFM's mean goes over these and 768 more points" },
    { "training", "5,000 steps of Adam, 1e-3 along half a cosine; MLP 3 x 128 SELU, 34,000 parameters" },
    { "reference set", "a fresh draw of 20,000" },
    { "published error bar", "none published" },
    { "differs", "the table gives neither network, steps, learning rate nor test points; those here are ours" },
    { "settings", "chosen after 48 pilots of one seed; 500 to 1,000 steps give energies of the published order, so read better as trained longer" },
  },
  results = { { "energy", "energy distance", floor = "energy_floor" } },
  rows = {},
}
local trained_longer <const> = "trained longer: %d steps give %.4f (steps=%d seed=1:3)"
for _, row in ipairs { -- set, ExFM, CFM; what CFM had after 1,000 steps; why ExFM differs
  { "swiss_roll", 2.58e-3, 1.07e-2, 0.0048, trained_longer:format(500, 0.0043, 500) },
  { "moons", 2.74e-3, 1.41e-2, 0.0054, trained_longer:format(500, 0.0049, 500) },
  { "eight_gaussians", 4.90e-3, 2.45e-2, 0.0052, trained_longer:format(500, 0.0051, 500) },
  { "circles", 6.7e-4, 1.32e-2, 0.0044, "a higher learning rate reaches it: 4e-3 gives 0.00050 (lr=4e-3 seed=1:3)" },
  { "two_spirals", 1.27e-3, 8.35e-3, 0.0031 },
  { "checkerboard", 1.01e-2, 1.63e-2, 0.0095, trained_longer:format(500, 0.0102, 500) },
  { "pinwheel", 1.01e-3, 9.22e-3, 0.0091 },
  { "rings", 3.6e-4, 2.37e-3, 0.0021, "open: lr=4e-3 gives 0.00100 (seed=0,2,3), with steps=20000 more=256 0.00081, with steps=10000 hidden=256 more=256 "
    .. "0.00084; data of a third of the size 0.00050 (scale=0.3333 lr=4e-3 seed=1:3), and the table gives no scale" },
} do
  local name, trained = row[1], trained_longer:format(1000, row[4], 1000)
  table.insert(card.rows, { name .. ", ExFM", { data = name, method = "exfm" }, energy = { row[2] }, because = row[5] })
  table.insert(card.rows, { name .. ", CFM", { data = name, method = "cfm" }, energy = { row[3] }, because = trained })
end

return fm.experiment {
  name = "exfm_energy", card = card,
  params = {
    data = { "moons", "where the flow ends", choices = names },
    method = { "exfm", "what the network learns", choices = { "cfm", "exfm" } },
    steps = { 5000, "optimizer steps", min = 1 }, batch = { 256, "points in a step", min = 2 },
    more = { 768, "points that exfm adds to its mean", min = 1 },
    lr = { 1e-3, "learning rate at the start; it falls along half a cosine" }, hidden = { 128, "width of the network", min = 1 },
    test = { 20000, "points of the test", min = 2 }, scale = { 1.0, "factor of the data" },
  },
  run = function(run, p)
    local function draw(n, rng) return sets[p.data](n, rng) * p.scale end
    local loss = losses[p.method]
    local model, rng, draws = network(p.hidden), run.rng:stream "loss", run.rng:stream "data"
    local opt = optim.adam(model, { lr = optim.cosine { lr = p.lr, steps = p.steps } })
    run:keeps { model = model, opt = opt }
    for _, x1, more in run:steps(p.steps, function() return draw(p.batch, draws), p.method == "exfm" and draw(p.more, draws) or nil end) do
      run:log { loss = opt:step(function() return loss(model, x1, rng, more) end) }
    end
    model:eval()
    local tests = run.rng:stream "tests"
    local real, x = draw(p.test, tests), ode.solve(model, tests:normal(p.test, 2), { method = "euler", steps = 100 })
    run:summary { energy = metrics.energy_distance(x, real), energy_floor = metrics.energy_distance(draw(p.test, tests), real) }
  end,
}

#!/usr/bin/env fmrun
-- Two moons with one coordinate known: a flow that was trained on both draws the other, whose
-- density is known exactly here. To take each step once is not enough; taken ten times, with noise
-- put back in between (RePaint, Lugmayr et al. 2022), samples come close to it. Between branches
-- that lie apart, as at x1 = 0 and x1 = 1, they keep an error in their shares.
local fm <const> = require "fm"
local nn, flow, optim, data, metrics, plot = fm.nn, fm.flow, fm.optim, fm.data, fm.metrics, fm.plot

local noise <const>, places <const>, low <const>, high <const> = 0.05, { -0.5, 0, 0.5, 1 }, -1.2, 1.7

-- The mean over b [m], weighted by `weight` or not, of the normal density at y [n] - b.
local function smoothed(y, b, std, weight)
  local each = (((y:reshape(-1, 1) - b:reshape(-1)) / std):square() * -0.5):exp() / (std * math.sqrt(2 * math.pi))
  return weight and (each * weight):sum(2) or each:mean(2)
end

-- The density of x2 at y [n] given x1: both arcs, the points (a, b) weighted by N(x1; a).
local function density(y, x1, std)
  local angle = fm.linspace(0, math.pi, 2000)
  local a, b = fm.cat(angle:cos(), 1 - angle:cos(), 1), fm.cat(angle:sin(), 0.5 - angle:sin(), 1)
  return smoothed(y, b, std, (((a - x1) / noise):square() * -0.5):softmax(1))
end

-- Points [n, 1] of that density, from uniform numbers u [n].
local function exact(u, x1)
  local below = density(fm.linspace(low, high, 1000), x1, noise):cumsum(1)
  return u:reshape(-1, 1):gt(below / below[1000]):sum { axis = 2, keep = true } * ((high - low) / 999) + low
end

return fm.experiment {
  name = "toy2d_inpainting",
  params = {
    steps = { 6000, "optimizer steps", min = 1 },
    batch = { 256, "points in a step", min = 1 },
    lr = { 8e-3, "learning rate at the start; it falls along half a cosine" },
    scale = { 4, "how many times larger the network sees the moons", min = 0.1 },
    hidden = { 128, "width of the network", min = 1 },
    euler = { 50, "Euler steps of the sampler", min = 1 },
    resample = { 10, "how often each of them is taken", min = 2 },
    samples = { 500, "samples at each place", min = 2 },
  },
  run = function(run, p)
    local truth = data.moons { n = 10000, noise = noise, rng = run.rng:stream "data" }
    local model = nn.vector_field { dim = 2, hidden = p.hidden }
    local opt = optim.adam(model, { lr = optim.cosine { lr = p.lr, steps = p.steps } })
    run:keeps { model = model, opt = opt }
    for _, x1 in run:steps(p.steps, data.batches(truth * p.scale, p.batch, { rng = run.rng:stream "batches" })) do
      run:log { loss = opt:step(function() return flow.loss(model, x1, { rng = run.rng }) end) }
    end

    model:eval()
    run:pareto { field = model, x0 = run.rng:stream "pareto":normal(1000, 2), name = "W2 of whole points to the data",
      metric = function(x) return metrics.wasserstein2(x / p.scale, truth[{ 1, 1000 }]) end,
      floor = function() return metrics.wasserstein2.floor(truth[{ 1001, 2000 }], truth[{ 1, 1000 }], { draws = 5 }) end }
    local n, y = p.samples, fm.linspace(low, high, 300)
    local known = (fm.tensor(places):reshape(-1, 1, 1) + fm.zeros(#places, n, 2)):reshape(-1, 2) * p.scale
    local strip, titles, series, summary = {}, {}, {}, { w1_floor = 0 }
    for i, r in ipairs { 1, p.resample } do
      local o = { rng = run.rng:stream "sample", method = "euler", steps = p.euler, resample = r }
      strip[i] = flow.inpaint(model, known, fm.tensor { 1, 0 }, o) / p.scale
      titles[i] = ("each step taken %d time%s"):format(r, r == 1 and "" or "s")
      local sum, floor, true_rng = 0, 0, run.rng:stream "exact"
      for k, x1 in ipairs(places) do
        local drawn = strip[i][{ (k - 1) * n + 1, k * n }]:slice { axis = 2, first = 2, last = 2 }
        local wanted, other = exact(true_rng:uniform(n), x1), exact(true_rng:uniform(n), x1)
        sum, floor = sum + metrics.wasserstein1(drawn, wanted), floor + metrics.wasserstein1(other, wanted)
        if x1 == 0.5 then series[i] = { name = titles[i], x = y, y = smoothed(y, drawn, 0.03) } end
      end
      summary["w1_resample" .. r], summary.w1_floor = sum / #places, floor / #places
    end
    run:summary(summary)
    series[3] = { name = "exact", x = y, y = density(y, 0.5, math.sqrt(noise ^ 2 + 0.03 ^ 2)) }
    run:picture("samples", plot.filmstrip(strip, { reference = truth[{ 1, 3000 }], names = { "samples", "data" }, titles = titles, size = 360,
      title = "The second coordinate, sampled where the first is known" }))
    run:picture("density", plot.curve(series, { title = "The second coordinate where the first is 0.5", xlabel = "x2", ylabel = "density" }))
  end,
}

#!/usr/bin/env fmrun
-- Digits as 1,024 pixels: MNIST padded to 32x32 and flattened if its files are found, otherwise
-- drawn shapes; but a folder that is named must hold the files. The model predicts the data, not
-- the velocity: an MLP of this width cannot carry 1,024 numbers of noise, and does not need to when
-- it predicts the picture.
local fm <const> = require "fm"
local nn, flow, optim, ode, data, metrics, plot = fm.nn, fm.flow, fm.optim, fm.ode, fm.data, fm.metrics, fm.plot

local usual <const> = "datasets/mnist"
local names <const> = { "train-images-idx3-ubyte", "train-images-idx3-ubyte.gz", "t10k-images-idx3-ubyte", "t10k-images-idx3-ubyte.gz" }

-- Pictures in -1..1 as rows, their channels, and their source.
local function pictures(folder, rng)
  for _, name in ipairs(names) do
    local path = folder .. "/" .. name
    local file <close> = io.open(path)
    if file then
      local raw = assert(data.idx(path))
      local n, side = raw:size(1), fm.zeros(raw:size(1), 2, 28)
      local tall = fm.cat(side, raw, side, 2) -- [n, 32, 28]
      local edge = fm.zeros(n, 32, 2)
      return fm.cat(edge, tall, edge, 3):reshape(n, 1024) / 127.5 - 1, 1, path
    end
  end
  if folder ~= usual then error(("data: no MNIST files in %s: expected %s"):format(folder, names[1]), 0) end
  return data.shapes32 { n = 5000, rng = rng }, 3, "drawn shapes: there is no " .. folder .. "/" .. names[1]
end

return fm.experiment {
  name = "image32_digits",
  params = {
    data = { usual, "folder of MNIST's IDX files, also .gz" },
    steps = { 6000, "optimizer steps", min = 1 },
    batch = { 128, "pictures in a step", min = 1 },
    hidden = { 512, "width of the network", min = 1 },
    predict = { "data", "what the model predicts", choices = { "data", "velocity" } },
    euler = { 50, "Euler steps of the sampler", min = 1 },
  },
  run = function(run, p)
    local truth, channels, source = pictures(p.data, run.rng:stream "data")
    run:print(("%d pictures from %s"):format(#truth, source))
    local model = nn.vector_field { dim = truth:size(2), hidden = p.hidden }
    local opt = optim.adam(model, { lr = optim.cosine { lr = 1e-3, steps = p.steps, floor = 0.02 } })
    local average = optim.ema(model, { decay = 0.999, warmup = true })
    run:keeps { model = model, opt = opt, average = average }
    run:floor(flow.loss_floor(truth, { predict = p.predict, draws = 100 }))

    for _, x1 in run:steps(p.steps, data.batches(truth, p.batch, { rng = run.rng:stream "batches" })) do
      run:log { loss = opt:step(function() return flow.loss(model, x1, { rng = run.rng, predict = p.predict }) end) }
      average:update()
    end

    average:swap(function()
      local field = flow.velocity(model, { predict = p.predict })
      local noise = run.rng:stream "sample":normal(500, truth:size(2))
      local function apart(x) return metrics.sliced_wasserstein2(x, truth[{ 1, 500 }], { projections = 200 }) end
      run:pareto { field = field, x0 = noise, name = "sliced W2 to the data", metric = apart, floor = function() return apart(truth[{ 501, 1000 }]) end }
      local x, info = ode.solve(field, noise, { method = "euler", steps = p.euler, save = math.min(9, p.euler + 1) })
      local settings = { channels = channels, height = 32, width = 32, range = { -1, 1 } }
      settings.title = "Samples"
      run:picture("samples", plot.image_grid(x[{ 1, 64 }], settings))
      settings.title = "Data"
      run:picture("data", plot.image_grid(truth[{ 1, 64 }], settings))
      local way = info.states:slice { axis = 2, first = 1, last = 8 }:permute(2, 1, 3):reshape(-1, truth:size(2))
      settings.title, settings.xlabel, settings.columns = "From noise to picture", "t = 0 to 1, from the left", info.states:size(1)
      run:picture("noise_to_picture", plot.image_grid(way, settings))
      local distance, rng = metrics.sliced_wasserstein2, run.rng:stream "directions"
      local floor, deviation = distance.floor(truth[{ 501, 1000 }], truth[{ 1, 500 }], { projections = 200, rng = rng, draws = 5 })
      run:summary { sliced_w2 = distance(x, truth[{ 1, 500 }], { projections = 200, rng = rng }), nfe = info.nfe,
        sliced_w2_floor = floor, sliced_w2_floor_deviation = deviation }
    end)
  end,
}

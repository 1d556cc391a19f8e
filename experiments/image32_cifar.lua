#!/usr/bin/env fmrun
-- The article's ImageFlowMatching: 3x32x32 colour pictures flattened to 3,072 numbers, hidden width
-- 512. It uses CIFAR-10's binary files if they are found, otherwise drawn shapes; but a folder that
-- is named must hold the files. An MLP this small learns colours and large forms, not detail.
-- preset=unet takes a U-Net instead, and mirrors half of the pictures; on two cores it takes about
-- 20 minutes, the MLP 1.
local fm <const> = require "fm"
local nn, flow, optim, ode, data, metrics, plot = fm.nn, fm.flow, fm.optim, fm.ode, fm.data, fm.metrics, fm.plot

local usual <const> = "datasets/cifar10"

-- Pictures in -1..1 [N, 3, 32, 32], and their source.
local function pictures(folder, rng)
  local path = folder .. "/data_batch_1.bin"
  local file <close> = io.open(path)
  if file or folder ~= usual then return assert(data.cifar10(path, { flat = false })) * 2 - 1, path end
  return data.shapes32 { n = 5000, rng = rng, flat = false }, "drawn shapes: there is no " .. path
end

return fm.experiment {
  name = "image32_cifar",
  params = {
    data = { usual, "folder of CIFAR-10's binary files" },
    steps = { 3000, "optimizer steps", min = 1 },
    batch = { 128, "pictures in a step", min = 1 },
    model = { "mlp", "the network", choices = { "mlp", "unet" } },
    hidden = { 512, "width of the MLP", min = 1 },
    width = { 24, "channels of the U-Net at full size", min = 2 },
    lr = { 5e-4, "learning rate at the start; it falls along half a cosine" },
    predict = { "data", "what the model predicts", choices = { "data", "velocity" } },
    euler = { 50, "Euler steps of the sampler", min = 1 },
  },
  presets = { unet = { model = "unet", predict = "velocity", steps = 4000, batch = 64, lr = 1e-3, euler = 40 } },
  run = function(run, p)
    local truth, source = pictures(p.data, run.rng:stream "data")
    run:print(("%d pictures from %s"):format(#truth, source))
    local is_unet <const>, mirror = p.model == "unet", run.rng:stream "mirror"
    if not is_unet then truth = truth:reshape(#truth, 3072) end
    local model = is_unet and nn.unet { channels = 3, width = p.width } or nn.vector_field { dim = 3072, hidden = p.hidden }
    local opt = optim.adam(model, { lr = optim.cosine { lr = p.lr, steps = p.steps, floor = 0.02 } })
    local average = optim.ema(model, { decay = 0.999, warmup = true })
    run:keeps { model = model, opt = opt, average = average }

    for _, x1 in run:steps(p.steps, data.batches(truth, p.batch, { rng = run.rng:stream "batches" })) do
      if is_unet then x1 = data.augment(x1, { flip = true, rng = mirror }) end
      run:log { loss = opt:step(function() return flow.loss(model, x1, { rng = run.rng, predict = p.predict }) end) }
      average:update()
    end

    average:swap(function()
      local field = flow.velocity(model, { predict = p.predict })
      local noise = run.rng:stream "sample":normal(500, table.unpack(truth:shape(), 2))
      local function apart(x) return metrics.sliced_wasserstein2(x, truth[{ 1, 500 }], { projections = 200 }) end
      run:pareto { field = field, x0 = noise, name = "sliced W2 to the data", metric = apart, floor = function() return apart(truth[{ 501, 1000 }]) end }
      local x = ode.solve(field, noise, { method = "euler", steps = p.euler })
      local settings = { channels = 3, height = 32, width = 32, range = { -1, 1 } }
      settings.title = "Samples"
      run:picture("samples", plot.image_grid(x[{ 1, 64 }], settings))
      settings.title = "Data"
      run:picture("data", plot.image_grid(truth[{ 1, 64 }], settings))
      local distance, rng = metrics.sliced_wasserstein2, run.rng:stream "directions"
      local floor, deviation = distance.floor(truth[{ 501, 1000 }], truth[{ 1, 500 }], { projections = 200, rng = rng, draws = 5 })
      run:summary { sliced_w2 = distance(x, truth[{ 1, 500 }], { projections = 200, rng = rng }), nfe = p.euler,
        sliced_w2_floor = floor, sliced_w2_floor_deviation = deviation }
    end)
  end,
}

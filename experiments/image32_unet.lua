#!/usr/bin/env fmrun
-- Pictures of a class that one asks for, and three networks that draw them: a U-Net, a transformer
-- over patches (DiT) or an MLP over the pixels. Each learns the flow to every class and, from
-- hidden labels, to all of them; guidance of strength `scale` holds samples to their class, at the
-- price of their variety (Ho and Salimans 2022). One column is one class.
--   On two cores the defaults and preset=dit take about 25 minutes, preset=mlp 20, preset=fast 3,
-- and fast_dit and fast_mlp about as long as fast. Digits:
--   fmrun experiments/image32_unet.lua preset=fast data=mnist folder=DIR
local fm <const> = require "fm"
local nn, flow, optim, ode, data, metrics, plot = fm.nn, fm.flow, fm.optim, fm.ode, fm.data, fm.metrics, fm.plot

local networks <const> = {
  unet = function(p, channels, classes) return nn.unet { channels = channels, width = p.width, classes = classes } end,
  dit = function(_, channels, classes) return nn.dit { channels = channels, size = 32, classes = classes } end,
  mlp = function(_, channels, classes)
    local net = nn.vector_field { dim = channels * 1024, hidden = 1024, time_embed = 128, classes = classes }
    local model = nn.module({ { "net", net } }, function(_, x, t, cond) return net(x:reshape(#x, -1), t, cond):reshape(x:shape()) end)
    model.classes = classes
    return model
  end,
}

return fm.experiment {
  name = "image32_unet",
  params = {
    data = { "fashion_mnist", "the pictures", choices = { "fashion_mnist", "mnist", "shapes32" } },
    folder = { "", "where their files lie, if not in the usual place" },
    split = { "train", "what to train with; of the test pictures the last 1,000 are held out", choices = { "train", "test" } },
    model = { "unet", "the network", choices = { "unet", "dit", "mlp" } }, width = { 24, "channels of the U-Net at full size", min = 2 },
    steps = { 5000, "optimizer steps", min = 1 }, batch = { 64, "pictures in a step", min = 1 },
    lr = { 2e-3, "learning rate at the start; it falls along half a cosine" },
    decay = { 0.999, "of the average of the weights that draws the samples", min = 0, max = 1 },
    drop = { 0.1, "probability with which a step hides a label", min = 0, max = 1 }, scale = { 1.5, "strength of the guidance; 1 is none" },
    heun = { 20, "Heun steps of the sampler", min = 1 }, samples = { 500, "samples", min = 10 },
  },
  presets = {
    dit = { model = "dit", steps = 10000, lr = 1e-3 },
    mlp = { model = "mlp", steps = 60000, lr = 1e-3, batch = 128 },
    fast = { width = 16, steps = 2000, batch = 32, decay = 0.995, heun = 10 },
    fast_dit = { model = "dit", steps = 2500, lr = 1e-3, batch = 32, decay = 0.998, heun = 10 },
    fast_mlp = { model = "mlp", steps = 7500, lr = 1e-3, batch = 128, heun = 10 },
  },
  run = function(run, p)
    local truth, labels, held_out = assert(data.labelled_pictures { name = p.data, folder = p.folder, split = p.split, rng = run.rng:stream "data" })
    local classes <const> = math.tointeger(labels:max():item())
    local model = networks[p.model](p, truth:size(2), classes)
    local opt = optim.adam(model, { lr = optim.cosine { lr = p.lr, steps = p.steps, warmup = math.min(100, p.steps - 1) } })
    local average = optim.ema(model, { decay = p.decay, warmup = true })
    run:keeps { model = model, opt = opt, average = average }
    run:print(("%d pictures, %d parameters"):format(#truth, model:count()))

    -- An MLP or a DiT this narrow cannot carry the noise of all pixels from end to end: it predicts
    -- the picture (Li and He 2025).
    local predict = p.model == "unet" and "velocity" or "data"
    local batches = data.batches(truth, p.batch, { rng = run.rng:stream "batches", labels = labels })
    for _, x1, cond in run:steps(p.steps, batches) do
      local how = { rng = run.rng, cond = cond, drop = p.drop, time = "logit_normal", predict = predict }
      run:log { loss = opt:step(function() return flow.loss(model, x1, how) end) }
      average:update()
    end

    average:swap(function()
      model:eval()
      local cond = ((fm.zeros(p.samples // classes, 1) + fm.range(1, classes)):reshape(-1)):detach()
      local noise = run.rng:stream "sample":normal(#cond, table.unpack(truth:shape(), 2))
      if p.data ~= "shapes32" then
        local quality = { features = p.data, draws = 2 }
        run:pareto { field = flow.guidance(model, { cond = cond, scale = p.scale, predict = predict }), x0 = noise,
          name = "Frechet distance to held-out pictures",
          metric = function(x) return metrics.picture_quality(x, held_out, quality).frechet_distance end,
          floor = function() return metrics.picture_quality(held_out[{ 1, #noise }], held_out, quality).frechet_distance_floor end }
      end
      for name, scale in pairs { unguided = 1, guided = p.scale } do
        local field = flow.guidance(model, { cond = cond, scale = scale, predict = predict })
        local x = ode.solve(field, noise, { method = "heun", steps = p.heun })
        run:picture(name, plot.image_grid(x[{ 1, math.min(4 * classes, #x) }], { columns = classes, range = { -1, 1 }, title = "w = " .. scale }))
        if p.data ~= "shapes32" then run:summary(metrics.picture_quality(x, held_out, { features = p.data, labels = cond, name = "%s_" .. name })) end
      end
    end)
    run:save("model", model)
  end,
}

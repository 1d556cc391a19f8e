#!/usr/bin/env fmrun
-- Half of a picture is known, and a flow that was trained on whole ones draws the other. Where the
-- sampler takes each step once, the halves do not fit; taken several times, with noise put back in
-- between, they do (RePaint, Lugmayr et al. 2022). Measured by the seam, the mean difference of
-- pixels on its two sides, and by the share of pictures that a classifier still reads right.
--   On two cores the defaults take about 17 minutes, preset=fast 4.
local fm <const> = require "fm"
local nn, flow, optim, data, metrics, plot = fm.nn, fm.flow, fm.optim, fm.data, fm.metrics, fm.plot

local function seam(x, axis)
  return (x:slice { axis = axis, first = 16, last = 16 } - x:slice { axis = axis, first = 17, last = 17 }):abs():mean()
end

return fm.experiment {
  name = "image_inpainting",
  params = {
    data = { "fashion_mnist", "the pictures", choices = { "fashion_mnist", "mnist", "shapes32" } },
    folder = { "", "where their files lie, if not in the usual place" },
    split = { "train", "what to train with; of the test pictures the last 1,000 are held out", choices = { "train", "test" } },
    known = { "top", "the half that is known", choices = { "top", "left" } },
    width = { 16, "channels of the U-Net at full size", min = 2 },
    steps = { 6000, "optimizer steps", min = 1 },
    batch = { 64, "pictures in a step", min = 1 },
    lr = { 2e-3, "learning rate at the start; it falls along half a cosine" },
    decay = { 0.999, "of the average of the weights that draws the samples", min = 0, max = 1 },
    euler = { 25, "Euler steps of the sampler", min = 1 },
    resample = { 10, "how often each of them is taken", min = 2 },
    samples = { 200, "held-out pictures that are completed", min = 1, max = 1000 },
  },
  presets = { fast = { steps = 2000, batch = 32, decay = 0.995, samples = 100 } },
  run = function(run, p)
    local truth, _, held_out, labels = assert(data.labelled_pictures { name = p.data, folder = p.folder, split = p.split, rng = run.rng:stream "data" })
    local model = nn.unet { channels = truth:size(2), width = p.width }
    local opt = optim.adam(model, { lr = optim.cosine { lr = p.lr, steps = p.steps, warmup = math.min(100, p.steps - 1) } })
    local average = optim.ema(model, { decay = p.decay, warmup = true })
    run:keeps { model = model, opt = opt, average = average }
    for _, x1 in run:steps(p.steps, data.batches(truth, p.batch, { rng = run.rng:stream "batches" })) do
      run:log { loss = opt:step(function() return flow.loss(model, x1, { rng = run.rng, time = "logit_normal" }) end) }
      average:update()
    end

    local axis <const> = p.known == "top" and 3 or 4
    local mask = fm.range(1, 32):le(16):reshape(p.known == "top" and { 32, 1 } or { 1, 32 })
    local x1, cond, shown = held_out[{ 1, p.samples }], labels[{ 1, p.samples }], math.min(12, p.samples)
    local lines, summary = { x1[{ 1, shown }], (x1 * mask)[{ 1, shown }] }, { seam_data = seam(x1, axis) }
    average:swap(function()
      if p.data ~= "shapes32" then
        run:pareto { methods = { "euler", "heun" }, name = "share of completions read as another class", sample = function(n, method)
          return flow.inpaint(model, x1, mask, { rng = run.rng:stream "pareto", method = method, steps = n })
        end, metric = function(x) return 1 - metrics.class_accuracy(x, cond, p.data) end,
          floor = function() return 1 - metrics.class_accuracy(x1, cond, p.data) end }
      end
      for _, r in ipairs { 1, p.resample } do
        for draw = 1, 2 do
          local rng = run.rng:stream(("draw %d"):format(draw))
          local x = flow.inpaint(model, x1, mask, { rng = rng, method = "euler", steps = p.euler, resample = r })
          lines[#lines + 1], summary["seam_resample" .. r] = x[{ 1, shown }], seam(x, axis)
          if p.data ~= "shapes32" then summary["class_accuracy_resample" .. r] = metrics.class_accuracy(x, cond, p.data) end
        end
      end
    end)
    if p.data ~= "shapes32" then summary.class_accuracy_data = metrics.class_accuracy(x1, cond, p.data) end
    run:summary(summary)
    run:picture("completions", plot.image_grid(fm.cat(lines, 1), { columns = shown, range = { -1, 1 },
      title = ("Held out; the known half; each step taken once, two draws; taken %d times, two draws"):format(p.resample) }))
    run:save("model", model)
  end,
}

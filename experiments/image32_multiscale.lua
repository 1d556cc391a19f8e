#!/usr/bin/env fmrun
-- Pictures from coarse to fine, as a Laplacian pyramid (Denton et al. 2015): one flow draws the
-- picture at a low resolution, another the detail that it lacks, given the first. Beside them a
-- single flow for the whole picture, at equal cost: all are U-Nets of the same width, whose cost is
-- that of their pixels. The single flow takes `steps` steps, the coarse one as many, which cost the
-- share (coarse / 32)^2, and the detail's flow takes the rest; the samplers likewise.
--   On two cores the defaults take about 21 minutes, preset=fast 4.
local fm <const> = require "fm"
local nn, flow, optim, ode, data, metrics, plot = fm.nn, fm.flow, fm.optim, fm.ode, fm.data, fm.metrics, fm.plot

-- The detail's network: it sees the coarse picture, too, and gives as many channels as x has.
local function beside(net, coarse)
  return function(x, t, cond) return net(fm.cat(x, coarse, 2), t, cond):slice { axis = 2, first = 1, last = x:size(2) } end
end

return fm.experiment {
  name = "image32_multiscale",
  params = {
    data = { "fashion_mnist", "the pictures", choices = { "fashion_mnist", "mnist", "shapes32" } },
    folder = { "", "where their files lie, if not in the usual place" },
    split = { "train", "what to train with; of the test pictures the last 1,000 are held out", choices = { "train", "test" } },
    coarse = { 16, "pixels of a side of the coarse pictures", choices = { 8, 16 } }, width = { 16, "channels of the U-Nets at full size", min = 2 },
    steps = { 4000, "optimizer steps of the single flow", min = 2 }, batch = { 64, "pictures in a step", min = 1 },
    lr = { 2e-3, "learning rate at the start; it falls along half a cosine" },
    decay = { 0.999, "of the averages of the weights that draw the samples", min = 0, max = 1 },
    noise = { 0.1, "in the coarse picture that the detail's flow sees (Ho et al. 2022)", min = 0 }, scale = { 1.5, "strength of the guidance; 1 is none" },
    heun = { 20, "Heun steps of the single flow's sampler", min = 2 }, samples = { 500, "samples of each", min = 10 },
  },
  presets = { fast = { steps = 1500, batch = 32, decay = 0.995, heun = 10 } },
  run = function(run, p)
    local truth, labels, held_out = assert(data.labelled_pictures { name = p.data, folder = p.folder, split = p.split, rng = run.rng:stream "data" })
    local classes <const> = math.tointeger(labels:max():item())
    local channels, factor <const> = truth:size(2), 32 // p.coarse
    local function small(x) return x:avg_pool2d { size = factor } end
    local function large(x) return x:upsample_nearest2d { scale = factor } end
    local function seen(low, rng) return large(low + rng:normal(low:shape()) * p.noise) end
    local some, hidden = truth[{ 1, 1000 }], run.rng:stream "noise"
    local spread <const> = (some - large(small(some))):square():mean():item() ^ 0.5 -- of the detail: its flow sees it as large as the noise
    local cond = ((fm.zeros(p.samples // classes, 1) + fm.range(1, classes)):reshape(-1)):detach()

    -- Trains a flow with a share of the steps and returns its sampler. pair(x1): what it learns to
    -- draw, and what it sees beside it.
    local function learn(name, share, inputs, pair)
      local net, steps = nn.unet { channels = inputs, width = p.width, classes = classes }, math.ceil(share * p.steps)
      local opt = optim.adam(net, { lr = optim.cosine { lr = p.lr, steps = steps, warmup = math.min(100, steps - 1) } })
      local average = optim.ema(net, { decay = p.decay, warmup = true })
      run:keeps { ["model_" .. name] = net, ["opt_" .. name] = opt, ["average_" .. name] = average }
      local batches = data.batches(truth, p.batch, { rng = run.rng:stream("batches of " .. name), labels = labels })
      for _, x1, label in run:steps(steps, batches) do
        local target, coarse = pair(x1)
        local o = { rng = run.rng, cond = label, drop = 0.1, null = classes + 1, time = "logit_normal" }
        run:log { ["loss_" .. name] = opt:step(function() return flow.loss(coarse and beside(net, coarse) or net, target, o) end) }
        average:update()
      end
      return function(heun, side, coarse)
        local x0 = run.rng:stream("sample of " .. name):normal(#cond, channels, side, side)
        return average:swap(function()
          local model = coarse and beside(net, coarse) or net
          local field = flow.guidance(model, { cond = cond, null = classes + 1, scale = p.scale })
          return (ode.solve(field, x0, { method = "heun", steps = math.ceil(share * heun) }))
        end)
      end
    end

    local whole = learn("whole", 1, channels, function(x1) return x1 end)
    local share <const> = 1 / factor ^ 2
    local coarse = learn("coarse", 1, channels, small)
    local detail = learn("detail", 1 - share, 2 * channels, function(x1)
      local low = small(x1)
      return (x1 - large(low)) / spread, seen(low, hidden)
    end)

    local function multiscale(heun)
      local low = coarse(heun, p.coarse)
      return large(low) + detail(heun, 32, seen(low, run.rng:stream "noise of samples")) * spread, large(low)
    end
    if p.data ~= "shapes32" then -- both cost what so many evaluations of the single flow cost
      run:pareto { methods = { "whole", "multiscale" }, name = "Frechet distance to held-out pictures",
        sample = function(n, kind) return (kind == "whole" and whole or multiscale)(n, 32), 2 * n end,
        metric = function(x) return metrics.picture_quality(x, held_out, { features = p.data, draws = 2 }).frechet_distance end }
    end
    local fine, low = multiscale(p.heun)
    for name, x in pairs { whole = whole(p.heun, 32), multiscale = fine, coarse = low } do
      run:picture(name, plot.image_grid(x[{ 1, math.min(4 * classes, #x) }], { columns = classes, range = { -1, 1 }, title = name }))
      if p.data ~= "shapes32" and name ~= "coarse" then
        run:summary(metrics.picture_quality(x, held_out, { features = p.data, labels = cond, name = name .. "_%s" }))
      end
    end
  end,
}

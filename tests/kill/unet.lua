-- Small pictures with labels through a U-Net: dropout, hidden labels, pictures that are mirrored
-- and moved, an average of the weights, guidance.
local fm <const> = require "fm"
local nn <const>, flow <const>, optim <const>, ode <const>, data <const>, plot <const> = fm.nn, fm.flow, fm.optim, fm.ode, fm.data, fm.plot

return fm.experiment {
  params = { steps = 60, batch = 8 },
  run = function(run, p)
    local pictures, labels = data.shapes32 { n = 40, rng = run.rng:stream "data", flat = false }
    local truth, moves = pictures:avg_pool2d { size = 4 }, run.rng:stream "moves"
    local model = nn.unet { channels = 3, width = 4, multipliers = { 1, 2 }, classes = 3, dropout = 0.1 }:train()
    local opt = optim.adam(model, { lr = optim.cosine { lr = 2e-3, steps = p.steps, warmup = 10 } })
    local average = optim.ema(model, { decay = 0.99, warmup = true })
    run:keeps { model = model, opt = opt, average = average }
    for step, x1, cond in run:steps(p.steps, data.batches(truth, p.batch, { rng = run.rng:stream "batches", labels = labels })) do
      local moved = data.augment(x1, { flip = true, shift = 1, rng = moves })
      run:log { loss = opt:step(function() return flow.loss(model, moved, { rng = run.rng, cond = cond, drop = 0.2, time = "logit_normal" }) end) }
      average:update()
      if step == p.steps // 2 then run:picture("moved", plot.image_grid(moved, { range = { -1, 1 } })) end
    end
    average:swap(function()
      model:eval()
      local field = flow.guidance(model, { cond = fm.tensor { 1, 2, 3 }, scale = 2 })
      local x = ode.solve(field, run.rng:stream "sample":normal(3, 3, 8, 8), { method = "heun", steps = 4 })
      run:picture("samples", plot.image_grid(x, { range = { -1, 1 } }))
      run:summary { mean = x:mean() }
    end)
    run:save("model", model)
  end,
}

-- trained(run, p, text, model, loss [, check]): trains a model on windows of a text, and returns
-- the average of its weights. loss(ids [B, length]) is the loss of a batch and, if it likes, a
-- table of tensors of one number to log; check() is called with the averaged weights now and then,
-- p.checks times.
local fm <const> = require "fm"
local optim <const> = fm.optim

return function(run, p, text, model, loss, check)
  run:print(("%d characters to train with, %d held out, %d kinds; %d parameters"):format(#text.train, #text.held_out, #text.names, model:count()))
  run:summary { parameters = model:count() }
  local opt <const> = optim.adamw(model, { lr = optim.cosine { lr = p.lr, steps = p.steps, warmup = p.steps // 20 }, betas = { 0.9, 0.98 } })
  local average <const> = optim.ema(model, { decay = p.decay, warmup = true })
  run:keeps { model = model, opt = opt, average = average }
  for k, ids in run:steps(p.steps, fm.data.windows(text.train, p.length, { size = p.batch, rng = run.rng:stream "windows" })) do
    local logged = {}
    local function closure()
      local value, more = loss(ids)
      for name, number in pairs(more or {}) do logged[name] = number:item() end
      return value
    end
    logged.loss = opt:step(closure, { clip = 1 })
    run:log(logged)
    average:update()
    if check and k * p.checks // p.steps > (k - 1) * p.checks // p.steps then average:swap(check) end
  end
  return average
end

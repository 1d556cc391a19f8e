-- cosine{steps, lr, warmup, floor}: from lr down to floor * lr along half a cosine. Loshchilov and
-- Hutter 2017.
local options <const> = require "fm.parts.options"
local progress <const> = require "fm.optim.schedule.parts.progress"

return require "fm.optim.schedule.parts.schedule"("cosine", { steps = options.none, floor = 0 }, function(o, n)
  return o.floor + (1 - o.floor) * 0.5 * (1 + math.cos(math.pi * progress(o, n)))
end)

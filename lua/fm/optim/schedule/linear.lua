-- linear{steps, lr, warmup, floor}: from lr down to floor * lr along a line.
local options <const> = require "fm.parts.options"
local progress <const> = require "fm.optim.schedule.parts.progress"

return require "fm.optim.schedule.parts.schedule"("linear", { steps = options.none, floor = 0 }, function(o, n)
  return 1 + (o.floor - 1) * progress(o, n)
end)

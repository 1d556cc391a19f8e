-- step{every, factor, lr, warmup}: multiplies the rate by factor after every `every` steps.
return require "fm.optim.schedule.parts.schedule"("step", { every = 1000, factor = 0.1 }, function(o, n) return o.factor ^ (n // o.every) end)

-- Flow matching with independent pairs: straight lines from noise to data. Lipman et al. 2023.
local flow <const> = require "fm".flow
local solved <const> = require "baselines.parts.solved"

return {
  make = function(task)
    local net = task.learner("net", task.network())
    return {
      net = net, field = net.model,
      step = function(x1) return net:step(function() return flow.loss(net.model, x1, { rng = task.rng }) end) end,
      sample = function(z, n) return solved(net.model, z, n) end,
    }
  end,
}

-- Flow matching whose pairs are the optimal ones of each batch. Tong et al. 2024; Pooladian et al.
-- 2023.
local flow <const> = require "fm".flow
local solved <const> = require "baselines.parts.solved"

return {
  cost = { points = 3.1, pictures = 1 },
  make = function(task)
    local net = task.learner("net", task.network())
    return {
      net = net, field = net.model,
      step = function(x1) return net:step(function() return flow.loss(net.model, x1, { rng = task.rng, coupling = "ot" }) end) end,
      sample = function(z, n) return solved(net.model, z, n) end,
    }
  end,
}

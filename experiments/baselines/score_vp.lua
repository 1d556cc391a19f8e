-- Score matching on the variance-preserving path, sampled by its probability-flow ODE: Song et al.
-- 2021. As there, the network gives the noise, which is the score but for the factor s.
local flow <const> = require "fm".flow
local solved <const> = require "baselines.parts.solved"

return {
  cost = { points = 1.2, pictures = 1 },
  make = function(task)
    local net = task.learner("net", task.network())
    local field = flow.velocity(net.model, { path = "vp", predict = "noise" })
    return {
      net = net, field = field,
      step = function(x1) return net:step(function() return flow.loss(net.model, x1, { rng = task.rng, path = "vp", predict = "noise" }) end) end,
      sample = function(z, n) return solved(field, z, n) end,
    }
  end,
}

-- A continuous normalizing flow by maximum likelihood, through the solver. Chen et al. 2018.
local flow <const> = require "fm".flow
local solved <const> = require "baselines.parts.solved"

return {
  cost = { points = 28 }, only = "points",
  make = function(task)
    local net = task.learner("net", task.network())
    return {
      net = net, field = net.model,
      step = function(x1)
        return net:step(function() return -flow.log_prob(net.model, x1, { method = "rk4", steps = 3 }):mean() end)
      end,
      sample = function(z, n) return solved(net.model, z, n) end,
    }
  end,
}

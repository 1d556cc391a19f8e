-- Score matching on the variance-exploding path, sampled by its probability-flow ODE: Song et al.
-- 2021. Three things are known to help, and it needs them: the network gives the noise, and gets x
-- at a variance of 1; the ODE is followed in the time of the straight line, since few steps in the
-- path's own time end far from the data. Pictures have the published sigma_max.
local flow <const> = require "fm".flow
local preconditioned <const> = require "baselines.parts.preconditioned"
local solved <const> = require "baselines.parts.solved"

return {
  cost = { points = 1.2, pictures = 1 },
  make = function(task)
    local net, path = task.learner("net", task.network()), flow.path("ve", { sigma_max = #task.shape == 1 and 10 or 50 })
    local model = preconditioned(net.model, path)
    local field = flow.reschedule(flow.velocity(model, { path = path, predict = "noise" }), path, "linear")
    return {
      net = net, field = field,
      step = function(x1) return net:step(function() return flow.loss(model, x1, { rng = task.rng, path = path, predict = "noise" }) end) end,
      sample = function(z, n) return solved(field, z, n) end,
    }
  end,
}

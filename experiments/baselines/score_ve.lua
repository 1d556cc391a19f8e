-- Score matching on the variance-exploding path, sampled by its probability-flow ODE: Song et al.
-- 2021. Three things that are known to help, without which it fails: the network gives the noise,
-- and gets x at a variance of 1; the ODE is followed in the time of the straight line, since in the
-- path's own time 16 evaluations are 3 times as far from the data.
local flow <const> = require "fm".flow
local preconditioned <const> = require "baselines.parts.preconditioned"
local solved <const> = require "baselines.parts.solved"

return {
  cost = { points = 1.2, pictures = 1 },
  make = function(task)
    local net, path = task.learner("net", task.network()), flow.path("ve", { sigma_max = 10 })
    local model = preconditioned(net.model, path)
    local field = flow.reschedule(flow.velocity(model, { path = path, predict = "noise" }), path, "linear")
    return {
      net = net,
      step = function(x1) return net:step(function() return flow.loss(model, x1, { rng = task.rng, path = path, predict = "noise" }) end) end,
      sample = function(z, n) return solved(field, z, n) end,
    }
  end,
}

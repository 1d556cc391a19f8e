-- A network that predicts the noise on a schedule of 1,000 indices, Ho et al. 2020, and is sampled
-- on n of them, evenly spaced: with as much noise as the ancestral chain has (eta = 1; at n = 1000
-- it is that chain), or without (eta = 0, DDIM). The data it implies are kept within a bound, which
-- few steps need.
local diffusion <const> = require "fm".diffusion

return function(task, name, eta)
  local schedule, net = diffusion.schedule(name), task.learner("net", task.network())
  local bound <const> = #task.shape == 1 and 3 or 1 -- points of variance 1, or pictures
  return {
    net = net,
    step = function(x1) return net:step(function() return diffusion.loss(net.model, x1, { schedule = schedule, rng = task.rng }) end) end,
    sample = function(z, n, rng)
      return (diffusion.sample(net.model, z, { method = "ddim", schedule = schedule, steps = n, eta = eta, clip = bound, rng = rng }))
    end,
  }
end

-- The training of Karras et al. 2022 (EDM): a denoiser with preconditioning, log-normal noise
-- levels, and the weight under which all levels begin with a loss of one size. With sigma = (1 - t)
-- / t it is a loss on the straight line, the logarithm of sigma is N(-1.2, 1.2^2).
local flow <const> = require "fm".flow
local preconditioned <const> = require "baselines.parts.preconditioned"

--- A method without its sampler, and the denoiser that it trains.
return function(task)
  local net = task.learner("net", task.network())
  local _, denoiser = preconditioned(net.model, flow.path "linear")
  local how <const> = { rng = task.rng, predict = "data", time = { "logit_normal", mean = 1.2, std = 1.2 }, weight = { "edm", sigma_data = 1 },
    guard = 1e-6 }
  return { net = net, step = function(x1) return net:step(function() return flow.loss(denoiser, x1, how) end) end }, denoiser
end

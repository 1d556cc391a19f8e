-- A variational autoencoder of three networks of the task without their time: the mean of the
-- posterior, the logarithm of its deviation, and the decoder z + D(z). One learned scale is the
-- deviation of the data from the decoder. Kingma and Welling 2014; Rybkin et al. 2021. Pictures are
-- the decoder's, as they are mostly shown; points have that deviation too.
local fm <const> = require "fm"
local nn <const> = fm.nn

return {
  cost = { points = 1.6, pictures = 3 }, evaluations = { 1 },
  make = function(task)
    local mean_of, log_std_of, decoder, log_scale = task.still(), task.still(), task.still(), fm.parameter(fm.full({ 1 }, -2))
    local function decoded(z) return z + decoder(z) end
    local parts = { { "mean", mean_of }, { "log_std", log_std_of }, { "decoder", decoder }, { "log_scale", log_scale } }
    local net = task.learner("net", nn.module(parts, function(_, z) return decoded(z) end), { sampler = decoder })

    -- per number of the data: minus the log-likelihood, less a constant, and the divergence from
    -- the normal
    local function loss(x1, noise)
      local mean, log_std = mean_of(x1), log_std_of(x1):clamp { min = -10, max = 10 }
      local std = log_std:exp()
      local off = (x1 - decoded(mean + std * noise)) * (-log_scale):exp()
      return off:square():mean() * 0.5 + log_scale:mean() + (mean:square() + std:square() - 1):mean() * 0.5 - log_std:mean()
    end

    return {
      net = net,
      step = function(x1)
        local noise = task.rng:normal(x1:shape())
        return net:step(function() return loss(x1, noise) end)
      end,
      sample = function(z, _, rng)
        if task.kind == "pictures" then return decoded(z) end
        return decoded(z) + rng:normal(z:shape()) * log_scale:exp()
      end,
    }
  end,
}

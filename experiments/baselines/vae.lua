-- A variational autoencoder whose encoder and decoder are the network of the task: the encoder at
-- the time 0 gives the mean of the posterior, at the time 1 the logarithm of its deviation; the
-- decoder is z + D(z, 0), and one learned scale is the deviation of the data from it. Kingma and
-- Welling 2014; Rybkin et al. 2021. Samples are means, as they are mostly shown.
local fm <const> = require "fm"
local nn <const> = fm.nn

return {
  cost = { points = 2.5, pictures = 2.5 }, evaluations = { 1 },
  make = function(task)
    local encoder, decoder, log_scale = task.network(), task.network(), fm.parameter(fm.zeros(1))
    local function decoded(z) return z + decoder(z, 0) end
    local model = nn.module({ { "encoder", encoder }, { "decoder", decoder }, { "log_scale", log_scale } }, function(_, z) return decoded(z) end)
    local net = task.learner("net", model, { sampler = decoder })

    -- per number of the data: minus the log-likelihood, less a constant, and the divergence from
    -- the normal
    local function loss(x1, noise)
      local mean, log_std = encoder(x1, 0), encoder(x1, 1):clamp { min = -10, max = 10 }
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
      sample = decoded,
    }
  end,
}

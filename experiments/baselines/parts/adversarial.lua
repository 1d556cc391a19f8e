-- A generator z + G(z, 0) against a critic, the mean of D(x, 0) over x, both the network of the
-- task with the time held at 0. Each learns by the logistic loss, the generator by its
-- non-saturating form. Goodfellow et al. 2014.
--   gamma   of a penalty gamma / 2 |dD/dx|^2 at the data (R1, Mescheder et al. 2018). The square is
--           that of the derivative along a random normal direction: its mean is the norm's square
local fm <const> = require "fm"

return function(cost, gamma, betas)
  return {
    cost = cost, evaluations = { 1 },
    make = function(task)
      local net = task.learner("net", task.network(), { betas = betas })
      local critic = task.learner("critic", task.network(), { betas = betas })
      local function generated(z) return z + net.model(z, 0) end
      local function judged(x) return critic.model(x, 0):reshape(#x, -1):mean(2) end
      local function noise(n) return task.rng:normal(n, table.unpack(task.shape)) end

      local function critic_loss(real, fake)
        local loss = fm.softplus(judged(fake)):mean()
        if not gamma then return loss + fm.softplus(-judged(real)):mean() end
        local value, slope = fm.jvp(judged, { real }, { task.rng:normal(real:shape()) })
        return loss + fm.softplus(-value):mean() + slope:square():mean() * (gamma / 2)
      end

      return {
        net = net,
        step = function(x1)
          local fake = generated(noise(#x1)) -- no tape records it
          local loss = critic:step(function() return critic_loss(x1, fake) end)
          local z = noise(#x1)
          local own = net:step(function() return fm.softplus(-judged(generated(z))):mean() end)
          critic.opt:zero_grad() -- what the generator's loss left there
          return loss + own
        end,
        sample = generated,
      }
    end,
  }
end

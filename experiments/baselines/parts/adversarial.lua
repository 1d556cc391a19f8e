-- A generator z + G(z) against a critic, the mean of the numbers of D(x); G and D are the network
-- of the task without its time. Each learns by the logistic loss, the generator by its
-- non-saturating form. Goodfellow et al. 2014.
--   penalty   gamma / 2 |dD/dx|^2 at the data is added (R1, Mescheder et al. 2018), gamma = 0.01
--             for each number of a row. The square is that of the derivative along a random normal
--             direction: its mean is the norm's square
local fm <const> = require "fm"

return function(cost, betas, penalty)
  return {
    cost = cost, evaluations = { 1 },
    make = function(task)
      local net, critic = task.learner("net", task.still(), { betas = betas }), task.learner("critic", task.still(), { betas = betas })
      local gamma = 0.01 * fm.zeros(task.shape):count()
      local function generated(z) return z + net.model(z) end
      local function judged(x) return critic.model(x):reshape(#x, -1):mean(2) end
      local function noise(n) return task.rng:normal(n, table.unpack(task.shape)) end

      local function critic_loss(real, fake)
        local loss = fm.softplus(judged(fake)):mean()
        if not penalty then return loss + fm.softplus(-judged(real)):mean() end
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

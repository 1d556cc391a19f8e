-- A map between two times, trained by a loss of flow.map_loss: one evaluation reaches the data.
local flow <const> = require "fm".flow

return function(kind, cost)
  return {
    cost = cost, evaluations = { 1, 2, 4, 8, 16 },
    make = function(task)
      local net = task.learner("net", task.network { times = 2 })
      return {
        net = net,
        step = function(x1) return net:step(function() return flow.map_loss(kind, net.model, x1, { rng = task.rng }) end) end,
        sample = function(z, n) return (flow.map_sample(net.model, z, { steps = n })) end,
      }
    end,
  }
end

-- Rectified flow: half of the time trains a flow; the ends of its paths are the pairs that the
-- second flow learns in the other half, so its paths are straighter. Liu et al. 2023.
local fm <const> = require "fm"
local flow <const> = fm.flow
local solved <const> = require "baselines.parts.solved"

local made <const> = { points = 16000, pictures = 2000 } -- pairs

return {
  cost = { points = 1.04, pictures = 1.1 }, -- with the pairs
  make = function(task)
    local half, ends, pick = task.steps // 2, {}, task.rng:stream "pairs"
    local teacher = task.learner("teacher", task.network(), { steps = math.max(1, half) })
    local net = task.learner("net", task.network(), { steps = task.steps - half })
    task.keeps.ends = ends

    local function taught()
      local start = pick:normal(made[task.kind], table.unpack(task.shape))
      ends.x0, ends.x1 = teacher.average:swap(function() return flow.reflow(teacher.model, { x0 = start, method = "midpoint", steps = 8, block = 256 }) end)
      net.model:load_state(teacher.model:state())
    end

    return {
      net = net, field = net.model,
      step = function(x1, k)
        if k <= half then return teacher:step(function() return flow.loss(teacher.model, x1, { rng = task.rng }) end) end
        if not ends.x1 then taught() end
        local rows = pick:integers(#x1, 1, #ends.x1)
        local x0 = ends.x0:index_select(rows, { axis = 1 })
        x1 = ends.x1:index_select(rows, { axis = 1 })
        return net:step(function() return flow.loss(net.model, x1, { rng = task.rng, x0 = x0, time = "u_shaped" }) end)
      end,
      -- Nor before it has begun are the teacher's samples its own: a quality that they have is not
      -- what it costs.
      sample = function(z, n) return solved(net.model, z, n) end,
    }
  end,
}

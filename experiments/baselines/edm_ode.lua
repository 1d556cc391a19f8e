-- The training of EDM, sampled as a flow is: the velocity that the denoiser tells, on the straight
-- line from noise to data.
local flow <const> = require "fm".flow
local karras <const> = require "baselines.parts.karras"
local solved <const> = require "baselines.parts.solved"

return {
  cost = { points = 1.3, pictures = 1 },
  make = function(task)
    return karras(task, function(denoiser, z, n) return solved(flow.velocity(denoiser, { predict = "data" }), z, n) end)
  end,
}

-- The training of EDM, sampled as a flow is: the velocity that the denoiser tells, on the straight
-- line from noise to data.
local flow <const> = require "fm".flow
local karras <const> = require "baselines.parts.karras"
local solved <const> = require "baselines.parts.solved"

return {
  cost = { points = 1.3, pictures = 1 },
  make = function(task)
    local made, denoiser = karras(task)
    made.field = flow.velocity(denoiser, { predict = "data" })
    function made.sample(z, n) return solved(made.field, z, n) end
    return made
  end,
}

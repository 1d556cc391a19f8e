-- EDM with its own sampler, Heun's method over levels of noise: Karras et al. 2022, algorithm 1. n
-- evaluations are n // 2 steps and one more. It begins at 10 times the deviation of the data; at 80
-- it needs twice the evaluations here.
local diffusion <const> = require "fm".diffusion
local karras <const> = require "baselines.parts.karras"

return {
  cost = { points = 1.3, pictures = 1 },
  evaluations = { 1, 3, 7, 15, 31, 63, 127 },
  make = function(task)
    local bound <const> = #task.shape == 1 and 3 or 1 -- points of variance 1, or pictures
    return karras(task, function(denoiser, z, n)
      local o = { method = "edm_heun", path = "linear", predict = "data", steps = n // 2 + 1, sigma_max = 10, clip = bound }
      return (diffusion.sample(denoiser, z, o))
    end)
  end,
}

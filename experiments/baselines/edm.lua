-- EDM with its own sampler, Heun's method over levels of noise: Karras et al. 2022, algorithm 1. n
-- evaluations are n // 2 + 1 steps. Pictures have the published levels, 0.002 to 80; points the
-- best of those tried, since in the plane a start at 80 spends most steps where there is only
-- noise.
local diffusion <const> = require "fm".diffusion
local karras <const> = require "baselines.parts.karras"

return {
  cost = { points = 1.3, pictures = 1 },
  evaluations = { 1, 3, 7, 15, 31, 63, 127 },
  make = function(task)
    local o <const> = { method = "edm_heun", path = "linear", predict = "data", rho = 7, sigma_min = 0.002, sigma_max = 80, clip = 1 }
    if #task.shape == 1 then o.sigma_min, o.sigma_max, o.clip = 0.05, 5, 3 end
    local made, denoiser = karras(task)
    function made.evaluations(n) return n // 2 * 2 + 1 end
    function made.sample(z, n)
      o.steps = n // 2 + 1
      return (diffusion.sample(denoiser, z, o))
    end
    return made
  end,
}

-- DDPM, sampled with noise, on the cosine schedule of Nichol and Dhariwal 2021, which is better on
-- points than the linear one for every n. Give most=1000 for the chain of all indices.
local noise_predictor <const> = require "baselines.parts.noise_predictor"

return {
  evaluations = { 1, 2, 4, 8, 16, 32, 64, 128, 1000 },
  make = function(task) return noise_predictor(task, "cosine", 1) end,
}

-- The same training, sampled without noise: Song, Meng and Ermon 2021. On the linear schedule: the
-- cosine one leaves so little of the data at its last index that an error there is multiplied.
local noise_predictor <const> = require "baselines.parts.noise_predictor"

return { make = function(task) return noise_predictor(task, "linear", 0) end }

-- likelihood: w / (a s) times the error of the noise, which is half the square of the diffusion
-- divided by s^2: then the loss bounds the likelihood of the reverse SDE. Song et al. 2021b; Ma et
-- al. 2024 (SiT).
local divisor <const> = require "fm.flow.prediction.parts.divisor"

return { of = "noise", weight = function(a, s, w, guard) return w / (divisor(a, guard) * divisor(s, guard)) end }

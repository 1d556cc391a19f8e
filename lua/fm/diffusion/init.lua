-- Diffusion models, to compare a flow with: noise schedules, the loss of a model that predicts the
-- noise, and samplers. Time is the flow's: t = 1 - k/T for the index k = 1 .. T of a schedule, so t
-- = 0 is (nearly) noise and t = 1 the data. A model is any callable model(x, t [, cond]).
return require("fm.parts.by_name").room "fm.diffusion"

-- Flows whose velocity, score and density are known in closed form: use them to measure a solver or
-- a trained model. Found by name: flow.exact.gaussian is exact/gaussian.lua. Each is a model,
-- called (x, t) -> velocity shaped as x [B, D] (empirical: [B, ...]), with t a number or [B].
return require("fm.parts.by_name").room "fm.flow.exact"

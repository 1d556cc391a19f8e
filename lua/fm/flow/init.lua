-- Flows: paths between pairs, couplings that make the pairs, the loss, and the velocity a trained model stands for.
-- t = 0 is the source x0, t = 1 the data x1. A model is any callable model(x, t [, cond]).
local path <const> = require "fm.flow.path"
local coupling <const> = require "fm.flow.coupling"

return require("fm.parts.by_name").room("fm.flow", { path = path.named, coupling = coupling.named })

-- Flows: paths between pairs, couplings that make the pairs, the loss, and the velocity of a
-- trained model; found by name. t = 0 is the source x0, t = 1 the data x1. A model is any callable
-- model(x, t [, cond]).
return require("fm.parts.by_name").room "fm.flow"

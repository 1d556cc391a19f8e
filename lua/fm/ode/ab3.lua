-- Adams and Bashforth's method through the last three slopes: order 3, one model call per step.
-- Hairer, Norsett, Wanner I, III.1. The tableau makes the first two steps.
return { order = 3, history = 3, c = { 0, 1 / 3, 2 / 3 }, a = { {}, { 1 / 3 }, { 0, 2 / 3 } }, b = { 1 / 4, 0, 3 / 4 } }

-- Adams and Bashforth's method through the last two slopes: order 2, one model call per step.
-- Hairer, Norsett, Wanner I, III.1. The tableau makes the first step.
return { order = 2, history = 2, c = { 0, 1 }, a = { {}, { 1 } }, b = { 1 / 2, 1 / 2 } }

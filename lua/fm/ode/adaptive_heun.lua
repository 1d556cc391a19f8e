-- Heun's method with Euler's as error estimate: orders 2 and 1. The second slope belongs to Euler's
-- point, not to the new one, so the next step computes its own first slope. Hairer, Norsett, Wanner
-- I, II.4.
return { order = 2, c = { 0, 1 }, a = { {}, { 1 } }, b = { 1 / 2, 1 / 2 }, e = { -1 / 2, 1 / 2 } }

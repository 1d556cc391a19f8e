-- Euler: one slope per step. Order 1. Hairer, Norsett, Wanner I, I.7.
return { order = 1, c = { 0 }, a = { {} }, b = { 1 } }

-- Midpoint (Runge's method): the slope half a step ahead. Order 2, two model calls. Hairer,
-- Norsett, Wanner I, II.1.
return { order = 2, c = { 0, 1 / 2 }, a = { {}, { 1 / 2 } }, b = { 0, 1 } }

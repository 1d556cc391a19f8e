-- Heun: average the slopes at both ends of the step. Order 2, two model calls. Hairer, Norsett,
-- Wanner I, II.1.
return { order = 2, c = { 0, 1 }, a = { {}, { 1 } }, b = { 1 / 2, 1 / 2 } }

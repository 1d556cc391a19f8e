-- Heun's method of order 3, three model calls. Hairer, Norsett, Wanner I, II.1, table 1.1.
return { order = 3, c = { 0, 1 / 3, 2 / 3 }, a = { {}, { 1 / 3 }, { 0, 2 / 3 } }, b = { 1 / 4, 0, 3 / 4 } }

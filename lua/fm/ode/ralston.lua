-- Ralston: the smallest bound on a step's error among all methods of order 2 with two model calls.
-- Ralston (1962), Math. Comp. 16.
return { order = 2, c = { 0, 2 / 3 }, a = { {}, { 2 / 3 } }, b = { 1 / 4, 3 / 4 } }

-- Ralston: of all methods of order 2 with two model calls, the smallest bound on the error of a step. Ralston (1962), Math. Comp. 16.
return { order = 2, c = { 0, 2 / 3 }, a = { {}, { 2 / 3 } }, b = { 1 / 4, 3 / 4 } }

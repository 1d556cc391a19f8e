-- Bogacki and Shampine's pair of orders 3 and 2 with its cubic interpolant; three model calls per
-- step, because the slope at the new point is the first of the next step. Bogacki, Shampine (1989),
-- Appl. Math. Lett. 2. Row 4 of e and dense belongs to the new point.
return {
  order = 3,
  c = { 0, 1 / 2, 3 / 4 },
  a = { {}, { 1 / 2 }, { 0, 3 / 4 } },
  b = { 2 / 9, 1 / 3, 4 / 9 },
  e = { 5 / 72, -1 / 12, -1 / 9, 1 / 8 },
  dense = { { 1, -4 / 3, 5 / 9 }, { 0, 1, -2 / 3 }, { 0, 4 / 3, -8 / 9 }, { 0, -1, 1 } },
}

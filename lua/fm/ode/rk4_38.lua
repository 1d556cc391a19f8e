-- Kutta's 3/8 rule. Order 4, four model calls; its error is smaller than rk4's. Hairer, Norsett,
-- Wanner I, II.1, table 1.2, right.
return {
  order = 4,
  c = { 0, 1 / 3, 2 / 3, 1 },
  a = { {}, { 1 / 3 }, { -1 / 3, 1 }, { 1, -1, 1 } },
  b = { 1 / 8, 3 / 8, 3 / 8, 1 / 8 },
}

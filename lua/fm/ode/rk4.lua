-- The classical Runge-Kutta method. Order 4, four model calls. Hairer, Norsett, Wanner I, II.1,
-- table 1.2, left.
return {
  order = 4,
  c = { 0, 1 / 2, 1 / 2, 1 },
  a = { {}, { 1 / 2 }, { 0, 1 / 2 }, { 0, 0, 1 } },
  b = { 1 / 6, 2 / 6, 2 / 6, 1 / 6 },
}

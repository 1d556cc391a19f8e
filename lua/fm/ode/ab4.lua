-- Adams and Bashforth's method through the last four slopes: order 4, one model call per step.
-- Hairer, Norsett, Wanner I, III.1. The tableau makes the first three steps.
return {
  order = 4,
  history = 4,
  c = { 0, 1 / 2, 1 / 2, 1 },
  a = { {}, { 1 / 2 }, { 0, 1 / 2 }, { 0, 0, 1 } },
  b = { 1 / 6, 2 / 6, 2 / 6, 1 / 6 },
}

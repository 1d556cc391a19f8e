-- The straight line: a = t, s = 1 - t, velocity x1 - x0. Lipman et al. 2023, Liu et al. 2023.
return {
  a = function(t) return t end,
  s = function(t) return 1 - t end,
  da = function() return 1 end,
  ds = function() return -1 end,
  time = function(a, s) return a / (a + s) end,
}

-- mirror{gamma = "sqrt", guard}: xt = x1 + gamma(t) z: from the data through noise back to the
-- data. x0 has no part in it: what it starts from is the data. At t = 1/2 the velocity is 0 and
-- tells nothing about the score; learn that by itself. gamma and guard as for interpolant. Albergo,
-- Boffi and Vanden-Eijnden 2023.
local options <const> = require "fm.parts.options"

return function(given)
  local o = options.read("path mirror", given, { gamma = "sqrt", guard = options.none })
  return {
    a = function() return 1 end,
    s = function() return 0 end,
    da = function() return 0 end,
    ds = function() return 0 end,
    gamma = o.gamma,
    guard = o.guard,
  }
end

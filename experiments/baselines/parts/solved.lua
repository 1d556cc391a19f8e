-- Samples of a flow after n evaluations of its velocity: one Euler step, or midpoint steps of two
-- evaluations each.
local ode <const> = require "fm".ode

return function(field, z, n)
  if n % 2 == 1 then return (ode.solve(field, z, { method = "euler", steps = n })) end
  return (ode.solve(field, z, { method = "midpoint", steps = n // 2 }))
end

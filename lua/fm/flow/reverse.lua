-- A flow solved from data to source: which options of ode.solve a function of flow takes, and what it passes on.
local ode <const> = require "fm.ode"

local reverse <const> = {}

--- The options of ode.solve with t1 = 1, without those named, and the function's own.
function reverse.options(without, own)
  local all = {}
  for name, value in pairs(ode.options) do all[name] = value end
  for _, name in ipairs(without) do all[name] = nil end
  all.t1 = 1
  for name, value in pairs(own) do all[name] = value end
  return all
end

--- Of options that were read: those of ode.solve, from t1 to t0.
function reverse.plan(o)
  local plan = {}
  for name in pairs(ode.options) do plan[name] = o[name] end
  plan.t0, plan.t1 = o.t1, o.t0
  return plan
end

return reverse

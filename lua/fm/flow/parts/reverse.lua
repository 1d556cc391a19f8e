-- A flow solved from end to end: which options of ode.solve a function of flow takes, what it
-- passes on to go from data to source, and what it does when a solve did not reach the end.
local fm <const> = require "fm"
local ode <const> = require "fm.ode"

local reverse <const> = {}

--- The options of ode.solve with t1 = 1, without those in `without`, and with the function's own.
function reverse.options(without, own)
  local all = {}
  for name, value in pairs(ode.options) do all[name] = value end
  for _, name in ipairs(without) do all[name] = nil end
  all.t1 = 1
  for name, value in pairs(own) do all[name] = value end
  return all
end

-- What a solve along whole paths, from 0 to 1, settles itself.
local settled <const> = { "t0", "t1", "times", "save", "events", "gradient", "memory", "rows", "manifold" }
local not_passed <const> = { cond = true } -- it goes to the model
for _, name in ipairs(settled) do not_passed[name] = true end

--- The options of ode.solve that say how to solve, for whole paths, and the function's own.
function reverse.how_options(own)
  local all = reverse.options(settled, {})
  all.t1 = nil
  for name, value in pairs(own) do all[name] = value end
  return all
end

--- From the options that were read: how to solve, without gradients; the field gets row numbers.
function reverse.how(o)
  local plan = { gradient = false, rows = true }
  for name in pairs(ode.options) do
    if not not_passed[name] then plan[name] = o[name] end
  end
  return plan
end

--- From the options that were read: those of ode.solve, from t1 to t0.
function reverse.plan(o)
  local plan = {}
  for name in pairs(ode.options) do plan[name] = o[name] end
  plan.t0, plan.t1 = o.t1, o.t0
  return plan
end

--- x, info of a solve that reached the end, or the terminal event that was asked for; else an
--- error.
function reverse.finished(where, x, info)
  if info.status ~= "finished" and info.status ~= "event" then
    fm.fail(("%s: the solve ended at t = %.6g with status %s%s: ode.solve gives what was reached until there"):format(where, info.t,
      info.status, info.reason and ": " .. info.reason or ""))
  end
  return x, info
end

return reverse

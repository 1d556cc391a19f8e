-- solve(where, field, x0, options) -> x, info: ode.solve on behalf of the function `where`, whose
-- name begins the error messages.
local core <const> = require "fm.core"
local method_of <const> = require "fm.ode.parts.method"
local fields <const> = require "fm.parts.field"
local options <const> = require "fm.parts.options"
local misspelt <const> = require "fm.parts.misspelt"
local plans <const> = require "fm.ode.parts.plan"

local Info <const> = misspelt("info", { "status", "reason", "nfe", "steps", "accepted", "rejected", "forced", "error", "error_sum", "times", "states",
  "events", "evaluations", "rows", "histogram" }, 3)

local function check_recorded(o, one_leaf)
  local where <const> = o.where
  if one_leaf and o.memory == "segments" then
    core.fail(where .. ': memory = "segments" needs a tape for all parameters, this one is fm.record(leaf)')
  end
  if o.control == "sample" then
    core.fail(where .. ': control = "sample" records no gradient: give gradient = false, or solve outside of the tape')
  end
  for _, event in ipairs(type(o.events) == "table" and o.events or {}) do
    if type(event) == "table" and event.terminal then
      core.fail(where .. ": the time of a terminal event has no gradient: give gradient = false, or solve outside of the tape")
    end
  end
end

local function method_for(o)
  local kind = type(o.method)
  if kind ~= "string" and kind ~= "table" and kind ~= "function" then
    core.fail(("%s: method: expected a name, a tableau or a step function, found a %s"):format(o.where, kind))
  end
  return method_of(o.method, o.where)
end

-- The field as the engine calls it, with its plan: see fm.parts.field.
local function in_batch(field, cond, plan)
  return fields.of(field, cond, function(f) plan.field = f end), plan
end

local function by_rows(field, cond, x0, plan)
  if cond == nil and not fields.has_rows(field) then return field, plan end
  plan.numbers = true
  return fields.with_numbers(fields.of(field, cond), #x0), plan
end

-- The third argument of the field: the condition, or the numbers of the rows.
local function condition_of(o, x0)
  if not options.boolean(o.where .. ": rows", o.rows) then return o.cond end
  if o.cond ~= nil then core.fail(o.where .. ": give rows or cond, not both: each is the third argument of the field") end
  if x0:rank() == 0 then core.fail(o.where .. ": rows: x0 is a single number") end
  return core.range(1, #x0)
end

-- From the options that were read.
local function with(o, method, field, x0, cond, recorded, solve_on_tape)
  local tableau = method.tableau and method.by_controller[o.controller] or method.tableau
  if o.control == "sample" then
    local call, plan = by_rows(field, cond, x0, plans.of_rows(o, method, x0))
    return core.ode_engine.solve_rows(tableau, call, x0, plan)
  end
  if o.control ~= "batch" then
    core.fail(('%s: control: expected "batch" or "sample", found %s'):format(o.where, options.shown(o.control)))
  end
  local call, plan = in_batch(field, cond, plans.of(o, method, x0))
  if recorded then return solve_on_tape(tableau or method.step, call, x0, plan) end
  return core.ode_engine.solve(tableau or method.step, call, x0, plan)
end

local function solve(where, field, x0, given)
  if not options.callable(field) then core.fail(("%s: the field is a %s: expected a function or a model"):format(where, type(field))) end
  if not core.is_tensor(x0) then core.fail(("%s: x0 is a %s: expected a tensor"):format(where, type(x0))) end
  local o = options.read(where, given, plans.options)
  o.where = where
  local method = method_for(o)
  if type(o.gradient) ~= "boolean" then core.fail(where .. ": gradient: expected true or false, found " .. options.shown(o.gradient)) end
  local recording, one_leaf = core.is_recording()
  local recorded = o.gradient and recording
  local solve_on_tape
  if recorded or o.memory ~= plans.options.memory then
    solve_on_tape = options.choose(where .. ": memory", o.memory, require "fm.ode.parts.gradient")
  end
  if recorded then check_recorded(o, one_leaf) end
  local cond, finish = condition_of(o, x0), nil
  if o.manifold ~= nil then
    field, finish = require "fm.ode.parts.on_manifold".begin(o, field, x0, cond)
    cond = nil
  end
  local x, info = with(o, method, field, x0, cond, recorded, solve_on_tape)
  if finish then return finish(x, info) end
  return x, info
end

return function(...)
  local x, info = solve(...)
  return x, setmetatable(info, Info)
end

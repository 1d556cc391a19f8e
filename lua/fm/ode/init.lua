-- ode.solve(field, x0, options) -> x, info: dx/dt = field(x, t) from t0 to t1. The engine is in C; a method is a file of this folder,
-- or one beside the script.
--
-- field(x, t) may be a function or a model; t is a number. Its x is lent: clone what is to be kept. Where no tape records, what a call
-- makes goes back to the pool when the call ends. On a tape a solve is recorded as other ops are: see gradient.lua.
-- A state or a first slope that is not finite raises; under error control a field that turns bad later ends the solve with
-- status "step_too_small" at the last good point, and info.reason says why.
local core <const> = require "fm.core"
local options <const> = require "fm.options"
local method_of <const> = require "fm.ode.method"
local grid_of <const> = require "fm.ode.grid"
local gradient <const> = require "fm.ode.gradient"

local ode <const> = {}

local none <const> = options.none
local defaults <const> = {
  method = "dopri5", t0 = 0, t1 = none, steps = none, grid = none, times = none, rtol = none, atol = none, first_step = none,
  max_step = none, min_step = none, max_nfe = none, save = none, events = none, control = "batch", controller = none,
  gradient = true, memory = "full",
}
ode.options = defaults -- for those who solve on behalf of others: the names that solve takes
local where <const> = "ode.solve"
local default_steps <const> = 100
local least_rtol <const> = 100 * 2.0 ^ -52 -- as in scipy: below it, rounding errors steer the steps

local function number(o, name, low, high)
  return options.number(where .. ": " .. name, o[name], low, high) + 0.0
end

local function callable(value)
  if type(value) == "function" then return true end
  local meta = getmetatable(value)
  return type(meta) == "table" and meta.__call ~= nil
end

local function is_list(value)
  return type(value) == "table" and math.type(value[1]) ~= nil
end

-- Times that run from t0 towards t1.
local function check_times(name, times, t0, t1)
  if type(times) ~= "table" or #times == 0 then core.fail(("%s: %s: expected a list of numbers"):format(where, name)) end
  local result, sign = {}, t1 < t0 and -1 or 1
  for i = 1, #times do
    local t = options.number(("%s: %s[%d]"):format(where, name, i), times[i], -math.huge, math.huge) + 0.0
    if sign * (t - t0) < 0 or sign * (t1 - t) < 0 then
      core.fail(("%s: %s[%d] = %g lies outside of t0 = %g .. t1 = %g"):format(where, name, i, t, t0, t1))
    end
    if i > 1 and sign * (t - result[i - 1]) <= 0 then
      core.fail(("%s: %s[%d] = %g does not follow %g on the way from %g to %g"):format(where, name, i, t, result[i - 1], t0, t1))
    end
    result[i] = t
  end
  return result
end

-- The points of the steps, when they are not uniform.
local function steps_through(times, t0, t1)
  local points = { t0 }
  for _, t in ipairs(times) do
    if t ~= points[#points] then points[#points + 1] = t end
  end
  if points[#points] ~= t1 then points[#points + 1] = t1 end
  return points
end

-- `save = n`: n points among those of the steps, as evenly as they lie.
local function points_to_save(n, plan)
  local steps, times = plan.grid and #plan.grid - 1 or plan.steps, {}
  if n > steps + 1 then core.fail(("%s: save = %d states, but %d steps have %d"):format(where, n, steps, steps + 1)) end
  for i = 1, n do
    local at = n == 1 and steps or math.floor((i - 1) * steps / (n - 1) + 0.5)
    local uniform = at == steps and plan.t1 or plan.t0 + at * (plan.t1 - plan.t0) / steps
    times[i] = plan.grid and plan.grid[at + 1] or uniform
  end
  return times
end

local function uniform_times(n, t0, t1)
  local times = {}
  for i = 1, n do times[i] = i == n and t1 or t0 + (i - 1) * (t1 - t0) / (n - 1) end
  return times
end

local function plan_fixed(plan, o, method)
  for _, name in ipairs { "rtol", "atol", "first_step", "max_step", "min_step", "controller" } do
    if o[name] ~= nil then
      core.fail(("%s: %s is for error control; %s"):format(where, name,
        method.adaptive and "without steps and grid this method has it" or "this method takes fixed steps"))
    end
  end
  if o.times and not o.steps and not o.grid then
    plan.grid = steps_through(plan.times, plan.t0, plan.t1)
  else
    plan.steps = options.integer(where .. ": steps", o.steps or default_steps, 1, 1e9)
    if is_list(o.grid) then
      if o.steps then core.fail(where .. ": a list of points is the grid: leave steps out") end
      plan.grid = steps_through(check_times("grid", o.grid, plan.t0, plan.t1), plan.t0, plan.t1)
    elseif o.grid then
      plan.grid = grid_of(o.grid, plan.steps, plan.t0, plan.t1)
    end
    if o.times and not method.interpolates then core.fail(where .. ": times: this method cannot interpolate; leave steps out") end
  end
  if math.type(o.save) then plan.times = points_to_save(plan.save, plan) end
end

local controllers <const> = { scipy = 0, pi = 1, torchdiffeq = 2 } -- src/core/ode_control.h

local function plan_adaptive(plan, o)
  plan.rtol = o.rtol and math.max(number(o, "rtol", 0, math.huge), least_rtol) or 1e-5
  plan.atol = o.atol and number(o, "atol", 0, math.huge) or 1e-5
  local length = math.abs(plan.t1 - plan.t0)
  if o.first_step then
    plan.first_step = number(o, "first_step", 0, math.huge)
    if plan.first_step == 0 or plan.first_step > length then
      core.fail(("%s: first_step: expected a number in 0..%g, found %g"):format(where, length, plan.first_step))
    end
  end
  if o.max_step then
    plan.max_step = number(o, "max_step", 0, math.huge)
    if plan.max_step == 0 then core.fail(where .. ": max_step: expected a number above 0") end
  end
  if o.min_step then plan.min_step = number(o, "min_step", 0, plan.max_step or math.huge) end
  plan.controller = options.choose(where .. ": controller", o.controller or "scipy", controllers)
  if math.type(o.save) then plan.times = plan.save == 1 and { plan.t1 } or uniform_times(plan.save, plan.t0, plan.t1) end
end

local directions <const> = { up = 1, down = -1, both = 0 }

-- Each event is a function f(x, t) -> number, or { f, direction = "up" | "down" | "both", terminal = true | count }.
local function events_of(given, method)
  if type(given) ~= "table" then core.fail(where .. ": events: expected a list") end
  if not method.interpolates then core.fail(where .. ": events: this method cannot interpolate") end
  for key in pairs(given) do
    if not math.tointeger(key) then core.fail(('%s: events: expected a list, found the key "%s"'):format(where, tostring(key))) end
  end
  local events = {}
  for i, event in ipairs(given) do
    local name = ("%s: events[%d]"):format(where, i)
    if callable(event) then event = { event } end
    if type(event) ~= "table" or not callable(event[1]) then core.fail(name .. ": expected a function, or a table that begins with one") end
    local given_options = {}
    for key, value in pairs(event) do
      if key ~= 1 then given_options[tostring(key)] = value end
    end
    local o = options.read(name, given_options, { direction = "both", terminal = false })
    local last = o.terminal == true and 1 or o.terminal or 0
    events[i] = { event[1], direction = options.choose(name .. ": direction", o.direction, directions),
      last = options.integer(name .. ": terminal", last, 0), t = {}, x = {} }
  end
  return events
end

local function plan_of(o, method)
  local times = o.times
  local points = is_list(times) and times or is_list(o.grid) and o.grid
  local last = points and math.type(points[#points]) and points[#points]
  local plan = { t0 = number(o, "t0", -math.huge, math.huge) }
  plan.t1 = o.t1 == nil and (last or 1) + 0.0 or number(o, "t1", -math.huge, math.huge)
  if math.abs(plan.t0) == math.huge or math.abs(plan.t1) == math.huge then core.fail(where .. ": t0 and t1 must be finite") end
  if o.max_nfe then plan.max_nfe = options.integer(where .. ": max_nfe", o.max_nfe, 0) end
  if times then plan.times = check_times("times", times, plan.t0, plan.t1) end
  if times and o.save then core.fail(where .. ": give times or save, not both") end
  if o.save == "steps" then plan.every_step = true
  elseif o.save then plan.save = options.integer(where .. ": save", o.save, 1, 1e9) end
  if o.events then plan.events = events_of(o.events, method) end
  local adaptive = method.adaptive and not o.steps and not o.grid
  if adaptive then plan_adaptive(plan, o) else plan_fixed(plan, o, method) end
  return plan
end

-- control = "sample": every row has its own step and leaves when it is done. Only the end is kept.
local function plan_of_rows(o, method)
  if not method.adaptive then core.fail(where .. ': control = "sample" needs a method with an error estimate') end
  for _, name in ipairs { "steps", "grid", "times", "save", "events" } do
    if o[name] ~= nil then core.fail(('%s: %s does not go with control = "sample"'):format(where, name)) end
  end
  return plan_of(o, method)
end

local function check_recorded(o, one_leaf)
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

--- Solves dx/dt = field(x, t). See doc of the options in the README; info has nfe, accepted, rejected, steps, status, t, and with
--- `times` or `save` also times and states [times, ...], with `events` for each a list t and a list x.
--- With control = "sample" the field gets t as a tensor [A], one time for each row of x that is still on its way; info.nfe counts
--- calls, info.evaluations rows, and info.rows has nfe, accepted, rejected and t of each row.
--- While a tape records, gradients flow through the solve unless gradient = false; memory = "segments" takes the steps again on the way
--- back instead of keeping every call of the field.
function ode.solve(field, x0, given)
  if not callable(field) then core.fail(("%s: the field is a %s: expected a function or a model"):format(where, type(field))) end
  if not core.is_tensor(x0) then core.fail(("%s: x0 is a %s: expected a tensor"):format(where, type(x0))) end
  local o = options.read(where, given, defaults)
  local method = method_of(o.method)
  local solve_on_tape = options.choose(where .. ": memory", o.memory, gradient)
  if type(o.gradient) ~= "boolean" then core.fail(where .. ": gradient: expected true or false, found " .. tostring(o.gradient)) end
  local recording, one_leaf = core.is_recording()
  local recorded = o.gradient and recording
  if recorded then check_recorded(o, one_leaf) end
  local tableau = method.tableau and method.by_controller[o.controller] or method.tableau
  if o.control == "sample" then return core.ode_engine.solve_rows(tableau, field, x0, plan_of_rows(o, method)) end
  if o.control ~= "batch" then
    core.fail(('%s: control: expected "batch" or "sample", found %s'):format(where, tostring(o.control)))
  end
  if recorded then return solve_on_tape(tableau or method.step, field, x0, plan_of(o, method)) end
  local x, info = core.ode_engine.solve(tableau or method.step, field, x0, plan_of(o, method))
  return x, info
end

return ode

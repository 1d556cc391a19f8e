-- Turns what ode.solve is asked for into a plan for the engine: reads and checks the options, makes
-- lists of times and grids.
local core <const> = require "fm.core"
local grid_of <const> = require "fm.ode.parts.grid"
local no_holes <const> = require "fm.parts.no_holes"
local options <const> = require "fm.parts.options"

local plans <const> = {}

local none <const> = options.none
local defaults <const> = options.often {
  method = "dopri5", t0 = 0, t1 = none, steps = none, grid = none, times = none, rtol = none, atol = none, first_step = none,
  max_step = none, min_step = none, max_nfe = none, save = none, events = none, control = "batch", controller = none,
  gradient = true, memory = "full", rows = false, cond = none, manifold = none,
}
plans.options = defaults

local default_steps <const> = 100
local most_points <const>, most_numbers <const> = 1e6, 2 ^ 31 -- in a list of times or saved states, and in all saved states together
local least_rtol <const> = 100 * 2.0 ^ -52 -- as in scipy: below it, rounding errors steer the steps

-- The options that were read carry `where`, the name of the called function: every message begins
-- with it.
local function number(o, name, low, high)
  return options.number(o.where .. ": " .. name, o[name], low, high) + 0.0
end

local function is_list(value)
  return type(value) == "table" and math.type(value[1]) ~= nil
end

local function check_count(o, name, n, what)
  if n > most_points then core.fail(("%s: %s: %d %s are over the limit %d: take fewer, or solve in parts"):format(o.where, name, n, what, most_points)) end
end

-- Times that run from t0 towards t1.
local function check_times(o, name, t0, t1)
  local times, where = o[name], o.where
  if type(times) ~= "table" or #times == 0 then core.fail(("%s: %s: expected a list of numbers"):format(where, name)) end
  check_count(o, name, #times, "times")
  local result, sign = {}, t1 < t0 and -1 or 1
  for i = 1, #times do
    local t = options.number(("%s: %s[%d]"):format(where, name, i), times[i], -math.huge, math.huge) + 0.0
    if sign * (t - t0) < 0 or sign * (t1 - t) < 0 then
      core.fail(("%s: %s[%d] = %g lies outside of t0 = %g .. t1 = %g%s"):format(where, name, i, t, t0, t1,
        o.t1 == nil and " (t1 is 1 unless it is given)" or ""))
    end
    if i > 1 and sign * (t - result[i - 1]) <= 0 then
      core.fail(("%s: %s[%d] = %g does not follow %g on the way from %g to %g"):format(where, name, i, t, result[i - 1], t0, t1))
    end
    result[i] = t
  end
  return result
end

-- The points of steps: from t0 through those given, then from the last of them to t1 in steps of
-- the default length.
local function steps_through(times, t0, t1)
  local points = { t0 }
  for _, t in ipairs(times) do
    if t ~= points[#points] then points[#points + 1] = t end
  end
  local last = points[#points]
  local rest = last == t1 and 0 or math.max(1, math.ceil(default_steps * ((t1 - last) / (t1 - t0))))
  for i = 1, rest do
    local t = i == rest and t1 or last + i * (t1 - last) / rest
    if t ~= points[#points] then points[#points + 1] = t end
  end
  return points
end

-- `save = n`: n of the points between steps, spaced as evenly as possible.
local function points_to_save(where, n, plan)
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
  local where <const> = o.where
  for _, name in ipairs { "rtol", "atol", "first_step", "max_step", "min_step", "controller" } do
    if o[name] ~= nil then
      core.fail(("%s: %s is for error control; %s"):format(where, name,
        method.adaptive and "without steps and grid this method has it" or "this method takes fixed steps"))
    end
  end
  if o.times and o.steps == nil and o.grid == nil then
    plan.grid = steps_through(plan.times, plan.t0, plan.t1)
  else
    plan.steps = options.turns(where .. ": steps", o.steps == nil and default_steps or o.steps)
    if is_list(o.grid) then
      if o.steps ~= nil then core.fail(where .. ": a list of points is the grid: leave steps out") end
      plan.grid = steps_through(check_times(o, "grid", plan.t0, plan.t1), plan.t0, plan.t1)
    elseif o.grid ~= nil then
      plan.grid = grid_of(where, o.grid, plan.steps, plan.t0, plan.t1)
    end
    if o.times and not method.interpolates then core.fail(where .. ": times: this method cannot interpolate; leave steps out") end
  end
  if plan.save then plan.times = points_to_save(where, plan.save, plan) end
end

local controllers <const> = { scipy = "scipy", pi = "pi", torchdiffeq = "torchdiffeq" }

local function plan_adaptive(plan, o)
  local where <const> = o.where
  plan.rtol = o.rtol ~= nil and math.max(number(o, "rtol", 0, math.huge), least_rtol) or 1e-5
  plan.atol = o.atol ~= nil and number(o, "atol", 0, math.huge) or 1e-5
  local length = math.abs(plan.t1 - plan.t0)
  if o.first_step ~= nil then
    plan.first_step = number(o, "first_step", 0, math.huge)
    if plan.first_step == 0 or plan.first_step > length then
      core.fail(("%s: first_step: expected a number in 0..%g, found %g"):format(where, length, plan.first_step))
    end
  end
  if o.max_step ~= nil then
    plan.max_step = number(o, "max_step", 0, math.huge)
    if plan.max_step == 0 then core.fail(where .. ": max_step: expected a number above 0") end
  end
  if o.min_step ~= nil then plan.min_step = number(o, "min_step", 0, plan.max_step or math.huge) end
  plan.controller = options.choose(where .. ": controller", o.controller == nil and "scipy" or o.controller, controllers)
  if plan.save then plan.times = plan.save == 1 and { plan.t1 } or uniform_times(plan.save, plan.t0, plan.t1) end
end

local directions <const> = { up = 1, down = -1, both = 0 }

-- Each event is a function f(x, t) -> number, or { f, direction = "up" | "down" | "both", terminal
-- = true | count }.
local function events_of(where, given, method)
  if type(given) ~= "table" then core.fail(where .. ": events: expected a list") end
  if not method.interpolates then core.fail(where .. ": events: this method cannot interpolate") end
  no_holes(where .. ": events", given)
  local events = {}
  for i, event in ipairs(given) do
    local name = ("%s: events[%d]"):format(where, i)
    if options.callable(event) then event = { event } end
    if type(event) ~= "table" or not options.callable(event[1]) then core.fail(name .. ": expected a function, or a table that begins with one") end
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

-- `save`: "steps", or how many states to keep, checked before memory is taken for them.
local function read_save(plan, o, x0)
  if o.save == "steps" then
    plan.every_step = true
    return
  end
  plan.save = options.turns(o.where .. ": save", o.save)
  check_count(o, "save", plan.save, "states")
  if plan.save * x0:count() > most_numbers then
    core.fail(("%s: save: %d states of %d numbers are over the limit %.0f: take fewer, or solve in parts"):format(o.where, plan.save, x0:count(),
      most_numbers))
  end
end

local function ends_of(o)
  local t0, t1 = number(o, "t0", -math.huge, math.huge), o.t1 == nil and 1.0 or number(o, "t1", -math.huge, math.huge)
  if math.abs(t0) == math.huge or math.abs(t1) == math.huge then core.fail(o.where .. ": t0 and t1 must be finite") end
  if math.abs(t1 - t0) == math.huge then core.fail(("%s: t1: %g is too far from t0 = %g"):format(o.where, t1, t0)) end
  return t0, t1
end

--- The plan for the engine, from the options that were read, with `where`.
function plans.of(o, method, x0)
  local t0, t1 = ends_of(o)
  local plan = { t0 = t0, t1 = t1 }
  if o.max_nfe ~= nil then plan.max_nfe = options.integer(o.where .. ": max_nfe", o.max_nfe, 0) end
  if o.times ~= nil then plan.times = check_times(o, "times", t0, t1) end
  if o.times ~= nil and o.save ~= nil then core.fail(o.where .. ": give times or save, not both") end
  if o.save ~= nil then read_save(plan, o, x0) end
  if o.events ~= nil then plan.events = events_of(o.where, o.events, method) end
  local adaptive = method.adaptive and o.steps == nil and o.grid == nil
  if adaptive then plan_adaptive(plan, o) else plan_fixed(plan, o, method) end
  -- In fmrun64 steps are those of SciPy to the last bit; it has no methods with history.
  plan.sum_order = core.real == "double" and not method.history and "scipy" or "plain"
  return plan
end

--- The same for control = "sample": every row has its own step and leaves when it is done. Only the
--- end is kept.
function plans.of_rows(o, method, x0)
  local where <const> = o.where
  if not method.adaptive then core.fail(where .. ': control = "sample" needs a method with an error estimate') end
  for _, name in ipairs { "steps", "grid", "times", "save", "events" } do
    if o[name] ~= nil then core.fail(('%s: %s does not go with control = "sample"'):format(where, name)) end
  end
  return plans.of(o, method, x0)
end

return plans

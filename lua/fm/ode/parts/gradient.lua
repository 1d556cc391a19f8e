-- How a solve is put on a tape, by the option `memory`: solve(method, field, x0, plan) -> x, info.
-- The numbers are those of an unrecorded solve, to the last bit. Gradients flow from x and from
-- info.states to x0 and to what the field depends on. The accepted steps count as constants, so
-- times have no gradient.
-- memory = "full": every call of the field stays on the tape. memory = "segments": the tape holds
-- one record for the whole solve, and the state at borders between segments. The backward pass
-- computes each segment again, recorded on its own tape, from the last to the first. Griewank and
-- Walther, Evaluating Derivatives (2008), chapter 12.
local core <const> = require "fm.core"

local engine <const> = core.ode_engine

-- [n, ...] of n tensors.
local function stacked(list, shape)
  if #list == 0 then return core.zeros(0, table.unpack(shape)) end
  local rows = {}
  for i, t in ipairs(list) do rows[i] = t:reshape(1, table.unpack(shape)) end
  return core.cat(rows, { axis = 1 })
end

local function full(method, field, x0, plan)
  plan.record = {}
  local x, info = engine.solve(method, field, x0, plan)
  if info.states then info.states = stacked(info.states, x0:shape()) end
  return x, info
end

-- A step's activations are larger than its state: a segment is one step until there are this many
-- borders. From then on segments double in length whenever there are that many times more borders
-- than steps in a segment, so both grow with the square root of the number of steps.
local borders_per_step <const> = 32

-- A trail is what the backward pass needs: times of all points, and borders at some of them, listed
-- in `at`.
local function follow(plan)
  local trail = { times = {}, borders = {}, at = {} }
  local times, borders, at, spare, spacing = trail.times, trail.borders, trail.at, {}, 1
  local function keep()
    borders[#borders + 1] = plan.border(table.remove(spare))
    at[#at + 1] = #times
  end
  local function thin_out()
    local n = #borders
    for i = 1, n do
      if i % 2 == 0 then spare[#spare + 1] = borders[i]
      else borders[(i + 1) // 2], at[(i + 1) // 2] = borders[i], at[i] end
    end
    for i = n, (n + 1) // 2 + 1, -1 do borders[i], at[i] = nil, nil end
    spacing = 2 * spacing
  end
  function plan.watch(t, at_end)
    if t ~= times[#times] then times[#times + 1] = t end
    if at[#at] ~= #times and (at_end or (#times - 1) % spacing == 0) then keep() end
    if #borders > borders_per_step * spacing and not at_end then thin_out() end
  end
  return trail
end

-- The times and past times of the segment that starts at border i.
local function steps_of(trail, i, past)
  local from, before = trail.at[i], {}
  for j = 1, math.min(past, from - 1) do before[j] = trail.times[from - j] end
  return table.move(trail.times, from, trail.at[i + 1], 1, {}), before
end

-- The gradient of the packed result, rows of [saved states, end], goes back through the segments.
local function walk_back(trail, dy)
  local method, field, like, sign = trail.method, trail.field, trail.like, trail.sign
  local n, saved, last = dy:size(2), trail.saved, #trail.saved
  -- for the state at the border, and for the past slopes known there
  local adjoint, leaf = dy[{ last + 1, last + 1 }], nil
  if #trail.borders == 1 then return dy:sum { axis = 1 }:reshape(like:shape()) end
  for i = #trail.borders - 1, 1, -1 do
    local tape <close> = core.record()
    local grid, before = steps_of(trail, i, trail.past)
    local first = last
    while first > 0 and (i == 1 or sign * (saved[first] - grid[1]) > 0) do first = first - 1 end
    local upstream = core.cat({ adjoint, last > first and dy[{ first + 1, last }] or nil }, { axis = 1 })
    if not leaf or leaf:size(1) ~= 1 + #before then leaf = core.parameter(core.zeros(1 + #before, n)) end
    local plan = { record = {}, t0 = grid[1], t1 = grid[#grid], grid = grid, times = table.move(saved, first + 1, last, 1, {}) }
    plan.sum_order = trail.sum_order
    plan.from, plan.expected = { trail.borders[i], leaf:zero_grad(), before }, trail.borders[i + 1]
    local x, info, past = engine.solve(method, field, like, plan)
    local rows = { x:reshape(1, n) }
    for j = 1, adjoint:size(1) - 1 do rows[#rows + 1] = past[j]:reshape(1, n) end
    for _, state in ipairs(info.states) do rows[#rows + 1] = state:reshape(1, n) end
    core.cat(rows, { axis = 1 }):backward(upstream)
    adjoint, last = leaf:grad(), first
  end
  return adjoint[{ 1, 1 }]:reshape(like:shape())
end

local function segments(method, field, x0, plan)
  local trail = follow(plan)
  local x, info, depends = engine.solve(method, field, x0, plan)
  local shape, n, states = x0:shape(), x0:count(), info.states
  local count = states and states:size(1) or 0
  trail.method, trail.field, trail.like, trail.sign = method, field, x0, plan.t1 < plan.t0 and -1 or 1
  trail.sum_order = plan.sum_order
  trail.saved = table.move(info.times or {}, 1, count, 1, {})
  trail.past = type(method) == "userdata" and select(3, engine.facts(method)) or 0
  local packed = x:reshape(1, n)
  if count > 0 then packed = core.cat({ states:reshape(count, n), packed }, { axis = 1 }) end
  -- stands for the field's parameters
  local parameters = depends and core.parameter(core.zeros()) or nil
  packed = core.custom { forward = function() return packed, trail end, backward = walk_back } (x0, parameters)
  if states and count > 0 then info.states = packed[{ 1, count }]:reshape(count, table.unpack(shape)) end
  return packed[{ count + 1, count + 1 }]:reshape(shape), info
end

return { full = full, segments = segments }

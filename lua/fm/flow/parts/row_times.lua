-- Times with a number for each of n rows, [n]: drawn by a sampler of flow.time, or given as a
-- number, [n] or [n, 1].
local fm <const> = require "fm"
local arguments <const> = require "fm.flow.parts.arguments"
local samplers <const> = require "fm.flow.time"

local row_times <const> = {}

--- Raises when times are given, and a sampler beside them, which would draw none.
function row_times.check(where, o)
  if o.time == nil then return end
  for _, name in ipairs { "t", "s" } do
    if o[name] ~= nil then fm.fail(("%s: give %s or time, not both: time says how times are drawn"):format(where, name)) end
  end
end

--- Drawn from rng by the sampler that an option `time` names; nil: uniform.
function row_times.drawn(where, what, rng, n)
  local sampler, is_own = samplers.of(where .. ": time", what == nil and "uniform" or what)
  local t = sampler(rng, n)
  if is_own then return t end
  if not fm.is_tensor(t) then fm.fail(("%s: time returned a %s, expected a tensor [%d]"):format(where, type(t), n)) end
  return arguments.time_within(where .. ": time", t, n)
end

--- A number, or a tensor of one or n of them, for n rows.
function row_times.over(t, n)
  if type(t) == "number" then return fm.full(n, t) end
  return t:count() == n and t or fm.zeros(n) + t
end

--- name: what the times are called, nil: t.
function row_times.given(where, t, n, name)
  return row_times.over(arguments.time_within(where, t, n, name), n)
end

return row_times

-- map_sample(model, x0, {steps = 1, times, cond}) -> x1, info: where the maps of a two-time model
-- take x0, one after the other: over `steps` equal parts of 0..1, or from each of the times to the
-- next. info.nfe is how often the model was evaluated.
local fm <const> = require "fm"
local arguments <const> = require "fm.flow.parts.arguments"
local map <const> = require "fm.flow.map"
local options <const> = require "fm.parts.options"

local where <const> = "map_sample"

local function listed(times)
  if fm.is_tensor(times) then times = times:reshape(-1):totable() end
  if type(times) ~= "table" or #times < 2 then
    fm.fail(("%s: times: expected a list of two or more, found %s"):format(where, type(times) == "table" and #times or options.shown(times)))
  end
  for i, t in ipairs(times) do
    options.number(("%s: times[%d]"):format(where, i), t, 0, 1)
    if i > 1 and t < times[i - 1] then fm.fail(("%s: times[%d] is %g, before times[%d], %g"):format(where, i, t, i - 1, times[i - 1])) end
  end
  return times
end

--- How many maps, and from where number i starts.
local function grid(o)
  if o.times ~= nil then
    if o.steps ~= nil then fm.fail(where .. ": give steps or times, not both") end
    local times = listed(o.times)
    return #times - 1, function(i) return times[i] end
  end
  local steps = options.turns(where .. ": steps", o.steps or 1)
  return steps, function(i) return (i - 1) / steps end
end

return function(model, x0, given, ...)
  options.no_more(where, 3, ...)
  arguments.model(where, model)
  arguments.batch(where, "x0", x0)
  local o = options.read(where, given, { steps = options.none, times = options.none, cond = options.none })
  local n, start = grid(o)
  local X, x = map(model), x0
  for i = 1, n do x = X(x, start(i), start(i + 1), o.cond) end
  return x, { nfe = n }
end

-- scale(where, w, interval) -> at(t): how strong guidance is at a time. at(t) gives w, a number or
-- a tensor [B], and where it applies: true, false, or a tensor [B] of 1 and 0. Outside of the
-- interval {a, b}, whose ends belong to it, the model is not guided, which is w = 1. w is a number
-- or a function of t, of numbers, of tensors or of both.
local fm <const> = require "fm"
local attempt <const> = require "fm.parts.attempt"
local options <const> = require "fm.parts.options"

-- A time next to an end by rounding is at the end.
local rounding <const> = 1e-9
local rounding_of_rows <const> = fm.real == "double" and rounding or 2.0 ^ -22

local function checked(where, w, t)
  if type(w) == "number" and w == w or fm.is_tensor(w) and (w:count() == 1 or type(t) ~= "number" and w:count() == t:count()) then return w end
  fm.fail(("%s: scale returned %s for t = %s, expected a number%s"):format(where, options.shown(w),
    type(t) == "number" and ("%g"):format(t) or options.shown(t), type(t) == "number" and "" or ", or one for each row"))
end

local function row_by_row(where, w, t)
  local values = t:totable()
  for i, at in ipairs(values) do
    local value = checked(where, w(at), at)
    values[i] = type(value) == "number" and value or value:item()
  end
  return fm.tensor(values)
end

local function schedule(where, w)
  if type(w) == "number" then
    options.number(where .. ": scale", w, -1e300, 1e300)
    return function() return w end
  end
  if not options.callable(w) then
    fm.fail(("%s: scale: expected a number or a function of t, found %s"):format(where, w == nil and "none" or options.shown(w)))
  end
  local takes_numbers, takes_rows -- known after the first of each; nil where both fail: w itself raises
  return function(t)
    if type(t) == "number" then
      if takes_numbers == nil and (attempt(w, t) or not attempt(w, fm.full(1, t))) then takes_numbers = true end
      if takes_numbers then return checked(where, w(t), t) end
      takes_numbers = false
      return checked(where, w(fm.full(1, t)):item(), t)
    end
    if takes_rows == nil then takes_rows = (attempt(w, t)) end
    if takes_rows then return checked(where, w(t), t) end
    return row_by_row(where, w, t)
  end
end

local function check_interval(where, interval)
  if type(interval) ~= "table" or #interval ~= 2 then
    fm.fail(("%s: interval: expected { a, b }, found %s"):format(where, options.shown(interval)))
  end
  local low = options.number(where .. ": interval[1]", interval[1], -1e300, 1e300)
  local high = options.number(where .. ": interval[2]", interval[2], -1e300, 1e300)
  if low > high then fm.fail(("%s: interval: it ends at %g, before %g"):format(where, high, low)) end
  return low, high
end

local scale <const> = {}

--- at(t), see above.
function scale.of(where, w, interval)
  local value <const> = schedule(where, w)
  if interval == nil then return function(t) return value(t), true end end
  local low <const>, high <const> = check_interval(where, interval)
  return function(t)
    if type(t) ~= "number" then return value(t), fm.ge(t, low - rounding_of_rows) * fm.le(t, high + rounding_of_rows) end
    return value(t), t >= low - rounding and t <= high + rounding
  end
end

--- Whether t lies before a limit: true or false, or a tensor [B] of 1 and 0.
function scale.before(t, limit)
  if type(t) == "number" then return t < limit - rounding end
  return fm.lt(t, limit - rounding_of_rows)
end

return scale

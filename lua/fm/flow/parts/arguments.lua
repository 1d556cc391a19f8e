-- Checks the arguments of the functions of flow: a model, a batch, times. A time lies in 0..1, and
-- is a number or a tensor with one number for each row.
local fm <const> = require "fm"
local options <const> = require "fm.parts.options"

local arguments <const> = {}

local function shape_of(x)
  return "[" .. table.concat(x:shape(), ", ") .. "]"
end

local function kind_of(value)
  return fm.is_tensor(value) and "tensor " .. shape_of(value) or type(value)
end
arguments.kind_of = kind_of

function arguments.model(where, model)
  if not options.callable(model) then
    fm.fail(("%s: the model is a %s: expected a function or a model"):format(where, kind_of(model)))
  end
end

local function same_shape(x, like)
  local rank = x:rank()
  if rank ~= like:rank() then return false end
  for axis = 1, rank do
    if x:size(axis) ~= like:size(axis) then return false end
  end
  return true
end

--- A tensor with rows: [B, ...], or shaped as `like`.
function arguments.batch(where, name, x, like)
  if not fm.is_tensor(x) then
    fm.fail(("%s: %s is a %s: expected a tensor %s"):format(where, name, type(x), like and shape_of(like) or "[B, ...]"))
  end
  if like then
    if not same_shape(x, like) then fm.fail(("%s: %s is %s, expected %s"):format(where, name, shape_of(x), shape_of(like))) end
    return
  end
  if x:rank() < 1 then fm.fail(("%s: %s is [], expected [B, ...]"):format(where, name)) end
end

--- finite(where, name, x): raises when a row of x has a number that is not finite.
arguments.finite = require "fm.parts.finite"

-- A solver's last time may miss an end of 0..1 by rounding.
local rounding <const> = 1e-9

--- A time: a number in 0..1, or a tensor: one number for all rows, or one for each of `rows` (any
--- shape when that is nil). name: what it is called, nil: t.
function arguments.time(where, t, rows, name)
  name = name or "t"
  if type(t) == "number" then
    if t > 1 and t <= 1 + rounding then return 1.0 end
    if t < 0 and t >= -rounding then return 0.0 end
    return options.number(("%s: %s"):format(where, name), t, 0, 1)
  end
  if not fm.is_tensor(t) then
    fm.fail(("%s: %s: expected a number or a tensor [%s], found %s"):format(where, name, rows and ("%d"):format(rows) or "B", type(t)))
  end
  if not rows then return t end
  local count, rank = t:count(), t:rank()
  if count ~= 1 and (count ~= rows or rank ~= 1 and not (rank == 2 and t:size(2) == 1)) then
    fm.fail(("%s: %s is %s, expected [%d] or a number"):format(where, name, shape_of(t), rows))
  end
  return rank == 1 and t or t:reshape(-1)
end

--- A time of any size, as a model itself may get it.
function arguments.any_time(where, t)
  if type(t) ~= "number" and not fm.is_tensor(t) then fm.fail(("%s: t: expected a number or a tensor [B], found %s"):format(where, type(t))) end
end

--- Like time, but also checks the numbers of a tensor.
function arguments.time_within(where, t, rows, name)
  t = arguments.time(where, t, rows, name)
  if type(t) == "number" or t:count() == 0 then return t end
  local seen = t:detach()
  local least, most = seen:min():item(), seen:max():item()
  if not (least >= 0 and most <= 1) then fm.fail(("%s: %s: expected numbers in 0..1, found %g .. %g"):format(where, name or "t", least, most)) end
  return t
end

--- A network says in its field `times` how many times it takes; this is one that is called with
--- `expected` of them.
function arguments.times(where, what, model, expected)
  local times = type(model) == "table" and rawget(model, "times")
  if math.type(times) and times ~= expected then
    fm.fail(("%s: %s takes %d time%s, expected one made with times = %d"):format(where, what, times, times == 1 and "" or "s", expected))
  end
end

return arguments

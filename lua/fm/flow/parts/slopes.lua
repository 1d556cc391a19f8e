-- slopes(model, shape, directions [, o]) -> field of a state [B, n + count]: the first n numbers of
-- a row are x (of shape [.., shape]), the others grow by the slopes e . (dv/dx) e of the velocity
-- model(x, t [, cond]) along directions.
--   directions = "axes"      one number, the sum over all axes: the divergence, exactly
--   directions = { e, ... }  one number for each e [B, n]; for signs drawn at random each has the
--                            divergence as its mean (Hutchinson 1989)
-- The model's rows must not depend on each other. Directions and cond belong to rows and leave with
-- them. There are two ways, and o.recorded = true asks for the second:
--   backward   one forward pass, then a backward pass for each axis or direction over a tape in the
--              field: the least arithmetic, and it goes through all that a tape records (fm.custom,
--              a solve), but has no gradients of its own
--   forward    the derivatives along all directions beside one forward pass, made of ops: a tape
--              records them, so they have gradients
-- o: recorded, cond, where (the function that error messages name).
local fm <const> = require "fm"
local along <const> = require "fm.parts.along"
local fields <const> = require "fm.parts.field"

-- The velocity as [B, n].
local function flat_velocity(v, x, where)
  if not fm.is_tensor(v) or v:count() ~= x:count() then
    fm.fail(("%s: the model returned a %s, expected a velocity of %d numbers"):format(where or "log_prob",
      fm.is_tensor(v) and "tensor [" .. table.concat(v:shape(), ", ") .. "]" or type(v), x:count()))
  end
  return v:reshape(x:shape())
end

local function column(x, j)
  return x:slice { axis = 2, first = j, last = j }
end

-- The sum over axes j of dv_j/dx_j, [B, 1].
local function back_along_axes(v, x)
  local n, sum = x:size(2), fm.zeros(#x, 1)
  local zero, unit = fm.zeros(#x, n), fm.eye(n)
  for j = 1, n do
    v:backward(zero + unit[j])
    local gradient = x:grad()
    if gradient then
      sum = sum + column(gradient, j) -- for one row the slice is a view: added before the next pass
      x:zero_grad()
    end
  end
  return { sum }
end

local function back_along(directions, v, x)
  local slopes = {}
  for i, e in ipairs(directions) do
    v:backward(e)
    local gradient = x:grad()
    slopes[i] = gradient and (gradient * e):sum { axis = 2, keep = true } or fm.zeros(#x, 1)
    x:zero_grad()
  end
  return slopes
end

-- velocity(x, t, pick) and its slopes, from the last to the first.
local function backward(velocity, directions, n, width)
  local x, result -- kept from call to call; what the tape makes is gone when it closes
  return function(state, t, pick)
    local B = #state
    if not x or #x ~= B then x, result = fm.parameter(fm.zeros(B, n)), fm.zeros(B, width):detach() end
    x:copy(state:slice { axis = 2, first = 1, last = n })
    local tape <close> = fm.record(x)
    local v = velocity(x, t, pick)
    local function columns()
      if not fm.needs_grad(v) then return { fm.zeros(B, width - n) } end
      if directions == "axes" then return back_along_axes(v, x) end
      return back_along(pick and pick(directions) or directions, v, x)
    end
    return result:copy(fm.cat({ v, table.unpack(columns()) }, 2))
  end
end

local function units(B, n)
  local list, zero, unit = {}, fm.zeros(B, n), fm.eye(n)
  for j = 1, n do list[j] = (zero + unit[j]):detach() end
  return list
end

local function forward(velocity, directions, n)
  local axes -- kept from call to call, outside of every tape
  return function(state, t, pick)
    local B, columns, lengthwise = #state, {}, directions
    if directions == "axes" then
      if not axes or #axes[1] ~= B then axes = units(B, n) end
      lengthwise = axes
    elseif pick then lengthwise = pick(directions) end
    local x = state:slice { axis = 2, first = 1, last = n }
    local v, dv = along(function(y) return velocity(y, t, pick) end, x, lengthwise)
    for i, e in ipairs(lengthwise) do
      if directions ~= "axes" then columns[i] = (dv[i] * e):sum { axis = 2, keep = true }
      else columns[1] = i == 1 and column(dv[1], 1) or columns[1] + column(dv[i], i) end
    end
    return fm.cat({ v, table.unpack(columns) }, 2)
  end
end

return function(model, shape, directions, o)
  o = o or {}
  local call, n = fields.of(model, o.cond), 1
  for _, size in ipairs(shape) do n = n * size end
  local function velocity(x, t, pick)
    return flat_velocity(call(x:reshape(#x, table.unpack(shape)), t, pick), x, o.where)
  end
  local width = n + (directions == "axes" and 1 or #directions)
  return fields.new("slopes: field", (o.recorded and forward or backward)(velocity, directions, n, width))
end

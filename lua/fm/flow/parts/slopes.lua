-- slopes(model, shape, directions [, where, cond]) -> field of a state [B, n + count]: the first n
-- numbers of a row are x (of shape [.., shape]), the others grow by the slopes e . (dv/dx) e of the
-- velocity model(x, t [, cond]) along directions.
--   directions = "axes"      one number, the sum over all axes: the divergence, exactly
--   directions = { e, ... }  one number for each e [B, n]; for signs drawn at random each has the
--                            divergence as its mean (Hutchinson 1989)
-- One forward pass, then a backward pass for each axis or direction over the same tape; the
-- parameters get no gradient. The model's rows must not depend on each other. Directions and cond
-- belong to rows and leave with them.
local fm <const> = require "fm"
local fields <const> = require "fm.parts.field"

-- The sum over axes j of dv_j/dx_j, [B, 1].
local function along_axes(v, x)
  local n, sum = x:size(2), fm.zeros(#x, 1)
  local zero, unit = fm.zeros(#x, n), fm.eye(n)
  for j = 1, n do
    v:backward(zero + unit[j])
    local gradient = x:grad()
    if gradient then
      sum = sum + gradient:slice { axis = 2, first = j, last = j } -- for one row the slice is a view: added before the next pass
      x:zero_grad()
    end
  end
  return { sum }
end

local function along(directions)
  return function(v, x, pick)
    local slopes = {}
    for i, e in ipairs(pick and pick(directions) or directions) do
      v:backward(e)
      local gradient = x:grad()
      slopes[i] = gradient and (gradient * e):sum { axis = 2, keep = true } or fm.zeros(#x, 1)
      x:zero_grad()
    end
    return slopes
  end
end

-- The velocity as [B, n].
local function flat_velocity(v, x, where)
  if not fm.is_tensor(v) or v:count() ~= x:count() then
    fm.fail(("%s: the model returned a %s, expected a velocity of %d numbers"):format(where or "log_prob",
      fm.is_tensor(v) and "tensor [" .. table.concat(v:shape(), ", ") .. "]" or type(v), x:count()))
  end
  return v:reshape(x:shape())
end

return function(model, shape, directions, where, cond)
  local call = fields.of(model, cond)
  local differentiate = directions == "axes" and along_axes or along(directions)
  local n = 1
  for _, size in ipairs(shape) do n = n * size end
  local x, result -- kept from call to call; what the tape makes is gone when it closes

  return fields.new("slopes: field", function(state, t, pick)
    local B = #state
    if not x or #x ~= B then x, result = fm.parameter(fm.zeros(B, n)), fm.zeros(state:shape()):detach() end
    x:copy(state:slice { axis = 2, first = 1, last = n })
    local tape <close> = fm.record(x)
    local v = flat_velocity(call(x:reshape(B, table.unpack(shape)), t, pick), x, where)
    local columns = fm.needs_grad(v) and differentiate(v, x, pick) or { fm.zeros(B, state:size(2) - n) }
    return result:copy(fm.cat({ v, table.unpack(columns) }, 2))
  end)
end

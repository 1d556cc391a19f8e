-- Checks of tangents (fm.jvp) against differences, gradients, and backward. Specs give them
-- f(tensors...) -> a tensor, a list of inputs, and a list of which of those are `fixed`.
local fm <const> = require "fm"
local assert <const> = require "luassert"
local checks <const> = dofile "tests/lua/checks.lua"

local tangents <const> = {}
local double <const> = fm.real == "double"
local h <const> = 1e-5

function tangents.directions(inputs, fixed)
  local list = {}
  for i, x in ipairs(inputs) do list[i] = fixed[i] and 0 or fm.rng(7, "directions" .. i):normal(x:shape()) end
  return list
end

local function near(want, got, what, limit)
  assert.same(want:shape(), got:shape(), what)
  if want:count() == 0 then return end
  local difference, size = fm.where(want:eq(got), 0, want - got), math.max(1, want:abs():minimum(1e30):max():item()) -- inf - inf is not 0
  local off = difference:abs():max():item()
  if not (off <= limit * size) then error(("%s: off by %g of %g"):format(what, off, size), 0) end
end

-- The difference quotient of f along the directions.
local function quotient(f, inputs, directions)
  local up, down = {}, {}
  for i, x in ipairs(inputs) do
    up[i], down[i] = x + directions[i] * h, x - directions[i] * h
  end
  return (f(table.unpack(up)) - f(table.unpack(down))) / (2 * h)
end

local function tangent(f, along)
  return function(...) return select(2, fm.jvp(f, { ... }, along)) end
end

local function parameters(inputs, fixed)
  local list = {}
  for i, x in ipairs(inputs) do list[i] = fixed[i] and x or fm.parameter(x) end
  return list
end

--- <v, J u> is the same by fm.jvp and by backward, for all inputs together and each alone: at ties
--- and corners, too. The value is as without fm.jvp.
function tangents.agree_with_backward(f, inputs, fixed, limit)
  limit = limit or (double and 1e-12 or 2e-5)
  local along, given = tangents.directions(inputs, fixed), parameters(inputs, fixed)
  local v, forward
  do
    local y, dy = fm.jvp(f, inputs, along)
    near(f(table.unpack(inputs)), y, "value", limit)
    v, forward = fm.rng(8, "v"):normal(y:shape()), dy
  end
  do
    local tape <close> = fm.record()
    local y = f(table.unpack(given))
    if fm.needs_grad(y) then y:backward(v) end
  end
  local total, sum = (forward * v):sum():item(), 0
  local size = math.max(1, (forward * v):abs():sum():item())
  for i, p in ipairs(given) do
    if not fixed[i] then
      local alone = {}
      for k = 1, #inputs do alone[k] = k == i and along[k] or 0 end
      local back = p:grad() and (p:grad() * along[i]):sum():item() or 0
      local one = (tangent(f, alone)(table.unpack(inputs)) * v):sum():item()
      assert(math.abs(one - back) <= limit * size, ("input %d: %g by jvp, %g by backward"):format(i, one, back))
      sum = sum + back
    end
  end
  assert(math.abs(total - sum) <= limit * size, ("all inputs: %g by jvp, %g by backward"):format(total, sum))
end

--- The tangent, that of each input alone, the second tangent, and the gradients of both are right
--- where f is smooth. Only in double; in float differences are too coarse.
function tangents.agree_with_differences(f, inputs, fixed, limit)
  if not double then return end
  limit = limit or 1e-7
  local along = tangents.directions(inputs, fixed)
  local first = tangent(f, along)
  near(quotient(f, inputs, along), first(table.unpack(inputs)), "tangent", limit)
  for i in ipairs(inputs) do
    local alone = {}
    for k = 1, #inputs do alone[k] = k == i and along[k] or 0 end
    if not fixed[i] then near(quotient(f, inputs, alone), tangent(f, alone)(table.unpack(inputs)), "tangent of input " .. i, limit) end
  end
  near(quotient(first, inputs, along), tangent(first, along)(table.unpack(inputs)), "second tangent", limit)
  local function recorded(g) -- also where the tangent does not depend on the inputs
    return function(...)
      local z, dz = fm.jvp(g, { ... }, along)
      return dz + f(...) * 0 + z * 0
    end
  end
  local given = parameters(inputs, fixed)
  assert(fm.gradcheck(recorded(f), given))
  assert(fm.gradcheck(recorded(first), given))
end

--- The tangent and its gradients have the same bytes on any number of threads.
function tangents.same_on_threads(f, inputs, fixed)
  local free, at = {}, {}
  for i, x in ipairs(inputs) do
    if not fixed[i] then free[#free + 1], at[#at + 1] = x, i end
  end
  local along = tangents.directions(inputs, fixed)
  checks.on_threads(function(...)
    local given = table.move(inputs, 1, #inputs, 1, {})
    for k, i in ipairs(at) do given[i] = (select(k, ...)) end
    return select(2, fm.jvp(f, given, along))
  end, free)
end

return tangents

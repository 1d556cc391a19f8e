-- What the specs of gradients through a solve share: parameters, a field of them, and its gradients
-- as flat lists.
local fm <const> = require "fm"

local solves <const> = {}
local before, w, x0

--- For before_each: new parameters w [2, 2] and x0 [3, 2].
function solves.open()
  collectgarbage()
  collectgarbage()
  before = fm.live_bytes()
  w = fm.parameter(fm.tensor { { 0.3, -0.2 }, { 0.5, 0.1 } })
  x0 = fm.parameter(fm.tensor { { 1, 2 }, { 0.5, -1 }, { 0.1, 0.2 } })
  return w, x0
end

--- For after_each, once the spec has let go of them: the bytes held since solves.open.
function solves.close()
  w, x0 = nil, nil
  collectgarbage()
  collectgarbage()
  return fm.live_bytes() - before
end

function solves.field(x, t) return x:matmul(w):tanh() + x * math.sin(3 * t) end

function solves.flat(x, states)
  return states and fm.cat(x:reshape(-1), states:reshape(-1)) or x:reshape(-1)
end

function solves.with(o, more)
  local result = {}
  for key, value in pairs(o) do result[key] = value end
  for key, value in pairs(more) do result[key] = value end
  return result
end

--- x, states and the gradients of a loss that weighs every number differently, as flat lists.
function solves.gradients(f, start, o)
  w:zero_grad()
  x0:zero_grad()
  local tape <close> = fm.record()
  local x, info = fm.ode.solve(f, start, o)
  local all = solves.flat(x, info.states)
  all:backward(fm.rng(3):normal(#all))
  return { all:totable(), w:grad():reshape(-1):totable(), x0:grad():reshape(-1):totable() }, info
end

--- Raises where two such results are apart.
function solves.near(a, b, tolerance)
  for i = 1, #a do
    for j = 1, #a[i] do
      assert(math.abs(a[i][j] - b[i][j]) <= tolerance * (1 + math.abs(a[i][j])), ("%d, %d: %.17g, %.17g"):format(i, j, a[i][j], b[i][j]))
    end
  end
end

return solves

-- fm.gradcheck(f, inputs [, {eps, tolerance}]): the gradient of sum(f(...) * weights) by the tape against central differences.
-- Returns true, or nil and a message naming the worst entry.
local fm <const> = require "fm"
local options <const> = require "fm.options"

local double <const> = fm.real == "double"

-- A number that depends on every output, each with its own weight, so that no error can cancel.
local function weighted(f, inputs)
  local y = f(table.unpack(inputs))
  local weights = fm.rng(17, "gradcheck"):normal(y:shape())
  return (y * weights):sum()
end

local function value(f, inputs)
  local scope <close> = fm.scope()
  return weighted(f, inputs):item()
end

return function(f, inputs, given)
  local o = options.read("gradcheck", given, { eps = double and 1e-6 or 1e-2, tolerance = double and 1e-6 or 2e-2 })
  local leaves, checked = {}, {}
  for i, x in ipairs(inputs) do
    checked[i] = fm.is_tensor(x) and x:is_parameter()
    leaves[i] = x
    if checked[i] then x:zero_grad() end
  end
  do
    local tape <close> = fm.record()
    weighted(f, leaves):backward()
  end
  local worst, message = 0, nil
  for i, x in ipairs(leaves) do
    if checked[i] then
      local flat, grad = x:detach():reshape(-1), x:grad()
      grad = grad and grad:reshape(-1)
      for k = 1, #flat do
        local kept = flat[k]
        flat[k] = kept + o.eps
        local up, above = flat[k], value(f, leaves)
        flat[k] = kept - o.eps
        local down, below = flat[k], value(f, leaves)
        flat[k] = kept
        local want, got = (above - below) / (up - down), grad and grad[k] or 0
        local err = math.abs(want - got) / math.max(1, math.abs(want), math.abs(got))
        if not (err <= worst) then
          worst = err
          message = ("input %d, number %d: gradient %.9g, by differences %.9g"):format(i, k, got, want)
        end
      end
    end
  end
  if worst <= o.tolerance then return true end
  return nil, message
end

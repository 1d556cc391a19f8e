-- gaussian{mean, std, dim, path}: the exact flow from N(0, I) to N(mean, std^2) along a path. mean and std: a number or one per dimension;
-- dim: when both are numbers (1). For the straight line v = m + (t std^2 - (1 - t)) / (t^2 std^2 + (1 - t)^2) (x - t m).
-- What a mixture has (see mixture.lua), and the map of the flow: flow:map(x0) -> x1, flow:inverse(x1) -> x0; for the straight line
-- x1 = m + std x0.
local fm <const> = require "fm"
local options <const> = require "fm.options"
local mixture <const> = require "fm.flow.exact.mixture"

-- A row [1, D].
local function row(value, dim)
  return fm.zeros(1, dim) + (fm.is_tensor(value) and value or fm.tensor(value))
end

local function size_of(value)
  if fm.is_tensor(value) then return value:count() end
  return type(value) == "table" and #value or nil
end

return function(given)
  local o = options.read("exact.gaussian", given, { mean = 0, std = 1, dim = options.none, path = "linear" })
  local dim = options.integer("exact.gaussian: dim", o.dim or size_of(o.mean) or size_of(o.std) or 1, 1)
  for _, name in ipairs { "mean", "std" } do
    local size = size_of(o[name]) or 1
    if size ~= 1 and size ~= dim then fm.fail(("exact.gaussian: %s has %d numbers, expected %d"):format(name, size, dim)) end
  end
  local flow = mixture { means = row(o.mean, dim), std = row(o.std, dim), path = o.path }

  -- At t: the mean and the deviation, [1, D] each. The flow keeps (x - mean) / deviation.
  local function moments(t)
    local a, s = flow.path:coefficients(t)
    return flow.means:reshape(1, dim) * a, (flow.variances:reshape(1, dim) * (a * a) + s * s):sqrt()
  end
  local mean0, std0 = moments(0)
  local mean1, std1 = moments(1)
  function flow.map(_, x0) return (x0 - mean0) / std0 * std1 + mean1 end
  function flow.inverse(_, x1) return (x1 - mean1) / std1 * std0 + mean0 end
  return flow
end

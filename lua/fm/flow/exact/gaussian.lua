-- gaussian{mean, std, dim, path}: the exact flow along a path to N(mean, std^2). mean and std: a
-- number or one per dimension; dim: when both are numbers (1). For the straight line v = m + (t
-- std^2 - (1 - t)) / (t^2 std^2 + (1 - t)^2) (x - t m). It has what a mixture has (see
-- mixture.lua), and the map of the flow: flow:map(x0) -> x1, flow:inverse(x1) -> x0; for the
-- straight line x1 = m + std x0.
local fm <const> = require "fm"
local arguments <const> = require "fm.flow.parts.arguments"
local options <const> = require "fm.parts.options"
local mixture <const> = require "fm.flow.exact.parts.mixture"

-- How many numbers a list or a tensor has; nil for one number.
local function size_of(name, value)
  local size
  if fm.is_tensor(value) then
    if value:rank() > 1 and value:count() ~= value:size(-1) then
      fm.fail(("exact.gaussian: %s is [%s], expected one number or a row of them"):format(name, table.concat(value:shape(), ", ")))
    end
    size = value:rank() > 0 and value:count() or nil
  elseif type(value) == "table" then
    size = #value
  elseif type(value) ~= "number" then
    fm.fail(("exact.gaussian: %s: expected a number, or one for each dimension, found %s"):format(name, options.shown(value)))
  end
  if size == 0 then fm.fail(("exact.gaussian: %s: expected numbers, found none"):format(name)) end
  return size
end

-- A row [1, D] from a number, D numbers, or a tensor of them.
local function row(name, value, dim)
  local size = size_of(name, value) or 1
  if size ~= 1 and size ~= dim then fm.fail(("exact.gaussian: %s has %d numbers, expected %d"):format(name, size, dim)) end
  if fm.is_tensor(value) then return fm.zeros(1, dim) + value:reshape(-1) end
  if type(value) == "number" then value = { value } end
  for i = 1, size do options.number(("exact.gaussian: %s[%d]"):format(name, i), value[i], -1e300, 1e300) end
  return fm.zeros(1, dim) + fm.tensor(value)
end

return function(given, ...)
  options.no_more("exact.gaussian", 1, ...)
  local o = options.read("exact.gaussian", given, { mean = 0, std = 1, dim = options.none, path = "linear" })
  if o.dim == nil then o.dim = size_of("mean", o.mean) or size_of("std", o.std) or 1 end
  local dim = options.integer("exact.gaussian: dim", o.dim, 1, 1e6)
  local flow = mixture("exact.gaussian", { means = row("mean", o.mean, dim), std = row("std", o.std, dim), path = o.path })

  -- At t: the mean and the deviation, [1, D] each. The flow keeps (x - mean) / deviation.
  local function moments(t)
    local a, s = flow.path.a(t), flow.path.s(t)
    return flow.means:reshape(1, dim) * a, (flow.variances:reshape(1, dim) * (a * a) + s * s):sqrt()
  end
  local mean0, std0 = moments(0.0)
  local mean1, std1 = moments(1.0)
  local function check(where, name, x, ...)
    options.no_more(where, 1, ...)
    arguments.batch(where, name, x)
    if x:rank() ~= 2 or x:size(2) ~= dim then fm.fail(("%s: %s is [%s], expected [B, %d]"):format(where, name, table.concat(x:shape(), ", "), dim)) end
  end
  function flow.map(_, x0, ...)
    check("exact:map", "x0", x0, ...)
    return (x0 - mean0) / std0 * std1 + mean1
  end
  function flow.inverse(_, x1, ...)
    check("exact:inverse", "x1", x1, ...)
    return (x1 - mean1) / std1 * std0 + mean0
  end
  return flow
end

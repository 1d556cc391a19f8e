-- The arguments of metrics: samples, rows first, of rows of one shape.
local fm <const> = require "fm.core"
local options <const> = require "fm.parts.options"

local samples <const> = {}

--- A sample [n, ...] of at least one row, outside of every tape.
function samples.one(where, what, x)
  if not fm.is_tensor(x) or x:rank() == 0 then
    fm.fail(("%s: %s: expected a tensor with rows first, [n, ...], found %s"):format(where, what, options.shown(x)))
  end
  if x:size(1) == 0 then fm.fail(("%s: %s has no rows: it is %s"):format(where, what, options.shown(x))) end
  if x:count() == 0 then fm.fail(("%s: %s is %s: its rows hold no number"):format(where, what, options.shown(x))) end
  return x:detach()
end

local function same_rows(a, b)
  return table.concat(a:shape(), ",", 2) == table.concat(b:shape(), ",", 2)
end

--- Two samples with rows of the same shape, outside of every tape. `names`: what the metric calls
--- them, by default a and b.
function samples.as_they_are(where, a, b, names)
  local first, second = table.unpack(names or { "a", "b" })
  a, b = samples.one(where, first, a), samples.one(where, second, b)
  if not same_rows(a, b) then
    fm.fail(("%s: %s is %s, %s is %s: expected rows of the same shape"):format(where, first, options.shown(a), second, options.shown(b)))
  end
  return a, b
end

--- The same as tensors [n, D] and [m, D]; rows of a sample of rank 1 are single numbers.
function samples.read(where, a, b, names)
  a, b = samples.as_they_are(where, a, b, names)
  return a:reshape(a:size(1), -1), b:reshape(b:size(1), -1)
end

--- The same, of at least `least` rows each.
function samples.read_many(where, a, b, least)
  a, b = samples.read(where, a, b)
  for i, x in ipairs { a, b } do
    if x:size(1) < least then
      fm.fail(("%s: %s is %s: expected at least %d rows"):format(where, i == 1 and "a" or "b", options.shown(x), least))
    end
  end
  return a, b
end

--- The same, of one size: for metrics that match the rows one to one.
function samples.read_pairs(where, a, b)
  a, b = samples.read(where, a, b)
  if a:size(1) ~= b:size(1) then
    fm.fail(("%s: a is %s, b is %s: expected as many rows of each"):format(where, options.shown(a), options.shown(b)))
  end
  return a, b
end

--- finite(where, what, x): raises when a row of x has a number that is not finite.
samples.finite = require "fm.parts.finite"

--- As many rows of a sample, drawn with replacement.
function samples.drawn(x, rng)
  local n = x:size(1)
  return x:index_select(rng:integers(n, 1, n), { axis = 1 })
end

return samples

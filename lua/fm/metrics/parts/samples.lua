-- The arguments of metrics: two samples, rows first, of rows of one shape.
local fm <const> = require "fm.core"
local options <const> = require "fm.parts.options"

local samples <const> = {}

local function check(where, what, x)
  if not fm.is_tensor(x) or x:rank() == 0 then
    fm.fail(("%s: %s: expected a tensor with rows first, [n, ...], found %s"):format(where, what, options.shown(x)))
  end
  if x:size(1) == 0 then fm.fail(("%s: %s has no rows: it is %s"):format(where, what, options.shown(x))) end
end

local function same_rows(a, b)
  local p, q = a:shape(), b:shape()
  return table.concat(p, ",", 2) == table.concat(q, ",", 2)
end

--- Two samples [n, ...] and [m, ...] as tensors [n, D] and [m, D] outside of every tape. A sample
--- of rank 1 has rows of one number. `names`: what the metric calls them, by default a and b.
function samples.read(where, a, b, names)
  local first, second = table.unpack(names or { "a", "b" })
  check(where, first, a)
  check(where, second, b)
  if not same_rows(a, b) then
    fm.fail(("%s: %s is %s, %s is %s: expected rows of the same shape"):format(where, first, options.shown(a), second, options.shown(b)))
  end
  if a:count() == 0 then fm.fail(("%s: %s is %s: its rows hold no number"):format(where, first, options.shown(a))) end
  return a:detach():reshape(a:size(1), -1), b:detach():reshape(b:size(1), -1)
end

--- Raises when a row of a sample has a number that is not finite.
function samples.finite(where, what, x)
  local row = fm.measure.not_finite(x)
  if row then fm.fail(("%s: row %d of %s is not finite"):format(where, row, what)) end
end

return samples

-- dequantise(x, {rng, first_row = 1, bins = 256, low = 0, high = 1}) -> y: values on `bins` levels,
-- the first at low and the last at high, become continuous: level k = 0 .. bins - 1 is spread
-- evenly over its bin, y = low + (k + u) (high - low) / bins with u uniform in 0..1. A density of
-- y, integrated over the bins, is a probability of x; by Jensen's inequality E log p(y) is no
-- larger. Uria et al. 2013, Theis et al. 2016.
local fm <const> = require "fm"
local arguments <const> = require "fm.flow.parts.arguments"
local levels <const> = require "fm.flow.parts.levels"
local options <const> = require "fm.parts.options"

return function(x, given, ...)
  options.no_more("dequantise", 2, ...)
  arguments.batch("dequantise", "x", x)
  local o = options.read("dequantise", given, { rng = options.none, first_row = 1, bins = 256, low = 0, high = 1 })
  local bins, low, high = levels("dequantise", o)
  if o.rng == nil then fm.fail "dequantise: rng is missing" end
  options.rng("dequantise", o.rng)
  options.integer("dequantise: first_row", o.first_row, 1, 2 ^ 40)
  if x:count() == 0 then return x end
  local least, most = x:min():item(), x:max():item()
  local slack = (high - low) / bins / 4 -- values are on levels up to rounding
  if not (least >= low - slack and most <= high + slack) then
    fm.fail(("dequantise: values are in %g..%g, expected %g..%g"):format(least, most, low, high))
  end
  local level = (x - low) * ((bins - 1) / (high - low))
  local u = o.first_row > 1 and o.rng:uniform(x:shape(), { first_row = o.first_row }) or o.rng:uniform(x:shape())
  return (level + u) * ((high - low) / bins) + low
end

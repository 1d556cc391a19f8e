-- Balls around the rows of one sample and what lies in them of another. A ball reaches to the k-th
-- nearest other row of its own sample; a row on the rim lies in it.
local fm <const> = require "fm.core"
local options <const> = require "fm.parts.options"
local samples <const> = require "fm.metrics.parts.samples"

local balls <const> = {}

--- The arguments (fake, real, {k}) of a metric -> fake [n, D], real [m, D], k.
function balls.read(where, fake, real, given, k)
  local o = options.read(where, given, { k = k })
  fake, real = samples.read(where, fake, real, { "fake", "real" })
  samples.finite(where, "fake", fake)
  samples.finite(where, "real", real)
  return fake, real, options.integer(where .. ": k", o.k, 1)
end

--- Of balls around the rows of `centres` (called `what` in messages): the share of rows of x that
--- lie in one, the mean number of balls that hold a row of x, the share of balls that hold any.
function balls.holding(where, x, centres, k, what)
  if k >= centres:size(1) then
    fm.fail(("%s: %s is %s: expected at least %d rows, because k is %d"):format(where, what, options.shown(centres), k + 1, k))
  end
  return fm.measure.within(x, centres, k)
end

return balls

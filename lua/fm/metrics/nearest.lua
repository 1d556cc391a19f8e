-- nearest(x [n, ...], data [m, ...]) -> index [n], distance [n]: for each row of x the nearest row
-- of the data. Of equally near rows the first counts.
local measure <const> = require("fm.core").measure
local options <const> = require "fm.parts.options"
local samples <const> = require "fm.metrics.parts.samples"

return { of = function(x, data, ...)
  options.no_more("nearest", 2, ...)
  local a, b = samples.read("nearest", x, data, { "x", "data" })
  samples.finite("nearest", "x", a)
  samples.finite("nearest", "data", b)
  return measure.nearest(a, b)
end }

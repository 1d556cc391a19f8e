-- 2 E|a - b| - E|a - a'| - E|b - b'| over all pairs, including each point with itself. Szekely and
-- Rizzo 2013.
local options <const> = require "fm.parts.options"
local samples <const> = require "fm.metrics.parts.samples"
local mean <const> = require("fm.core").measure.mean_distance

local function of(a, b, given)
  options.read("energy_distance", given, {})
  a, b = samples.read("energy_distance", a, b)
  return 2 * mean(a, b) - mean(a, a) - mean(b, b)
end

return { of = of, samples = 2, ranges = { { 0, math.huge } } }

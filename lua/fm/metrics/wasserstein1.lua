-- The mean distance |a - b| over the best one-to-one matching; a and b have equally many samples.
local options <const> = require "fm.parts.options"
local samples <const> = require "fm.metrics.parts.samples"
local measure <const> = require("fm.core").measure

local function of(a, b, given)
  options.read("wasserstein1", given, {})
  a, b = samples.read_pairs("wasserstein1", a, b)
  samples.finite("wasserstein1", "a", a)
  samples.finite("wasserstein1", "b", b)
  return measure.transport(a, b, 1)
end

return { of = of, samples = 2, ranges = { { 0, math.huge } } }

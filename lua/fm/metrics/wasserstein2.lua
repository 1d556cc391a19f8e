-- The root of the mean squared distance over the best one-to-one matching; a and b have equally
-- many samples.
local options <const> = require "fm.parts.options"
local samples <const> = require "fm.metrics.parts.samples"
local measure <const> = require("fm.core").measure

local function of(a, b, given)
  options.read("wasserstein2", given, {})
  a, b = samples.read_pairs("wasserstein2", a, b)
  samples.finite("wasserstein2", "a", a)
  samples.finite("wasserstein2", "b", b)
  return math.sqrt(measure.transport(a, b, 2))
end

return { of = of, samples = 2, ranges = { { 0, math.huge } } }

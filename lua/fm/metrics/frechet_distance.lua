-- |m - m'|^2 + tr(A + B - 2 (A B)^1/2) with sample means and covariances (n - 1). Heusel et al.
-- 2017, for any features.
local options <const> = require "fm.parts.options"
local samples <const> = require "fm.metrics.parts.samples"
local frechet <const> = require("fm.core").measure.frechet

local function of(a, b, given)
  options.read("frechet_distance", given, {})
  a, b = samples.read_many("frechet_distance", a, b, 2)
  return frechet(a, b)
end

return { of = of, samples = 2, ranges = { { 0, math.huge } } }

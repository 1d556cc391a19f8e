-- |m - m'|^2 + tr(A + B - 2 (A B)^1/2) with sample means and covariances (n - 1). Heusel et al.
-- 2017, for any features.
local options <const> = require "fm.parts.options"
local frechet <const> = require("fm.core").measure.frechet

return function(a, b, given)
  options.read("frechet_distance", given, {})
  return frechet(a, b)
end

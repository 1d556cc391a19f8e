-- The root of the mean squared distance over the best one-to-one matching; a and b have equally
-- many samples.
local options <const> = require "fm.parts.options"
local measure <const> = require("fm.core").measure

return function(a, b, given)
  options.read("wasserstein2", given, {})
  return math.sqrt(measure.transport(a, b, 2))
end

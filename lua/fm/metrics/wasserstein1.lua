-- The mean distance |a - b| over the best one-to-one matching; a and b have equally many samples.
local options <const> = require "fm.parts.options"
local measure <const> = require("fm.core").measure

return function(a, b, given)
  options.read("wasserstein1", given, {})
  return measure.transport(a, b, 1)
end

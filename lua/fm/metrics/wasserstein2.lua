-- The root of the mean squared distance over the best one-to-one matching; as many samples of each.
local measure <const> = require("fm.core").measure
return function(a, b) return math.sqrt(measure.transport(a, b, 2)) end

-- The mean distance |a - b| over the best one-to-one matching; as many samples of each.
local measure <const> = require("fm.core").measure
return function(a, b) return measure.transport(a, b, 1) end

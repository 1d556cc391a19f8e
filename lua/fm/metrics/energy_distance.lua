-- 2 E|a - b| - E|a - a'| - E|b - b'| over all pairs, including each point with itself. Szekely and
-- Rizzo 2013.
local options <const> = require "fm.parts.options"
local mean <const> = require("fm.core").measure.mean_distance

return function(a, b, given)
  options.read("energy_distance", given, {})
  return 2 * mean(a, b) - mean(a, a) - mean(b, b)
end

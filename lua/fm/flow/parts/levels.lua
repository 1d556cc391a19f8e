-- levels(where, o) -> bins, low, high: checks the options of values on `bins` levels from low to
-- high.
local fm <const> = require "fm"
local options <const> = require "fm.parts.options"

return function(where, o)
  local bins = options.integer(where .. ": bins", o.bins, 2)
  local low = options.number(where .. ": low", o.low, -math.huge, math.huge)
  local high = options.number(where .. ": high", o.high, -math.huge, math.huge)
  if not (low < high) then fm.fail(("%s: low %g is not below high %g"):format(where, low, high)) end
  if high - low == math.huge then fm.fail(("%s: low %g and high %g: expected finite numbers"):format(where, low, high)) end
  return bins, low, high
end

-- power{a = 1}: the density (a + 1) t^a: for a > 0 later times, near the data, are more likely,
-- for a < 0 earlier ones; a = 0 is uniform. { "power", 2 } is the same as { "power", a = 2 }.
-- Wildberger et al. 2023, section 3.3.
local fm <const> = require "fm"
local below_one <const> = require "fm.flow.time.parts.below_one"
local options <const> = require "fm.parts.options"

return function(given)
  local where <const> = "time power"
  local o = options.read(where, given, { a = options.none, [2] = options.none })
  if o.a ~= nil and o[2] ~= nil then fm.fail(where .. ": a is given twice, by name and without") end
  local a = o.a
  if a == nil then a = o[2] end
  if a == nil then a = 1 end
  options.number(where .. ": a", a, -0.999, 1e6)
  return function(rng, n) return (rng:uniform(n) ^ (1 / (a + 1))):clamp(0, below_one) end
end

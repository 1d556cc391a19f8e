-- uniform: every time is equally likely.
local options <const> = require "fm.parts.options"

return function(given)
  options.read("time uniform", given, {})
  return function(rng, n) return rng:uniform(n) end
end

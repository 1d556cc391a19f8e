-- uniform: every time as likely as any other.
local options <const> = require "fm.parts.options"

return function(given)
  options.read("time uniform", given, {})
  return function(rng, n) return rng:uniform(n) end
end

-- x0 and x1 stay in the order given.
local options <const> = require "fm.parts.options"

return function(given)
  options.read("coupling independent", given, {})
  return function(x0, x1, cond) return x0, x1, cond end
end

-- x0 and x1 stay in the order given.
local by_partner <const> = require "fm.flow.coupling.parts.by_partner"
local options <const> = require "fm.parts.options"

return function(given)
  options.read("coupling independent", given, {})
  return by_partner("independent", function() return nil end)
end

-- scale(name, given): the option `scale` (1) of a gamma, a factor >= 0.
local options <const> = require "fm.parts.options"

return function(name, given)
  local where <const> = "gamma " .. name
  return options.number(where .. ": scale", options.read(where, given, { scale = 1 }).scale, 0, 1e12)
end

-- decode(model, x0, options) -> x1, info: where the flow takes x0, the inverse of encode. Options and info of ode.solve.
local ode <const> = require "fm.ode"
local options <const> = require "fm.options"
local reverse <const> = require "fm.flow.reverse"

local defaults <const> = reverse.options({}, {})

return function(model, x0, given)
  return ode.solve(model, x0, options.read("decode", given, defaults))
end

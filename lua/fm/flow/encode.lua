-- encode(model, x1, options) -> x0, info: the point of the source that flows to x1. Options and info of ode.solve; t0 and t1 are the ends
-- of the flow (0 and 1), the solve runs from t1 to t0, and `times` too.
local ode <const> = require "fm.ode"
local options <const> = require "fm.options"
local reverse <const> = require "fm.flow.reverse"

local defaults <const> = reverse.options({}, {})

return function(model, x1, given)
  return ode.solve(model, x1, reverse.plan(options.read("encode", given, defaults)))
end

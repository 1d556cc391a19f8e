-- decode(model, x0, options) -> x1, info: where the flow takes x0, a point of the path's source
-- (path:source): the inverse of encode. Options and info of ode.solve; t0 and t1 are the ends of
-- the flow (0 and 1). A solve that does not reach t1 raises, unless a terminal event ends it.
local arguments <const> = require "fm.flow.parts.arguments"
local solve <const> = require "fm.ode.parts.solve"
local options <const> = require "fm.parts.options"
local reverse <const> = require "fm.flow.parts.reverse"

local where <const> = "decode"
local defaults <const> = reverse.options({}, {})

return function(model, x0, given, ...)
  options.no_more(where, 3, ...)
  arguments.model(where, model)
  arguments.batch(where, "x0", x0)
  return reverse.finished(where, solve(where, model, x0, options.read(where, given, defaults)))
end

-- encode(model, x1, options) -> x0, info: the point of the path's source that flows to x1. Options
-- and info of ode.solve; t0 and t1 are the ends of the flow (0 and 1). The solve runs from t1 to
-- t0, so `times` and lists of points do too; a grid by name is that of decode, mirrored. A solve
-- that does not reach t0 raises, unless a terminal event ends it.
local arguments <const> = require "fm.flow.parts.arguments"
local solve <const> = require "fm.ode.parts.solve"
local options <const> = require "fm.parts.options"
local reverse <const> = require "fm.flow.parts.reverse"

local where <const> = "encode"
local defaults <const> = reverse.options({}, {})

return function(model, x1, given, ...)
  options.no_more(where, 3, ...)
  arguments.model(where, model)
  arguments.batch(where, "x1", x1)
  return reverse.finished(where, solve(where, model, x1, reverse.plan(options.read(where, given, defaults))))
end

-- map(model) -> X(x, s, t [, cond]) = x + (t - s) u(x, s, t): what a two-time model u says about
-- where the flow takes x, which is there at time s, until t. Times are numbers or [B].
local arguments <const> = require "fm.flow.parts.arguments"
local coefficients <const> = require "fm.flow.path.parts.coefficients"
local options <const> = require "fm.parts.options"

local where <const> = "map"

return function(model, ...)
  options.no_more(where, 1, ...)
  arguments.model(where, model)
  return function(x, s, t, cond, ...)
    options.no_more(where, 4, ...)
    arguments.batch(where, "x", x)
    s, t = arguments.time("map: s", s, #x), arguments.time(where, t, #x)
    local u
    if cond == nil then u = model(x, s, t) else u = model(x, s, t, cond) end
    arguments.batch(where, "what the model returned", u, x)
    return x + coefficients.over_rows(t - s, x) * u
  end
end

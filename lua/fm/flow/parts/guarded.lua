-- guarded(where, path, guard, divides_by_s) -> read(x, t) -> t', a, s, da, ds: the coefficients
-- that relate v = da x1 + ds x0 and x = a x1 + s x0 to x0 and x1. They are read at t, or `guard`
-- away from an end of the path where their divisor vanishes. The divisor is w = s da - a ds (it
-- vanishes where both slopes do) or s w. A model that is used with them is evaluated at t'. t is a
-- number or [B]; the coefficients are numbers, or columns that broadcast over x. A path with noise
-- around its line is read as the path without noise that has the same marginals for a unit normal
-- source.
local arguments <const> = require "fm.flow.parts.arguments"
local coefficients <const> = require "fm.flow.path.parts.coefficients"
local marginal <const> = require "fm.flow.path.parts.marginal"
local options <const> = require "fm.parts.options"
local paths <const> = require "fm.flow.path"

-- Whether the division fails at an end.
local function vanishes(path, t, guard, divides_by_s)
  local a, s, da, ds = coefficients.terms_together(path, t)
  local w = s * da - a * ds
  if not divides_by_s then return not (w >= guard) end
  return not (s * w >= guard or s >= guard and w >= guard)
end

return function(where, what, guard, divides_by_s)
  local path <const> = marginal(where, paths.of(where, what))
  options.number(where .. ": guard", guard, 1e-9, 0.1)
  local inside = coefficients.away_from_ends(guard, vanishes(path, 0.0, guard, divides_by_s), vanishes(path, 1.0, guard, divides_by_s))

  return function(x, t)
    arguments.batch(where, "x", x)
    t = inside(arguments.time(where, t, #x))
    return t, coefficients.columns(x, coefficients.terms_together(path, t))
  end
end

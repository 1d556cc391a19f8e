-- guarded(where, path, guard, divides_by_s) -> read(x, t) -> t', a, s, da, ds, w = s da - a ds: the
-- coefficients that relate v = da x1 + ds x0 and x = a x1 + s x0 to x0 and x1. They are read at t,
-- or `guard` away from an end of the path where their divisor vanishes. The divisor is w (it
-- vanishes where both slopes do) or s w. A model that is used with them is evaluated at t'. t is a
-- number or [B]; the coefficients are numbers, or columns that broadcast over x.
local fm <const> = require "fm"
local arguments <const> = require "fm.flow.parts.arguments"
local coefficients <const> = require "fm.flow.path.parts.coefficients"
local options <const> = require "fm.parts.options"
local paths <const> = require "fm.flow.path"

-- Whether the division fails at an end.
local function vanishes(path, t, guard, divides_by_s)
  local a, s, da, ds = coefficients.terms_together(path, t)
  local w = s * da - a * ds
  if not divides_by_s then return not (w >= guard) end
  return not (s * w >= guard or s >= guard and w >= guard)
end

return function(where, path, guard, divides_by_s)
  path = paths.of(where, path)
  options.number(where .. ": guard", guard, 1e-9, 0.1)
  if path.noisy then fm.fail(where .. ": path: this path has noise around its line: its velocity does not tell where x comes from") end
  local inside = coefficients.away_from_ends(guard, vanishes(path, 0.0, guard, divides_by_s), vanishes(path, 1.0, guard, divides_by_s))

  return function(x, t)
    arguments.batch(where, "x", x)
    t = inside(arguments.time(where, t, #x))
    local a, s, da, ds = coefficients.columns(x, coefficients.terms_together(path, t))
    return t, a, s, da, ds, s * da - a * ds
  end
end

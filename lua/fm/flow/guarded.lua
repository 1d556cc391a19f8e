-- guarded(where, path, guard) -> read(t) -> t', a, s, da, ds, w = s da - a ds: the coefficients that relate v = da x1 + ds x0 and x = a x1
-- + s x0 to x0 and x1, at t, or `guard` away from an end of the path where they divide by 0 (s(1); or w, where both slopes vanish). Whoever
-- evaluates a model with them does so at t'.
local fm <const> = require "fm"
local options <const> = require "fm.options"
local paths <const> = require "fm.flow.path"

return function(where, path, guard)
  path = paths.named(path)
  options.number(where .. ": guard", guard, 1e-9, 0.1)
  if path.noisy then fm.fail(where .. ": this path has noise around its line: its velocity does not tell where x comes from") end

  return function(t)
    if type(t) ~= "number" then fm.fail(where .. ": t: expected one time for the whole batch") end
    local a, s, da, ds = path:coefficients(t)
    local w = s * da - a * ds
    if not (s >= guard and w > 0 and w < math.huge) then
      t = math.min(math.max(t, guard), 1 - guard)
      a, s, da, ds = path:coefficients(t)
      w = s * da - a * ds
    end
    return t, a, s, da, ds, w
  end
end

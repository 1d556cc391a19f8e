-- manifolds.check(where, value): a manifold as fm.manifold makes it, or an error.
local core <const> = require "fm.core"
local options <const> = require "fm.parts.options"

local manifolds <const> = {}

function manifolds.check(where, value)
  local meta = getmetatable(value)
  if type(value) == "table" and type(meta) == "table" and meta.__name == "manifold" then return value end
  core.fail(("%s: manifold: expected one of fm.manifold, as manifold.sphere(3), found %s"):format(where, options.shown(value)))
end

--- Raises when points are not on the manifold; rounding and a float's precision are let pass.
function manifolds.check_points(where, name, m, x)
  if not core.is_tensor(x) or x:rank() ~= 2 or x:size(2) ~= m.dim then
    local found = core.is_tensor(x) and ("[%s]"):format(table.concat(x:shape(), ", ")) or options.shown(x)
    core.fail(("%s: %s: expected points of the %s [B, %d], found %s"):format(where, name, m.name, m.dim, found))
  end
  local off = m.own.off and x:count() > 0 and m.own.off(x) or 0
  if off ~= off then core.fail(("%s: %s: a row has a number that is not finite: expected points of the %s"):format(where, name, m.name)) end
  if off >= 1e-3 then
    core.fail(("%s: %s: a row is %.3g away from the %s: expected points on it (manifold:project)"):format(where, name, off, m.name))
  end
end

return manifolds

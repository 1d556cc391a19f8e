-- fm.jacobian(f, x) -> J: the derivatives of f(x), a vector [M], for x, a vector [N]: J [M, N],
-- column by column in forward mode. While a tape records, J is recorded.
local fm <const> = require "fm"
local along <const> = require "fm.parts.along"
local options <const> = require "fm.parts.options"

return function(f, x, ...)
  options.no_more("jacobian", 2, ...)
  if not fm.is_tensor(x) or x:rank() ~= 1 then fm.fail("jacobian: x: expected a tensor [N], found " .. options.shown(x)) end
  if not options.callable(f) then fm.fail("jacobian: expected a function, found " .. options.shown(f)) end
  local function vector(v)
    local y = f(v)
    if not fm.is_tensor(y) or y:rank() > 1 then fm.fail("jacobian: f must return one number or a tensor [M], found " .. options.shown(y)) end
    return y:reshape(-1)
  end
  if #x == 0 then return fm.zeros(#vector(x), 0) end
  local axes, unit = {}, fm.eye(#x)
  for i = 1, #x do axes[i] = unit[i] end
  local _, columns = along(vector, x, axes)
  return fm.stack(columns, { axis = 2 })
end

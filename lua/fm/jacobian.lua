-- fm.jacobian(f, x) -> J: the derivatives of f(x), a vector [M], for x, a vector [N]: J [M, N]. One
-- fm.jvp a column. While a tape records, J is recorded.
local fm <const> = require "fm"
local jvp <const> = require "fm.jvp"
local options <const> = require "fm.parts.options"

return function(f, x, ...)
  options.no_more("jacobian", 2, ...)
  if not fm.is_tensor(x) or x:rank() ~= 1 then fm.fail("jacobian: x: expected a tensor [N], found " .. options.shown(x)) end
  local axes, columns = fm.eye(#x), {}
  for i = 1, #x do
    local y, column = jvp(f, { x }, { axes[i] })
    if not fm.is_tensor(y) or y:rank() > 1 then fm.fail("jacobian: f must return one number or a tensor [M], found " .. options.shown(y)) end
    columns[i] = column:reshape(-1)
  end
  if #columns == 0 then return fm.zeros(f(x):count(), 0) end
  return fm.stack(columns, { axis = 2 })
end

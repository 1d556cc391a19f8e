--- finite(where, name, x): raises when a row of x has a number that is not finite.
local core <const> = require "fm.core"

return function(where, name, x)
  local row = core.measure.not_finite(x)
  if row then core.fail(("%s: row %d of %s is not finite"):format(where, row, name)) end
end

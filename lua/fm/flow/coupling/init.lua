-- Couplings: which x0 goes with which x1 of a batch. x0, x1 = couple(x0, x1). A coupling file returns function(options) -> couple.
local by_name <const> = require "fm.by_name"

local coupling <const> = {}

--- A coupling by name with its options; a function passes through.
function coupling.named(name, given)
  if type(name) == "function" then return name end
  local found = by_name.find("fm.flow.coupling", name)
  if not found then by_name.fail("coupling: unknown coupling", "fm.flow.coupling", name) end
  return found(given)
end

return coupling

-- Couplings: which x0 goes with which x1 of a batch. x0, x1 = couple(x0, x1). A coupling file returns function(options) -> couple.
local fm <const> = require "fm"

local coupling <const> = {}

--- A coupling by name with its options; a function passes through.
function coupling.named(name, given)
  if type(name) == "function" then return name end
  if type(name) == "string" then
    for _, place in ipairs { "fm.flow.coupling." .. name, name } do
      if package.searchpath(place, package.path) then return require(place)(given) end
    end
  end
  fm.fail(('coupling: unknown coupling "%s"'):format(tostring(name)))
end

return coupling

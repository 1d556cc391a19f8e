-- exp, sin, cos, sqrt of a time that is a tensor or a number.
local fm <const> = require "fm"

local function either(name)
  local number, tensor = math[name], fm[name]
  return function(t)
    if type(t) == "number" then return number(t) end
    return tensor(t)
  end
end

return { exp = either "exp", sin = either "sin", cos = either "cos", sqrt = either "sqrt" }

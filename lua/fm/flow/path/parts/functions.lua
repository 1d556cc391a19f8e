-- Functions of a time that is a tensor or a number.
local fm <const> = require "fm"

local function either(name)
  local number, tensor = math[name], fm[name]
  return function(t)
    if type(t) == "number" then return number(t) end
    return tensor(t)
  end
end

local functions <const> = { exp = either "exp", log = either "log", sin = either "sin", sqrt = either "sqrt" }

-- 1 - e^-x for x >= 0, with all digits where x is small. Kahan's way for numbers; for tensors 2
-- tanh(x/2) / (1 + tanh(x/2)).
function functions.one_less_exp(x)
  if type(x) == "number" then
    local e = math.exp(-x)
    if e == 1 then return x end
    return e == 0 and 1.0 or (1 - e) * x / -math.log(e)
  end
  local h = (x * 0.5):tanh()
  return h * 2 / (h + 1)
end

return functions

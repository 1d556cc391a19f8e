-- of_time(where, name, f): a script's function of time, tried once. It must take tensors; if it
-- takes no numbers, a tensor of one number replaces a number.
local fm <const> = require "fm"
local attempt <const> = require "fm.parts.attempt"
local arguments <const> = require "fm.flow.parts.arguments"

local function checked_value(where, name, y, t)
  if type(y) == "number" or fm.is_tensor(y) and (y:count() == 1 or type(t) ~= "number" and y:count() == t:count()) then return y end
  fm.fail(("%s: %s returned a %s for t = %s: expected a number, or one for each t"):format(where, name, arguments.kind_of(y),
    type(t) == "number" and ("%g"):format(t) or "a tensor [" .. table.concat(t:shape(), ", ") .. "]"))
end

return function(where, name, f)
  local ok, y = attempt(f, fm.full(2, 0.5))
  if not ok then fm.fail(("%s: %s fails for t = a tensor [2]: %s"):format(where, name, tostring(y))) end
  checked_value(where, name, y, fm.zeros(2))
  if type(select(2, attempt(f, 0.5))) == "number" then return f end
  return function(t)
    local number = type(t) == "number"
    local value = checked_value(where, name, f(number and fm.full(1, t) or t), t)
    return number and type(value) ~= "number" and value:item() or value
  end
end

-- A number as a tensor that holds it exactly, so that a state consists of tensors only: [] when one
-- real suffices, else [k], numbers that add up to it (the learning rate 0.1 takes three floats).
local fm <const> = require "fm"

local number <const> = {}

local most_parts <const> = 4

function number.to_tensor(value)
  local parts, rest = {}, value
  repeat
    local part = fm.tensor(rest):item()
    parts[#parts + 1], rest = part, rest - part
  until rest == 0 or #parts == most_parts
  return fm.tensor(#parts == 1 and parts[1] or parts)
end

--- The number of such a tensor; a number is itself, anything else nil.
function number.from(value)
  if math.type(value) then return value end
  if not fm.is_tensor(value) or value:rank() > 1 or value:count() == 0 then return nil end
  local parts, sum = value:reshape(-1):totable(), 0
  for i = #parts, 1, -1 do sum = sum + parts[i] end
  return sum
end

return number

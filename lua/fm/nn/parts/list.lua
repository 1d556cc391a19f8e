-- list(where, value): raises when a table has a hole or a named field: ipairs would not see what
-- lies behind the hole, nor the field.
local fm <const> = require "fm"

return function(where, value)
  local n = 0
  for i in ipairs(value) do n = i end
  for key in pairs(value) do
    if math.type(key) ~= "integer" or key < 1 or key > n then
      fm.fail(("%s: expected a list without holes or names, found a field %s"):format(where, tostring(key)))
    end
  end
end

-- no_holes(where, list): raises when a list has a hole or a named field: ipairs would not see what
-- lies behind the hole, nor the field.
local core <const> = require "fm.core"

return function(where, list)
  local n = 0
  for i in ipairs(list) do n = i end
  for key in pairs(list) do
    if math.type(key) ~= "integer" or key < 1 or key > n then
      core.fail(("%s: expected a list without holes or names, found a field %s"):format(where, tostring(key)))
    end
  end
end

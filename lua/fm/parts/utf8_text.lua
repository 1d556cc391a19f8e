-- Text in JSON must be UTF-8: other bytes would change when they are read again.
local core <const> = require "fm.core"

local text <const> = {}

--- nil, or where a text stops being UTF-8: "byte 4 (E9)".
function text.problem(value)
  local length, at = utf8.len(value)
  if length then return nil end
  return ("byte %d is %02X"):format(at, value:byte(at))
end

--- The text, or an error. `where` begins the message.
function text.check(where, value)
  local problem = text.problem(value)
  if problem then core.fail(("%s: expected UTF-8 text, %s"):format(where, problem)) end
  return value
end

--- Checks all texts of a value, keys included, tables within tables.
function text.check_all(where, value, depth)
  if type(value) == "string" then text.check(where, value) end
  if type(value) ~= "table" or (depth or 0) > 100 then return end
  for key, inner in next, value do
    text.check_all(where, key, (depth or 0) + 1)
    text.check_all(where, inner, (depth or 0) + 1)
  end
end

return text

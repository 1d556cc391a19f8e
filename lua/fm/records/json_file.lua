-- A JSON file of a run or a sweep: it must be an object, in a regular file of limited size.
local core <const> = require "fm.core"
local lfs <const> = require "lfs"

local most <const> = 64 << 20 -- bytes: a sweep of 10,000 runs has 10 MB

--- The object of the file, or nil, what is wrong with it, and whether it is missing.
return function(path)
  local name = path:match "[^/]*$"
  if not lfs.attributes(path, "mode") then return nil, name .. " is missing", true end
  local text, message = core.file.read(path, most)
  if not text then return nil, message end
  local value, problem = core.json.decode(text)
  if type(value) ~= "table" or value[1] ~= nil then return nil, ("%s: %s"):format(name, problem or "no object") end
  return value
end

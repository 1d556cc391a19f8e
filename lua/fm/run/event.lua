local fm <const> = require "fm"

local schema <const> = 1

--- Writes one event for a machine that listens: an object on a line of stdout, there at once.
return function(fields)
  fields.schema = schema
  io.stdout:write(fm.json.encode(fields), "\n")
  io.stdout:flush()
end

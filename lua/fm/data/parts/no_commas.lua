-- no_commas(first, last) -> why a file could not be read, if its fields or lines end otherwise than
-- those of CSV, or nil. first: its first line; last: that which could not be read.
local options <const> = require "fm.parts.options"

local longest <const> = 40 -- of a line in a message
local names <const> = { { ";", "semicolons" }, { "\t", "tabs" }, { "|", "bars" } }

local function shown(line) return options.shown(#line > longest and line:sub(1, longest) .. "..." or line) end

return function(first, last)
  for _, line in ipairs { first, last } do
    if line:find("\r", 1, true) then return "its lines end with carriage returns alone, expected line feeds" end
  end
  if first:find(",", 1, true) then return nil end
  for _, name in ipairs(names) do
    if first:find(name[1], 1, true) and last:find(name[1], 1, true) then
      return ("line 1: expected commas between the fields, found none and %s: %s"):format(name[2], shown(first))
    end
  end
  return nil
end

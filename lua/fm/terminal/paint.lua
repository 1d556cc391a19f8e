-- Colours on a terminal, per stream: paint(color, text) returns the text, coloured when the stream is a terminal that NO_COLOR does not
-- silence, or when asked to.
local system <const> = require "fm.core".system

local colors <const> = { green = "32", red = "31", yellow = "33", blue = "34", bold = "1", dim = "2" }

--- descriptor: 1 or 2. when: "auto" (or nil), "always", "never".
return function(descriptor, when)
  local silenced = (os.getenv "NO_COLOR" or "") ~= "" or os.getenv "TERM" == "dumb"
  local colored = when == "always" or when ~= "never" and system.is_terminal(descriptor) and not silenced
  return function(color, text)
    return colored and color and text ~= "" and ("\27[%sm%s\27[0m"):format(colors[color], text) or text
  end
end

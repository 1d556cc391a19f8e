-- Colours on a terminal, per stream: paint(color, text) returns the text, coloured when the stream
-- is a terminal (or FORCE_COLOR is set) and NO_COLOR is not set, or when `when` is "always".
local system <const> = require "fm.core".system

local colors <const> = { green = "32", red = "31", yellow = "33", blue = "34", bold = "1", dim = "2" }

local function is_set(name)
  return (os.getenv(name) or "") ~= ""
end

--- descriptor: 1 or 2. when: "auto" (or nil), "always", "never".
return function(descriptor, when)
  local wanted = is_set "FORCE_COLOR" or system.is_terminal(descriptor) and os.getenv "TERM" ~= "dumb"
  local colored = when == "always" or when ~= "never" and wanted and not is_set "NO_COLOR"
  return function(color, text)
    return colored and color and text ~= "" and ("\27[%sm%s\27[0m"):format(colors[color], text) or text
  end
end

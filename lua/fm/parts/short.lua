-- Numbers and durations in few characters, for lines that people read.
local named_values <const> = require "fm.parts.named_values"
local printable <const> = require "fm.parts.printable"

local short <const> = {}

--- "0.3253", "2000"
function short.number(value)
  if value ~= value then return "nan" end -- whatever its sign
  if math.type(value) == "float" then return ("%.4g"):format(value) end
  return tostring(value)
end

--- The shortest text that reads back as the number: "0.1", "1e-05".
function short.exact(value)
  for digits = 6, 16 do
    local text = ("%%.%dg"):format(digits):format(value)
    if tonumber(text) == value then return text end
  end
  return ("%.17g"):format(value)
end

--- "nfe=100 w2=0.13": results by name, in one printable line.
function short.results(results)
  return printable.line(table.concat(named_values(results, short.number), " "))
end

--- "0.4s", "26s", "3m05s", "2h10m"
function short.duration(seconds)
  if not (seconds < 3.6e9) then return ("%.1gh"):format(seconds / 3600) end -- a million hours
  if seconds < 9.95 then return ("%.1fs"):format(seconds) end
  if seconds < 59.5 then return ("%.0fs"):format(seconds) end
  local whole = math.floor(seconds + 0.5)
  if whole < 3600 then return ("%dm%02ds"):format(whole // 60, whole % 60) end
  return ("%dh%02dm"):format(whole // 3600, whole // 60 % 60)
end

return short

-- Comma separated values after RFC 4180.
local plain_numbers <const> = require "fm.parts.plain_numbers"

local csv <const> = {}

--- The shortest text that reads back as the same number.
local function exact(value)
  for digits = 15, 16 do
    local text = ("%." .. digits .. "g"):format(value)
    if tonumber(text) == value then return text end
  end
  return ("%.17g"):format(value)
end

--- A cell: numbers with all their digits, empty for nil, quoted where a reader needs it.
local function cell(value)
  if value == nil then return "" end
  local text = math.type(value) == "float" and exact(value) or tostring(value)
  if text:find '[",\r\n]' then return '"' .. text:gsub('"', '""') .. '"' end
  return text
end

--- One line of n cells; some may be nil.
function csv.line(cells, n)
  local plain <close> = plain_numbers()
  local texts = {}
  for i = 1, n do texts[i] = cell(cells[i]) end
  return table.concat(texts, ",") .. "\n"
end

return csv

-- Comma separated values after RFC 4180.
local fields <const> = require "fm.parts.fields"
local plain_numbers <const> = require "fm.parts.plain_numbers"

local csv <const> = {}

--- The shortest text that reads back as the same number.
local function exact(value)
  if value ~= value then return "nan" end -- whatever its sign
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

--- The cells of one line as texts, or nil and what is wrong.
function csv.cells(line)
  local list, problem = fields((line:gsub("[\r\n]+$", "")))
  for i, field in ipairs(list or {}) do list[i] = field.text end
  return list, problem
end

return csv

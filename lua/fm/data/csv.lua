-- csv(path) -> numbers [N, D], list of D names; or nil and a message. One row a line, fields
-- between commas, quoted or not. A first line that holds no number gives the names; without it they
-- are "1", "2", ... "nan" and "inf" are numbers. Empty lines at the end are skipped.
local fields <const> = require "fm.parts.fields"
local fm <const> = require "fm"
local plain_numbers <const> = require "fm.parts.plain_numbers"

local special <const> = { nan = 0 / 0, ["-nan"] = 0 / 0, inf = math.huge, ["+inf"] = math.huge, ["-inf"] = -math.huge }

--- The number that a text says in decimal digits, or nil.
local function number_of(text)
  text = text:match "^%s*(.-)%s*$"
  return special[text:lower()] or text:find "^[-+]?[%d.][%d.eE+-]*$" and tonumber(text) or nil
end

--- The numbers of a line, or nil and the first field that is none.
local function numbers_of(list)
  local row = {}
  for i, field in ipairs(list) do
    row[i] = number_of(field.text)
    if not row[i] then return nil, i end
  end
  return row
end

--- The names in a first line, or nil when one of its fields is a number.
local function names_of(list)
  local names = {}
  for i, field in ipairs(list) do
    if number_of(field.text) then return nil end
    names[i] = field.text
  end
  return names
end

--- Rows and names of the lines; or nil and a message.
local function read(lines)
  local rows, names, columns = {}, nil, nil
  for i, line in ipairs(lines) do
    local list, problem = fields(line)
    if not list then return nil, ("line %d: %s"):format(i, problem) end
    columns = columns or #list
    if #list ~= columns then return nil, ("line %d: expected %d fields, as in the first line, found %d"):format(i, columns, #list) end
    if i == 1 then names = names_of(list) end
    if i > 1 or not names then
      local row, wrong = numbers_of(list)
      if not row then return nil, ('line %d, field %d: expected a number, found "%s"'):format(i, wrong, list[wrong].text) end
      rows[#rows + 1] = row
    end
  end
  if #rows == 0 then return nil, "no row of numbers" end
  return rows, names, columns
end

return function(path, ...)
  local options <const> = require "fm.parts.options"
  options.no_more("csv", 1, ...)
  if type(path) ~= "string" then fm.fail("csv: path: expected a text, found " .. options.shown(path)) end
  local file, message = io.open(path)
  if not file then return nil, message end
  local text <const> = file:read "a"
  file:close()
  if not text then return nil, path .. ": cannot be read" end
  local lines = {}
  for line in text:gmatch "[^\n]*" do
    line = line:gsub("\r$", "")
    lines[#lines + 1] = line
  end
  while lines[#lines] == "" do lines[#lines] = nil end
  local plain <close> = plain_numbers()
  local rows, names, columns = read(lines)
  if not rows then return nil, ("%s: csv: %s"):format(path, names) end
  for i = 1, not names and columns or 0 do
    names = names or {}
    names[i] = tostring(i)
  end
  return fm.tensor(rows), names
end

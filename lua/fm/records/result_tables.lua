-- The tables of results in a run's folder (see fm.run.tables). They are read from their files, so
-- that a page shows what other programs would read.
local csv <const> = require "fm.records.csv"
local not_finite <const> = require "fm.records.not_finite"
local open <const> = require "fm.records.regular"
local sorted_keys <const> = require "fm.parts.sorted_keys"

local most <const> = 1 << 20 -- bytes of a file

--- The columns and rows of a file, texts; or nil and what is wrong.
local function read(path)
  local file <close>, size = open(path)
  if not file then return nil, size or "it is missing" end
  if size > most then return nil, ("it is %d bytes long, over the limit of %d"):format(size, most) end
  local columns, rows = nil, {}
  for line in file:lines() do
    local cells, message = csv.cells(line)
    local number = columns and #rows + 2 or 1
    if not cells then return nil, ("line %d: %s"):format(number, message) end
    if columns and #cells ~= #columns then return nil, ("line %d: expected %d cells, found %d"):format(number, #columns, #cells) end
    if columns then rows[#rows + 1] = cells else columns = cells end
  end
  if not columns then return nil, "it is empty" end
  return columns, rows
end

--- Whether all cells of a column that are not empty are numbers.
local function is_numeric(rows, i)
  local any = false
  for _, row in ipairs(rows) do
    if row[i] ~= "" and not tonumber(row[i]) and not not_finite[row[i]] then return false end
    any = any or row[i] ~= ""
  end
  return any
end

--- The tables of a record in the order of their names: { name, title, notes, columns, rows (texts),
--- numeric (by column) }; and a line for each that cannot be read.
return function(record)
  local list, problems = {}, {}
  for _, file in ipairs(sorted_keys(record.tables or {})) do
    local about = record.tables[file]
    local columns, rows = read(record.path .. "/" .. file)
    if columns then
      local found = { name = file:gsub("%.csv$", ""), title = about.title, notes = about.notes, columns = columns, rows = rows, numeric = {} }
      for i in ipairs(columns) do found.numeric[i] = is_numeric(rows, i) end
      list[#list + 1] = found
    else
      problems[#problems + 1] = ("%s: %s"):format(file, rows)
    end
  end
  return list, problems
end

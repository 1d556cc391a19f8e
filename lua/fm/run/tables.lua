-- Tables of a run's results: rows of texts and numbers under names of columns. Each is a CSV file
-- in the run's folder; run.json has the titles and the notes.
local fm <const> = require "fm"
local csv <const> = require "fm.records.csv"
local options <const> = require "fm.parts.options"
local outputs <const> = require "fm.run.outputs"
local utf8_text <const> = require "fm.parts.utf8_text"

local tables <const> = { methods = {} }

local where <const> = "table"

local function text(name, value)
  if type(value) ~= "string" then fm.fail(("%s: %s: expected a text, found %s"):format(where, name, options.shown(value))) end
  utf8_text.check(("%s: %s"):format(where, name), value)
  if value:find "%c" then fm.fail(("%s: %s: expected a text on one line, found %s"):format(where, name, options.shown(value))) end
  return value
end

--- The length of a list, of which each entry is given to check(i, value). holes: some may be
--- missing.
local function each(name, list, check, holes)
  if type(list) ~= "table" then fm.fail(("%s: %s: expected a list, found %s"):format(where, name, options.shown(list))) end
  local n, count = 0, 0
  for i, value in next, list do
    if math.type(i) ~= "integer" or i < 1 then fm.fail(("%s: %s: expected a list, found the key %s"):format(where, name, options.shown(i))) end
    n, count = math.max(n, i), count + 1
    check(i, value)
  end
  if n > count and not holes then fm.fail(("%s: %s: entry %d is missing"):format(where, name, #list + 1)) end
  return n
end

local function texts(name, list)
  each(name, list, function(i, value) text(("%s: entry %d"):format(name, i), value) end)
  return list
end

--- A cell as CSV writes it: a text, a number, or nil.
local function cell(name, value)
  if fm.is_tensor(value) and value:count() == 1 then value = value:item() end
  if math.type(value) then return value end
  if type(value) == "string" then return text(name, value) end
  fm.fail(("%s: %s: expected a number or a text, found %s"):format(where, name, options.shown(value)))
end

local function read_rows(rows, width)
  local list = {}
  each("rows", rows, function(i, row)
    local name, cells = "row " .. i, {}
    local n = each(name, row, function(k, value) cells[k] = cell(("%s: cell %d"):format(name, k), value) end, true)
    if n > width then fm.fail(("%s: %s has %d cells, and there are %d columns"):format(where, name, n, width)) end
    list[i] = cells
  end)
  return list
end

--- The name of the CSV file.
local function file_of(name)
  if type(name) ~= "string" or name == "" then fm.fail(("%s: expected the name of a file, found %s"):format(where, options.shown(name))) end
  return outputs.checked(where, name .. ".csv")
end

local function read(given)
  if type(given) ~= "table" then fm.fail(("%s: expected a table with columns and rows, found %s"):format(where, options.shown(given))) end
  local o = options.read(where, given, { columns = options.none, rows = options.none, title = "", notes = options.none })
  if #texts("columns", o.columns) == 0 then fm.fail(where .. ": columns: expected at least one name, found none") end
  o.rows, o.title = read_rows(o.rows, #o.columns), text("title", o.title)
  o.notes = texts("notes", type(o.notes) == "string" and { o.notes } or o.notes or {})
  return o
end

local function lines_of(o)
  local lines = { csv.line(o.columns, #o.columns) }
  for i, row in ipairs(o.rows) do lines[i + 1] = csv.line(row, #o.columns) end
  return table.concat(lines)
end

--- run:table(name, { columns, rows, title, notes }): NAME.csv, which `fmrun show` prints and the
--- page of the run has. A run that goes on says its tables again.
function tables.methods.table(run, name, given, ...)
  options.no_more(where, 2, ...)
  local file = file_of(name)
  local o, record = read(given), run.record
  local path = outputs.write(run, file, function(to) return fm.file.write(to, lines_of(o)) end)
  record.tables = record.tables or {}
  record.tables[file] = { title = o.title, notes = fm.json.array(table.move(o.notes, 1, #o.notes, 1, {})) }
  run.folder:write_json("run.json", record)
  return path
end

return tables

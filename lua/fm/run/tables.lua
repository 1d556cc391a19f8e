-- Tables of a run's results: rows of texts and numbers under names of columns. Each is a CSV file
-- in the run's folder; run.json has the titles and the notes.
local fm <const> = require "fm"
local csv <const> = require "fm.records.csv"
local given <const> = require "fm.run.given"
local options <const> = require "fm.parts.options"
local outputs <const> = require "fm.run.outputs"

local tables <const> = { methods = {} }

local where <const> = "table"

local function texts(name, list)
  local what = ("%s: %s"):format(where, name)
  given.each(what, list, function(i, value) given.line(("%s: entry %d"):format(what, i), value) end)
  return list
end

--- A cell as CSV writes it: a text or a number.
local function cell(what, value)
  value = given.plain(value)
  if math.type(value) then return value end
  if type(value) == "string" then return given.line(what, value) end
  fm.fail(("%s: expected a number or a text, found %s"):format(what, options.shown(value)))
end

local function read_rows(rows, width)
  local list = {}
  given.each(where .. ": rows", rows, function(i, row)
    local what, cells = ("%s: row %d"):format(where, i), {}
    local n = given.each(what, row, function(k, value) cells[k] = cell(("%s: cell %d"):format(what, k), value) end, true)
    if n > width then fm.fail(("%s has %d cells, and there are %d columns"):format(what, n, width)) end
    list[i] = cells
  end)
  return list
end

--- The name of the CSV file.
local function file_of(name)
  if type(name) ~= "string" or name == "" then fm.fail(("%s: expected the name of a file, found %s"):format(where, options.shown(name))) end
  return outputs.checked(where, name .. ".csv")
end

local function read(what)
  if type(what) ~= "table" then fm.fail(("%s: expected a table with columns and rows, found %s"):format(where, options.shown(what))) end
  local o = options.read(where, what, { columns = options.none, rows = options.none, title = "", notes = options.none })
  if #texts("columns", o.columns) == 0 then fm.fail(where .. ": columns: expected at least one name, found none") end
  o.rows, o.title = read_rows(o.rows, #o.columns), given.line(where .. ": title", o.title)
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
function tables.methods.table(run, name, what, ...)
  options.no_more(where, 2, ...)
  local file = file_of(name)
  local o, record = read(what), run.record
  local path = outputs.write(run, file, function(to) return fm.file.write(to, lines_of(o)) end)
  record.tables = record.tables or {}
  record.tables[file] = { title = o.title, notes = fm.json.array(table.move(o.notes, 1, #o.notes, 1, {})) }
  run.folder:write_json("run.json", record)
  return path
end

return tables

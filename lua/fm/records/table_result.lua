-- A result that is no card: tables in a file results/NAME.json, for the page of results.
--   { title, command, machine, seconds, notes,
--     tables = { { title, columns = { text }, rows = { { text or number } }, notes } } }
-- command makes the tables again, machine is a text (or a table of fm.cli.machine) and seconds the
-- wall time of all runs; a list of cells may be shorter than the columns, null is an empty cell.
-- notes, a text or a list of texts, and the title of a table may be absent.
local fm <const> = require "fm"
local is_list <const> = require "fm.records.is_list"
local read_json <const> = require "fm.records.json_file"

local null <const> = fm.json.null

local function is_text(value) return type(value) == "string" end
local function is_cell(value) return is_text(value) or math.type(value) ~= nil or value == null end

local function are_notes(value)
  return value == nil or is_text(value) or is_list(value, is_text)
end

local function problem_of_table(found, where)
  if type(found) ~= "table" then return ("%s: expected an object, found %s"):format(where, type(found)) end
  if found.title ~= nil and not is_text(found.title) then return ("%s.title: expected a text, found %s"):format(where, type(found.title)) end
  if not is_list(found.columns, is_text) or #found.columns == 0 then return where .. ".columns: expected a list of texts" end
  if not is_list(found.rows, function(row) return is_list(row, is_cell) end) then return where .. ".rows: expected lists of texts and numbers" end
  for i, row in ipairs(found.rows) do
    if #row > #found.columns then return ("%s.rows[%d]: %d cells, and there are %d columns"):format(where, i, #row, #found.columns) end
  end
  return not are_notes(found.notes) and where .. ".notes: expected a text or a list of texts" or nil
end

local function problem_of(result)
  for key, kind in pairs { title = "string", command = "string", seconds = "number", tables = "table" } do
    if type(result[key]) ~= kind then return ("%s: expected a %s, found %s"):format(key, kind, type(result[key])) end
  end
  if not is_text(result.machine) and type(result.machine) ~= "table" then return "machine: expected a text, found " .. type(result.machine) end
  if not are_notes(result.notes) then return "notes: expected a text or a list of texts" end
  for i, found in ipairs(result.tables) do
    local problem = problem_of_table(found, ("tables[%d]"):format(i))
    if problem then return problem end
  end
  return nil
end

local function as_list(notes)
  return is_text(notes) and { notes } or notes or {}
end

--- The result in a file, its notes as lists; or nil and what is wrong with it.
return function(path)
  local result, message = read_json(path)
  local problem = message or problem_of(result)
  if problem then return nil, message and problem or ("%s: %s"):format(path:match "[^/]*$", problem) end
  result.notes = as_list(result.notes)
  for _, found in ipairs(result.tables) do found.notes = as_list(found.notes) end
  return result
end

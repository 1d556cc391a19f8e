-- The result of a card, as a table and as the file results/NAME.json beside it:
--   { kind = "card", name, title, source, script, digest, command, date, machine, seconds, seeds,
--     data = { digest, shapes }, protocol = { { name, text } },
--     results = { { key, label, floor, better } },
--     rows = { { name, params, config, published = { key = { value, error } }, because,
--       runs = { { seed, seconds, code, data, fmrun, commit, machine,
--         values = { key = number } } } } } }
-- digest and data: of the script's text and of its data when this was saved. code, data, fmrun and
-- commit of a run: of that text, the digest of the data, fmrun's version and the commit as the run
-- had them, absent where that is not known. machine: of a run, when it was added from a result that
-- was saved before. seeds: how many each row wants. date: of the latest run.
-- Means, intervals and verdicts are not kept: they follow from the values.
local fm <const> = require "fm"
local is_list <const> = require "fm.records.is_list"
local read_json <const> = require "fm.records.json_file"
local t_interval <const> = require "fm.records.t_interval"
local verdict <const> = require "fm.records.verdict"
local with_path <const> = require "fm.records.with_path"

local card_result <const> = {}

-- ---- what follows from the values ----

--- The finite numbers among the values of a row's runs, and how many are not finite.
local function numbers_of(row, key)
  local list, bad = {}, 0
  for _, run in ipairs(row.runs) do
    local value = run.values[key]
    if math.type(value) and value - value == 0 then list[#list + 1] = value else bad = bad + 1 end
  end
  return list, bad
end

--- A row's numbers for one of the results: { measured (of t_interval), published, floor (its mean),
--- done and wanted (seeds), bad (not finite), verdict, why }. There is no verdict before all seeds
--- are done, of one seed, and without a published number.
function card_result.cell(result, row, column)
  local values, bad = numbers_of(row, column.key)
  local cell = { measured = t_interval.of(values), published = row.published[column.key], done = #row.runs, wanted = result.seeds, bad = bad }
  cell.floor = column.floor and t_interval.of((numbers_of(row, column.floor))).mean
  if not cell.published or cell.done < cell.wanted then return cell end
  if bad > 0 then
    cell.verdict, cell.why = "not reproduced", ("%d of %d seeds have no number, or none that is finite"):format(bad, cell.done)
  else
    cell.verdict, cell.why = verdict(cell.measured, cell.published, column.better)
  end
  return cell
end

local differing <const> = { "not reproduced", "too uncertain", "better" }

--- The first of these words that a number of the row has; nil when all are reproduced.
function card_result.differs(result, row)
  local found = {}
  for _, column in ipairs(result.results) do
    local word = card_result.cell(result, row, column).verdict
    if word then found[word] = true end
  end
  for _, word in ipairs(differing) do
    if found[word] then return word end
  end
  return nil
end

local function median(list)
  if #list == 0 then return nil end
  table.sort(list)
  return (list[(#list + 1) // 2] + list[#list // 2 + 1]) / 2
end

--- The median of the seconds that a run took, of these rows.
function card_result.median_seconds(rows)
  local list = {}
  for _, row in ipairs(rows) do
    for _, run in ipairs(row.runs) do list[#list + 1] = run.seconds end
  end
  return median(list)
end

--- How many runs there are, and how many there should be.
function card_result.count(result)
  local done = 0
  for _, row in ipairs(result.rows) do done = done + #row.runs end
  return done, result.seeds * #result.rows
end

-- ---- the file ----

local widest <const> = 150 -- bytes of a line

--- JSON in lines that a person can read and compare.
local function lay_out(value, indent)
  local line = fm.json.encode(value)
  if type(value) ~= "table" or #line + #indent <= widest then return line end
  local parts, inner = {}, indent .. "  "
  if #value > 0 then
    for i, entry in ipairs(value) do parts[i] = inner .. lay_out(entry, inner) end
    return ("[\n%s\n%s]"):format(table.concat(parts, ",\n"), indent)
  end
  for key, entry in pairs(value) do parts[#parts + 1] = inner .. fm.json.encode(key) .. ": " .. lay_out(entry, inner) end -- in order
  return ("{\n%s\n%s}"):format(table.concat(parts, ",\n"), indent)
end

--- Writes a result, in one step. Returns true, or nil and a message.
function card_result.write(path, result)
  local folder = path:match "^(.*)/"
  if folder then fm.file.mkdir_new(folder) end
  return fm.file.write(path, lay_out(result, "") .. "\n")
end

local wanted <const> = { title = "string", source = "string", script = "string", command = "string", date = "string", data = "table", machine = "table",
  seconds = "number", seeds = "number", protocol = "table", results = "table", rows = "table" }

local function is_text(value) return type(value) == "string" end
local function is_number(value) return math.type(value) ~= nil end

local function is_column(column)
  return type(column) == "table" and is_text(column.key) and is_text(column.label) and is_text(column.better) and is_text(column.floor or "")
end

local function is_run(run)
  if type(run) ~= "table" or math.type(run.seed) ~= "integer" or run.seed < 1 or type(run.values) ~= "table" then return false end
  if not is_number(run.seconds) or not (run.seconds >= 0) then return false end
  for _, key in ipairs { "code", "data", "fmrun", "commit", "machine" } do
    if not is_text(run[key] or "") then return false end
  end
  return true
end

local function is_row(row)
  if type(row) ~= "table" or not is_text(row.name) or not is_text(row.because or "") then return false end
  if type(row.config) ~= "table" or type(row.params) ~= "table" or type(row.published) ~= "table" then return false end
  for _, pair in pairs(row.published) do
    if not is_list(pair, is_number) or not pair[1] then return false end
  end
  return is_list(row.runs, is_run)
end

local function is_pair(pair)
  return is_list(pair, is_text) and #pair == 2
end

local lists <const> = { protocol = { is_pair, "a name and a text" }, results = { is_column, "key, label and better" },
  rows = { is_row, "name, params, config, published and runs" } }

--- nil, or which seed a row has twice.
local function twice_in(rows)
  for i, row in ipairs(rows) do
    local seen = {}
    for _, run in ipairs(row.runs) do
      if seen[run.seed] then return ("rows[%d] (%s): seed %d is there twice"):format(i, row.name, run.seed) end
      seen[run.seed] = true
    end
  end
  return nil
end

--- nil, or what is wrong with a result.
local function problem_of(result)
  for key, kind in pairs(wanted) do
    if type(result[key]) ~= kind then return ("%s: expected a %s, found %s"):format(key, kind, type(result[key])) end
  end
  if math.type(result.seeds) ~= "integer" or result.seeds < 1 then return "seeds: expected a whole number >= 1" end
  if not (result.seconds >= 0) then return "seconds: expected a number >= 0" end
  if not is_text(result.data.digest) then return "data.digest: expected a text" end
  for key, list in pairs(lists) do
    if not is_list(result[key], list[1]) then return ("%s: expected a list, each with %s"):format(key, list[2]) end
  end
  return twice_in(result.rows)
end

--- The result in a file; or nil, what is wrong with it (with its path), and whether it is missing.
function card_result.read(path)
  local result, message, missing = read_json(path)
  if not result then return nil, with_path(path, message), missing end
  local problem = result.kind ~= "card" and "not the result of a card" or problem_of(result)
  if problem then return nil, with_path(path, problem) end
  return result
end

return card_result

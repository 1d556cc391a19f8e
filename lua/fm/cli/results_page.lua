-- The page of results of the manual, as Markdown: made from the files results/*.json of cards, and
-- from nothing else.
local card_result <const> = require "fm.records.card_result"
local card_words <const> = require "fm.cli.card_words"
local fm <const> = require "fm"
local machine <const> = require "fm.cli.machine"
local named_values <const> = require "fm.parts.named_values"
local names_in <const> = require "fm.records.names_in"
local read_json <const> = require "fm.records.json_file"
local read_tables <const> = require "fm.records.table_result"
local short <const> = require "fm.parts.short"
local with_path <const> = require "fm.records.with_path"
local words <const> = require "fm.records.words"

local head <const> = [[
<!-- order: 78 -->
# Measured results

Published numbers beside measured ones, and comparisons, with their commands, times and machines.

`fmrun card --page` makes this page from the files in `experiments/cards/results`, and a test compares the two. A measured number is the mean over
seeds ± half of its 95 % interval (Student's t), and std is the deviation over the seeds. A published number is *reproduced* when the published value
± error and the measured interval have a point in common, with "(~)" when the mean itself lies outside of the error bar. It is *better* when
they have none and the measured one lies on the good side, else *not reproduced*. *Too uncertain* is a measured interval that meets the published one,
but is so wide that this says little: its half is more than twice the published error, and more than half of the published value. One seed has no
verdict. The floor is the metric between two true samples. Times are those on the clock, of one run.
]]

--- A text with nothing in it that Markdown would take for a mark; in one line.
local function plain(text)
  return (text:gsub("[\\`*%[<|]", "\\%0"):gsub("%s+", " "))
end

local function code(text)
  return "`" .. text:gsub("`", "'") .. "`"
end

--- Adds a table. right: which columns are numbers.
local function add_table(lines, titles, rows, right)
  local marks = {}
  for i in ipairs(titles) do marks[i] = right[i] and "---:" or "---" end
  lines[#lines + 1] = ""
  lines[#lines + 1] = "| " .. table.concat(titles, " | ") .. " |"
  lines[#lines + 1] = "|" .. table.concat(marks, "|") .. "|"
  for _, row in ipairs(rows) do lines[#lines + 1] = "| " .. table.concat(row, " | ") .. " |" end
end

local function add(lines, text)
  lines[#lines + 1] = ""
  lines[#lines + 1] = text
end

-- ---- a card ----

local function exact(value)
  return math.type(value) == "float" and short.exact(value) or tostring(value)
end

--- The command of one run of a row.
local function command_of(result, row)
  local list = named_values(row.params, exact)
  return code(("fmrun %s %s seed=1"):format(result.script, table.concat(list, " ")):gsub("%s+", " "))
end

--- Adds the table of one result. It is to fit a terminal of 80 columns, so times are told once for
--- all rows.
local function add_column(lines, result, column)
  local rows, titles = {}, { "row", "published", "measured", "std", column.floor and "floor" or "verdict", column.floor and "verdict" }
  for i, row in ipairs(result.rows) do
    local cell = card_result.cell(result, row, column)
    rows[i] = { plain(row.name), card_words.published(cell.published), card_words.measured(cell), card_words.rough(cell.measured.deviation) }
    if column.floor then table.insert(rows[i], card_words.rough(cell.floor)) end
    table.insert(rows[i], card_words.verdict(cell))
  end
  add(lines, ("**%s** (%s, %s is better)"):format(plain(column.label), code(column.key), column.better))
  add_table(lines, titles, rows, { false, true, true, true, column.floor ~= nil })
end

local function add_reasons(lines, result)
  local list = {}
  for i, reason in ipairs(card_words.reasons(result)) do list[i] = ("- %s: %s"):format(plain(reason[1]), plain(reason[2])) end
  if #list > 0 then add(lines, table.concat(list, "\n")) end
end

local function add_card(lines, result)
  add(lines, ("**%s**"):format(plain(result.title)))
  add(lines, ("%s. %s, %s: %s. %s."):format(plain(result.source), code(result.command), result.date, plain(card_words.cost(result) or "no runs"),
    card_words.origin(result, code)))
  local facts = { ("- seeds: 1 to %d"):format(result.seeds) }
  for _, pair in ipairs(result.protocol) do facts[#facts + 1] = ("- %s: %s"):format(plain(pair[1]), plain(pair[2])) end
  if result.rows[1] then facts[#facts + 1] = ("- one run of %s: %s"):format(plain(result.rows[1].name), command_of(result, result.rows[1])) end
  add(lines, table.concat(facts, "\n"))
  for _, column in ipairs(result.results) do add_column(lines, result, column) end
  add_reasons(lines, result)
  add(lines, (("Verdicts: %s. %s"):format(card_words.count(result), card_words.versions(result)):gsub(" $", "")))
end

-- ---- other tables ----

local function cell_text(value)
  if value == nil or value == fm.json.null or value == "" then return "" end
  return plain(words.value(value))
end

local function add_other(lines, found)
  local titles, rows, right = {}, {}, {}
  for i, title in ipairs(found.columns) do titles[i], right[i] = plain(title), i > 1 end
  for k, row in ipairs(found.rows) do
    rows[k] = {}
    for i in ipairs(titles) do rows[k][i] = cell_text(row[i]) end
  end
  if found.title then add(lines, ("**%s**"):format(plain(found.title))) end
  add_table(lines, titles, rows, right)
  for _, note in ipairs(found.notes) do add(lines, plain(note)) end
end

local function add_tables(lines, result)
  add(lines, ("**%s**"):format(plain(result.title)))
  add(lines, ("%s: %s in all; %s."):format(code(result.command), short.duration(result.seconds), plain(machine.text(result.machine))))
  for _, note in ipairs(result.notes) do add(lines, plain(note)) end
  for _, found in ipairs(result.tables) do add_other(lines, found) end
end

-- ---- the whole ----

local function add_file(lines, path)
  local said, message = read_json(path)
  local is_card = said and said.kind == "card"
  local result
  if said then result, message = (is_card and card_result.read or read_tables)(path) end
  if not result then error({ message = with_path(path, message), exit = 1 }, 0) end
  add(lines, "## " .. path:match "([^/]*)%.json$") -- a title may be longer than a heading should be
  local add_result = is_card and add_card or add_tables
  add_result(lines, result)
end

--- The page from the results in a folder; raises { message, exit } for a file that holds none.
return function(folder)
  local lines, count = { head:match "^(.-)%s*$" }, 0
  for _, name in ipairs(names_in(folder)) do
    if name:find "^[%w_]+%.json$" then
      add_file(lines, folder .. "/" .. name)
      count = count + 1
    end
  end
  if count == 0 then add(lines, "There are no results yet.") end
  return table.concat(lines, "\n") .. "\n"
end

-- A card on the terminal: its protocol, and a table for each result, published beside measured.
local card_result <const> = require "fm.records.card_result"
local card_words <const> = require "fm.cli.card_words"
local layout <const> = require "fm.cli.terminal.layout"
local painter <const> = require "fm.cli.terminal.paint"
local short <const> = require "fm.parts.short"
local words <const> = require "fm.records.words"

local card_screen <const> = {}

local widest <const> = 120 -- columns of text

local function page()
  return math.min(layout.columns() or widest, widest)
end

--- Facts as lines "name  text", the text wrapped.
local function print_facts(facts, paint)
  local wide = 0
  for _, fact in ipairs(facts) do wide = math.max(wide, layout.width(fact[1])) end
  for _, fact in ipairs(facts) do
    local name = fact[1] .. (" "):rep(wide - layout.width(fact[1]) + 2)
    local lines = layout.wrap(fact[2], page(), name, (" "):rep(wide + 2))
    lines[1] = paint("dim", name) .. lines[1]:sub(#name + 1)
    print(table.concat(lines, "\n"))
  end
end

local function shapes_text(data)
  local list = {}
  for i, shape in ipairs(data.shapes) do list[i] = ("[%s]"):format(table.concat(shape, ", ")) end
  return table.concat(list, " ")
end

--- The head of a card: what is known before anything runs.
function card_screen.head(result, color)
  local paint = painter(1, color)
  for _, line in ipairs(layout.wrap(result.title, page())) do print(paint("bold", line)) end
  local facts = { { "source", result.source }, { "script", ("%s, digest %s"):format(result.script, result.digest) },
    { "data", ("%s, digest %s"):format(shapes_text(result.data), result.data.digest) }, { "seeds", ("1 to %d"):format(result.seeds) } }
  for _, pair in ipairs(result.protocol) do facts[#facts + 1] = pair end
  print_facts(facts, paint)
end

--- "3 of 5 seeds", and what became of others: "1 failed".
local function verdict_cell(cell, unfinished)
  local text = card_words.verdict(cell)
  if cell.done < cell.wanted then
    local parts = { text }
    for status, count in pairs(unfinished) do parts[#parts + 1] = ("%d %s"):format(count, status) end
    return { text = table.concat(parts, ", "), color = "yellow" }
  end
  return { text = text, color = card_words.colors[cell.verdict] }
end

--- The lines of a table. Its first column tells the rows apart: it is only cut where the others
--- leave no room for it.
local function table_lines(columns, rows, paint)
  local width, options = layout.columns(), { columns = layout.columns(), paint = paint }
  for _, line in ipairs(width and layout.table(columns, rows, { columns = width }) or {}) do
    if layout.width(line) > width then columns[1].flexible = true end
  end
  return table.concat(layout.table(columns, rows, options), "\n")
end

local function print_column(result, unfinished, column, paint)
  local columns = { { title = "ROW" }, { title = "PUBLISHED", right = true }, { title = "MEASURED", right = true } }
  columns[#columns + 1] = { title = "STD", right = true, rank = 3 }
  if column.floor then columns[#columns + 1] = { title = "FLOOR", right = true, rank = 1 } end
  columns[#columns + 1] = { title = "TIME", right = true, rank = 2 }
  columns[#columns + 1] = { title = "VERDICT" }
  local rows = {}
  for i, row in ipairs(result.rows) do
    local cell = card_result.cell(result, row, column)
    local each = card_result.median_seconds { row }
    local cells = { row.name, card_words.published(cell.published), card_words.measured(cell), card_words.rough(cell.measured.deviation) }
    if column.floor then cells[#cells + 1] = card_words.rough(cell.floor) end
    cells[#cells + 1] = each and short.duration(each) or ""
    cells[#cells + 1] = verdict_cell(cell, unfinished[i])
    rows[i] = cells
  end
  print()
  print(paint("bold", card_words.column(column)))
  print(table_lines(columns, rows, paint))
end

local function print_reasons(result, paint)
  for i, reason in ipairs(card_words.reasons(result)) do
    local name = reason[1] .. ": "
    local lines = layout.wrap(reason[2], page(), name, "  ")
    lines[1] = paint("bold", name) .. lines[1]:sub(#name + 1)
    print((i == 1 and "\n" or "") .. table.concat(lines, "\n"))
  end
end

--- The tables of a card, and what they cost. notes: more facts, { name, text }.
function card_screen.tables(result, unfinished, notes, color)
  local paint = painter(1, color)
  for _, column in ipairs(result.results) do print_column(result, unfinished, column, paint) end
  print_reasons(result, paint)
  print()
  local facts = { { "verdicts", card_words.count(result) }, { "legend", card_words.legend(result) } }
  if card_words.cost(result) then
    facts[#facts + 1] = { "cost", card_words.cost(result) }
    facts[#facts + 1] = { "made with", card_words.origin(result, tostring) }
  end
  table.move(notes, 1, #notes, #facts + 1, facts)
  print_facts(facts, paint)
end

--- The list of cards: { name, title, source, rows, seeds, result (of a file, or nil), problem }.
function card_screen.list(list, color)
  local columns = { { title = "CARD" }, { title = "ROWS", right = true }, { title = "SEEDS", right = true }, { title = "RESULT" },
    { title = "SOURCE", flexible = true } }
  local rows = {}
  for i, card in ipairs(list) do
    local saved = "none"
    if card.result then
      local done, all = card_result.count(card.result)
      saved = done < all and ("%d of %s"):format(done, words.count(all, "run")) or ("%s, %s"):format(words.count(card.result.seeds, "seed"), card.result.date)
    end
    rows[i] = { card.name, card.rows and tostring(card.rows) or "", card.seeds and tostring(card.seeds) or "",
      { text = card.problem and "" or saved, color = not card.result and "dim" or nil },
      { text = card.problem or card.source, color = card.problem and "red" or nil } }
  end
  print(table.concat(layout.table(columns, rows, { columns = layout.columns(), paint = painter(1, color) }), "\n"))
end

return card_screen

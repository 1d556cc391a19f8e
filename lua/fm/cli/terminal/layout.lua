-- Text on a page of limited width: tables, wrapped paragraphs, all made printable. A width is
-- counted in characters, not bytes.
local printable <const> = require "fm.parts.printable"
local system <const> = require "fm.core".system

local layout <const> = {}

local stdout <const> = 1

--- The columns of the terminal at a descriptor, from the terminal or else from the environment.
function layout.page(descriptor)
  return system.columns(descriptor) or math.tointeger(tonumber(os.getenv "COLUMNS" or "")) or 80
end

--- The columns of the terminal on stdout; nil when there is none, so that nothing is cut for a file
--- or a pipe.
function layout.columns()
  if not system.is_terminal(stdout) then return nil end
  return layout.page(stdout)
end

--- Characters of a text; bytes if it is not UTF-8.
function layout.width(text)
  return utf8.len(text) or #text
end

--- The text, its end replaced by "…" when it is longer than the width.
function layout.clip(text, width)
  if layout.width(text) <= width then return text end
  local stop = utf8.len(text) and utf8.offset(text, width) or width
  return text:sub(1, stop - 1) .. "…"
end

local function words_of(text)
  local words = {}
  for word in text:gmatch "%S+" do words[#words + 1] = printable.line(word) end
  return words
end

local function printable_words(list)
  local words = {}
  for i, word in ipairs(list) do words[i] = printable.line(word) end
  return words
end

--- Lines of at most `width` characters, broken between words; the first begins with `first`, the
--- others with `other`. A list instead of a text is broken between its items, which stand two
--- spaces apart.
function layout.wrap(text, width, first, other)
  local words, space
  if type(text) == "string" then words, space = words_of(text), " " else words, space = printable_words(text), "  " end
  local lines, line, empty = {}, first or "", true
  for _, word in ipairs(words) do
    if not empty and layout.width(line) + #space + layout.width(word) > width then
      lines[#lines + 1] = line
      line, empty = other or "", true
    end
    line, empty = empty and line .. word or line .. space .. word, false
  end
  lines[#lines + 1] = line
  return lines
end

local function cell_text(cell)
  if type(cell) ~= "table" then return printable.line(cell or "") end
  return printable.line(cell.items and table.concat(cell.items, " ") or cell.text or "")
end

--- The items of a cell that fit, and how many do not: "lr=0.1 n=5 +3".
local function fitting(items, width)
  local whole = cell_text { items = items }
  if layout.width(whole) <= width then return whole end
  local text = ""
  for i, item in ipairs(items) do -- not all of them fit
    local longer = (i > 1 and text .. " " or "") .. printable.line(item)
    local rest = i < #items and " +" .. #items - i or ""
    if layout.width(longer) + #rest > width then
      if i == 1 then return layout.clip(longer .. rest, width) end
      return ("%s +%d"):format(text, #items - i + 1)
    end
    text = longer
  end
end

local function natural_widths(columns, rows)
  local widths = {}
  for i, column in ipairs(columns) do
    widths[i] = layout.width(cell_text(column.title))
    for _, row in ipairs(rows) do widths[i] = math.max(widths[i], layout.width(cell_text(row[i]))) end
  end
  return widths
end

--- Takes characters from the widest flexible columns until the table fits, or none has more than
--- `least` of them. Columns that are nil in `widths` do not count. Returns whether it fits.
local function squeeze(columns, widths, room, gap)
  local least <const> = 8
  local over = -room - #gap
  for i, column in ipairs(columns) do
    if widths[i] then
      if column.flexible then widths[i] = math.min(widths[i], math.max(room, least)) end
      over = over + widths[i] + #gap
    end
  end
  while over > 0 do
    local widest
    for i, column in ipairs(columns) do
      if column.flexible and widths[i] and widths[i] > least and (not widest or widths[i] > widths[widest]) then widest = i end
    end
    if not widest then return false end
    widths[widest], over = widths[widest] - 1, over - 1
  end
  return true
end

--- Widths by column for a page, nil for a column that is left out: those with the highest `rank`
--- are dropped first.
local function chosen_widths(columns, rows, room, gap)
  local natural, out = natural_widths(columns, rows), {}
  while true do
    local widths, last = {}, nil
    for i, column in ipairs(columns) do
      if not out[i] then
        widths[i] = natural[i]
        if column.rank and (not last or column.rank > columns[last].rank) then last = i end
      end
    end
    if not room or squeeze(columns, widths, room, gap) or not last then return widths end
    out[last] = true
  end
end

local function padded(text, width, right, last)
  local space = (" "):rep(width - layout.width(text))
  if right then return space, "" end
  return "", last and "" or space
end

--- Lines of an aligned table, and the titles of the columns left out of it. columns: { title, right
--- = true (numbers), flexible = true (may be cut), rank = n (may be left out where the page is too
--- narrow, the highest first) }. rows: lists of cells: a text, { text, color } or { items, color }
--- (a list of texts, of which those that fit are shown and the others counted). options: columns
--- (the page's width, or nil), paint, gap.
function layout.table(columns, rows, options)
  local paint, gap, lines = options.paint or function(_, text) return text end, options.gap or "  ", {}
  local widths = chosen_widths(columns, rows, options.columns, gap)
  local function add(row, color)
    local parts = {}
    for i, column in ipairs(columns) do
      local cell, width = row[i], widths[i]
      if width then
        local text = type(cell) == "table" and cell.items and fitting(cell.items, width) or layout.clip(cell_text(cell), width)
        local before, after = padded(text, width, column.right, i == #columns)
        parts[#parts + 1] = before .. paint(color or type(cell) == "table" and cell.color or nil, text) .. after
      end
    end
    lines[#lines + 1] = table.concat(parts, gap):match "^.*%S" or "" -- without spaces at its end
  end
  local titles, left_out = {}, {}
  for i, column in ipairs(columns) do
    titles[i] = column.title or ""
    if not widths[i] then left_out[#left_out + 1] = titles[i] end
  end
  if columns[1].title then add(titles, "dim") end
  for _, row in ipairs(rows) do add(row) end
  return lines, left_out
end

return layout

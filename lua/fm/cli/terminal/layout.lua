-- Text on a page of limited width: tables, wrapped paragraphs, all made printable. A width is counted in characters, not bytes.
local printable <const> = require "fm.parts.printable"
local system <const> = require "fm.core".system

local layout <const> = {}

local stdout <const> = 1

--- The columns of the terminal at a descriptor, as it or else the environment says.
function layout.page(descriptor)
  return system.columns(descriptor) or math.tointeger(tonumber(os.getenv "COLUMNS" or "")) or 80
end

--- The columns of the terminal on stdout; nil when there is none, so that nothing is cut for a file or a pipe.
function layout.columns()
  if not system.is_terminal(stdout) then return nil end
  return layout.page(stdout)
end

--- Characters of a text; bytes where it is no UTF-8.
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

--- Lines of at most `width` characters, broken between words; the first begins with `first`, the others with `other`. A list instead of a
--- text is broken between its items, two spaces apart.
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
  return printable.line(type(cell) == "table" and cell.text or cell or "")
end

local function natural_widths(columns, rows)
  local widths = {}
  for i, column in ipairs(columns) do
    widths[i] = layout.width(cell_text(column.title))
    for _, row in ipairs(rows) do widths[i] = math.max(widths[i], layout.width(cell_text(row[i]))) end
  end
  return widths
end

--- Takes characters from the widest flexible columns until the table fits, or none has more than `least` of them.
local function squeeze(columns, widths, room, gap)
  local least <const> = 8
  local over = (#columns - 1) * #gap - room
  for i, column in ipairs(columns) do
    if column.flexible then widths[i] = math.min(widths[i], math.max(room, least)) end
    over = over + widths[i]
  end
  while over > 0 do
    local widest
    for i, column in ipairs(columns) do
      if column.flexible and widths[i] > least and (not widest or widths[i] > widths[widest]) then widest = i end
    end
    if not widest then return end
    widths[widest], over = widths[widest] - 1, over - 1
  end
end

local function padded(text, width, right, last)
  local space = (" "):rep(width - layout.width(text))
  if right then return space, "" end
  return "", last and "" or space
end

--- Lines of an aligned table. columns: { title, right = true (numbers), flexible = true (may be cut) }. rows: lists of cells, a text or
--- { text, color }. options: columns (the page's width, or nil), paint, gap.
function layout.table(columns, rows, options)
  local paint, gap, lines = options.paint or function(_, text) return text end, options.gap or "  ", {}
  local widths = natural_widths(columns, rows)
  if options.columns then squeeze(columns, widths, options.columns, gap) end
  local function add(row, color)
    local parts = {}
    for i, column in ipairs(columns) do
      local cell = row[i]
      local text = layout.clip(cell_text(cell), widths[i])
      local before, after = padded(text, widths[i], column.right, i == #columns)
      parts[i] = before .. paint(color or type(cell) == "table" and cell.color or nil, text) .. after
    end
    lines[#lines + 1] = table.concat(parts, gap):match "^.*%S" or "" -- without spaces at its end
  end
  local titles = {}
  for i, column in ipairs(columns) do titles[i] = column.title or "" end
  if columns[1].title then add(titles, "dim") end
  for _, row in ipairs(rows) do add(row) end
  return lines
end

return layout

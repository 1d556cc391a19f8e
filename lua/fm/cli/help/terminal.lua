-- A page of the manual as lines for a terminal: terminal.lines(blocks, { width, paint }) wraps to
-- the width; code stays as it is written.
-- paint(color, text) is terminal/paint.lua's, or returns the text unchanged.
local layout <const> = require "fm.cli.terminal.layout"
local printable <const> = require "fm.parts.printable"

local terminal <const> = {}

local colors <const> = { code = "blue", strong = "bold", emphasis = "bold" }

--- The words of an inline, each a list of { text, color }: a word may change its color inside, as
--- in `t`, with a comma after it.
local function words_of(inline, color, words)
  words = words or { {} }
  for _, piece in ipairs(inline) do
    if piece.inline then
      words_of(piece.inline, colors[piece.kind] or color, words)
      if piece.kind == "link" and piece.target:find "^https?:" and piece.inline[1].text ~= piece.target then
        words_of({ { kind = "text", text = (" <%s>"):format(piece.target) } }, nil, words)
      end
    elseif piece.kind == "code" then
      table.insert(words[#words], { printable.line(piece.text), "blue" })
    else
      local text = piece.kind == "image" and ("[picture: %s]"):format(piece.text) or piece.text
      for space, word in text:gmatch "(%s*)(%S*)" do
        if space ~= "" and #words[#words] > 0 then words[#words + 1] = {} end
        if word ~= "" then table.insert(words[#words], { printable.line(word), color }) end
      end
    end
  end
  return words
end

local function joined(inline)
  local text = {}
  for _, word in ipairs(words_of(inline)) do
    local parts = {}
    for i, part in ipairs(word) do parts[i] = part[1] end
    text[#text + 1] = table.concat(parts)
  end
  return table.concat(text, " ")
end

--- Adds the wrapped words of an inline; the first line begins with `first`, the others with
--- `other`.
local function add_wrapped(lines, inline, o, first, other, color)
  local line, used, empty = first, layout.width(first), true
  for _, word in ipairs(words_of(inline, color)) do
    local painted, width = {}, 0
    for i, part in ipairs(word) do
      painted[i], width = o.paint(part[2], part[1]), width + layout.width(part[1])
    end
    if width > 0 then
      if not empty and used + 1 + width > o.width then
        lines[#lines + 1] = line
        line, used, empty = other, layout.width(other), true
      end
      line = line .. (empty and "" or " ") .. table.concat(painted)
      used, empty = used + (empty and 0 or 1) + width, false
    end
  end
  lines[#lines + 1] = line
end

local add_blocks

local writers <const> = {
  comment = function() end,
  heading = function(lines, block, o, indent)
    add_wrapped(lines, block.inline, o, indent, indent, "bold")
    local line = ({ "=", "-" })[block.level]
    if line then lines[#lines + 1] = indent .. line:rep(math.min(layout.width(joined(block.inline)), o.width)) end
  end,
  paragraph = function(lines, block, o, indent)
    add_wrapped(lines, block.inline, o, indent, indent)
  end,
  code = function(lines, block, o, indent)
    local file = block.info:match "^file=(%S+)$"
    if file then lines[#lines + 1] = indent .. "    " .. o.paint("dim", "-- " .. file .. " --") end
    for line in (block.text .. "\n"):gmatch "(.-)\n" do
      lines[#lines + 1] = line == "" and "" or indent .. "    " .. o.paint("blue", printable.lines(line))
    end
  end,
  quote = function(lines, block, o, indent)
    add_blocks(lines, block.blocks, o, indent .. "| ")
  end,
  list = function(lines, block, o, indent)
    for i, item in ipairs(block.items) do
      local mark = block.ordered and ("%d. "):format(i) or "- "
      local inside, own = indent .. (" "):rep(#mark), {}
      add_blocks(own, item, o, inside)
      for k, line in ipairs(own) do lines[#lines + 1] = k == 1 and indent .. mark .. line:sub(#inside + 1) or line end
    end
  end,
  table = function(lines, block, o, indent)
    local columns, rows, wide = {}, {}, 0
    for i, cell in ipairs(block.head) do
      columns[i] = { title = joined(cell), right = block.align[i] == "right" }
    end
    for i, row in ipairs(block.rows) do
      rows[i] = {}
      for k = 1, #columns do rows[i][k] = row[k] and joined(row[k]) or "" end
    end
    local list = layout.table(columns, rows, { paint = o.paint })
    for _, line in ipairs(layout.table(columns, rows, {})) do wide = math.max(wide, layout.width(line)) end
    if #indent + wide <= o.width then
      for _, line in ipairs(list) do lines[#lines + 1] = indent .. line end
      return
    end
    for i, row in ipairs(block.rows) do -- too wide: each row as a paragraph of its own, the first cell before the others
      if i > 1 then lines[#lines + 1] = "" end
      add_wrapped(lines, row[1], o, indent, indent, "bold")
      for k = 2, #columns do
        local title = columns[k].title
        if row[k] and #row[k] > 0 then add_wrapped(lines, row[k], o, indent .. "  " .. (title ~= "" and title .. ": " or ""), indent .. "    ") end
      end
    end
  end,
}

function add_blocks(lines, blocks, o, indent)
  local last
  for _, block in ipairs(blocks) do
    if block.kind ~= "comment" then
      local tight = last == nil or last.kind == "heading"
      if not tight then lines[#lines + 1] = indent:match "^.*%S" or "" end
      writers[block.kind](lines, block, o, indent)
      last = block
    end
  end
end

function terminal.lines(blocks, o)
  local lines = {}
  add_blocks(lines, blocks, { width = o.width, paint = o.paint or function(_, text) return text end }, "")
  return lines
end

return terminal

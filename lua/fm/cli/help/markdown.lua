-- Reads the part of Markdown that the manual is written in (CommonMark 0.31, and tables as GitHub
-- has them): headings with #, paragraphs, lists, quotes, fenced code, tables, comments; inside of
-- them code, *emphasis*, **strong**, [links](target), ![pictures](file), backslash escapes.
--   markdown.read(text) -> a list of blocks, each { kind, ... }:
--     heading    level, id, inline
--     paragraph  inline
--     list       ordered, items (a list of blocks for each)
--     quote      blocks
--     code       language, info, text, line
--     table      align, head, rows (an inline for each cell)
--     comment    text
-- An inline is a list of pieces, each { kind, ... }:
--     text, code        text
--     strong, emphasis  inline
--     link              target, inline
--     image             target, text
local markdown <const> = {}

-- ---- inside a line ----

local read_inline

local function add_text(list, text)
  local last = list[#list]
  if text == "" then return end
  if last and last.kind == "text" then last.text = last.text .. text else list[#list + 1] = { kind = "text", text = text } end
end

--- What begins at a special character, each with where it ends; nil for a character that is plain
--- text.
local specials <const> = {
  ["`"] = function(text, at)
    local ticks = text:match("^`+", at)
    local first, last = at + #ticks, nil
    local from = first
    repeat -- the closing run is as long as the opening one
      local a, b = text:find("`+", from)
      if a and b - a + 1 == #ticks then last = a - 1 end
      from = (b or #text) + 1
    until last or not a
    if not last then return { kind = "text", text = ticks }, first end
    local inside = text:sub(first, last)
    return { kind = "code", text = inside:match "^ (.*`.*) $" or inside }, last + #ticks + 1
  end,
  ["*"] = function(text, at)
    local strong, after = text:match("^%*%*(%S.-)%*%*()", at)
    if strong and strong:find "%S$" then return { kind = "strong", inline = read_inline(strong) }, after end
    local emphasis, stop = text:match("^%*([^%s*][^*]-)%*()", at)
    if not emphasis then emphasis, stop = text:match("^%*([^%s*])%*()", at) end
    if emphasis and emphasis:find "%S$" then return { kind = "emphasis", inline = read_inline(emphasis) }, stop end
  end,
  ["["] = function(text, at)
    local inside, target, after = text:match("^(%b[])%(([^%s()]+)%)()", at)
    if inside then return { kind = "link", target = target, inline = read_inline(inside:sub(2, -2)) }, after end
  end,
  ["!"] = function(text, at)
    local inside, target, after = text:match("^!(%b[])%(([^%s()]+)%)()", at)
    if inside then return { kind = "image", target = target, text = inside:sub(2, -2) }, after end
  end,
  ["<"] = function(text, at)
    local target, after = text:match("^<(https?://[^%s<>]+)>()", at)
    if target then return { kind = "link", target = target, inline = { { kind = "text", text = target } } }, after end
  end,
  ["\\"] = function(text, at)
    local escaped = text:match("^\\(%p)", at)
    if escaped then return { kind = "text", text = escaped }, at + 2 end
  end,
}

function read_inline(text)
  local list, at = {}, 1
  while at <= #text do
    local special = text:find("[`*%[!<\\]", at) or #text + 1
    add_text(list, text:sub(at, special - 1))
    if special > #text then break end
    local made, after = specials[text:sub(special, special)](text, special)
    if not made then
      add_text(list, text:sub(special, special))
    elseif made.kind == "text" then
      add_text(list, made.text)
    else
      list[#list + 1] = made
    end
    at = after or special + 1
  end
  return list
end
markdown.inline = read_inline

--- An inline without its marks.
function markdown.plain(inline)
  local parts = {}
  for i, piece in ipairs(inline) do parts[i] = piece.text or markdown.plain(piece.inline) end
  return table.concat(parts)
end

--- The name of a heading in a link, as GitHub makes it.
function markdown.id(text)
  return (text:lower():gsub("[^%w%s_\128-\255-]", ""):gsub("%s", "-"))
end

-- ---- blocks ----

local read_blocks

local function list_marker(line)
  local indent, mark, space = line:match "^(%s*)([-*])(%s+)%S"
  if mark then return #indent + 1 + #space, false end
  local number
  indent, number, space = line:match "^(%s*)(%d+)%.(%s+)%S"
  if number then return #indent + #number + 1 + #space, true end
end

local function is_table(lines, i)
  return lines[i]:find "^%s*|" and lines[i + 1] and lines[i + 1]:find "^%s*|[%s:|-]+$" and lines[i + 1]:find "%-"
end

local function begins_block(lines, i)
  local line = lines[i]
  return line:find "^%s*$" or line:find "^#+%s" or line:find "^%s*```" or line:find "^>" or line:find "^<!%-%-" or list_marker(line) or is_table(lines, i)
end

--- The cells of a row; a bar inside code, or after a backslash, is part of its cell.
local function cells(line)
  local hidden = line:gsub("\\|", "\1"):gsub("`[^`]*`", function(code) return (code:gsub("|", "\1")) end)
  local list = {}
  for cell in hidden:match "^%s*|(.-)|?%s*$":gmatch "[^|]+" do list[#list + 1] = (cell:gsub("\1", "|"):match "^%s*(.-)%s*$") end
  return list
end

local function inline_cells(line)
  local list = cells(line)
  for i, cell in ipairs(list) do list[i] = read_inline(cell) end
  return list
end

-- Each reader gets lines and the number of the first, and returns a block and the number of the
-- line after it; nil when the lines are not of its kind.
local readers <const> = {
  function(lines, i, line_number)
    local indent, info = lines[i]:match "^(%s*)```(.*)$"
    if not indent then return nil end
    local text, j = {}, i + 1
    while lines[j] and not lines[j]:find "^%s*```%s*$" do
      text[#text + 1] = lines[j]:sub(1, #indent):find "%S" and lines[j] or lines[j]:sub(#indent + 1)
      j = j + 1
    end
    if not lines[j] then error(("line %d: this ``` has no end"):format(line_number + i), 0) end
    local language, rest = info:match "^%s*(%S*)%s*(.-)%s*$"
    return { kind = "code", language = language, info = rest, text = table.concat(text, "\n"), line = line_number + i }, j + 1
  end,
  function(lines, i, line_number)
    if not lines[i]:find "^<!%-%-" then return nil end
    local text, j = {}, i
    while lines[j] do
      text[#text + 1] = lines[j]
      if lines[j]:find "%-%->%s*$" then break end
      j = j + 1
    end
    if not lines[j] then error(("line %d: this comment has no end"):format(line_number + i), 0) end
    return { kind = "comment", text = table.concat(text, "\n"):match "^<!%-%-%s*(.-)%s*%-%->%s*$" }, j + 1
  end,
  function(lines, i)
    local marks, text = lines[i]:match "^(#+)%s+(.-)%s*$"
    if not marks then return nil end
    local inline = read_inline(text)
    return { kind = "heading", level = #marks, inline = inline, id = markdown.id(markdown.plain(inline)) }, i + 1
  end,
  function(lines, i, line_number)
    if not lines[i]:find "^>" then return nil end
    local text, j = {}, i
    while lines[j] and lines[j]:find "^>" do
      text[#text + 1] = lines[j]:match "^>%s?(.*)$"
      j = j + 1
    end
    return { kind = "quote", blocks = read_blocks(text, line_number + i - 1) }, j
  end,
  function(lines, i)
    if not is_table(lines, i) then return nil end
    local block = { kind = "table", head = inline_cells(lines[i]), align = {}, rows = {} }
    for k, cell in ipairs(cells(lines[i + 1])) do block.align[k] = cell:find ":$" and "right" or "left" end
    local j = i + 2
    while lines[j] and lines[j]:find "^%s*|" do
      block.rows[#block.rows + 1] = inline_cells(lines[j])
      j = j + 1
    end
    return block, j
  end,
  function(lines, i, line_number)
    local width, ordered = list_marker(lines[i])
    if not width then return nil end
    local block, j = { kind = "list", ordered = ordered, items = {} }, i
    local level = #lines[i]:match "^%s*"
    while lines[j] do
      local item_width, item_ordered = list_marker(lines[j])
      if not item_width or item_ordered ~= ordered or #lines[j]:match "^%s*" ~= level then break end
      local first, item = j, { lines[j]:sub(item_width + 1) }
      j = j + 1
      while lines[j] do -- its own lines: indented lines, and those that continue its paragraph
        local indented, blank = #lines[j]:match "^%s*" >= item_width, not lines[j]:find "%S"
        local goes_on = blank and lines[j + 1] and lines[j + 1]:find "%S" and #lines[j + 1]:match "^%s*" >= item_width
        if not (indented and not blank or goes_on or not blank and lines[j - 1]:find "%S" and not begins_block(lines, j)) then break end
        item[#item + 1] = indented and lines[j]:sub(item_width + 1) or lines[j]
        j = j + 1
      end
      block.items[#block.items + 1] = read_blocks(item, line_number + first - 1)
      if lines[j] and not lines[j]:find "%S" and lines[j + 1] and list_marker(lines[j + 1]) then j = j + 1 end
    end
    return block, j
  end,
  function(lines, i)
    local text, j = {}, i
    repeat
      text[#text + 1] = lines[j]:match "^%s*(.-)%s*$"
      j = j + 1
    until not lines[j] or begins_block(lines, j)
    return { kind = "paragraph", inline = read_inline(table.concat(text, " ")) }, j
  end,
}

--- line_number: how many lines of the page come before these.
function read_blocks(lines, line_number)
  local blocks, i = {}, 1
  while lines[i] do
    if not lines[i]:find "%S" then
      i = i + 1
    else
      for _, reader in ipairs(readers) do
        local block, after = reader(lines, i, line_number)
        if block then
          blocks[#blocks + 1], i = block, after
          break
        end
      end
    end
  end
  return blocks
end

--- The blocks of a text; raises "line N: what is wrong".
function markdown.read(text)
  local lines = {}
  for line in (text:gsub("\r\n?", "\n"):gsub("\n?$", "\n")):gmatch "(.-)\n" do lines[#lines + 1] = line end
  return read_blocks(lines, 0)
end

return markdown

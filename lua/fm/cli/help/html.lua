-- A page of the manual as HTML: write.blocks(blocks, { link = function(target) return href end,
-- name = function(code) return href or nil end }) gives markup. All text of the page is escaped, so
-- the page cannot bring its own markup.
local html <const> = require "fm.report.html"
local markdown <const> = require "fm.cli.help.markdown"

local write <const> = {}

local elements <const> = { strong = html.strong, emphasis = html.em }

local function inline(pieces, o)
  local list = {}
  for i, piece in ipairs(pieces) do
    if piece.kind == "text" then
      list[i] = piece.text
    elseif piece.kind == "code" then
      local href, code = o.name and o.name(piece.text), html.code { piece.text }
      list[i] = href and html.a { href = href, code } or code
    elseif piece.kind == "link" then
      list[i] = html.a { href = o.link(piece.target), inline(piece.inline, { link = o.link }) }
    elseif piece.kind == "image" then
      list[i] = html.img { src = o.link(piece.target), alt = piece.text, loading = "lazy" }
    else
      list[i] = elements[piece.kind] { inline(piece.inline, o) }
    end
  end
  return list
end
write.inline = inline

-- Where a comment begins in a line of code: at the line's beginning, or after a space.
local comments <const> = { lua = { "^()%s*%-%-", "%s()%-%-%s" }, sh = { "^()%s*#", "%s%s()#%s" }, python = { "^()%s*#", "%s%s()#%s" } }

--- A block of code, with its comments marked.
function write.code(text, language)
  local patterns, parts = comments[language], {}
  for line in (text .. "\n"):gmatch "(.-\n)" do
    local at
    for _, pattern in ipairs(patterns or {}) do at = at or line:match(pattern) end
    parts[#parts + 1] = at and { line:sub(1, at - 1), html.span { class = "comment", line:sub(at) } } or line
  end
  return html.pre { html.code { class = language ~= "" and language or false, table.unpack(parts) } }
end

local blocks

local writers <const> = {
  comment = function() return nil end,
  heading = function(block, o)
    return html["h" .. math.min(block.level, 6)] { id = block.id, html.a { class = "anchor", href = "#" .. block.id, inline(block.inline, { link = o.link }) } }
  end,
  paragraph = function(block, o) return html.p { inline(block.inline, o) } end,
  code = function(block)
    local file = block.info:match "^file=(%S+)$"
    return { file and html.p { class = "file", file } or false, write.code(block.text, block.language) }
  end,
  quote = function(block, o) return html.blockquote { blocks(block.blocks, o) } end,
  list = function(block, o)
    local items = {}
    for i, item in ipairs(block.items) do
      local alone = #item == 1 and item[1].kind == "paragraph"
      items[i] = html.li { alone and inline(item[1].inline, o) or blocks(item, o) }
    end
    return html[block.ordered and "ol" or "ul"] { items }
  end,
  table = function(block, o)
    local function row(cells, element)
      local list = {}
      for i, cell in ipairs(cells) do list[i] = element { class = block.align[i] == "right" and "number" or false, inline(cell, o) } end
      return html.tr { list }
    end
    local rows, has_head = {}, false
    for i, cells in ipairs(block.rows) do rows[i] = row(cells, html.td) end
    for _, cell in ipairs(block.head) do has_head = has_head or markdown.plain(cell):find "%S" ~= nil end
    return html.div { class = "wide", html.table { has_head and html.thead { row(block.head, html.th) }, html.tbody { rows } } }
  end,
}

function blocks(list, o)
  local made = {}
  for _, block in ipairs(list) do made[#made + 1] = writers[block.kind](block, o) end
  return html.join(made)
end
write.blocks = blocks

return write

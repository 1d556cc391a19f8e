-- The pages of the manual: one Markdown file each in lua/fm/manual, found by its folder. `fmrun
-- help NAME` prints NAME.md.
-- A page describes itself:
--   <!-- order: 30 -->          its place in the contents, lowest first; pages without one
--                               come last, by name
--   # Title
--   One sentence that says what it is about: lists show the first paragraph beside the page's name.
local by_name <const> = require "fm.parts.by_name"
local markdown <const> = require "fm.cli.help.markdown"

local pages <const> = {}

--- The folder of the pages and their pictures, with "/" at its end.
function pages.folder()
  return by_name.file("fm.meta.fm"):match "^(.*/)meta/" .. "manual/"
end

--- A page { name, path, text, blocks, order, title, summary } from its text. Raises what is wrong
--- with it.
function pages.parse(name, text)
  local page = { name = name, text = text, order = math.huge }
  local ok, blocks = pcall(markdown.read, text)
  if not ok then error(("%s.md: %s"):format(name, blocks), 0) end
  page.blocks = blocks
  for i = 1, math.min(3, #blocks) do
    local block = blocks[i]
    if block.kind == "comment" then
      page.order = tonumber(block.text:match "^order:%s*(%d+)$") or page.order
    elseif block.kind == "heading" then
      page.title = page.title or markdown.plain(block.inline)
    elseif block.kind == "paragraph" then
      page.summary = page.summary or markdown.plain(block.inline)
    end
  end
  page.title, page.summary = page.title or name, page.summary or ""
  return page
end

local function read(name, path)
  local file <close>, message = io.open(path, "rb")
  if not file then return nil, message end
  local page = pages.parse(name, file:read "a")
  page.path = path
  return page
end

--- The page of that name, in upper or lower case, and with "-" or " " for "_"; or nil.
function pages.find(name)
  name = name:lower():gsub("%.md$", ""):gsub("[- ]", "_")
  return name:find "^[%w_]+$" and read(name, pages.folder() .. name .. ".md") or nil
end

--- All pages in the order of the contents.
function pages.list()
  local list, ok, lfs = {}, pcall(require, "lfs")
  if not ok or lfs.attributes(pages.folder(), "mode") ~= "directory" then return list end
  for file in lfs.dir(pages.folder()) do
    local name = file:match "^([%l%d_]+)%.md$"
    if name then list[#list + 1] = read(name, pages.folder() .. file) end
  end
  table.sort(list, function(a, b)
    if a.order ~= b.order then return a.order < b.order end
    return a.name < b.name
  end)
  return list
end

--- The sections of a page, each { title, id, level, blocks }: a heading and what follows it. The
--- first has the page's title.
function pages.sections(page)
  local list = {}
  for _, block in ipairs(page.blocks) do
    if block.kind == "heading" then
      list[#list + 1] = { title = markdown.plain(block.inline), id = block.id, level = block.level, blocks = {} }
    end
    local section = list[#list]
    if section then section.blocks[#section.blocks + 1] = block end
  end
  return list
end

--- The blocks of one section and of those below it, by its id or the beginning of it; or nil.
function pages.section(page, id)
  local found
  for _, section in ipairs(pages.sections(page)) do
    if found and section.level <= found.level then return found.blocks end
    if found then
      table.move(section.blocks, 1, #section.blocks, #found.blocks + 1, found.blocks)
    elseif section.id:sub(1, #id) == id then
      found = section
    end
  end
  return found and found.blocks
end

return pages

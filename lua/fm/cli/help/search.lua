-- Full-text search over the manual, the commands with their options, and the reference.
--   search.entries() -> list of { kind = "page" | "command" | "option" | "reference", name, title,
--                       text, where }
--   search.words() -> the words in them
--   search.find(words) -> the entries that have every word, best first, each with its score
--                         and a line of its text
-- A word matches the beginning of a word, in upper or lower case. site.js searches the site by the
-- same rules.
local markdown <const> = require "fm.cli.help.markdown"

local search <const> = {}

-- ---- what is searched ----

--- Adds the text of blocks, a line for each, to lines, and their code to `code`.
local function add_text(blocks, lines, code)
  for _, block in ipairs(blocks) do
    if block.kind == "paragraph" then
      lines[#lines + 1] = markdown.plain(block.inline)
    elseif block.kind == "code" then
      code[#code + 1] = block.text
    elseif block.kind == "quote" then
      add_text(block.blocks, lines, code)
    elseif block.kind == "list" then
      for _, item in ipairs(block.items) do add_text(item, lines, code) end
    elseif block.kind == "table" then
      for _, row in ipairs({ block.head, table.unpack(block.rows) }) do
        local cells = {}
        for i, cell in ipairs(row) do cells[i] = markdown.plain(cell) end
        lines[#lines + 1] = table.concat(cells, "  ")
      end
    end
  end
end

--- The text of blocks, code last: when both contain a word, prose explains more.
local function text_of(blocks)
  local lines, code = {}, {}
  add_text(blocks, lines, code)
  return table.concat(table.move(code, 1, #code, #lines + 1, lines), "\n")
end

local function add_pages(list)
  local pages <const> = require "fm.cli.help.pages"
  for _, page in ipairs(pages.list()) do
    for i, section in ipairs(pages.sections(page)) do
      list[#list + 1] = { kind = "page", name = i == 1 and page.name or page.name .. "#" .. section.id, title = section.title,
        text = text_of(section.blocks), where = page.name .. ".html" .. (i > 1 and "#" .. section.id or "") }
    end
  end
end

local function add_options(list, of, options, where)
  for _, option in ipairs(require "fm.cli.option_reader".listed(options)) do
    list[#list + 1] = { kind = "option", name = of .. option[#option], title = option.help, text = "", where = where }
  end
end

local function add_commands(list)
  local command <const> = require "fm.cli.commands"
  for _, name in ipairs(command.names()) do
    local ok, made = pcall(command.find, name)
    if ok then
      list[#list + 1] = { kind = "command", name = name, title = made.help, text = table.concat({ made.usage, table.unpack(made.examples or {}) }, "\n"),
        where = "commands.html#" .. name }
      local own = {} -- borrowed options belong to fmrun
      for _, option in ipairs(made.options or {}) do own[#own + 1] = type(option) == "table" and option or nil end
      add_options(list, name .. " ", own, "commands.html#" .. name)
    end
  end
  add_options(list, "", require "fm.cli.command_line".options, "commands.html#options")
end

local function add_reference(list)
  local reference <const> = require "fm.cli.reference"
  for _, entry in ipairs(reference.all()) do
    local parts = {}
    for _, part in ipairs { "text", "params", "fields", "returns" } do table.move(entry[part], 1, #entry[part], #parts + 1, parts) end
    list[#list + 1] = { kind = "reference", name = entry.name, title = entry.text[1] or entry.signature, text = table.concat(parts, "\n"),
      where = reference.group(entry) .. ".html#" .. (reference.taker(entry) or entry).name }
  end
end

--- All that can be found.
function search.entries()
  local list = {}
  add_pages(list)
  add_commands(list)
  add_reference(list)
  return list
end

--- The words of all that can be found, of four letters or more, each once, in order.
function search.words()
  local words, seen = {}, {}
  for _, entry in ipairs(search.entries()) do
    for _, part in ipairs { "name", "title", "text" } do
      for word in entry[part]:lower():gmatch "%a%a%a%a+" do
        if not seen[word] then seen[word], words[#words + 1] = true, word end
      end
    end
  end
  table.sort(words)
  return words
end

-- ---- finding ----

local endings <const> = { "ally", "ing", "als", "al", "ed", "es", "s" }

--- A word without its ending, to find other forms of it: conditional, conditions.
local function stem(word)
  for _, ending in ipairs(endings) do
    if #word > #ending + 3 and word:sub(-#ending) == ending then return word:sub(1, -#ending - 1) end
  end
  return word
end

local function count(text, pattern)
  return select(2, text:gsub(pattern, ""))
end

--- What one word is worth in an entry; 0 when it is not there. The weights are those of site.js.
local function worth(entry, word)
  local pattern = "%f[%w]" .. word:gsub("%p", "%%%0")
  local name, title, text = entry.low.name, entry.low.title, entry.low.text
  local sum = 0
  local is_last = entry.kind ~= "page" and name:match "[%w_]+$" == word -- that of a section is only the end of its title
  if name == word or is_last then sum = 60 elseif name:find(pattern) then sum = 30 end
  if title:find(pattern) then sum = sum + 20 end
  local n = count(text, pattern)
  return sum + (n > 0 and 4 + 2 * math.log(n, 2) or 0)
end

local kinds <const> = { page = 6, command = 4, option = 0, reference = 0 }

local function score(entry, words)
  local sum = kinds[entry.kind]
  for _, word in ipairs(words) do
    local value = worth(entry, word)
    if stem(word) ~= word then value = value + worth(entry, stem(word)) / 4 end
    if value == 0 then return nil end
    sum = sum + value
  end
  return sum
end

--- The line of an entry's text with the first of the words, or of its title.
local function line_of(entry, words)
  for _, word in ipairs(words) do
    for _, form in ipairs { word, stem(word) } do
      for line in entry.text:gmatch "[^\n]+" do
        local at = line:lower():find("%f[%w]" .. form:gsub("%p", "%%%0"))
        if at then
          if at <= 60 then return line end
          local from = line:find("%s", at - 40) or at -- from a space, so that no character is cut
          return "… " .. line:sub(from + 1)
        end
      end
    end
  end
  return entry.kind == "page" and entry.text:match "[^\n]*" or ""
end

--- words: what was typed. Entries by score; equal scores in the order of the manual.
function search.find(words)
  local wanted, found = {}, {}
  for word in table.concat(words, " "):lower():gmatch "%S+" do wanted[#wanted + 1] = word end
  if #wanted == 0 then return found end
  for i, entry in ipairs(search.entries()) do
    entry.low = { name = entry.name:lower(), title = entry.title:lower(), text = entry.text:lower() }
    entry.score, entry.place = score(entry, wanted), i
    if entry.score then found[#found + 1] = entry end
  end
  table.sort(found, function(a, b)
    if a.score ~= b.score then return a.score > b.score end
    return a.place < b.place
  end)
  for _, entry in ipairs(found) do entry.line = line_of(entry, wanted) end
  return found
end

--- The index of the site: what site.js searches, as JSON inside a script, because a page opened
--- from disk can load scripts.
function search.index()
  local list = {}
  for i, entry in ipairs(search.entries()) do list[i] = { entry.kind, entry.name, entry.title, entry.text, entry.where } end
  return "window.fmIndex = " .. require "fm.core".json.encode(list) .. ";\n"
end

return search

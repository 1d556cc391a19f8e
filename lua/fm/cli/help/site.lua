-- The manual as a folder of HTML: a page for each page of the manual, for the commands, for each
-- module and class of the reference, a front page, one style sheet, one script and its index. It
-- opens from the disk and fetches nothing from elsewhere. Returns function(folder).
local by_name <const> = require "fm.parts.by_name"
local command <const> = require "fm.cli.commands"
local command_line <const> = require "fm.cli.command_line"
local core <const> = require "fm.core"
local html <const> = require "fm.report.html"
local option_reader <const> = require "fm.cli.option_reader"
local pages <const> = require "fm.cli.help.pages"
local reference <const> = require "fm.cli.reference"
local search <const> = require "fm.cli.help.search"
local write <const> = require "fm.cli.help.html"

local made_by <const> = "fmrun help --site"
local policy <const> = "default-src 'none'; img-src 'self' data: file:; style-src 'self' file:; script-src 'self' file:"

local function read(path)
  local file <close>, message = io.open(path, "rb")
  return file and file:read "a", message
end

--- A file beside this one.
local function own(name)
  return assert(read(by_name.file("fm.cli.help.site"):match "^(.*/)" .. name))
end

-- ---- the reference, by group: a module or a class, and what belongs to it ----

local function groups()
  local list = {}
  for _, entry in ipairs(reference.all()) do
    local name = reference.group(entry)
    if not list[name] then
      list[name] = { name = name, entries = {} }
      list[#list + 1] = list[name]
    end
    if entry.name == name then list[name].head = entry elseif not reference.taker(entry) then table.insert(list[name].entries, entry) end
  end
  return list
end

--- Text of the reference: text between backticks is code.
local function prose(text, o)
  local list = {}
  for plain, code in (text .. "``"):gmatch "([^`]*)`([^`]*)`" do
    list[#list + 1] = plain
    if code ~= "" then list[#list + 1] = write.inline({ { kind = "code", text = code } }, o) end
  end
  return list
end

local function fields(title, list, o)
  if #list == 0 then return nil end
  local rows = {}
  for i, text in ipairs(list) do
    local name, kind, rest = text:match "^(%S+)%s+(%S+)%s*(.*)$"
    rows[i] = name and html.tr { html.td { html.code { name } }, html.td { html.code { kind } }, html.td { prose(rest, o) } }
      or html.tr { html.td { colspan = 3, html.code { text } } }
  end
  return { html.h4 { title }, html.div { class = "wide", html.table { class = "fields", html.tbody { rows } } } }
end

local function paragraphs(entry, o)
  local list, items = {}, {}
  local function end_list()
    if #items > 0 then list[#list + 1], items = html.ul { items }, {} end
  end
  for _, part in ipairs(reference.paragraphs(entry)) do
    if part.indented then
      items[#items + 1] = html.li { prose(part.text:gsub("^%- ", ""), o) }
    else
      end_list()
      list[#list + 1] = html.p { prose(part.text, o) }
    end
  end
  end_list()
  return list
end

local function entry_markup(entry, o)
  local parts = { html.h3 { id = entry.name, html.a { class = "anchor", href = "#" .. entry.name, html.code { entry.signature } } } }
  local function add(part) parts[#parts + 1] = part end
  for _, part in ipairs(paragraphs(entry, o)) do add(part) end
  add(fields("takes", entry.params, o))
  for _, text in ipairs(entry.params) do
    for class in text:gmatch "fm%.%u%w+Options" do add(fields("options", o.entries[class] and o.entries[class].fields or {}, o)) end
  end
  if #entry.returns > 0 then add(html.p { class = "returns", "returns ", html.code { table.concat(entry.returns, "; ") } }) end
  add(fields("fields", entry.fields, o))
  if entry.operators then add(html.p { "also by operators: ", html.code { entry.operators } }) end
  return html.section { class = "entry", parts }
end

local function group_page(group, o)
  local body = { html.h1 { group.name } }
  local function add(part) body[#body + 1] = part end
  if group.head then add(entry_markup(group.head, o)) else add(html.span { id = group.name }) end
  local names = {}
  for i, entry in ipairs(group.entries) do names[i] = { " ", html.a { href = "#" .. entry.name, entry.name:match "[%w_]+$" } } end
  if #names > 0 then add(html.p { class = "names", names }) end
  for _, entry in ipairs(group.entries) do add(entry_markup(entry, o)) end
  return { file = group.name .. ".html", title = group.name, summary = group.head and group.head.text[1], body = body }
end

-- ---- commands ----

local function options_table(options)
  local rows = {}
  for i, option in ipairs(option_reader.listed(options)) do
    local flags = table.concat(option, ", ") .. (option.value and " " .. option.value or "")
    rows[i] = html.tr { html.td { html.code { flags } }, html.td { option.help } }
  end
  return html.div { class = "wide", html.table { class = "fields", html.tbody { rows } } }
end

local function commands_page()
  local body = { html.h1 { "Commands" }, html.h2 { id = "options", "fmrun" }, write.code(command_line.help():match "^(.-)\n\noptions:", "text"),
    options_table(command_line.options), write.code(command_line.help():match "\n(exit: .*)$", "text") }
  for _, name in ipairs(command.names()) do
    local ok, made = pcall(command.find, name)
    if ok then
      local examples = made.examples and write.code(table.concat(made.examples, "\n"), "sh")
      body[#body + 1] = { html.h2 { id = name, html.a { class = "anchor", href = "#" .. name, "fmrun ", name } }, html.p { made.help },
        html.p { html.code { made.usage } }, examples or false, options_table(command.options(made)) }
    end
  end
  return { file = "commands.html", title = "Commands", summary = "What may stand after fmrun.", body = body }
end

-- ---- pages of the manual ----

--- Where a link of a page leads on the site, and the pictures that it needs.
local function link(target, pictures)
  if target:find "^%a+:" or target:find "^#" then return target end
  if target:find "%.png$" or target:find "%.svg$" then pictures[target] = true end
  return (target:gsub("%.md$", ".html"):gsub("%.md#", ".html#"))
end

local function manual_page(page, o)
  return { file = page.name .. ".html", title = page.title, summary = page.summary, body = { write.blocks(page.blocks, o) }, page = page }
end

local function front_page(list, reference_pages)
  local function items(all)
    local rows = {}
    for i, one in ipairs(all) do rows[i] = html.li { html.a { href = one.file, one.title }, one.summary and { ": ", one.summary } or false } end
    return html.ul { rows }
  end
  return { file = "index.html", title = "fmrun", body = { html.h1 { "fmrun" }, html.p { "The manual of fmrun ", core.version, "." },
    html.h2 { "Guides" }, items(list), html.h2 { "Reference" }, items(reference_pages) } }
end

-- ---- the frame of every page ----

local function contents(all, current)
  local function entries(list)
    local rows = {}
    for i, one in ipairs(list) do
      rows[i] = html.li { html.a { href = one.file, ["aria-current"] = one == current and "page" or false, one.short or one.title } }
    end
    return html.ul { rows }
  end
  return html.nav { id = "contents", html.b { "Guides" }, entries(all.guides), html.b { "Reference" }, entries(all.reference) }
end

local function document(one, all)
  local head = html.head { html.meta { charset = "utf-8" }, html.meta { name = "viewport", content = "width=device-width, initial-scale=1" },
    html.meta { ["http-equiv"] = "Content-Security-Policy", content = policy }, html.meta { name = "generator", content = made_by },
    html.meta { name = "color-scheme", content = "light dark" }, html.title { one.title == "fmrun" and "fmrun" or one.title .. " - fmrun" },
    html.link { rel = "icon", href = "data:," }, html.link { rel = "stylesheet", href = "site.css" } }
  local next_page = one.next and html.p { class = "next", "Next: ", html.a { href = one.next.file, one.next.title } } or false
  local bar = html.header { html.a { class = "home", href = "index.html", "fmrun" }, html.button { id = "menu", type = "button", hidden = true, "Contents" },
    html.input { id = "search", type = "search", placeholder = "Search", ["aria-label"] = "Search", autocomplete = "off", hidden = true } }
  local body = html.body { bar, html.div { id = "results", hidden = true }, html.div { class = "frame", contents(all, one), html.main { one.body, next_page } },
    html.script { src = "index.js" }, html.script { src = "site.js" } }
  return "<!DOCTYPE html>\n" .. tostring(html.html { lang = "en", head, body }) .. "\n"
end

-- ---- the folder ----

local function put(path, text)
  local ok, message = core.file.write(path, text)
  if not ok then error({ message = message, exit = 1 }, 0) end
end

--- Makes the folder, or refuses one that holds another site.
local function prepare(folder)
  local lfs <const> = require "lfs"
  local old = read(folder .. "/index.html")
  if old and not old:find(made_by, 1, true) then
    error({ message = ("%s/index.html is there, and fmrun did not write it: name another folder"):format(folder), exit = 1 }, 0)
  end
  if lfs.attributes(folder, "mode") == "directory" then return end
  local ok, message = lfs.mkdir(folder)
  if not ok then error({ message = ("%s: %s"):format(folder, message), exit = 1 }, 0) end
end

--- A name in code leads to its place in the reference, when it is one: `fm.ode.solve`, `nn.linear {
--- ... }`, `run:log`.
local function name_finder()
  local known = {}
  for _, entry in ipairs(reference.all()) do
    local where = reference.group(entry) .. ".html#" .. (reference.taker(entry) or entry).name
    for _, alias in ipairs { entry.name, (entry.name:gsub("^fm%.", "")), (entry.name:gsub("^fm%.Run:", "run:")) } do
      if alias:find "[.:]" then known[alias] = known[alias] or where end
    end
  end
  return function(code) return known[code:match "^[%w_.:]+"] end
end

return function(folder)
  prepare(folder)
  local pictures = {}
  local o = { link = function(target) return link(target, pictures) end, name = name_finder(), entries = {} }
  for _, entry in ipairs(reference.all()) do o.entries[entry.name] = entry end
  local all = { guides = {}, reference = { commands_page() } }
  for i, page in ipairs(pages.list()) do
    all.guides[i] = manual_page(page, o)
    if i > 1 then all.guides[i - 1].next = all.guides[i] end
  end
  for _, group in ipairs(groups()) do table.insert(all.reference, group_page(group, o)) end
  local list = { front_page(all.guides, all.reference) }
  table.move(all.guides, 1, #all.guides, #list + 1, list)
  table.move(all.reference, 1, #all.reference, #list + 1, list)
  for _, one in ipairs(list) do put(folder .. "/" .. one.file, document(one, all)) end
  put(folder .. "/site.css", own "site.css")
  put(folder .. "/site.js", own "site.js")
  put(folder .. "/index.js", search.index())
  for name in pairs(pictures) do put(folder .. "/" .. name, assert(read(pages.folder() .. name))) end
  print(("%s/index.html   %d pages"):format(folder, #list))
end

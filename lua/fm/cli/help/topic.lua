-- What a word of `fmrun help` names exactly: a command, a page of the manual or a section of one, a
-- name of fm. topic.find(word) gives a list of
--   { kind = "command" | "page" | "reference", name, text = function(width, paint) return text end,
--     plain = a table for --json }
local command <const> = require "fm.cli.commands"
local option_reader <const> = require "fm.cli.option_reader"

local topic <const> = {}

local function is_command(word)
  for _, name in ipairs(command.names()) do
    if name == word then return true end
  end
  return false
end

local function of_command(word)
  local made = command.find(word)
  local plain = { kind = "command", name = word, help = made.help, usage = made.usage, options = {} }
  for i, option in ipairs(option_reader.listed(command.options(made))) do
    plain.options[i] = { flags = { table.unpack(option) }, value = option.value, help = option.help }
  end
  return { kind = "command", name = word, text = function() return command.help(made) end, plain = plain }
end

--- A page, or "page#section".
local function of_page(word)
  local pages <const> = require "fm.cli.help.pages"
  local name, id = word:match "^([^#]*)#(.+)$"
  local page = pages.find(name or word)
  local blocks = page and (id and pages.section(page, id:lower()) or not id and page.blocks)
  if not blocks then return nil end
  local function text(width, paint)
    return table.concat(require "fm.cli.help.terminal".lines(blocks, { width = width, paint = paint }), "\n")
  end
  return { kind = "page", name = page.name, text = text,
    plain = { kind = "page", name = page.name, title = page.title, summary = page.summary, text = id and text(80) or page.text } }
end

local function of_entry(entry)
  local function text(width) return require "fm.cli.reference".text(entry, width) end
  local plain = { kind = "reference", name = entry.name, signature = entry.signature, text = table.concat(entry.text, " ") }
  for _, part in ipairs { "params", "fields", "returns" } do plain[part] = require "fm.core".json.array(entry[part]) end
  return { kind = "reference", name = entry.name, text = text, plain = plain }
end

--- What the word names: commands come before pages, pages before names of fm. nil and a message
--- when it names nothing.
function topic.find(word)
  if is_command(word) then return { of_command(word) } end
  local page = of_page(word)
  if page then return { page } end
  local entries, message = require "fm.cli.reference".find(word)
  if not entries then return nil, message end
  local list = {}
  for i, entry in ipairs(entries) do list[i] = of_entry(entry) end
  return list
end

--- What is wrong with a word that names nothing, with the nearest name.
function topic.unknown(word, message)
  local core <const>, nearest <const> = require "fm.core", require "fm.parts.nearest"
  if word:find "[.:]" then return message end
  local names, kinds = {}, {} -- of equally near names the first counts
  local function add(kind, name)
    if not kinds[name] then names[#names + 1], kinds[name] = name, kind end
  end
  for _, name in ipairs(command.names()) do add("command", name) end
  for _, page in ipairs(require "fm.cli.help.pages".list()) do add("page", page.name) end
  for _, name in ipairs(require "fm.cli.reference".names()) do add("name", name:match "[%w_]+$") end
  for _, name in ipairs(require "fm.cli.help.search".words()) do add("word", name) end
  local near = core.nearest(word, names)
  local kind = kinds[near]
  if kind == "command" or kind == "page" then return ('no %s is called "%s"%s'):format(kind, word, nearest.meant(near)) end
  if kind == "word" then return ('nothing in the manual, the commands or the reference has "%s"%s'):format(word, nearest.meant(near)) end
  return message
end

return topic

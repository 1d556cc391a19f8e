-- The manual, the commands and the reference: by name, by full-text search, as a web site, as a man
-- page.
local core <const> = require "fm.core"
local command <const> = require "fm.cli.commands"
local layout <const> = require "fm.cli.terminal.layout"

local widest <const> = 100 -- columns of text: longer lines are hard to read

local function width()
  return math.min(layout.columns() or 80, widest)
end

--- A text for a person: on a terminal through the pager, when it is longer than the screen.
local function show(text)
  local pager = os.getenv "PAGER" or "less -FRXK 2>/dev/null || cat"
  local pipe = core.system.is_terminal(1) and select(2, text:gsub("\n", "")) > 20 and os.getenv "TERM" ~= "dumb" and io.popen(pager, "w")
  if not pipe then return print(text) end
  pipe:write(text, "\n")
  pipe:close()
end

-- ---- what there is ----

local function add_rows(lines, rows, page)
  local wide = 10
  for _, row in ipairs(rows) do wide = math.max(wide, #row[1]) end
  for _, row in ipairs(rows) do
    local wrapped = layout.wrap(row[2], page, ("  %-" .. wide .. "s  "):format(row[1]), (" "):rep(wide + 4))
    table.move(wrapped, 1, #wrapped, #lines + 1, lines)
  end
end

local function contents()
  local rows = { command = {}, page = {} }
  for i, name in ipairs(command.names()) do rows.command[i] = { name, command.summary(name) } end
  for i, page in ipairs(require "fm.cli.help.pages".list()) do rows.page[i] = { page.name, page.summary } end
  return rows
end

local function print_contents(as_json)
  local rows = contents()
  if as_json then
    for _, kind in ipairs { "command", "page" } do
      for _, row in ipairs(rows[kind]) do print(core.json.encode { kind = kind, name = row[1], help = row[2] }) end
    end
    return
  end
  local page <const> = layout.columns() or 80
  local lines = { "usage: fmrun [options] SCRIPT... [key=value...]   run experiments (fmrun --help)",
    "       fmrun COMMAND ...                          look at them", "", "commands:" }
  add_rows(lines, rows.command, page)
  if #rows.page > 0 then
    lines[#lines + 1] = "\nthe manual:"
    add_rows(lines, rows.page, page)
  end
  lines[#lines + 1] = "\nfmrun help NAME prints a page, a command or a name of fm (fm.ode.solve); fmrun\nhelp WORDS searches all of them."
  print(table.concat(lines, "\n"))
end

-- ---- names and searches ----

--- For a person: where else the words occur.
local function other_places(list, words)
  local known, names = {}, {}
  for _, topic in ipairs(list) do known[topic.name] = true end
  for _, hit in ipairs(require "fm.cli.help.search".find(words)) do
    local shown = hit.kind == "option" or known[hit.name] or known[hit.name:match "^[^#]*"]
    if not shown and #names < 5 then names[#names + 1] = hit.name end
  end
  return #names > 0 and "see also: " .. table.concat(names, ", ") or nil
end

local function print_topics(list, line)
  local paint = require "fm.cli.terminal.paint"(1, line.color)
  local texts = {}
  for i, topic in ipairs(list) do
    if line.json then print(core.json.encode(topic.plain)) else texts[i] = topic.text(width(), paint) end
  end
  if line.json then return end
  local also = core.system.is_terminal(1) and other_places(list, line.words)
  if also then texts[#texts + 1] = paint("dim", also) end
  show(table.concat(texts, "\n\n"))
end

local function print_hits(hits, line)
  if line.json then
    for _, hit in ipairs(hits) do
      print(core.json.encode { kind = hit.kind, name = hit.name, title = hit.title, line = hit.line, score = hit.score })
    end
    return
  end
  local paint <const> = require "fm.cli.terminal.paint"(1, line.color)
  print(require "fm.cli.help.hits".text(hits, width(), paint) .. "\n\nfmrun help NAME prints one of them.")
end

--- What each word names; nil when one of several words names nothing. The words together may be a
--- page: "from pytorch".
local function named(words)
  local topic <const> = require "fm.cli.help.topic"
  local page = #words > 1 and require "fm.cli.help.pages".find(table.concat(words, "_"))
  if page then return topic.find(page.name) end
  local list = {}
  for _, word in ipairs(words) do
    local found, message = topic.find(word)
    if not found then return nil, message end
    table.move(found, 1, #found, #list + 1, list)
  end
  return list
end

local function tell(line)
  local list, message
  if not line.search then list, message = named(line.words) end
  if list then return print_topics(list, line) end
  local is_full_name = #line.words == 1 and line.words[1]:find "^fm%.[%w_.:]+$" and not line.search -- a page may speak of a typo
  local hits = is_full_name and {} or require "fm.cli.help.search".find(line.words)
  if #hits > 0 then return print_hits(hits, line) end
  local words = table.concat(line.words, " ")
  local nothing = ('nothing in the manual, the commands or the reference has "%s"'):format(words)
  error({ message = #line.words == 1 and require "fm.cli.help.topic".unknown(words, message or nothing) or nothing, exit = 3 }, 0)
end

return {
  help = "the manual: a page (tutorial), a command (ls), a name of fm (fm.ode.solve), or a search", usage = "fmrun help [WORD...]", takes = "name",
  options = {
    { "-s", "--search", name = "search", help = "search for the words, also when they are a name" },
    { "--site", name = "site", value = "DIR", help = "write manual, commands and reference as HTML into DIR; index.html opens from the disk" },
    { "--man", name = "man", help = "print the man page, as roff" },
    { "--json", name = "json", help = "one JSON object for each thing found" }, "color",
  },
  examples = { "fmrun help tutorial", "fmrun help fm.flow.loss", "fmrun help learning rate", "fmrun help --site manual" },
  run = function(line)
    if line.site or line.man then
      if #line.words > 0 then line.refuse(("%s takes no words, found \"%s\""):format(line.site and "--site" or "--man", line.words[1])) end
      if line.man then return io.stdout:write(require "fm.cli.help.man"()) and 0 end
      return require "fm.cli.help.site"(line.site)
    end
    if #line.words > 0 then return tell(line) end
    if line.search then line.refuse "--search needs a word" end
    print_contents(line.json)
  end,
}

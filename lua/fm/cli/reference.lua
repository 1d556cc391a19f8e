-- What lua/fm/meta/fm.lua says, by name: { name, kind, signature, text, fields, params, returns }.
-- The file is read, not loaded.
local by_name <const> = require "fm.parts.by_name"
local layout <const> = require "fm.cli.terminal.layout"
local nearest <const> = require "fm.parts.nearest"

local reference <const> = {}

--- Reads the comment lines above a name.
local function digest(lines)
  local entry = { text = {}, fields = {}, params = {}, returns = {} }
  for _, line in ipairs(lines) do
    local tag, rest = line:match "^%-%-%-@(%w+)%s*(.*)$"
    if not tag then
      table.insert(entry.text, (line:gsub("^%-%-%-", "")))
    elseif tag == "param" then
      table.insert(entry.params, rest)
    elseif tag == "return" then
      table.insert(entry.returns, rest)
    elseif tag == "field" then
      table.insert(entry.fields, rest)
    elseif tag == "operator" then
      entry.operators = (entry.operators and entry.operators .. " " or "") .. rest:match "^%w+"
    elseif tag == "class" then
      entry.class = rest:match "^[%w_.]+" -- without the class that it extends
    end
  end
  return entry
end

--- What a line of code declares: name, signature, kind.
local function declared(line)
  local class, method, arguments = line:match "^function (%u%a+):([%w_]+)%((.-)%)"
  if class then return ("fm.%s:%s"):format(class, method), ("%s:%s(%s)"):format(class:lower(), method, arguments), "method" end
  local name, list = line:match "^function (fm[%w_.]*)%((.-)%)"
  if name then return name, ("%s(%s)"):format(name, list), "function" end
  name = line:match "^(fm[%w_.]*) = "
  if name then return name, name, "module" end
end

local function add(entries, name, entry)
  entry.name = name
  entries[#entries + 1], entries[name] = entry, entry
end

--- Reads the text of the file: a list of entries, also by name.
function reference.parse(text)
  local entries, comment = {}, {}
  for line in (text .. "\n"):gmatch "(.-)\n" do
    if line:find "^%-%-%-" then
      comment[#comment + 1] = line
    else
      local entry = digest(comment)
      local name, signature, kind = declared(line)
      if entry.class then
        entry.signature, entry.kind = entry.class, "class"
        add(entries, entry.class, entry)
      elseif name then
        entry.signature, entry.kind = signature, kind
        add(entries, name, entry)
      end
      comment = {}
    end
  end
  return entries
end

local function read_entries()
  local path = by_name.file "fm.meta.fm"
  if not path then return nil, "fm/meta/fm.lua is missing" end
  local file <close>, message = io.open(path)
  if not file then return nil, message end
  return reference.parse(file:read "a")
end

local entries_once

--- The entries, read on first use; or nil and a message.
local function load_file()
  local message
  if not entries_once then entries_once, message = read_entries() end
  return entries_once, message
end

--- Something found by its file's name, which therefore has no entry: a solver, a path, a coupling.
--- Its text is the comment at the head of the file.
local function from_file(name, path)
  local text = {}
  for line in io.lines(path) do
    local words = line:match "^%-%-%s?(.*)$"
    if not words then break end
    text[#text + 1] = words
  end
  return #text > 0 and { name = name, signature = name, kind = "file", text = text, fields = {}, params = {}, returns = {} } or nil
end

local all_once

--- Every entry, including those made from files: what lies in a room and has no entry of its own.
function reference.all()
  local entries <const> = load_file() or {}
  if all_once then return all_once end
  all_once = table.move(entries, 1, #entries, 1, {})
  for _, room in ipairs(by_name.rooms()) do
    for _, name in ipairs(by_name.names(room)) do
      local full = room .. "." .. name
      local path = not entries[full] and by_name.file(full)
      all_once[#all_once + 1] = path and from_file(full, path) or nil
    end
  end
  return all_once
end

--- Whether a module or a class has entries of its own.
local function has_members(name)
  for _, entry in ipairs(reference.all()) do
    if entry.name:sub(1, #name) == name and entry.name:find("^[.:]", #name + 1) then return true end
  end
  return false
end

--- The function that takes options of this class; nil for another class.
function reference.taker(entry)
  if not entry.name:find "^fm%.%u%w*Options$" then return nil end
  for _, other in ipairs(load_file() or {}) do
    for _, text in ipairs(other.params) do
      if text:find(entry.name, 1, true) then return other end
    end
  end
end

--- The module or class that an entry is read with: "fm.nn" for fm.nn.linear, "fm.flow" for
--- fm.flow.path.vp. A class is its own group, but a class of options belongs to its function.
function reference.group(entry)
  entry = reference.taker(entry) or entry
  local group = entry.name
  if entry.kind == "class" or entry.kind == "module" and not group:find "%..+%." and has_members(group) then return group end
  group = group:match "^(.*)[.:][%w_]+$" or group
  if group:find "^fm%.%u" then return group end
  return group:match "^fm%.[%w_]+" or group
end

--- A name in the form used to compare: "fm.Tensor:cat", "tensor.cat" and "Tensor:cat" are one.
local function plain(name)
  return (name:lower():gsub(":", "."):gsub("^fm%.", ""))
end

--- How well a word names an entry: 3 as it is written, 2 by the whole name, 1 by its last parts;
--- nil when it does not. An op is also a function of fm.
local function fit(entry, word)
  local wanted, whole = plain(word), plain(entry.name)
  if entry.name == word then return 3 end
  local is_op = entry.name:find "^fm%.Tensor:" and word:lower():find "^fm%." and "tensor." .. wanted == whole
  if whole == wanted or is_op then return 2 end
  return not word:lower():find "^fm%." and whole:sub(-#wanted - 1) == "." .. wanted and 1 or nil
end

--- The methods that a name with a colon stands for, where what is before it is a script's own name:
--- opt:step, x:sum. A class has those it has.
local function methods(name)
  local owner, method = name:match "^([%a_][%w_]*):([%w_]+)$"
  local list, short = {}, {} -- short: opt is short for Optimizer
  for _, entry in ipairs(owner and reference.all() or {}) do
    if entry.name:lower() == "fm." .. owner:lower() then return {} end
    local class, its_method = entry.name:match "^fm%.(%u%w*):([%w_]+)$"
    if its_method == method then
      list[#list + 1] = entry
      if class:sub(1, #owner):lower() == owner:lower() then short[#short + 1] = entry end
    end
  end
  return #short > 0 and short or list
end

--- The entries that a name stands for, the closest spelling first; or nil and a message that names
--- the nearest.
function reference.find(name)
  local entries, message = load_file()
  if not entries then return nil, message end
  if entries[name] then return { entries[name] } end
  local found, names = { {}, {} }, {}
  for _, entry in ipairs(reference.all()) do
    local how = fit(entry, name)
    if how == 3 then return { entry } end
    if how then table.insert(found[how], entry) end
    names[#names + 1], names[#names + 2] = entry.name, (entry.name:gsub("^fm%.", ""))
    names[#names + 1] = entry.name:match "[%w_]+$"
  end
  local list = table.move(found[1], 1, #found[1], #found[2] + 1, found[2])
  if #list == 0 then list = methods(name) end
  if #list > 0 then return list end
  return nil, ('the reference has no "%s"%s'):format(name, nearest.advice(name, names))
end

--- All names, for completion.
function reference.names()
  local names = {}
  for i, entry in ipairs(reference.all()) do names[i] = entry.name end
  return names
end

-- ---- for a person ----

local function add_list(lines, title, list, width)
  for i, text in ipairs(list) do
    local wrapped = layout.wrap(text, width, ("  %-8s "):format(i == 1 and title or ""), (" "):rep(13))
    table.move(wrapped, 1, #wrapped, #lines + 1, lines)
  end
end

--- What belongs to a module or a class: its functions and methods, one a line.
local function add_members(lines, entries, entry, width)
  local rows = {}
  for _, other in ipairs(entries) do
    local own = other.name:sub(1, #entry.name) == entry.name and other.name:sub(#entry.name + 1):match "^[.:][%w_]+$"
    if own then rows[#rows + 1] = { other.signature, other.text[1] } end
  end
  if #rows == 0 then return end
  local list = layout.table({ {}, { flexible = true } }, rows, { columns = width - 2 })
  for _, line in ipairs(list) do lines[#lines + 1] = "  " .. line end
end

--- The paragraphs of an entry, each { text, indented }: an empty line ends one, and so does a line
--- that is not indented as those before it. An indented one, an item of a list or a formula, goes
--- on in lines that are indented further.
function reference.paragraphs(entry)
  local list, last = {}, nil
  for _, line in ipairs(entry.text) do
    local space, words = line:match "^(%s*)(.-)%s*$"
    local indent = #space > 1 and #space or 0
    if words == "" then last = nil
    elseif last and (indent == last.indent and indent == 0 or indent > last.indent and last.indent > 0) then last.text = last.text .. " " .. words
    else
      last = { text = words, indent = indent, indented = indent > 0 }
      list[#list + 1] = last
    end
  end
  return list
end

--- The text of an entry for a page of that width. Options of a class of their own are spelled out.
function reference.text(entry, width)
  local entries, lines = load_file() or {}, { entry.signature }
  local was_prose = false
  for _, part in ipairs(reference.paragraphs(entry)) do
    if was_prose and not part.indented then lines[#lines + 1] = "" end
    was_prose = not part.indented
    local prose = layout.wrap(part.text, width, part.indented and "    " or "  ", part.indented and "      " or "  ")
    table.move(prose, 1, #prose, #lines + 1, lines)
  end
  if #lines > 1 then lines[#lines + 1] = "" end
  add_list(lines, "takes", entry.params, width)
  for _, text in ipairs(entry.params) do
    local fields = {}
    for name in text:gmatch "fm%.%u%w+Options" do
      for _, field in ipairs(entries[name] and entries[name].fields or {}) do fields[#fields + 1] = field end
    end
    add_list(lines, "options", fields, width)
  end
  add_list(lines, "returns", entry.returns, width)
  add_list(lines, "fields", entry.fields, width)
  if entry.operators then add_list(lines, "also", { entry.operators }, width) end
  if entry.kind == "class" or entry.kind == "module" then add_members(lines, entries, entry, width) end
  if lines[#lines] == "" then lines[#lines] = nil end
  return table.concat(lines, "\n")
end

return reference

-- Tab at the prompt: what can follow the text before the cursor. A name of Lua or a global; after
-- "." a field, after ":" a method, of the value that is there now; in a room of fm, its files too.
-- After "?" the names of the reference.
--   tab(line, cursor) -> text to insert | nil, lines to show | nil
local by_name <const> = require "fm.parts.by_name"
local core <const> = require "fm.core"
local layout <const> = require "fm.cli.terminal.layout"
local reference <const> = require "fm.cli.reference"

local keywords <const> = {
  "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in", "local", "nil", "not", "or", "repeat",
  "return", "then", "true", "until", "while",
}
local deepest <const> = 10 -- length of a chain of metatables

local function callable(value)
  local meta = getmetatable(value)
  return type(value) == "function" or type(meta) == "table" and rawget(meta, "__call") ~= nil
end

-- ---- the names that a value has ----

--- The room of fm that a value is: "fm.nn" for fm.nn, whatever it is called here.
local function room_of(value)
  if value == package.loaded.fm then return "fm" end
  for name, loaded in pairs(package.loaded) do
    if loaded == value and name:find "^fm%.%l" then return name end
  end
end

--- Adds the names in a table, and in the tables that its __index leads to, each with its value.
local function add_fields(names, value)
  for _ = 1, deepest do
    if type(value) ~= "table" then return end
    for name, field in next, value do
      if type(name) == "string" and names[name] == nil then names[name] = field end
    end
    local meta = getmetatable(value)
    value = type(meta) == "table" and rawget(meta, "__index") or nil
  end
end

--- Methods that the reference lists for an object that is made in C or hides its fields: its
--- metatable says what it is.
local function add_class(names, value)
  local meta = getmetatable(value)
  local kind = type(meta) == "string" and meta or type(meta) == "table" and rawget(meta, "__name")
  if type(kind) ~= "string" then return end
  local class = "fm." .. kind:match "([%a_]+)$":gsub("^%l", string.upper) .. ":"
  for _, name in ipairs(reference.names()) do
    if name:sub(1, #class) == class then names[name:sub(#class + 1)] = true end
  end
end

--- Adds what lies in a room of fm, and what the reference lists for it. For fm itself only the
--- functions in the reference, because the others are for fm's own files.
local function add_room(names, room)
  local known, place = {}, room .. "."
  for _, name in ipairs(reference.names()) do
    local field = room == "fm" and name:match "^fm%.Tensor:([%w_]+)$" or name:sub(1, #place) == place and name:sub(#place + 1)
    if field and field:find "^[%l_][%w_]*$" then known[field] = true end -- a capital begins a class: it is no field
  end
  for name in pairs(room == "fm" and core or {}) do
    if not known[name] then names[name] = nil end
  end
  for _, name in ipairs(by_name.names(room)) do known[name] = true end
  for name in pairs(known) do names[name] = names[name] or true end
end

local function names_of(value)
  local names = {}
  if core.is_tensor(value) then add_fields(names, core.methods)
  elseif type(value) == "string" then add_fields(names, string)
  elseif type(value) == "table" then
    local room = room_of(value)
    add_fields(names, value)
    if room then add_room(names, room) end
  end
  if type(value) ~= "string" then add_class(names, value) end
  return names
end

local function globals()
  local names = {}
  add_fields(names, _G)
  for _, word in ipairs(keywords) do names[word] = true end
  return names
end

-- ---- what the text asks for ----

--- The value of a text such as "fm.nn". nil when there is none, or when an index fails.
local function value_of(path)
  local value = _G
  for name in path:gmatch "[^.]+" do
    local ok, field = pcall(function() return value[name] end)
    if not ok or field == nil then return nil end
    value = field
  end
  return value
end

--- The names that can complete the end of a text, and whether it must be a method.
local function names_for(text)
  local path, mark = text:match "([%a_][%w_.]*)([.:])[%w_]*$"
  if text:find "%.%.[%w_]*$" then return globals() end
  -- {}: a field of the result of a call or an index
  if not path then return text:find "[.:][%w_]*$" and {} or globals() end
  local value = value_of(path)
  return value ~= nil and names_of(value) or {}, mark == ":"
end

--- The candidates, in order, for the text before the cursor; and how much of them is typed.
local function candidates(text)
  local part, names, method = text:match "[%a_][%w_]*$" or "", names_for(text)
  local list = {}
  for name, value in pairs(names) do
    local fits = name:sub(1, #part) == part and name:find "^[%a_][%w_]*$" and (name:sub(1, 1) ~= "_" or part ~= "")
    if fits and (not method or value == true or callable(value)) then list[#list + 1] = name end
  end
  table.sort(list)
  return list, part
end

--- The same after "?": names of the reference, to their next dot.
local function entries(part)
  local seen, list = {}, {}
  for _, name in ipairs(reference.names()) do
    local next_part = name:sub(1, #part) == part and name:match("^[%w_]*[.:]?", #part + 1)
    local full = next_part and part .. next_part
    if full and not seen[full] then seen[full], list[#list + 1] = true, full end
  end
  table.sort(list)
  return list, part
end

local function common_start(list)
  local start = list[1]
  for _, name in ipairs(list) do
    local n = 0
    while n < #start and start:byte(n + 1) == name:byte(n + 1) do n = n + 1 end
    start = start:sub(1, n)
  end
  return start
end

return function(line, cursor)
  local text = line:sub(1, cursor)
  -- at the beginning of a line Tab indents
  if text:match "([^\n]*)$":find "^%s*$" then return "  " end
  local question = text:match "^%s*%?%s*([%w_.:]*)$"
  local list, part
  if question then list, part = entries(question) else list, part = candidates(text) end
  if #list == 0 then return nil end
  local more = common_start(list):sub(#part + 1)
  if more ~= "" then return more end
  if #list == 1 then return nil end
  return nil, table.concat(layout.wrap(list, layout.columns() or 80), "\n")
end

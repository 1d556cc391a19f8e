-- The reference tells the default of every option, and it is the one that the code takes. All
-- public functions and all kinds of a room (paths, times, ...) are called, and what each reads of
-- its options is compared with its entry: `key = value` in its text, or the value in the field of
-- the key.
local fm <const> = require "fm"
local by_name <const> = require "fm.parts.by_name"
local options <const> = require "fm.parts.options"
local reference <const> = require "fm.cli.reference"
local sorted_keys <const> = require "fm.parts.sorted_keys"

--- The numbers in a text: 1e-5, 1,000, 0.9.
local function numbers_in(text)
  local list = {}
  for word in text:gsub("(%d),(%d%d%d)", "%1%2"):gmatch "%-?%f[%w.][%d.]+e?%-?%d*" do list[#list + 1] = tonumber((word:gsub("%.$", ""))) end
  return list
end

local function says_number(text, value)
  local slack = value == math.floor(value) and 0 or 1e-3 * math.abs(value)
  for _, number in ipairs(numbers_in(text)) do
    if math.abs(number - value) <= slack then return true end
  end
  return false
end

--- Whether a text has a default: a number (a fraction to three digits), a word, a quoted text, a
--- list.
local function says(text, value)
  if math.type(value) then return says_number(text, value) end
  if type(value) == "boolean" then return text:find("%f[%w]" .. tostring(value) .. "%f[%W]") ~= nil end
  if type(value) == "string" then return text:find('"' .. value .. '"', 1, true) ~= nil or text == value end
  for _, one in ipairs(value) do
    if not says(text, one) then return false end
  end
  return true
end

-- What stands behind "key =" as one value: a list, a text, a word.
local function values_of(key, text)
  local list = {}
  for at in text:gmatch("%f[%w_]" .. key .. " = ()") do
    list[#list + 1] = text:match("^%b{}", at) or text:match('^"[^"]*"', at) or text:match("^[%w_.+-]+", at)
  end
  return list
end

-- class -> the class that it extends
local parents <const> = {}
for line in io.lines "lua/fm/meta/fm.lua" do
  local class, parent = line:match "^%-%-%-@class ([%w_.]+): ([%w_.]+)"
  if class then parents[class] = parent end
end

--- The fields of the classes of options that an entry takes: key -> what it says.
local function fields_of(entry)
  local fields = {}
  local function add(class)
    local found = class and reference.find(class)
    for _, text in ipairs(found and found[1].fields or {}) do
      local key, rest = text:match "^([%w_]+)%??%s+(.*)$"
      fields[key] = fields[key] or rest
    end
    if class and parents[class] then add(parents[class]) end
  end
  for _, param in ipairs(entry.params) do
    for class in param:gmatch "fm%.%u%w*" do add(class) end
  end
  return fields
end

local function is_told(entry, key, value)
  local fields, lines = fields_of(entry), table.move(entry.params, 1, #entry.params, 2, { table.concat(entry.text, " ") })
  if type(value) == "boolean" then -- a text may say what the other value does
    lines[1] = lines[1]:match "Defaults: .*" or entry.kind == "file" and lines[1]:match "%b{}" or ""
  end
  for _, text in pairs(fields) do lines[#lines + 1] = text end
  for _, line in ipairs(lines) do
    for _, one in ipairs(values_of(key, line)) do
      if says(one, value) then return true end
    end
  end
  return fields[key] ~= nil and says(fields[key], value)
end

-- ---- what is read ----

--- The entry of a file's function: `where` begins its messages.
local function entry_of(file, where)
  local name = file:gsub("/", ".")
  local exact = reference.find(name)
  if exact and exact[1].name == name then return exact[1] end
  local word, room = where:gsub(":.*$", ""):match "[%w_]+$", name:match "^fm%.%w+"
  local best
  for _, entry in ipairs(reference.all()) do
    if entry.name:sub(1, #room) == room and entry.name:match "[%w_]+$" == word and (not best or #entry.name < #best.name) then best = entry end
  end
  return best
end

--- All { file, where, defaults } that are read while f runs.
local function recorded(f)
  local list, read, seen = {}, options.read, {}
  options.read = function(where, given, defaults)
    local file = debug.getinfo(2, "S").source:match "lua/(fm/.*)%.lua$"
    local what = { tostring(file), where }
    for _, key in ipairs(sorted_keys(defaults)) do what[#what + 1] = key end
    what = table.concat(what, " ")
    if file and not seen[what] then list[#list + 1], seen[what] = { file = file, where = where, defaults = defaults }, true end
    return read(where, given, defaults)
  end
  local ok, message = pcall(f)
  options.read = read
  assert(ok, message)
  return list
end

local function call_all(folder)
  for _, one in ipairs((dofile "tests/fuzz/public.lua"(folder))) do pcall(one.call) end
  for _, room in ipairs(by_name.rooms()) do
    for _, name in ipairs(by_name.names(room)) do
      local _, value = pcall(by_name.find, room, name)
      if type(value) == "function" then
        pcall(value)
        pcall(value, {})
      end
    end
  end
end
--- What the reference does not say of the defaults that were read at one place, and how many it
--- should say. A value that is a part of `where` is the caller's.
local function untold(one)
  local entry, list, count = one.file ~= "fm/ode/parts/solve" and entry_of(one.file, one.where) or nil, {}, 0
  for key, value in pairs(entry and one.defaults or {}) do
    if value ~= options.none and not one.where:find(": " .. tostring(value), 1, true) then
      count = count + 1
      local shown = type(value) == "table" and fm.json.encode(value) or tostring(value)
      if not is_told(entry, key, value) then list[#list + 1] = ("%s: %s = %s (%s)"):format(entry.name, key, shown, one.file) end
    end
  end
  return list, count
end

describe("defaults", function()
  it("are those of the reference", function()
    local folder <const> = os.tmpname()
    os.remove(folder)
    assert(require "lfs".mkdir(folder))
    local all, count = {}, 0
    for _, one in ipairs(recorded(function() call_all(folder) end)) do
      local list, n = untold(one)
      table.move(list, 1, #list, #all + 1, all)
      count = count + n
    end
    os.execute("rm -r " .. folder)
    assert.same({}, all)
    assert.is_true(count > 250, count)
  end)
end)

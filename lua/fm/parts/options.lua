-- Options by name, in one table: unknown keys are errors that name the nearest key, absent ones
-- take their defaults.
local core <const> = require "fm.core"
local attempt <const> = require "fm.parts.attempt"
local nearest <const> = require "fm.parts.nearest"
local sorted_keys <const> = require "fm.parts.sorted_keys"

local none <const> = setmetatable({}, { __name = "none" })
local options <const> = { none = none }

-- Defaults that are read at every step: table -> { name, value, name, value, ... } of those that
-- are there.
local often <const> = setmetatable({}, { __mode = "k" })

--- Marks defaults that never change and are read often; read then copies them faster. Returns the
--- same table.
function options.often(defaults)
  local list = {}
  for key, value in pairs(defaults) do
    if value ~= none then list[#list + 1], list[#list + 2] = key, value end
  end
  often[defaults] = list
  return defaults
end

local function copied(defaults)
  local list, result = often[defaults], {}
  if list then
    for i = 1, #list, 2 do result[list[i]] = list[i + 1] end
    return result
  end
  for key, value in pairs(defaults) do
    if value ~= none then result[key] = value end
  end
  return result
end

--- Returns a copy of `defaults` with what `given` (a table or nil) overrides. The default
--- `options.none` means: absent. `where` begins the message.
function options.read(where, given, defaults)
  if given ~= nil and type(given) ~= "table" then
    core.fail(("%s: expected a table of options, found %s"):format(where, type(given)))
  end
  local result = copied(defaults)
  local meta, unknown = getmetatable(given), nil
  if type(meta) == "table" and type(rawget(meta, "__fields")) == "table" then given = meta.__fields end -- see fm.read_only
  for key, value in next, given or {} do -- not pairs: a table's own metamethod could do anything
    if defaults[key] == nil and (unknown == nil or tostring(key) < tostring(unknown)) then unknown = key end
    result[key] = value
  end
  if unknown ~= nil then
    core.fail(('%s: unknown option "%s"%s'):format(where, tostring(unknown), nearest.advice_or_all(unknown, sorted_keys(defaults))))
  end
  return result
end

local longest <const> = 60 -- of a text in a message

--- Splits { "name", key = value } into the name and the options.
function options.split(list)
  local given = {}
  for key, value in next, list do
    if key ~= 1 then given[key] = value end
  end
  return list[1], given
end

--- A value as a message shows it, on one line.
local function shown(value)
  local kind = type(value)
  if kind == "string" then return #value > longest and ("a string of %d bytes"):format(#value) or ('"%s"'):format(value) end
  if kind == "number" or kind == "boolean" or kind == "nil" then return tostring(value) end
  if not core.is_tensor(value) then return "a " .. kind end
  local ok, shape = attempt(value.shape, value)
  return ok and "a tensor [" .. table.concat(shape, ", ") .. "]" or "a tensor that was released when its tape closed"
end
options.shown = shown

--- A choice by name, or an error that names the nearest.
function options.choose(where, name, choices)
  local choice = choices[name]
  if choice ~= nil then return choice end
  local names = sorted_keys(choices)
  core.fail(('%s: unknown name %s%s'):format(where, type(name) == "string" and ('"%s"'):format(name) or shown(name),
    nearest.advice(name, names, " (one of: " .. table.concat(names, ", ") .. ")")))
end

local function range(low, high)
  if high and high < math.huge then return (" in %.14g..%.14g"):format(low, high) end
  return low > -math.huge and (" >= %.14g"):format(low) or ""
end

--- A number within limits, or an error.
function options.number(where, value, low, high)
  if math.type(value) == nil or value ~= value or value < low or value > high then
    core.fail(("%s: expected a number%s, found %s"):format(where, range(low, high), shown(value)))
  end
  return value
end

--- A whole number within limits, or an error.
function options.integer(where, value, low, high)
  local whole = math.type(value) and math.tointeger(value)
  if not whole or whole < low or (high and whole > high) then
    core.fail(("%s: expected a whole number%s, found %s"):format(where, range(low, high), shown(value)))
  end
  return whole
end

local largest_size <const> = 1 << 31

--- The size of an axis, or a number of things to make, or an error.
function options.size(where, value, low)
  local whole = options.integer(where, value, low or 1)
  return options.integer(where, whole, low or 1, largest_size)
end

local most_turns <const> = 1e9

--- How many times something is done or kept, or an error: more would take years.
function options.turns(where, value, low)
  return options.integer(where, value, low or 1, most_turns)
end

--- A number >= 0 and < 1, for a value y that is used as 1 / (1 - y).
function options.below_one(where, value)
  if math.type(value) and value >= 0 and value < 1 then return value end
  core.fail(("%s: expected a number >= 0 and < 1, found %s"):format(where, shown(value)))
end

--- A number > 0 and < 1, a part of a whole.
function options.part(where, value)
  if math.type(value) and value > 0 and value < 1 then return value end
  core.fail(("%s: expected a number > 0 and < 1, found %s"):format(where, shown(value)))
end

function options.boolean(where, value)
  if type(value) == "boolean" then return value end
  core.fail(("%s: expected true or false, found %s"):format(where, shown(value)))
end

--- Whether a value can be called: a function, or a table like a model.
function options.callable(value)
  if type(value) == "function" then return true end
  local meta = getmetatable(value)
  return type(meta) == "table" and meta.__call ~= nil
end

--- Raises for an argument that a function does not take: `...` is what came after its first
--- `count`.
function options.no_more(where, count, ...)
  for i = 1, select("#", ...) do
    local extra = select(i, ...)
    if extra ~= nil then
      core.fail(("%s: unexpected argument %d, a %s: it takes %d"):format(where, count + i, type(extra), count))
    end
  end
end

--- A random stream, or a table that draws like one, or an error.
function options.rng(where, value)
  local kind = type(value)
  if kind ~= "table" and getmetatable(value) ~= "rng" or kind == "table" and not options.callable(value.normal) then
    core.fail(("%s: rng: expected a random stream, found %s"):format(where, value == nil and "none" or kind))
  end
  return value
end

return options

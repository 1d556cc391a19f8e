-- Options by name, in one table: unknown keys are errors that name the nearest key, absent ones take their defaults.
local core <const> = require "fm.core"
local sorted_keys <const> = require "fm.sorted_keys"

local options <const> = {}

--- Returns a copy of `defaults` with what `given` (a table or nil) overrides. A default of `options.none` means: absent.
--- `where` begins the message.
function options.read(where, given, defaults)
  if given ~= nil and type(given) ~= "table" then
    core.fail(("%s: expected a table of options, found %s"):format(where, type(given)))
  end
  local result = {}
  for key, value in pairs(defaults) do
    if value ~= options.none then result[key] = value end
  end
  for key, value in pairs(given or {}) do
    if defaults[key] == nil then
      local near = type(key) == "string" and core.nearest(key, sorted_keys(defaults))
      core.fail(('%s: unknown option "%s"%s'):format(where, tostring(key), near and ('; did you mean "%s"?'):format(near) or ""))
    end
    result[key] = value
  end
  return result
end

local longest <const> = 60 -- of a text in a message

local function shown(value)
  local kind = type(value)
  if kind == "string" then return #value > longest and ("a string of %d bytes"):format(#value) or ('"%s"'):format(value) end
  if core.is_tensor(value) then return "a tensor" end
  return (kind == "number" or kind == "boolean" or kind == "nil") and tostring(value) or "a " .. kind
end

--- A choice by name, or an error that names the nearest.
function options.choose(where, name, choices)
  local choice = choices[name]
  if choice ~= nil then return choice end
  local near = type(name) == "string" and core.nearest(name, sorted_keys(choices))
  core.fail(('%s: unknown name %s%s'):format(where, type(name) == "string" and '"' .. name .. '"' or shown(name),
    near and ('; did you mean "%s"?'):format(near) or " (one of: " .. table.concat(sorted_keys(choices), ", ") .. ")"))
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

--- A random stream, or what draws as one, or an error.
function options.rng(where, value)
  local kind = type(value)
  if kind ~= "table" and getmetatable(value) ~= "rng" or kind == "table" and not value.normal then
    core.fail(("%s: rng: expected a random stream, found %s"):format(where, value == nil and "none" or kind))
  end
  return value
end

options.none = setmetatable({}, { __name = "none" })

return options

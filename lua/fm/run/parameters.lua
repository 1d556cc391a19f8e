-- Parameters of an experiment: declared once, typed by their default, read from `key=value` words.
--   steps = { 2000, "optimizer steps", min = 1 }
--   path = { "linear", choices = { "linear", "vp" } }
--   batch = 256
local core <const> = require "fm.core"
local nearest <const> = require "fm.parts.nearest"
local read_only <const> = require "fm.parts.read_only"
local sorted_keys <const> = require "fm.parts.sorted_keys"
local utf8_text <const> = require "fm.parts.utf8_text"

local parameters <const> = {}

local fields <const> = { "1", "2", "help", "min", "max", "choices" }

local function list_text(choices)
  local words = {}
  for i, choice in ipairs(choices) do words[i] = tostring(choice) end
  return table.concat(words, ", ")
end

--- The type of a value as a parameter: "integer", "number", "boolean", "string", or nil when it
--- cannot be one.
local function type_of(value)
  local kind = math.type(value)
  if kind then return kind == "float" and "number" or kind end
  kind = type(value)
  return (kind == "boolean" or kind == "string") and kind or nil
end

local function numeric(declaration)
  return declaration.type == "integer" or declaration.type == "number"
end

--- nil, or what is wrong with a value of the right type.
local function limit_problem(declaration, value)
  local problem = declaration.type == "string" and utf8_text.problem(value)
  if problem then return "must be UTF-8 text: " .. problem end
  if numeric(declaration) then
    if value ~= value or math.abs(value) == math.huge then return "must be finite" end
    if declaration.min and value < declaration.min then return ("must be >= %s"):format(declaration.min) end
    if declaration.max and value > declaration.max then return ("must be <= %s"):format(declaration.max) end
  end
  if not declaration.choices then return nil end
  local names = {}
  for i, choice in ipairs(declaration.choices) do
    if choice == value then return nil end
    names[i] = tostring(choice)
  end
  return ('expected one of %s, found "%s"%s'):format(list_text(names), value, nearest.advice(tostring(value), names))
end

--- Raises what is wrong with the choices of a declaration.
local function check_choices(declaration)
  local choices = declaration.choices
  if choices == nil then return end
  local fits = type(choices) == "table" and #choices > 0 and not core.is_tensor(choices)
  for _, choice in ipairs(fits and choices or {}) do
    local kind = type_of(choice)
    fits = fits and (kind == declaration.type or kind == "integer" and declaration.type == "number")
  end
  if fits then return end
  error(("parameter %s: choices: expected a list of values like the default, each %s"):format(declaration.name, declaration.type), 0)
end

local function declare(name, given)
  if type(given) ~= "table" then given = { given } end
  for key in pairs(given) do
    local known = false
    for _, field in ipairs(fields) do known = known or key == (math.tointeger(tonumber(field)) or field) end
    if not known then
      error(('parameter %s: unknown field "%s"%s'):format(name, tostring(key), nearest.advice(tostring(key), fields)), 0)
    end
  end
  local declaration = {
    name = name, default = given[1], type = type_of(given[1]), help = given[2] or given.help, min = given.min, max = given.max,
    choices = given.choices,
  }
  if not declaration.type then
    error(("parameter %s: the default must be a number, a string or a boolean, found %s"):format(name, type(given[1])), 0)
  end
  for _, limit in ipairs { "min", "max" } do
    if given[limit] ~= nil and not (numeric(declaration) and math.type(given[limit])) then
      error(("parameter %s: %s: only numbers have limits"):format(name, limit), 0)
    end
    if given[limit] ~= given[limit] then error(("parameter %s: %s: expected a number, found nan"):format(name, limit), 0) end
  end
  if declaration.min and declaration.max and declaration.min > declaration.max then
    error(("parameter %s: min %s is over max %s"):format(name, declaration.min, declaration.max), 0)
  end
  if declaration.help ~= nil and type(declaration.help) ~= "string" then
    error(("parameter %s: help: expected a text, found %s"):format(name, type(declaration.help)), 0)
  end
  check_choices(declaration)
  local problem = limit_problem(declaration, declaration.default)
  if problem then error(("parameter %s: the default %s: %s"):format(name, tostring(declaration.default), problem), 0) end
  return declaration
end

--- Reads the `params` table of an experiment: a list of declarations sorted by name, also by name.
--- Raises what is wrong with it.
function parameters.declare(given)
  local list = {}
  for name, value in pairs(given) do
    if type(name) ~= "string" or not name:find "^[%a_][%w_]*$" then
      error(("parameter names are words of letters, digits and _, found %s"):format(tostring(name)), 0)
    end
    list[#list + 1] = declare(name, value)
  end
  if not given.seed then list[#list + 1] = declare("seed", { 0, "seed of every random stream", min = 0 }) end
  table.sort(list, function(a, b) return a.name < b.name end)
  for _, declaration in ipairs(list) do list[declaration.name] = declaration end
  if list.seed.type ~= "integer" then error("parameter seed: the default must be a whole number", 0) end
  return list
end

local readers <const> = {
  integer = function(text)
    return text:find "^[+-]?%d+$" and math.tointeger(tonumber(text)) or nil, "an integer"
  end,
  number = function(text)
    local digits = text:match "^[+-]?([%d.]+)$" or text:match "^[+-]?([%d.]+)[eE][+-]?%d+$"
    local value = digits and digits:find "%d" and tonumber(text)
    if not value or math.abs(value) == math.huge then return nil, "a finite number" end
    return value + 0.0
  end,
  boolean = function(text)
    if text == "true" then return true elseif text == "false" then return false end
    return nil, "true or false"
  end,
  string = function(text)
    if utf8_text.problem(text) then return nil, "UTF-8 text" end
    return text
  end,
}

--- The value that `text` gives for a declaration, or nil and a message.
function parameters.read(declaration, text)
  if text == "" and declaration.type ~= "string" then return nil, declaration.name .. ": empty value" end
  local value, expected = readers[declaration.type](text)
  if value == nil then return nil, ('%s: expected %s, found "%s"'):format(declaration.name, expected, text) end
  local problem = limit_problem(declaration, value)
  if problem then return nil, declaration.name .. ": " .. problem end
  return value
end

local function names_of(list)
  local names = {}
  for i, declaration in ipairs(list) do names[i] = declaration.name end
  return names
end

--- The values of an empty command line.
function parameters.defaults(list)
  local values = {}
  for _, declaration in ipairs(list) do values[declaration.name] = declaration.default end
  return values
end

--- Raises when a script sets a parameter, because the record of the run would not know it.
local function refuse_to_set(values, key, value)
  local name = tostring(key)
  if type(key) == "string" and values[key] ~= nil then
    core.fail(("%s cannot be set to %s: parameters are read only; set it in params, or on the command line: %s=..."):format(name, tostring(value), name))
  end
  core.fail(("%s cannot be set: parameters are read only, and there is none of that name; declare it in params, or use a local"):format(name))
end

--- The values for the script, read-only. An undeclared name is an error.
function parameters.strict(values)
  local copy = {} -- with its own __index: a name that is there is found without a call
  for name, value in pairs(values) do copy[name] = value end
  setmetatable(copy, { __index = function(_, name)
    if type(name) ~= "string" then return nil end
    core.fail(('there is no parameter "%s"%s'):format(name, nearest.advice(name, sorted_keys(values))))
  end })
  return read_only(copy, "fm.parameters", copy, function(key, value) refuse_to_set(values, key, value) end)
end

--- The same as a plain record, in which an undeclared name is nil.
function parameters.config(values)
  return read_only(values, "fm.config", values, function(key, value) refuse_to_set(values, key, value) end)
end

--- Splits "key=value" at the first "="; nil and a message for any other word.
function parameters.split(word)
  local key, text = word:match "^([^=]+)=(.*)$"
  if not key then return nil, ('expected key=value, found "%s"'):format(word) end
  return key, text
end

local function unknown_key(list, key)
  local parent, field = key:match "^([^.]+)%.(.+)$"
  if parent and list[parent] then
    local kind = list[parent].type
    return ("%s is %s %s, it has no field %s"):format(parent, kind == "integer" and "an" or "a", kind, field)
  end
  return ('unknown key "%s"%s'):format(key, nearest.advice(key, names_of(list)))
end

--- A value of a preset or of a record (not text), in the type of its parameter. Raises what is
--- wrong with it.
local function checked_value(list, key, value)
  local declaration = type(key) == "string" and rawget(list, key)
  if not declaration then error(unknown_key(list, tostring(key)), 0) end
  if declaration.type == "number" and math.type(value) == "integer" then value = value + 0.0 end
  if type_of(value) ~= declaration.type then error(("%s: expected %s, found %s"):format(key, declaration.type, tostring(value)), 0) end
  local problem = limit_problem(declaration, value)
  if problem then error(("%s: %s"):format(key, problem), 0) end
  return value
end

--- Reads the `presets` of an experiment: name -> values of some parameters. Raises what is wrong
--- with them.
function parameters.declare_presets(list, given)
  local presets = {}
  for name, values in pairs(given) do
    if type(name) ~= "string" or type(values) ~= "table" then
      error(("presets: expected name = { key = value }, found %s = %s"):format(tostring(name), type(values)), 0)
    end
    presets[name] = {}
    for key, value in pairs(values) do
      local ok, result = pcall(checked_value, list, key, value)
      if not ok then error(("preset %s: %s"):format(name, result), 0) end
      presets[name][key] = result
    end
  end
  if next(presets) and list.preset then error("a parameter called preset leaves no name for choosing among the presets", 0) end
  return presets
end

--- The values in a run's config.json, checked against the present declarations; or nil and a
--- message.
function parameters.recorded(list, config)
  local values = parameters.defaults(list)
  for name, value in pairs(config) do
    local ok, result = pcall(checked_value, list, name, value)
    if not ok then return nil, result end
    values[name] = result
  end
  return values
end

--- The declaration of a key, including "preset" if there are presets; or nil and a message.
function parameters.find(list, key, presets)
  local declaration = rawget(list, key)
  if declaration then return declaration end
  if key ~= "preset" or not next(presets) then return nil, unknown_key(list, key) end
  return { name = "preset", type = "string", choices = sorted_keys(presets) }
end

--- The whole table of values: the defaults, overridden by the preset that `given` names, overridden
--- by the rest of `given`.
function parameters.resolve(list, given, presets)
  local values = parameters.defaults(list)
  for name, value in pairs(presets[given.preset] or {}) do values[name] = value end
  for name, value in pairs(given) do
    if rawget(list, name) then values[name] = value end
  end
  return values
end

return parameters

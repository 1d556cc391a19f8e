-- fm.experiment { name, params, presets, run, help, card }: an experiment as data. It is checked
-- when it is made, and fmrun runs it. Under stock Lua, the experiment of the main script runs at
-- once.
local at_once <const> = require "fm.parts.at_once"
local fm <const> = require "fm"
local nearest <const> = require "fm.parts.nearest"
local options <const> = require "fm.parts.options"
local parameters <const> = require "fm.run.parameters"
local sorted_keys <const> = require "fm.parts.sorted_keys"

local Experiment <const> = { __name = "fm.experiment" }
local types <const> = { name = "string", params = "table", presets = "table", run = "function", help = "string", card = "table" } -- of its fields

--- What is wrong with a name, which also names a folder; nil when it is good.
local function name_problem(name)
  if name == nil or type(name) == "string" and #name <= 64 and name:find "^[%w_][%w_.-]*$" then return nil end
  local found = type(name) == "string" and ("%q"):format(name) or type(name)
  return ("experiment: name: expected up to 64 letters, digits, _ . -, and no . or - at the start, found %s"):format(found)
end

local function check_fields(given)
  if type(given) ~= "table" then fm.fail("experiment: expected a table, found " .. type(given)) end
  for key, value in pairs(given) do
    local wanted = types[key]
    if not wanted then
      fm.fail(('experiment: unknown field "%s"%s'):format(tostring(key), nearest.advice(tostring(key), sorted_keys(types))))
    end
    if type(value) ~= wanted then fm.fail(("experiment: %s: expected a %s, found %s"):format(key, wanted, type(value))) end
  end
  if not given.run then fm.fail("experiment: run is missing: function(run, p) ... end") end
  local problem = name_problem(given.name)
  if problem then fm.fail(problem) end
end

--- The first frame that is not one of this file, and its level as the caller counts.
local function caller()
  local own = debug.getinfo(1, "S").source
  local level = 2
  local frame = debug.getinfo(level, "S")
  while frame and frame.source == own do
    level = level + 1
    frame = debug.getinfo(level, "S")
  end
  return frame, level - 1
end

--- Whether Lua is running the calling script as its main one. `return fm.experiment {...}` is a
--- tail call, which leaves no frame of the script: then nothing but the interpreter's own frame is
--- below.
local function is_main()
  if type(arg) ~= "table" or not arg[0] then return false end
  local frame, level = caller()
  if not frame then return false end
  if frame.what == "C" then return debug.getinfo(level + 1, "S") == nil end
  return frame.what == "main" and frame.source == "@" .. arg[0]
end

-- sources of files whose main chunk made one: an experiment made inside a function may belong to a
-- test
local made_by <const> = {}

local function experiment(given, ...)
  options.no_more("experiment", 1, ...)
  check_fields(given)
  local ok, list = pcall(parameters.declare, given.params or {})
  if not ok then fm.fail("experiment: " .. tostring(list)) end
  local presets
  ok, presets = pcall(parameters.declare_presets, list, given.presets or {})
  if not ok then fm.fail("experiment: " .. tostring(presets)) end
  local made = setmetatable({ name = given.name, help = given.help, run = given.run, parameters = list, presets = presets }, Experiment)
  if given.card then
    ok, made.card = pcall(require "fm.run.card", given.card, list)
    if not ok then fm.fail("experiment: " .. tostring(made.card)) end
  end
  local frame, level = caller()
  -- otherwise a function's frame is gone, and one would see its caller's
  local is_direct = not debug.getinfo(level - 1, "t").istailcall
  if frame and frame.what == "main" and is_direct then made_by[frame.source] = true end
  if at_once.run and is_main() then os.exit(at_once.run(made, arg), true) end
  return made
end

return setmetatable({
  is = function(value) return getmetatable(value) == Experiment end,
  --- Whether the main chunk of a file made an experiment since this was asked last.
  made_by = function(source)
    local made = made_by[source]
    made_by[source] = nil
    return made == true
  end,
  --- Gives an experiment this name, if it has none. Returns true; or false and what is wrong with
  --- the name that it has, because a script may have changed it.
  check_name = function(made, name)
    local problem = name_problem(made.name)
    if problem then return false, problem end
    made.name = made.name or name
    return true
  end,
}, { __call = function(_, ...)
  -- no tail call: experiment() asks whether this function was called by one
  local made = experiment(...)
  return made
end })

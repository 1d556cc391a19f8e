-- Curves of a run's results: a result against what it costs, such as quality against the number of
-- evaluations. Each is a CSV file in the run's folder; run.json says which files are curves.
local fm <const> = require "fm"
local csv <const> = require "fm.records.csv"
local options <const> = require "fm.parts.options"
local outputs <const> = require "fm.run.outputs"
local utf8_text <const> = require "fm.parts.utf8_text"

local curves <const> = { methods = {} }

local where <const> = "curve"
local logs <const> = { x = "x", y = "y", xy = "xy", yx = "xy" }

local function numbers(name, value)
  if fm.is_tensor(value) and value:rank() == 1 then value = value:totable() end
  if type(value) ~= "table" then fm.fail(("%s: %s: expected a list of numbers or a tensor [n], found %s"):format(where, name, options.shown(value))) end
  local list = {}
  for i, v in ipairs(value) do
    if fm.is_tensor(v) and v:count() == 1 then v = v:item() end
    if not math.type(v) then fm.fail(("%s: %s: entry %d: expected a number, found %s"):format(where, name, i, options.shown(v))) end
    list[i] = v
  end
  return list
end

local function label(name, value)
  if type(value) ~= "string" or value == "" then fm.fail(("%s: %s: expected a text, found %s"):format(where, name, options.shown(value))) end
  utf8_text.check(("%s: %s"):format(where, name), value)
  if value:find "%c" then fm.fail(("%s: %s: expected a text on one line, found %s"):format(where, name, options.shown(value))) end
  return value
end

local function finite(name, value)
  if fm.is_tensor(value) and value:count() == 1 then value = value:item() end
  if math.type(value) and value - value == 0 then return value end
  fm.fail(("%s: %s: expected a finite number, found %s"):format(where, name, options.shown(value)))
end

--- x, y, the names of the axes, the floor or nil, and the axes that are logarithmic ("" is none).
local function read(name, given)
  if type(given) ~= "table" then fm.fail(("%s: expected a table with x and y, found %s"):format(where, options.shown(given))) end
  local o = options.read(where, given, { x = options.none, y = options.none, xlabel = "x", ylabel = name, floor = options.none, log = options.none })
  o.x, o.y = numbers("x", o.x), numbers("y", o.y)
  if #o.x == 0 then fm.fail(where .. ": x: expected at least one number, found none") end
  if #o.x ~= #o.y then fm.fail(("%s: expected as many x as y, found %d and %d"):format(where, #o.x, #o.y)) end
  for i, v in ipairs(o.x) do finite(("x: entry %d"):format(i), v) end
  label("xlabel", o.xlabel)
  label("ylabel", o.ylabel)
  if o.floor ~= nil then o.floor = finite("floor", o.floor) end
  o.log = o.log and options.choose(where .. ": log", o.log, logs) or ""
  return o
end

local function text_of(o)
  local columns = o.floor and 3 or 2
  local lines = { csv.line({ o.xlabel, o.ylabel, "floor" }, columns) }
  for i, x in ipairs(o.x) do lines[i + 1] = csv.line({ x, o.y[i], o.floor }, columns) end
  return table.concat(lines)
end

--- run:curve(name, { x, y, xlabel = "x", ylabel = name, floor, log = "x" | "y" | "xy" }): NAME.csv,
--- with the floor as its third column. What is not finite in y is "nan" or "inf" there, and a gap
--- in pictures. A run that goes on says its curves again, as it does its floors.
function curves.methods.curve(run, name, given, ...)
  options.no_more(where, 2, ...)
  local file = outputs.checked(where, type(name) == "string" and name .. ".csv" or name)
  local o, record = read(name, given), run.record
  local path = outputs.write(run, file, function(to) return fm.file.write(to, text_of(o)) end)
  record.curves = record.curves or {}
  if record.curves[file] == o.log then return path end
  record.curves[file] = o.log
  run.folder:write_json("run.json", record)
  return path
end

return curves

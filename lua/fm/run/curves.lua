-- Curves of a run's results: a result against what it costs, such as quality against the number of
-- evaluations. Each is a CSV file in the run's folder; run.json says which files are curves.
local fm <const> = require "fm"
local csv <const> = require "fm.records.csv"
local given <const> = require "fm.run.given"
local options <const> = require "fm.parts.options"
local outputs <const> = require "fm.run.outputs"

local curves <const> = { methods = {} }

local where <const> = "curve"
local logs <const> = { x = "x", y = "y", xy = "xy", yx = "xy" }

local function numbers(name, value)
  if fm.is_tensor(value) and value:rank() == 1 then value = value:totable() end
  local what, list = ("%s: %s"):format(where, name), {}
  if type(value) ~= "table" then fm.fail(("%s: expected a list of numbers or a tensor [n], found %s"):format(what, options.shown(value))) end
  given.each(what, value, function(i, v)
    list[i] = given.plain(v)
    if not math.type(list[i]) then fm.fail(("%s: entry %d: expected a number, found %s"):format(what, i, options.shown(list[i]))) end
  end)
  return list
end

local function check_label(name, value)
  local what = ("%s: %s"):format(where, name)
  if value == "" then fm.fail(what .. ': expected a text, found ""') end
  given.line(what, value)
end

--- x, y, the names of the axes, the floor or nil, and the axes that are logarithmic ("" is none).
local function read(name, curve)
  if type(curve) ~= "table" then fm.fail(("%s: expected a table with x and y, found %s"):format(where, options.shown(curve))) end
  local o = options.read(where, curve, { x = options.none, y = options.none, xlabel = "x", ylabel = name, floor = options.none, log = options.none })
  o.x, o.y = numbers("x", o.x), numbers("y", o.y)
  if #o.x == 0 then fm.fail(where .. ": x: expected at least one number, found none") end
  if #o.x ~= #o.y then fm.fail(("%s: expected as many x as y, found %d and %d"):format(where, #o.x, #o.y)) end
  for i, v in ipairs(o.x) do given.finite(("%s: x: entry %d"):format(where, i), v) end
  check_label("xlabel", o.xlabel)
  check_label("ylabel", o.ylabel)
  if o.floor ~= nil then o.floor = given.finite(where .. ": floor", o.floor) end
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
function curves.methods.curve(run, name, curve, ...)
  options.no_more(where, 2, ...)
  local file = outputs.checked(where, type(name) == "string" and name .. ".csv" or name)
  local o, record = read(name, curve), run.record
  local path = outputs.write(run, file, function(to) return fm.file.write(to, text_of(o)) end)
  record.curves = record.curves or {}
  if record.curves[file] == o.log then return path end
  record.curves[file] = o.log
  run.folder:write_json("run.json", record)
  return path
end

return curves

-- The series of a curve plot, in the forms a script may give them:
--   { loss = {..}, floor = tensor }      name -> values at 1, 2, 3 ... (a list or a tensor [n]),
--                                        sorted by name
--   { loss = { x = {..}, y = {..} } }    name -> a table as below; also { {..}, {..} } for x and y,
--                                        and a tensor [n, 2]
--   { { name = "loss", x = {..}, y = {..}, points = true, labels = {..} }, ... }
local core <const> = require "fm.core"
local labels <const> = require "fm.plot.parts.labels"
local lettering <const> = require "fm.plot.parts.lettering"
local options <const> = require "fm.parts.options"
local points <const> = require "fm.plot.parts.points"

local function numbers(where, value)
  if core.is_tensor(value) then
    value = points.tensor(where, value, "numbers")
    if value:rank() ~= 1 then core.fail(where .. ": expected a list or a tensor of rank 1") end
    return value:totable()
  end
  if type(value) ~= "table" then core.fail(("%s: expected a list of numbers, found a %s"):format(where, type(value))) end
  for i = 1, #value do -- a hole is an entry too
    if not math.type(value[i]) then core.fail(("%s: entry %d is not a number"):format(where, i)) end
  end
  return value
end

local function positions(count)
  local x = {}
  for i = 1, count do x[i] = i end
  return x
end

local function one(where, name, value)
  if core.is_tensor(value) then points.tensor(where, value, "numbers") end
  if core.is_tensor(value) and value:rank() == 2 and value:size(2) == 2 then
    local x, y = {}, {}
    for i, p in ipairs(value:totable()) do x[i], y[i] = p[1], p[2] end
    value = { x = x, y = y }
  elseif core.is_tensor(value) or (type(value) == "table" and math.type(value[1])) then
    value = { y = value }
  elseif type(value) == "table" and type(value[1]) == "table" or type(value) == "table" and core.is_tensor(value[1]) then
    value = { x = value[1], y = value[2] }
  end
  local s = options.read(where, value, { name = name or options.none, x = options.none, y = options.none, points = false, joined = false,
    faint = false, labels = options.none })
  if not s.y then core.fail(where .. ": y is missing") end
  s.y = numbers(where .. ": y", s.y)
  s.x = s.x and numbers(where .. ": x", s.x) or positions(#s.y)
  if #s.x ~= #s.y then core.fail(("%s: %d x and %d y"):format(where, #s.x, #s.y)) end
  for _, option in ipairs { "points", "joined", "faint" } do options.boolean(("%s: %s"):format(where, option), s[option]) end
  if s.labels ~= nil then
    s.labels = labels.check(where .. ": labels", s.labels, math.huge)
    if #s.labels ~= #s.y then core.fail(("%s: expected %d labels, found %d"):format(where, #s.y, #s.labels)) end
  end
  if s.name ~= nil then
    if type(s.name) ~= "string" and not math.type(s.name) then core.fail(("%s: name: expected a text, found a %s"):format(where, type(s.name))) end
    s.name = lettering.text(s.name)
  end
  return s
end

--- A list of {name, x, y, points, joined, faint, labels}, all checked.
return function(where, given)
  if type(given) ~= "table" then core.fail(("%s: expected a table of series, found a %s"):format(where, type(given))) end
  local list, names = {}, {}
  for i, value in ipairs(given) do list[i] = one(("%s: series %d"):format(where, i), nil, value) end
  for name in pairs(given) do
    if type(name) == "string" then names[#names + 1] = name
    elseif math.type(name) ~= "integer" or name < 1 then
      core.fail(("%s: expected series by number or by name, found the key %s"):format(where, options.shown(name)))
    elseif name > #list then
      core.fail(("%s: series %d is missing, and there is a series %d"):format(where, #list + 1, name))
    end
  end
  table.sort(names)
  for _, name in ipairs(names) do list[#list + 1] = one(("%s: %s"):format(where, name), name, given[name]) end
  if #list == 0 then core.fail(where .. ": expected at least one series") end
  return list
end

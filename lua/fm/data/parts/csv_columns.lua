-- The columns of a CSV file that a caller chooses: those of numbers and those of categories.
local fm <const> = require "fm"
local nearest <const> = require "fm.parts.nearest"
local options <const> = require "fm.parts.options"
local values <const> = require "fm.data.parts.csv_values"

local columns <const> = {}

--- A name or a number of a column, or an error.
local function wanted(where, value)
  if type(value) == "string" then return value end
  if not math.type(value) then fm.fail(("%s: expected the name or the number of a column, found %s"):format(where, options.shown(value))) end
  return options.integer(where, value, 1)
end

-- Raises when a list has a hole before its entry `at`: Lua counts to the first.
local function check_before(where, list, at)
  for i = 1, at - 1 do
    if list[i] == nil then fm.fail(("%s: entry %d is missing, and there is an entry %d"):format(where, i, at)) end
  end
  if at < 1 then fm.fail(("%s: expected a list, found the key %d"):format(where, at)) end
end

--- The option `columns`: a list, or one name or number, or nil.
function columns.listed(where, given)
  if given == nil then return nil end
  if type(given) ~= "table" then return { wanted(where, given) } end
  local list = {}
  for key in next, given do
    if math.type(key) ~= "integer" then fm.fail(("%s: expected a list, found the key %s"):format(where, options.shown(key))) end
    check_before(where, given, key)
  end
  for i, value in ipairs(given) do list[i] = wanted(("%s: entry %d"):format(where, i), value) end
  if #list == 0 then fm.fail(where .. ": expected at least one column, found none") end
  return list
end

-- The names of a column's classes, and the number of each.
local function names_of(where, given)
  local names, known = {}, {}
  for key in next, given do
    if math.type(key) ~= "integer" then fm.fail(("%s: expected a list of names, found the key %s"):format(where, options.shown(key))) end
    check_before(where, given, key)
  end
  for i, name in ipairs(given) do
    if type(name) ~= "string" then fm.fail(("%s: entry %d: expected a name, found %s"):format(where, i, options.shown(name))) end
    if known[name] then fm.fail(("%s: entries %d and %d are both %s"):format(where, known[name], i, options.shown(name))) end
    names[i], known[name] = name, i
  end
  if #names == 0 then fm.fail(where .. ": expected at least one name, found none") end
  return names, known
end

--- The option `categories` as a list of { column, names, known }: one name or number, or a table of
--- them in which a column with a list of names has that list as its value.
function columns.named(where, given)
  if given == nil then return {} end
  if type(given) ~= "table" then return { { column = wanted(where, given) } } end
  local list, keys = {}, {}
  for key, value in next, given do
    if type(value) == "table" then
      keys[#keys + 1] = wanted(where, key)
    elseif math.type(key) ~= "integer" then
      fm.fail(("%s: %s: expected the names of its classes, found %s"):format(where, tostring(key), options.shown(value)))
    else
      check_before(where, given, key)
      list[#list + 1] = { column = wanted(("%s: entry %d"):format(where, key), value) }
    end
  end
  table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
  for _, key in ipairs(keys) do
    local names, known = names_of(("%s: %s"):format(where, key), given[key])
    list[#list + 1] = { column = key, names = names, known = known }
  end
  return list
end

--- Which two of some columns, { [number] = true }, have one name, as a message; or nil.
local function same_name(names, which, advice)
  local first = {}
  for at, name in ipairs(names) do
    if which[at] and first[name] then return ("columns %d and %d are both called %s: %s"):format(first[name], at, options.shown(name), advice) end
    if which[at] then first[name] = at end
  end
  return nil
end

--- The number of a column; or nil and a message.
local function find(column, names)
  if math.type(column) then
    if column <= #names then return column end
    return nil, ("there is no column %d, the first line has %d"):format(column, #names)
  end
  local at
  for i, name in ipairs(names) do
    if name == column and at then return nil, ("columns %d and %d are both called %s: choose one by its number"):format(at, i, options.shown(name)) end
    if name == column then at = i end
  end
  if at then return at end
  return nil, ("there is no column %s%s"):format(options.shown(column), nearest.advice_or_all(column, names))
end

-- The numbers of classes [N], and their names in order.
local function classes_of(column, names, known)
  if not names then
    names, known = {}, {}
    for _, name in ipairs(column.values) do
      if not known[name] then names[#names + 1], known[name] = name, true end
    end
    table.sort(names)
    for i, name in ipairs(names) do known[name] = i end
  end
  local labels = {}
  for i, name in ipairs(column.values) do labels[i] = known[name] end
  return { labels = fm.tensor(labels), names = table.move(names, 1, #names, 1, {}) }
end

local function of_classes(category)
  local column = { values = {}, read = values.class_reader(category.known, category.names) }
  function column.classes() return classes_of(column, category.names, category.known) end
  return column
end

local function of_numbers() return { values = {}, read = values.number } end

--- The chosen columns of a file, in the order in which they are returned: { at, name, values (none
--- yet), read(field), classes() of those of categories }. Or nil and a message.
function columns.chosen(o, names)
  local list, taken = {}, {}
  local function take(wish, column)
    local at, problem = find(wish, names)
    if at and taken[at] then at, problem = nil, ("column %d, %s, is chosen twice"):format(at, options.shown(names[at])) end
    if not at then return problem end
    taken[at], column.at, column.name, list[#list + 1] = true, at, names[at], column
  end
  for _, category in ipairs(o.categories) do
    local problem = take(category.column, of_classes(category))
    if problem then return nil, problem end
  end
  local twice = same_name(names, taken, "choose one of them, classes are found by their column's name")
  if twice then return nil, twice end
  local wishes, all = o.columns or {}, {}
  for at = 1, o.columns and 0 or #names do
    if not taken[at] then wishes[#wishes + 1], all[at] = at, true end
  end
  twice = same_name(names, all, "choose columns by their numbers")
  if twice then return nil, twice end
  if #wishes == 0 then return nil, "no column of numbers is left" end
  for _, wish in ipairs(wishes) do
    local problem = take(wish, of_numbers())
    if problem then return nil, problem end
  end
  return list
end

return columns

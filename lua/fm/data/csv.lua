-- csv(path, {columns, categories, header, missing = "refuse"}) -> numbers [N, D], list of D names,
-- classes, list of the lines left out; or nil and a message with the line and the column.
--
-- One row a line, fields between commas, quoted or not. A first line that holds no number gives the
-- names of the columns; without it they are "1", "2", ... Empty lines at the end are skipped. Two
-- columns of one name are refused, unless columns chooses them by number.
--   columns = { "mass", 3 }     the columns of numbers, by name or number, in this order; else all
--                               that are no categories
--   categories = { "species", sex = { "female", "male" } }
--                               columns of texts, each read as numbers of classes from 1: in
--                               the order of the list, or else in the order of the bytes of the
--                               names that occur.
--                               classes.species = { labels = tensor [N], names = list }
--   header = true | false       whether the first line gives the names, where the guess is wrong
--   missing = "skip"            leaves lines out where a chosen column has no value. Else they are
--                               refused, as are texts in a column of numbers, and infinity
local columns_of <const> = require "fm.data.parts.csv_columns"
local fields <const> = require "fm.parts.fields"
local fm <const> = require "fm"
local no_commas <const> = require "fm.data.parts.no_commas"
local options <const> = require "fm.parts.options"
local plain_numbers <const> = require "fm.parts.plain_numbers"
local values <const> = require "fm.data.parts.csv_values"

local where <const>, none <const> = "csv", "no row of numbers"

--- Whether a line is one of names: none of its fields is a number.
local function has_names(list)
  for _, field in ipairs(list) do
    if values.is_number(field) then return false end
  end
  return true
end

local function names_of(list, header)
  local names = {}
  for i, field in ipairs(list) do names[i] = header and values.text(field) or tostring(i) end
  return names
end

--- What precedes a message about a column: 'line 5, column 3 "mass"'.
local function place_of(line, column, names, header)
  return ("line %d, column %d%s"):format(line, column, header and (" %s"):format(options.shown(names[column])) or "")
end

--- Adds the values of a line to those of the chosen columns. true; nil when one is missing that may
--- be; or false, its column, and what is wrong.
local function add(chosen, list, skips)
  local row, whole = {}, true
  for i, column in ipairs(chosen) do
    local value, problem, is_missing = column.read(list[column.at])
    if value == nil and not (is_missing and skips) then return false, column.at, problem end
    row[i], whole = value, whole and value ~= nil
  end
  if not whole then return nil end
  for i, column in ipairs(chosen) do column.values[#column.values + 1] = row[i] end
  return true
end

--- The chosen columns, filled, and the lines left out; or nil and a message. at: the text of the
--- first line and of the one that was read last.
local function read(text, o, at)
  if text == "" then return nil, none end
  local names, chosen, header, skipped, n = nil, nil, nil, {}, 0
  for line in (text .. "\n"):gmatch "(.-)\r?\n" do
    n = n + 1
    at.first, at.last = at.first or line, line
    local list, problem = fields(line)
    if not list then return nil, ("line %d: %s"):format(n, problem) end
    if not names then
      header = o.header
      if header == nil then header = has_names(list) end
      names = names_of(list, header)
      chosen, problem = columns_of.chosen(o, names)
      if not chosen then return nil, problem end
    end
    if #list ~= #names then return nil, ("line %d: expected %d fields, as in the first line, found %d"):format(n, #names, #list) end
    if n > 1 or not header then
      local added, column, wrong = add(chosen, list, o.missing == "skip")
      if added == false then return nil, ("%s: %s"):format(place_of(n, column, names, header), wrong) end
      if not added then skipped[#skipped + 1] = n end
    end
  end
  if n == #skipped + (header and 1 or 0) then return nil, #skipped == 0 and none or "each line lacks a value" end
  return chosen, skipped
end

--- The numbers of several columns side by side, and their names.
local function beside(chosen)
  local list, names, D = {}, {}, #chosen
  for k, column in ipairs(chosen) do
    names[k] = column.name
    for i, value in ipairs(column.values) do list[(i - 1) * D + k] = value end
  end
  return fm.tensor(list, { #chosen[1].values, D }), names
end

local missing <const> = { refuse = "refuse", skip = "skip" }

local function options_of(given)
  local o = options.read(where, given, { columns = options.none, categories = options.none, header = options.none, missing = "refuse" })
  options.choose(where .. ": missing", o.missing, missing)
  if o.header ~= nil then options.boolean(where .. ": header", o.header) end
  o.columns, o.categories = columns_of.listed(where .. ": columns", o.columns), columns_of.named(where .. ": categories", o.categories)
  return o
end

return function(path, given, ...)
  options.no_more(where, 2, ...)
  if type(path) ~= "string" then fm.fail("csv: path: expected a text, found " .. options.shown(path)) end
  local o = options_of(given)
  local text, message = fm.file.read(path)
  if not text then return nil, message end
  local plain <close> = plain_numbers()
  local at = {}
  local chosen, skipped = read(text:gsub("^\u{feff}", ""):match "^.*[^\r\n]" or "", o, at)
  if not chosen then return nil, ("%s: csv: %s"):format(path, at.first and no_commas(at.first, at.last) or skipped) end
  local numbers, classes = {}, {}
  for _, column in ipairs(chosen) do
    if column.classes then classes[column.name] = column.classes() else numbers[#numbers + 1] = column end
  end
  local x, names = beside(numbers)
  return x, names, classes, skipped
end

-- What a field of a CSV file says: a number, or the name of a class.
local fm <const> = require "fm"
local nearest <const> = require "fm.parts.nearest"
local options <const> = require "fm.parts.options"

local values <const> = {}

-- What stands for a missing value, beside an empty field.
local missing <const> = { NA = true, ["N/A"] = true, NaN = true, nan = true, ["-nan"] = true, NULL = true, null = true, ["?"] = true }
local infinite <const> = { inf = true, ["+inf"] = true, ["-inf"] = true, infinity = true, ["+infinity"] = true, ["-infinity"] = true }
local most <const> = fm.real == "float" and 3.4028235677973366e38 or math.huge -- from here on a number is infinite
local longest_list <const> = 10 -- of names in a message

--- The text of a field, without the spaces around it when it is not quoted.
function values.text(field)
  return field.quoted and field.text or field.text:match "^%s*(.-)%s*$"
end

--- The number that a text says in decimal digits, or nil.
local function number_of(text)
  text = text:match "^%s*(.-)%s*$"
  return text:find "^[-+]?[%d.][%d.eE+-]*$" and tonumber(text) or nil
end

--- Whether a field looks like a value of a column of numbers: a number, infinity or NaN.
function values.is_number(field)
  local text = values.text(field):lower()
  return number_of(text) ~= nil or infinite[text] or text == "nan" or text == "-nan"
end

local function found(text) return text == "" and "an empty field" or options.shown(text) end

local skipping <const> = '; missing = "skip" leaves such lines out'

--- The number of a field; or nil, what is wrong, and whether it is missing.
function values.number(field)
  local text = values.text(field)
  local number = number_of(text)
  if number and math.abs(number) < most then return number end
  if number or infinite[text:lower()] then return nil, "expected a finite number, found " .. found(text) end
  if text == "" or missing[text] then return nil, ("expected a number, found %s%s"):format(found(text), skipping), true end
  return nil, ("expected a number, found %s; a column of texts belongs to categories, or choose others by columns"):format(found(text))
end

--- What reads the name of a class, and fails as values.number does. known: name -> number of the
--- classes that there are, in the order of `list`; or nil for any.
function values.class_reader(known, list)
  return function(field)
    local text = values.text(field)
    if text == "" or not field.quoted and missing[text] and not (known and known[text]) then
      return nil, ("expected the name of a class, found %s%s"):format(found(text), skipping), true
    end
    if not known or known[text] then return text end
    local names = #list <= longest_list and table.concat(list, ", ") or ("%d names"):format(#list)
    return nil, ("expected one of %s, found %s%s"):format(names, found(text), nearest.advice(text, list))
  end
end

return values

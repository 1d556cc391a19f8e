-- One key of a sweep and what it runs over: "1e-3,3e-3", "1:5", "0:1:0.25", "log(1e-4,1e-2)",
-- 'a,"b,c"'. An axis knows how many values it has before it makes any, so that a billion of them
-- can be refused at no cost:
--   { key, count, at(i) -> value }        a list, of which ranges may be parts
--   { key, draw(u) -> value }             a continuous range; u is uniform in 0..1
local decimal <const> = require "fm.cli.words.decimal"
local fields <const> = require "fm.parts.fields"
local parameters <const> = require "fm.run.parameters"
local short <const> = require "fm.parts.short"

local axes <const> = {}

local function fail(declaration, message, ...)
  error({ usage = declaration.name .. ": " .. message:format(...) }, 0)
end

local function is_numeric(declaration)
  return declaration.type == "integer" or declaration.type == "number"
end

--- The value that a text gives for the declaration; raises { usage }. Blanks around a number do not
--- count.
local function read(declaration, text)
  local value, message = parameters.read(declaration, is_numeric(declaration) and text:match "^%s*(.-)%s*$" or text)
  if value == nil then error({ usage = message }, 0) end
  return value
end

--- A number without its limits, for the ends and the step of a range.
local function read_number(declaration, text)
  return read({ name = declaration.name, type = declaration.type }, text)
end

--- A computed number, in the type and within the limits of the declaration.
local function checked(declaration, value)
  return read(declaration, declaration.type == "integer" and ("%d"):format(value) or short.exact(value))
end

-- ---- ranges ----

--- The grid by binary arithmetic, when decimal.grid has none. Whole numbers are counted exactly, as
--- long as their difference is a whole number of 64 bits.
local function binary_grid(first, last, step)
  local span = last - first
  local count
  if math.type(step) == "integer" and (last >= first) == (span >= 0) then
    count = span // step + 1
  else
    count = math.floor((last + 0.0 - first) / step + 1e-9) + 1
  end
  return { count = count, at = function(i) return first + (i - 1) * step end }
end

--- "first:last" or "first:last:step", both ends included as in Lua's for.
local function range(declaration, text)
  local first, last, step = text:gsub("%s+", ""):match "^([^:]+):([^:]+):?([^:]*)$"
  if not first or text:find ":%s*$" then fail(declaration, 'expected first:last or first:last:step, found "%s"', text) end
  local downwards = step == "" and (" (downwards: %s:-1)"):format(text) or ""
  if step == "" then step = "1" end
  local from, to, by = read_number(declaration, first), read_number(declaration, last), read_number(declaration, step)
  if by == 0 then fail(declaration, "the step of %s is 0", text) end
  local grid = decimal.grid(first, last, step) or binary_grid(from, to, by)
  if grid.count < 1 then fail(declaration, "empty list: %s has no values%s", text, downwards) end
  return { count = grid.count, at = function(i) return checked(declaration, grid.at(i)) end }
end

local function constant(declaration, text)
  local value = read(declaration, text)
  return { count = 1, at = function() return value end }
end

--- Parts one after the other.
local function join(parts)
  local count = 0
  for _, part in ipairs(parts) do count = count + part.count end
  return { count = count, at = function(i)
    for _, part in ipairs(parts) do
      if i <= part.count then return part.at(i) end
      i = i - part.count
    end
  end }
end

-- ---- continuous ranges ----

local scales <const> = { -- u in 0..1 to low..high; how far two values lie apart, as a part of that
  log = {
    value = function(low, high, u)
      local ratio = high / low
      return ratio < math.huge and low * ratio ^ u or low ^ (1 - u) * high ^ u
    end,
    distance = function(low, high, a, b) return math.abs(math.log(a) - math.log(b)) / (math.log(high) - math.log(low)) end,
  },
  uniform = {
    value = function(low, high, u)
      local span = high - low
      return span < math.huge and low + span * u or low * (1 - u) + high * u
    end,
    distance = function(low, high, a, b) return math.abs(a / 2 - b / 2) / (high / 2 - low / 2) end,
  },
}
local least_digits <const>, nearest <const> = 4, 5e-4

--- A drawn number, rounded to the fewest digits (at least four) that keep it inside the range and
--- near its value: enough for a search, and readable in a table.
local function rounded(scale, low, high, value)
  for digits = least_digits, 17 do
    local rough = tonumber(("%%.%dg"):format(digits):format(value))
    if rough >= low and rough <= high and scales[scale].distance(low, high, rough, value) <= nearest then return rough end
  end
  return math.max(low, math.min(value, high))
end

--- A drawn whole number.
local function whole(scale, low, high, u)
  local span = high - low
  local value = scale == "uniform" and low + math.floor((span >= 0 and span or span + 2.0 ^ 64) * u + u) or scales[scale].value(low, high, u) + 0.5
  return math.max(low, math.min(math.tointeger(math.floor(value)) or high, high))
end

--- "log(1e-4,1e-2)", "uniform(0,1)".
local function continuous(declaration, text)
  local scale, low, high = text:match "^%s*(%a+)%s*%(([^,]+),([^,]+)%)%s*$"
  if not scales[scale] then fail(declaration, 'expected log(low,high) or uniform(low,high), found "%s"', text) end
  low, high = read(declaration, low), read(declaration, high)
  if not (low < high) then fail(declaration, "%s: the first number must be the smaller one", text) end
  if scale == "log" and low <= 0 then fail(declaration, "%s: a logarithm needs numbers above 0", text) end
  local draw = declaration.type == "integer" and function(u) return whole(scale, low, high, u) end
    or function(u) return rounded(scale, low, high, scales[scale].value(low, high, u)) end
  return { text = text, draw = function(u) return checked(declaration, draw(u)) end }
end

-- ---- the whole ----

--- Whether a text looks like several values for the declaration.
function axes.sweeps(declaration, text)
  if text:find(",", 1, true) then return true end
  return is_numeric(declaration) and text:find "[:(]" ~= nil
end

--- The axis that a text stands for, or its value where it names one, and nil; raises { usage }.
--- Strings and booleans have lists only. A comma inside quotes belongs to the value.
function axes.new(declaration, text)
  if text == "" and declaration.type ~= "string" then fail(declaration, "empty list") end
  local axis
  if is_numeric(declaration) and text:find("(", 1, true) then
    axis = continuous(declaration, text)
  else
    local items, problem = fields(text)
    if not items then fail(declaration, "%s: %s", text, problem) end
    local has_ranges = is_numeric(declaration) and text:find(":", 1, true)
    if #items == 1 and not has_ranges then return nil, read(declaration, items[1].text) end
    local parts = {}
    for i, item in ipairs(items) do
      parts[i] = has_ranges and item.text:find(":", 1, true) and range(declaration, item.text) or constant(declaration, item.text)
    end
    axis = #parts == 1 and parts[1] or join(parts)
  end
  axis.key = declaration.name
  return axis
end

return axes

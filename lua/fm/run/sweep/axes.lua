-- One key of a sweep and what it runs over: "1e-3,3e-3", "1:5", "0:1:0.25", "log(1e-4,1e-2)". An axis knows how many values it has before
-- it makes any, so that a billion of them can be refused at no cost:
--   { key, count, at(i) -> value }        a list, of which ranges may be parts
--   { key, draw(u) -> value }             a continuous range; u is uniform in 0..1
local parameters <const> = require "fm.run.parameters"

local axes <const> = {}

local function fail(declaration, message, ...)
  error({ usage = declaration.name .. ": " .. message:format(...) }, 0)
end

local function is_numeric(declaration)
  return declaration.type == "integer" or declaration.type == "number"
end

--- The value that a text says for the declaration; raises { usage }.
local function read(declaration, text)
  local value, message = parameters.read(declaration, text)
  if value == nil then error({ usage = message }, 0) end
  return value
end

--- A number without its limits, for the ends and the step of a range.
local function read_number(declaration, text)
  return read({ name = declaration.name, type = declaration.type }, text)
end

-- ---- ranges ----

--- How many values there are from first to last. Whole numbers are counted exactly, as far as their difference is one itself.
local function count_between(first, last, step)
  local span = last - first
  if math.type(step) == "integer" and (last >= first) == (span >= 0) then return span // step + 1 end
  return math.floor((last + 0.0 - first) / step + 1e-9) + 1
end

--- "first:last" or "first:last:step", both ends included as in Lua's for. Numbers are made with twelve digits, so that 0:1:0.1 says 0.3
--- where a list would.
local function range(declaration, text)
  local first, last, step = text:match "^([^:]+):([^:]+):?([^:]*)$"
  local downwards = step == "" and (" (downwards: %s:-1)"):format(text) or ""
  if not first or text:find ":$" then fail(declaration, 'expected first:last or first:last:step, found "%s"', text) end
  first, last = read_number(declaration, first), read_number(declaration, last)
  step = step == "" and 1 or read_number(declaration, step)
  if step == 0 then fail(declaration, "the step of %s is 0", text) end
  local count = count_between(first, last, step)
  if count < 1 then fail(declaration, "empty list: %s has no values%s", text, downwards) end
  local form = declaration.type == "integer" and "%d" or "%.12g"
  return { count = count, at = function(i) return read(declaration, form:format(first + (i - 1) * step)) end }
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

local scales <const> = { -- u in 0..1 to low..high
  log = function(low, high, u) return low * (high / low) ^ u end,
  uniform = function(low, high, u) return low + (high - low) * u end,
}

--- "log(1e-4,1e-2)", "uniform(0,1)". Four digits are drawn: enough for a search, and readable in a table.
local function continuous(declaration, text)
  local scale, low, high = text:match "^(%a+)%(([^,]+),([^,]+)%)$"
  if not scales[scale] then fail(declaration, 'expected log(low,high) or uniform(low,high), found "%s"', text) end
  low, high = read(declaration, low), read(declaration, high)
  if not (low < high) then fail(declaration, "%s: the first number must be the smaller one", text) end
  if scale == "log" and low <= 0 then fail(declaration, "%s: a logarithm wants numbers above 0", text) end
  local whole = declaration.type == "integer"
  return { text = text, draw = function(u)
    local value = whole and scale == "uniform" and low + math.floor(u * (high - low + 1)) or scales[scale](low, high, u)
    return read(declaration, whole and ("%d"):format(math.floor(value + 0.5)) or ("%.4g"):format(value))
  end }
end

-- ---- the whole ----

local function split(text)
  local items = {}
  for item in (text .. ","):gmatch "([^,]*)," do items[#items + 1] = item end
  return items
end

--- Whether a text for the declaration says more than one value could.
function axes.sweeps(declaration, text)
  if text:find(",", 1, true) then return true end
  return is_numeric(declaration) and text:find "[:(]" ~= nil
end

--- The axis that a text stands for; raises { usage }. Strings and booleans have lists only.
function axes.new(declaration, text)
  if text == "" then fail(declaration, "empty list") end
  local axis
  if is_numeric(declaration) and text:find("(", 1, true) then
    axis = continuous(declaration, text)
  else
    local parts = split(text)
    for i, item in ipairs(parts) do
      parts[i] = is_numeric(declaration) and item:find(":", 1, true) and range(declaration, item) or constant(declaration, item)
    end
    axis = #parts == 1 and parts[1] or join(parts)
  end
  axis.key = declaration.name
  return axis
end

return axes

-- Where an axis has ticks, and what they say. Each function returns a list of {at = value, label = text or nil}.
local plain_numbers <const> = require "fm.parts.plain_numbers"

local ticks <const> = {}

local most <const> = 200 -- more than any axis has

local function nice_step(raw)
  local power = 10.0 ^ math.floor(math.log(raw, 10))
  for _, step in ipairs { 1, 2, 5, 10 } do
    if step * power >= raw * (1 - 1e-9) then return step * power end
  end
end

local function text(value, decimals, largest)
  if value == 0 then return "0" end
  if largest >= 1e6 or decimals > 5 then return (("%.3g"):format(value):gsub("e([+-])0*(%d)", function(sign, digits)
    return "e" .. (sign == "-" and "-" or "") .. digits
  end)) end
  return ("%." .. decimals .. "f"):format(value)
end

--- The step of 1, 2 or 5 times a power of ten that makes at most `count` intervals of a range.
function ticks.step(low, high, count)
  count = math.max(count, 1)
  return nice_step(math.max(high / count - low / count, 1e-300)) -- the difference itself may be more than a number holds
end

--- unit: what the labels have been divided by (see limits.unit).
function ticks.linear(low, high, step, unit)
  local plain <close> = plain_numbers()
  unit = unit or 1
  local list, decimals = {}, math.max(0, math.ceil(-math.log(step * unit, 10) - 1e-9))
  local first, largest = math.ceil(low / step - 1e-9), math.max(math.abs(low), math.abs(high)) * unit
  for i = 0, math.min(most, (high / step + 1e-9 - first) // 1) do
    local at = (first + i) * step
    local label = at * unit
    list[#list + 1] = { at = at, label = label - label == 0 and text(label, decimals, largest) or nil }
  end
  return list
end

local function power_label(multiple, k)
  if k >= -3 and k <= 4 then return k >= 0 and ("%d"):format(multiple * 10 ^ k) or ("%." .. -k .. "f"):format(multiple * 10.0 ^ k) end
  return ("%de%d"):format(multiple, k)
end

-- Labels at these multiples of powers of ten; the first that gives three labels is taken.
local named <const> = { { 1 }, { 1, 2, 5 }, { 1, 2, 3, 4, 5, 6, 7, 8, 9 } }

local function with_labels(low, high, every, multiples)
  local list, labels, has = {}, 0, {}
  for _, multiple in ipairs(multiples) do has[multiple] = true end
  for k = math.floor(low), math.ceil(high) do
    for multiple = 1, (high - low) < 3.5 and 9 or 1 do -- over more decades, ticks between them would be a thicket
      local at = k + math.log(multiple, 10)
      if at >= low - 1e-9 and at <= high + 1e-9 then
        local label = has[multiple] and k % every == 0 and power_label(multiple, k) or nil
        if label then labels = labels + 1 end
        list[#list + 1] = { at = at, label = label }
      end
    end
  end
  return list, labels
end

--- Ticks of a logarithmic axis, at logarithms to base 10, low and high being such too.
function ticks.logarithmic(low, high, count)
  local plain <close> = plain_numbers()
  local every, list = math.max(1, math.ceil((high - low) / count)), nil
  for _, multiples in ipairs(named) do
    local labels
    list, labels = with_labels(low, high, every, multiples)
    if labels >= 3 then return list end
  end
  if low < -290 or high > 300 then return list end -- at the ends of what a double holds: no more than these
  local from, to = 10.0 ^ low, 10.0 ^ high -- less than a few multiples: steps as on a linear axis
  list = ticks.linear(from, to, ticks.step(from, to, count))
  for _, tick in ipairs(list) do tick.at = math.log(tick.at, 10) end
  return list
end

return ticks

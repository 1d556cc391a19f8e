-- Where an axis has ticks, and their labels: lists of {at = value, label = text or nil}.
local plain_numbers <const> = require "fm.parts.plain_numbers"

local ticks <const> = {}

local most <const> = 200 -- more than any axis needs

local function nice_step(raw)
  local power = 10.0 ^ math.floor(math.log(raw, 10))
  for _, step in ipairs { 1, 2, 5, 10 } do
    if step * power >= raw * (1 - 1e-9) then return step * power end
  end
end

local function exponent(v)
  return v > 0 and math.floor(math.log(v, 10) + 1e-9) or 0
end

-- `digits`: as many as it takes to tell one tick from the next.
local function text(value, decimals, largest, digits)
  if value == 0 then return "0" end
  if largest >= 1e6 or decimals > 5 then
    local long = ("%%.%dg"):format(digits):format(value)
    return (long:gsub("e([+-])0*(%d)", function(sign, digit) return "e" .. (sign == "-" and "-" or "") .. digit end))
  end
  return ("%." .. decimals .. "f"):format(value)
end

--- The step of 1, 2 or 5 times a power of ten that makes at most `count` intervals of a range.
function ticks.step(low, high, count)
  count = math.max(count, 1)
  -- the difference itself may overflow
  return nice_step(math.max(high / count - low / count, 1e-300))
end

--- unit: what the labels have been divided by (see limits.unit).
function ticks.linear(low, high, step, unit)
  local plain <close> = plain_numbers()
  unit = unit or 1
  local list, decimals = {}, math.max(0, math.ceil(-math.log(step * unit, 10) - 1e-9))
  local first, largest = math.ceil(low / step - 1e-9), math.max(math.abs(low), math.abs(high)) * unit
  local digits = math.max(1, math.min(exponent(largest) - exponent(step * unit) + 1, 17))
  local last -- near the largest numbers two neighbours may have the same label
  for i = 0, math.min(most, (high / step + 1e-9 - first) // 1) do
    local at = (first + i) * step
    local label = at * unit
    label = label - label == 0 and text(label, decimals, largest, digits) or nil
    list[#list + 1] = { at = at, label = label ~= last and label or nil }
    last = label
  end
  return list
end

local function power_label(multiple, k)
  if k >= -3 and k <= 4 then return k >= 0 and ("%d"):format(multiple * 10 ^ k) or ("%." .. -k .. "f"):format(multiple * 10.0 ^ k) end
  return ("%de%d"):format(multiple, k)
end

-- Labels at these multiples of powers of ten; the first that gives three labels is taken.
local rank_of <const> = { 1, 2, 3, 3, 2 } -- whose label stays when two meet
local named <const> = { { 1 }, { 1, 2, 5 }, { 1, 2, 3, 4, 5, 6, 7, 8, 9 } }

local function with_labels(low, high, every, multiples)
  local list, labels, has = {}, 0, {}
  for _, multiple in ipairs(multiples) do has[multiple] = true end
  for k = math.floor(low), math.ceil(high) do
    -- over more decades, ticks between them would be too dense
    for multiple = 1, (high - low) < 3.5 and 9 or 1 do
      local at = k + math.log(multiple, 10)
      if at >= low - 1e-9 and at <= high + 1e-9 then
        local label = has[multiple] and k % every == 0 and power_label(multiple, k) or nil
        if label then labels = labels + 1 end
        list[#list + 1] = { at = at, label = label, rank = rank_of[multiple] or 3 }
      end
    end
  end
  return list, labels
end

--- Ticks of a logarithmic axis, at logarithms to base 10, low and high are logarithms too.
function ticks.logarithmic(low, high, count)
  local plain <close> = plain_numbers()
  local every, list = math.max(1, math.ceil((high - low) / count)), nil
  for _, multiples in ipairs(named) do
    local labels
    list, labels = with_labels(low, high, every, multiples)
    if labels >= 3 then return list end
  end
  -- near the ends of the range of doubles: no more than these
  if low < -290 or high > 300 then return list end
  local from, to = 10.0 ^ low, 10.0 ^ high -- less than a few multiples: steps as on a linear axis
  list = ticks.linear(from, to, ticks.step(from, to, count))
  for _, tick in ipairs(list) do tick.at = math.log(tick.at, 10) end
  return list
end

-- ---- labels that fit ----

-- Removes labels that reach too far, and labels that meet one of a lower rank or an earlier one.
-- Returns how many stay, and whether one of rank 1 met another.
local function thin(list, axis, place)
  local kept, met = {}, false
  for rank = 1, 3 do
    for _, tick in ipairs(list) do
      if tick.label and (tick.rank or 1) == rank then
        local at, half = place(tick.at), axis.size_of(tick.label) / 2
        local inside, free = at - half >= -axis.overhang and at + half <= axis.length + axis.overhang, true
        for _, other in ipairs(kept) do free = free and (at + half <= other[1] or at - half >= other[2]) end
        if inside and free then kept[#kept + 1] = { at - half, at + half } else tick.label = nil end
        met = met or inside and not free and rank == 1
      end
    end
  end
  return #kept, met
end

local function places(axis)
  return function(at) return (at / 2 - axis.low / 2) / (axis.high / 2 - axis.low / 2) * axis.length end
end

--- The ticks of a linear axis at this step, or nil when their labels meet; and how many labels
--- there are.
function ticks.at_step(axis, step)
  local list = ticks.linear(axis.low, axis.high, step, axis.unit)
  local labels, met = thin(list, axis, places(axis))
  return not met and list or nil, labels
end

--- The ticks of an axis whose labels do not meet, and the step of a linear one. axis: low, high
--- (logarithms where `log` is set), unit, length (in pixels), count (at most so many intervals),
--- size_of (a label -> the pixels that it and the gap to the next take along the axis), overhang
--- (how far a label may reach beyond the ends). least: no step is smaller.
function ticks.fitting(axis, least)
  local low, high, list, count, place = axis.low, axis.high, nil, axis.count, places(axis)
  local function few() -- a label or two hardly tell a scale: finer steps where they give three
    local step = ticks.step(low, high, count)
    return high // step + low * -1 // step < 2
  end
  while not axis.log and few() and count < 3 * axis.count do count = count + 1 end
  local labels_most, best, step = 0, nil, nil -- of those whose labels met, the one that kept most
  for n = count, 1, -1 do
    if axis.log then
      list = ticks.logarithmic(low, high, n)
    else
      least = math.max(ticks.step(low, high, n), least or 0)
      list = ticks.linear(low, high, least, axis.unit)
    end
    local labels, met = thin(list, axis, place)
    if not met and labels > 1 then return list, least end
    if labels > labels_most then labels_most, best, step = labels, list, least end
  end
  return best or list, step or least
end

return ticks

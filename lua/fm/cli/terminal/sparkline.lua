-- A curve in one line of text: "█▅▃▂▂▁▁". The heights are logarithms when all numbers
-- are positive and span more than a factor of ten.
local bars <const> = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" }
local gap <const> = "·" -- nothing finite there

local function is_finite(v)
  return v - v == 0
end

--- The list, scaled down if its sums and differences would overflow.
local function held(values)
  local largest = 0
  for _, v in ipairs(values) do
    if is_finite(v) then largest = math.max(largest, math.abs(v + 0.0)) end
  end
  if largest < 1e290 then return values end
  local list = {}
  for i, v in ipairs(values) do list[i] = v * 0x1p-64 end
  return list
end

--- Means of the finite numbers in `width` equal parts of a list; nan for a part without any.
local function parts_of(values, width)
  local n = math.min(width, #values)
  local means = {}
  for i = 1, n do
    local sum, count = 0.0, 0
    for j = (i - 1) * #values // n + 1, i * #values // n do
      if is_finite(values[j]) then sum, count = sum + values[j], count + 1 end
    end
    means[i] = count > 0 and sum / count or 0 / 0
  end
  return means
end

local function range_of(values)
  local low, high = math.huge, -math.huge
  for _, v in ipairs(values) do
    if is_finite(v) then low, high = math.min(low, v), math.max(high, v) end
  end
  return low, high
end

--- The line, of at most `width` characters; empty for no numbers. `floor`, if given, is where the
--- lowest bar stands, unless values lie below it.
return function(values, width, floor)
  local means = parts_of(held(values), width)
  local low, high = range_of(means)
  if floor and math.abs(floor) < 1e290 then low = math.min(low, floor) end
  if low > 0 and high > 10 * low then
    for i, v in ipairs(means) do means[i] = math.log(v) end
    low, high = math.log(low), math.log(high)
  end
  local marks = {}
  for i, v in ipairs(means) do
    local height = high > low and (v - low) / (high - low) or 0
    marks[i] = is_finite(v) and bars[math.min(8, 1 + math.floor(height * 8))] or gap
  end
  return table.concat(marks)
end

-- Makes long curves short enough to draw.
local thin <const> = {}

local function finite(v)
  return v - v == 0
end

-- The lowest and the highest of x[from..to] in their order; when none is finite the first point, so
-- a gap stays a gap.
local function extremes(x, y, from, to, keep)
  local low, high
  for i = from, to do
    if finite(y[i]) then
      if not low or y[i] < y[low] then low = i end
      if not high or y[i] > y[high] then high = i end
    end
  end
  low, high = low or from, high or from
  if low > high then low, high = high, low end
  keep(x[low], y[low])
  if high ~= low then keep(x[high], y[high]) end
end

--- At most `most` points of a curve: its ends, and the lowest and highest point of each stretch
--- between them, so that no peak is lost.
function thin.extremes(x, y, most)
  local n = #x
  if n <= most then return x, y end
  local short_x, short_y = {}, {}
  local function keep(u, v) short_x[#short_x + 1], short_y[#short_y + 1] = u, v end
  keep(x[1], y[1])
  local stretches = (most - 2) // 2
  for k = 1, stretches do
    local from, to = 2 + (n - 2) * (k - 1) // stretches, 1 + (n - 2) * k // stretches
    if from <= to then extremes(x, y, from, to, keep) end
  end
  keep(x[n], y[n])
  return short_x, short_y
end

--- Where u lies between low and high, from 0 to 1; their difference itself may overflow.
local function part_of(u, low, high)
  return high > low and (u * 0.5 - low * 0.5) / (high * 0.5 - low * 0.5) or 0.0
end

--- What values are multiplied by, so that their sums do not overflow: 1, except for extreme values.
local function factor_of(y)
  for _, v in ipairs(y) do
    if finite(v) and math.abs(v + 0.0) > 1e290 then return 0x1p-64 end
  end
  return 1.0
end

--- The mean of the finite values in each of `count` equal stretches of low..high; nan where there
--- are none.
function thin.means(x, y, low, high, count)
  local sums, counts, means, factor = {}, {}, {}, factor_of(y)
  for k = 1, count do sums[k], counts[k] = 0.0, 0 end
  for i, u in ipairs(x) do
    if finite(y[i]) then
      local k = math.tointeger(math.max(1, math.min(count, part_of(u, low, high) * count // 1 + 1)))
      sums[k], counts[k] = sums[k] + y[i] * factor, counts[k] + 1
    end
  end
  for k = 1, count do means[k] = counts[k] > 0 and sums[k] / counts[k] / factor or 0 / 0 end
  return means
end

--- The middles of the stretches that thin.means has.
function thin.middles(low, high, count)
  local middles = {}
  for k = 1, count do
    local part = (k - 0.5) / count
    middles[k] = math.max(low, math.min(low * (1 - part) + high * part, high))
  end
  return middles
end

return thin

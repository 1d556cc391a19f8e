-- The part of the plane that a plot shows.
local core <const> = require "fm.core"

local limits <const> = {}

local most <const>, least <const> = 0x1p1022, 1e-290 -- of a range that can be divided into pixels

--- Checks an option {x0, x1, y0, y1}; returns the four as floats.
function limits.check(where, given)
  local ok, list = type(given) == "table" and #given == 4, {}
  for i = 1, ok and 4 or 0 do
    ok = ok and math.type(given[i]) ~= nil and given[i] >= -1e100 and given[i] <= 1e100
    list[i] = ok and given[i] + 0.0
  end
  if not (ok and list[1] < list[2] and list[3] < list[4]) then
    core.fail(where .. ": limits are four numbers {x0, x1, y0, y1} with x0 < x1 and y0 < y1")
  end
  if list[2] - list[1] < least or list[4] - list[3] < least then core.fail(where .. ": limits are closer to each other than 1e-290") end
  return list
end

--- A number, held within the numbers at which a range may end.
function limits.held(v)
  return math.max(-most, math.min(v + 0.0, most))
end

--- A little more than low..high on both sides, and a visible range when they are the same. What
--- lies beyond the largest range is outside.
function limits.widen(low, high, part)
  low, high = limits.held(low), limits.held(high)
  local range = high - low
  if range <= 1e-6 * math.max(math.abs(low), math.abs(high)) or range < least then
    local around = math.max(math.abs(low) * 0.1, 0.5)
    return low - around, high + around
  end
  return low - range * part, high + range * part
end

--- What numbers from low to high are divided by, so that their differences do not overflow: 1,
--- except near the largest doubles.
function limits.unit(low, high)
  local largest = math.max(math.abs(low + 0.0), math.abs(high + 0.0))
  if largest > 1e300 then return 1e10 end
  return largest < least and low < high and 1e-300 or 1
end

-- A few far points must not squeeze the rest into a dot: beyond twice the range of the middle 98 %
-- they are left outside (and counted).
local function reach(extent, k)
  local low, high = extent.inner_low[k], extent.inner_high[k]
  local range = high - low
  if range == 0 then return extent.low[k], extent.high[k] end
  return math.max(extent.low[k], low - range / 2), math.min(extent.high[k], high + range / 2)
end

--- The limits {x0, x1, y0, y1} around all points of a list of tensors [.., 2].
function limits.around(clouds)
  local low, high = { math.huge, math.huge }, { -math.huge, -math.huge }
  for _, points in ipairs(clouds) do
    local extent = core.picture.extent(points)
    for k = 1, extent and 2 or 0 do
      local from, to = reach(extent, k)
      low[k], high[k] = math.min(low[k], from), math.max(high[k], to)
    end
  end
  if low[1] > high[1] then return { 0, 1, 0, 1 } end -- not one finite point
  local x0, x1 = limits.widen(low[1], high[1], 0.04)
  local y0, y1 = limits.widen(low[2], high[2], 0.04)
  return { x0, x1, y0, y1 }
end

--- How many points lie outside or are not finite.
function limits.outside(points, box)
  local _, inside = core.picture.count(points, box[1], box[3], box[2], box[4], 1, 1)
  return points:count() // 2 - inside
end

return limits

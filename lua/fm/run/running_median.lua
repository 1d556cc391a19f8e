-- The median of the last values of a series. Nearly all values are far below a multiple of it: then
-- a bound that it cannot be under is enough, and nothing is sorted.
local running_median <const> = {}

local size <const> = 101 -- values
local least <const> = 20 -- before there is a median that says something

--- recent: the values in the order in which they came, a ring; last: the place of the newest.
--- lows: how many are 0 or below. bound: about half the median; below: how many values are under
--- it. sorted: room for sorting.
function running_median.new()
  return { recent = {}, last = 0, lows = 0, bound = 0.0, below = 0, sorted = {} }
end

--- Adds a finite number; beyond 101 the oldest one goes.
function running_median.add(window, value)
  local recent, bound, last = window.recent, window.bound, window.last % size + 1
  local old = recent[last]
  recent[last], window.last = value, last
  if value <= 0 then window.lows = window.lows + 1 end
  if value < bound then window.below = window.below + 1 end
  if not old then return end
  if old <= 0 then window.lows = window.lows - 1 end
  if old < bound then window.below = window.below - 1 end
end

--- The median of the last 101 values; the mean of the middle two of an even number. nil before 20
--- values, and while one of them is 0 or below: then a multiple of the median says nothing.
function running_median.of(window)
  local n = #window.recent
  if n < least or window.lows > 0 then return nil end
  local sorted = table.move(window.recent, 1, n, 1, window.sorted)
  table.sort(sorted)
  local low, high = sorted[(n + 1) // 2], sorted[n // 2 + 1]
  return low + (high - low) / 2
end

--- The median when `value` is above `factor` times it; otherwise nil.
function running_median.exceeded(window, value, factor)
  -- with less than half of the values under the bound, the median is not
  if 2 * window.below < #window.recent and value <= factor * window.bound then return nil end
  local median = running_median.of(window)
  if not median then return nil end
  local bound, below = median / 2, 0
  while below < #window.sorted and window.sorted[below + 1] < bound do below = below + 1 end
  window.bound, window.below = bound, below
  return value > factor * median and median or nil
end

--- The values of a window, the oldest first: added to a new one in this order they make the same.
function running_median.values(window)
  local recent, list = window.recent, {}
  local n = #recent
  for i = 1, n do list[i] = recent[n < size and i or (window.last + i - 1) % size + 1] end
  return list
end

return running_median

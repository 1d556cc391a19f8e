-- How far a metric of a run is above the floor that the run says (see fm.run.floors), from its
-- values: the floor and a text, "0.928 ± 0.005; the last tenth of the values is 0.951, 0.023 above
-- it"; nil without a floor.
local words <const> = require "fm.records.words"

-- The mean of the last tenth; nil when nothing there is finite.
local function last_tenth(y)
  local sum, count = 0.0, 0
  for i = #y - math.max(1, #y // 10) + 1, #y do
    if y[i] and y[i] - y[i] == 0 then sum, count = sum + y[i], count + 1 end
  end
  return count > 0 and sum / count or nil
end

return function(record, name, y)
  local floor = record.floors and record.floors[name]
  if not floor then return nil end
  local deviation, mean = record.floor_errors and record.floor_errors[name], last_tenth(y)
  local text = words.value(floor)
  if deviation then text = ("%s ± %s"):format(text, words.value(deviation)) end
  if not mean then return floor, text .. (#y == 0 and "; nothing was logged" or "; the last tenth of the values has no finite one") end
  local gap = words.value(math.abs(mean - floor))
  return floor, ("%s; the last tenth of the values is %s, %s %s it"):format(text, words.value(mean), gap, mean < floor and "below" or "above")
end

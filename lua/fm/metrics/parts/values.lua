-- What a metric returns: numbers, and after them whatever else. Their statistics over draws.
local fm <const> = require "fm.core"
local options <const> = require "fm.parts.options"

local values <const> = {}

--- The numbers at the beginning of `...`, as a list; at least one.
function values.numbers(where, ...)
  local list = {}
  for i = 1, select("#", ...) do
    local value = select(i, ...)
    if type(value) ~= "number" then break end
    list[i] = value
  end
  if #list == 0 then fm.fail(("%s: the metric returned %s: expected a number"):format(where, options.shown((...)))) end
  return list
end

function values.mean(list)
  local sum = 0.0
  for _, v in ipairs(list) do sum = sum + v end
  return sum / #list
end

--- The sample deviation (n - 1) of two values or more.
function values.deviation(list)
  local mean, squares = values.mean(list), 0.0
  for _, v in ipairs(list) do squares = squares + (v - mean) ^ 2 end
  return math.sqrt(squares / (#list - 1))
end

--- The value below which a share of the list lies; between two of them in proportion.
function values.quantile(list, share)
  local sorted = table.move(list, 1, #list, 1, {})
  table.sort(sorted)
  local at = 1 + share * (#sorted - 1)
  local below = math.floor(at)
  local above = math.min(below + 1, #sorted)
  return sorted[below] + (at - below) * (sorted[above] - sorted[below])
end

--- Lists of numbers, one for each draw -> lists of draws, one for each number.
function values.by_number(draws)
  local lists = {}
  for k = 1, #draws[1] do
    lists[k] = {}
    for i, draw in ipairs(draws) do lists[k][i] = draw[k] end
  end
  return lists
end

return values

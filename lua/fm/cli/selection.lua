-- Which of the runs a command line chooses: --where CONDITION, several times.
local filter <const> = require "fm.records.filter"

local selection <const> = {}

--- The records that meet all conditions of line.where; raises { usage }.
function selection.choose(list, line)
  local conditions = {}
  for i, text in ipairs(line.where or {}) do
    local condition, message = filter.parse(text)
    if condition then message = filter.unknown(list, condition.name) end
    if message then line.refuse("--where: " .. message) end
    conditions[i] = condition
  end
  return filter.apply(list, conditions)
end

--- What to say when none of a list was chosen.
function selection.none(list)
  return #list == 1 and "the one run there is does not fit" or ("none of the %d runs fits"):format(#list)
end

return selection

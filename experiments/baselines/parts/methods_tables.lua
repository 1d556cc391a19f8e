-- All methods of a data set of arms.of, the nearest to the data first: by quality and by cost. The
-- notes of a table hold for all data sets; quality returns those for this one as well.
local figures <const> = require "baselines.parts.figures"
local same_code <const> = require "baselines.parts.same_code"
local text_of <const> = require "baselines.parts.interval_text"

local methods_tables <const> = {}

local function sorted(methods)
  local list = {}
  for _, arm in pairs(methods) do list[#list + 1] = arm end
  table.sort(list, function(a, b) return a.distance < b.distance or a.distance == b.distance and a.name < b.name end)
  return list
end

--- The rates of an arm, the lowest first, and the one with the greatest mean distance.
local function rates_of(arm)
  local rates, worst = {}, nil
  for lr, d in pairs(arm.distances) do
    rates[#rates + 1] = lr
    if not worst or d > arm.distances[worst] then worst = lr end
  end
  table.sort(rates)
  return rates, worst
end

--- Whether the rates were wide enough, and what worst / best then tells.
local function about_rates(list)
  local several, highest, lowest, slow = 0, 0, 0, 0
  for _, arm in ipairs(list) do
    local rates, worst = rates_of(arm)
    if #rates > 1 then
      several = several + 1
      highest, lowest = highest + (arm.lr == rates[#rates] and 1 or 0), lowest + (arm.lr == rates[1] and 1 or 0)
      slow = slow + (worst == rates[1] and 1 or 0)
    end
  end
  if several == 0 then return nil end
  return ("Of %d methods, %d are best at the highest of their rates and %d at the lowest, so a better one may lie beyond. %d are worst at the lowest: there "
    .. "worst / best mainly tells how much too short the training is for that rate, not how stable it is."):format(several, highest, lowest, slow)
end

function methods_tables.quality(of_data)
  local rows, list, mean = {}, sorted(of_data.methods), figures.mean
  for i, arm in ipairs(list) do
    rows[i] = { arm.name, arm.lr, text_of(mean "distance" (arm)), figures.share(arm).text, text_of(figures.spread(arm)), text_of(mean "transport" (arm)) }
  end
  local own = same_code(of_data.runs)
  own[#own + 1] = about_rates(list)
  return { columns = { "method", "best lr", "distance", "have it", "worst / best", "way / optimal" }, rows = rows,
    notes = { "have it: the runs that have the quality, with the 95 % interval of their share; worst / best: the distance at the worst of the learning "
      .. "rates over that at the best." } }, own
end

function methods_tables.cost(of_data)
  local rows, mean = {}, figures.mean
  local columns <const> = { figures.seconds, figures.evaluations, figures.samples, mean("training_bytes", 1e-3), mean("sampling_bytes", 1e-3) }
  for i, arm in ipairs(sorted(of_data.methods)) do
    rows[i] = { arm.name }
    for k, figure in ipairs(columns) do rows[i][k + 1] = text_of(figure(arm)) end
  end
  return { columns = { "method", "CPU s", "evaluations", "1000 / CPU s", "train kB", "sample kB" }, rows = rows,
    notes = { "CPU s: of all training until the test that found the quality, for reflow that of its teacher too; evaluations: the fewest of the settings "
      .. "tried that give it; 1000 samples a CPU second with them; the most that tensors hold. (3 of 5): the mean is over those runs alone, which tells "
      .. "nothing of the others." } }
end

return methods_tables

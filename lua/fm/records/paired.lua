-- Compares the arms of a sweep with one of them, seed by seed. Runs with the same seed share data,
-- batches and noise, so the effect of the seed on both cancels in their difference: the difference
-- is known better than either mean.
local seeds <const> = require "fm.records.seeds"

local paired <const> = {}

--- The values of a summary by seed: of the runs that are done; of each seed the first.
local function by_seed(group, name)
  local values, list = {}, {}
  for _, run in ipairs(group.runs) do
    local value, seed = run.summary[name], run.config and run.config.seed
    if run.status == "done" and math.type(value) and value - value == 0 and seed ~= nil and values[seed] == nil then
      values[seed] = value
      list[#list + 1] = seed
    end
  end
  return values, list
end

--- The differences between a group's values and those of the reference: { group, mean, error (the
--- standard error of the mean, nil for one seed), count (seeds that both have), higher and lower
--- (how many of them) }; nil when they share no seed.
function paired.difference(group, reference, name)
  local own, list = by_seed(group, name)
  local others = by_seed(reference, name)
  local differences, higher, lower = {}, 0, 0
  for _, seed in ipairs(list) do
    if others[seed] then
      local d = own[seed] - others[seed]
      differences[#differences + 1] = d
      if d > 0 then higher = higher + 1 elseif d < 0 then lower = lower + 1 end
    end
  end
  local mean, deviation, count = seeds.spread(differences)
  if count == 0 then return nil end
  return { group = group, mean = mean, error = deviation and deviation / math.sqrt(count), count = count, higher = higher, lower = lower }
end

return paired

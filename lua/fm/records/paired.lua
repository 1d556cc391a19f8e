-- Compares the arms of a sweep with one of them, seed by seed. Runs with the same seed share data,
-- batches and noise, so the effect of the seed on both cancels in their difference: the difference
-- is known better than either mean.
local seeds <const> = require "fm.records.seeds"

local paired <const> = {}

--- The differences between a group's values and those of the reference: { group, mean, error (the
--- standard error of the mean, nil for one seed), count (seeds that both have), higher and lower
--- (how many of them) }; nil when they share no seed.
function paired.difference(group, reference, name)
  local _, own = seeds.values(group, name)
  local _, others = seeds.values(reference, name)
  local differences, higher, lower = {}, 0, 0
  for seed, value in pairs(own) do -- in order
    if others[seed] then
      local d = value - others[seed]
      differences[#differences + 1] = d
      if d > 0 then higher = higher + 1 elseif d < 0 then lower = lower + 1 end
    end
  end
  local mean, deviation, count = seeds.spread(differences)
  if count == 0 then return nil end
  return { group = group, mean = mean, error = deviation and deviation / math.sqrt(count), count = count, higher = higher, lower = lower }
end

return paired

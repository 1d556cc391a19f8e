-- What "the best run" means: the lowest (or highest) value of one summary.
local nearest <const> = require "fm.parts.nearest"
local padded <const> = require "fm.records.padded"

local objective <const> = {}

-- Usual names of summaries that should be low, the best known first. Other names come after them;
-- names that measure effort are never an objective.
local known <const> = { "w2", "wasserstein2", "sliced_wasserstein2", "w1", "wasserstein1", "mmd", "kid", "frechet_distance",
  "energy_distance", "error", "loss" }
local effort <const> = { nfe = true, steps = true, seconds = true, step = true }

--- Whether a result is a floor, or the floor's deviation or error: these measure the metric, not
--- the run.
function objective.is_floor(name)
  return name:find "floor$" ~= nil or name:find "floor_deviation$" ~= nil or name:find "floor_error$" ~= nil
end

--- Whether a result tells how certain another of names is: bits_error, when there is bits.
local function is_spread(name, names)
  local of = name:match "^(.+)_standard_error$" or name:match "^(.+)_error$" or name:match "^(.+)_deviation$"
  for _, other in ipairs(of and names or {}) do
    if other == of then return true end
  end
  return false
end

local function place(name, names)
  if effort[name] or objective.is_floor(name) or is_spread(name, names) then return nil end
  for i, word in ipairs(known) do
    if name == word then return i end
  end
  for i, word in ipairs(known) do
    if name:find(word, 1, true) then return #known + i end
  end
  return 3 * #known
end

--- Sorts names of summaries, the most telling first: those that can be an objective, then floors,
--- errors of others and effort; w2_2 before w2_16.
function objective.sort(names)
  local places = {}
  for _, name in ipairs(names) do places[name] = place(name, names) end
  table.sort(names, function(a, b)
    local first_a, first_b = places[a] or math.huge, places[b] or math.huge
    if first_a ~= first_b then return first_a < first_b end
    local key_a, key_b = padded(a), padded(b)
    if key_a ~= key_b then return key_a < key_b end
    return a < b
  end)
  return names
end

--- The names of the summaries that are numbers, in order; without those that repeat a parameter.
function objective.names(runs)
  local names, seen = {}, {}
  for _, run in ipairs(runs) do
    for name, value in pairs(run.summary) do
      if math.type(value) and not seen[name] and not (run.config and run.config[name] ~= nil) then
        seen[name] = true
        names[#names + 1] = name
      end
    end
  end
  return objective.sort(names)
end

--- The name and the direction, or nil, in the words of a user ("mmd", "accuracy:max").
local function read(given)
  local name, direction = given:match "^(.-):(%a+)$"
  return name or given, direction
end

--- nil, or what is wrong with the words of a user.
function objective.problem(runs, given)
  local name, direction = read(given)
  if direction and direction ~= "min" and direction ~= "max" then return ('%s: expected NAME, NAME:min or NAME:max'):format(given) end
  local names = objective.names(runs)
  for _, known_name in ipairs(names) do
    if known_name == name then return nil end
  end
  return ('no result is called "%s"%s'):format(name, nearest.advice(name, names))
end

--- { name, highest } from the words of a user, or guessed from the summaries; nil when there is
--- nothing to compare.
function objective.choose(runs, given)
  if given then
    local name, direction = read(given)
    return { name = name, highest = direction == "max" }
  end
  local names, best = objective.names(runs), nil
  for _, name in ipairs(names) do
    local rank = place(name, names)
    if rank and (not best or rank < best.rank) then best = { name = name, rank = rank, highest = name:find "accuracy" ~= nil } end
  end
  return best
end

--- The value of a run, or nil when it has none that can be compared.
function objective.value(chosen, run)
  local value = chosen and run.summary[chosen.name]
  return math.type(value) and value - value == 0 and value or nil
end

--- The runs that have a value, the best first.
function objective.ranked(chosen, runs)
  local list = {}
  for _, run in ipairs(runs) do
    if objective.value(chosen, run) and run.status == "done" then list[#list + 1] = run end
  end
  table.sort(list, function(a, b)
    local u, v = objective.value(chosen, a), objective.value(chosen, b)
    if u == v then return a.index < b.index end
    if chosen.highest then return u > v end
    return u < v
  end)
  return list
end

return objective

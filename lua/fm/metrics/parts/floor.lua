-- What a metric measures between two true samples: its value, or over several draws the mean and
-- the deviation of it.
local fm <const> = require "fm.core"
local options <const> = require "fm.parts.options"
local samples <const> = require "fm.metrics.parts.samples"
local values <const> = require "fm.metrics.parts.values"

local floor <const> = {}

--- The options without `draws`, or nil when none is left.
local function other_options(given)
  local rest
  for name, value in next, given do
    if name ~= "draws" then
      rest = rest or {}
      rest[name] = value
    end
  end
  return rest
end

--- Means, then deviations: of each number that f returns, over the draws deal(1) .. deal(n), each a
--- pair of samples.
local function over_draws(where, f, draws, deal, rest)
  local results = {}
  for i = 1, draws do
    local a, b = deal(i)
    results[i] = values.numbers(where, f(a, b, rest))
  end
  if draws == 1 then return table.unpack(results[1]) end
  local means, deviations = {}, {}
  for k, list in ipairs(values.by_number(results)) do
    means[k], deviations[k] = values.mean(list), values.deviation(list)
  end
  return table.unpack(table.move(deviations, 1, #deviations, #means + 1, means))
end

--- floor(a, b, options) of the metric f. `dealer(where, a, b)` gives deal(i) of the draws after the
--- first, which takes a and b as they are. A deal depends only on its number, so equal samples have
--- equal floors.
local function floor_of(name, f, dealer)
  local where <const> = name .. ".floor"
  return function(a, b, given, ...)
    if type(given) ~= "table" or given.draws == nil then return f(a, b, given, ...) end
    local draws, rest = options.turns(where .. ": draws", given.draws), other_options(given)
    local deal
    return over_draws(where, f, draws, function(i)
      if i == 1 then return a, b end
      deal = deal or dealer(where, a, b) -- f has seen a and b before
      return deal(fm.rng(0, "floor"):stream("draw " .. i))
    end, rest)
  end
end

--- The floor of a metric of two samples: a deal makes two samples of the same sizes from the rows
--- of both.
function floor.of_two(name, f)
  return floor_of(name, f, function(where, a, b)
    a, b = samples.as_they_are(where, a, b)
    local n, total = a:size(1), a:size(1) + b:size(1)
    local pool <const> = fm.cat(a, b, { axis = 1 })
    return function(rng)
      local rows = pool:index_select(rng:permutation(total), { axis = 1 })
      return rows[{ 1, n }], rows[{ n + 1, total }]
    end
  end)
end

--- The floor of a metric of one sample and something fixed: a deal draws rows of the sample, with
--- replacement.
function floor.of_one(name, f)
  return floor_of(name, f, function(where, a, fixed)
    a = samples.one(where, "a", a)
    return function(rng) return samples.drawn(a, rng), fixed end
  end)
end

return floor

-- What an arm of arms.lua was measured to be, in figures:
--   { mean, half, text, n: runs that have it, of: runs that there are, low, high, limit }
-- low and high are the ends of what the truth may be: the mean ± half of its 95 % interval over
-- seeds (Student's t), and as far again as the measurement cannot tell. They are nil when fewer
-- than two runs have the figure, or not all: a mean of those that reached the quality tells nothing
-- of the others, so nothing follows from it.
-- limit: what the measurement leaves open, as a text.
local fm <const> = require "fm"
local arms <const> = require "baselines.parts.arms"
local binomial <const> = require "baselines.parts.binomial"

local figures <const> = {}

local function mean_of(values, of)
  local found = fm.mean_over_seeds(values)
  found.of = of
  if found.half and found.n == of then found.low, found.high = found.mean - found.half, found.mean + found.half end
  return found
end

--- The mean of value(run) over the runs at the best rate.
local function at_best(arm, value)
  local list, runs = {}, arm.rates[arm.lr]
  for _, run in ipairs(runs) do
    local x = run.status == "done" and value(run)
    if math.type(x) then list[#list + 1] = x end
  end
  return mean_of(list, #runs)
end

--- arm -> the mean of a result, times `scale` (1).
function figures.mean(key, scale)
  return function(arm)
    return at_best(arm, function(run) return math.type(run.summary[key]) and run.summary[key] * (scale or 1) end)
  end
end

--- The same for a result of which each run tells two ends: own(run), which is stated, and
--- other(run).
local function between(word, own, other)
  return function(arm)
    local found, far = at_best(arm, own), at_best(arm, other)
    if not (found.low and far.low) then found.low, found.high = nil, nil return found end
    if far.mean ~= found.mean then found.limit = ("%s %s"):format(word, far.text) end
    found.low, found.high = math.min(found.low, far.low), math.max(found.high, far.high)
    return found
  end
end

local function nfe(run) return run.summary.nfe_to_quality end

--- The largest number of evaluations that was tried and was too few; where one is enough, one.
local function too_few(run)
  local before, enough
  for key in pairs(run.summary) do
    local n = math.tointeger(tonumber(key:match "^distance_(%d+)$"))
    if n and nfe(run) and n < nfe(run) then before = math.max(before or n, n) end
    enough = enough or n == 1
  end
  return before or enough and nfe(run)
end

figures.evaluations = between("over", nfe, too_few)

--- As many times more samples could be drawn with as many times fewer evaluations.
figures.samples = between("under", function(run)
  local rate = run.summary.samples_per_second
  return rate and rate / 1000
end, function(run)
  local rate, before = run.summary.samples_per_second, too_few(run)
  return rate and before and rate / 1000 * nfe(run) / before
end)

--- The quality was reached between this test and the one before.
figures.seconds = between("over", function(run) return run.summary.seconds_to_quality end, function(run)
  local s, checks = run.summary, run.config.checks
  return s.seconds_to_quality and s.training_seconds and checks and math.max(0.0, s.seconds_to_quality - s.training_seconds / checks)
end)

--- The share of an arm's runs, at all rates, that have the quality.
function figures.share(arm)
  local hits, n = 0, #arm.runs
  for _, run in ipairs(arm.runs) do hits = hits + (run.status == "done" and run.summary.reached or 0) end
  local low, high = binomial(hits, n)
  return { mean = hits / n, n = n, of = n, low = low, high = high, text = ("%d of %d (%.0f to %.0f %%)"):format(hits, n, low * 100, high * 100) }
end

--- How much farther from the data the worst rate is than the best one, seed by seed: of the seeds
--- that have all rates.
function figures.spread(arm)
  local by_seed, ratios, seeds, rates = {}, {}, 0, 0
  for _ in pairs(arm.rates) do rates = rates + 1 end
  if rates == 1 then return { text = "one rate", n = 0 } end
  for _, run in ipairs(arm.runs) do
    local d = run.status == "done" and run.summary.distance or math.huge
    local seed = by_seed[arms.seed(run)] or { low = math.huge, high = 0, rates = 0 }
    by_seed[arms.seed(run)] = seed
    seed.low, seed.high, seed.rates = math.min(seed.low, d), math.max(seed.high, d), seed.rates + 1
  end
  for _, seed in pairs(by_seed) do
    seeds = seeds + 1
    if seed.high == math.huge then return { text = "some have no samples", n = 0, of = 0 } end
    if seed.rates == rates then ratios[#ratios + 1] = seed.high / seed.low end
  end
  local found = mean_of(ratios, #ratios)
  found.of = seeds
  return found
end

return figures

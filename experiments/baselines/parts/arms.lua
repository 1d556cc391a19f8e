-- The runs of compare_baselines.lua by data set and method:
--   data -> { floor, quality, methods = { method -> arm } }
--   arm = { name, runs, rates = { lr -> runs }, lr: the rate with the least mean distance }
-- A run that diverged or failed has no results; it did not reach the quality. One that is not over
-- is left out, and of two runs alike the later one counts.
local fm <const> = require "fm"

local arms <const> = {}

local over <const> = { done = true, diverged = true, failed = true }
local varies <const> = { method = true, lr = true, seed = true, folder = true }

--- Raises when two runs of a data set differ in what is to be the same.
local function check(first, run)
  for key, value in pairs(run.config) do
    if not varies[key] and first.config[key] ~= value then
      fm.fail(("compare_table: %s and %s have other %s: %s and %s"):format(first.name, run.name, key, first.config[key], value))
    end
  end
end

--- Numbers of a result over runs, those that have it, times `scale` (1).
function arms.values(runs, key, scale)
  local list = {}
  for _, run in ipairs(runs) do
    if run.status == "done" and math.type(run.summary[key]) then list[#list + 1] = run.summary[key] * (scale or 1) end
  end
  return list
end

--- The mean of a result times `scale` at the best rate, with its interval; `runs` in it: how many
--- there are.
function arms.mean(arm, key, scale)
  local runs = arm.rates[arm.lr]
  local found = fm.mean_over_seeds(arms.values(runs, key, scale))
  found.runs = #runs
  return found
end

--- The share of an arm's runs, at all rates, that reached the quality: the mean over seeds, and in
--- it `counts`, as "3 of 6".
function arms.share(arm)
  local by_seed, shares, reached = {}, {}, 0
  for _, run in ipairs(arm.runs) do
    local seed, hit = run.config.seed or run.seed, run.status == "done" and run.summary.reached or 0
    by_seed[seed] = by_seed[seed] or {}
    table.insert(by_seed[seed], hit)
    reached = reached + hit
  end
  for _, hits in pairs(by_seed) do
    local sum = 0
    for _, hit in ipairs(hits) do sum = sum + hit end
    shares[#shares + 1] = sum / #hits
  end
  local found = fm.mean_over_seeds(shares)
  found.counts = ("%d of %d"):format(reached, #arm.runs)
  return found
end

--- The mean distance at a rate; infinite when a run had none.
local function distance(runs)
  local values = arms.values(runs, "distance")
  return #values == #runs and fm.mean_over_seeds(values).mean or math.huge
end

--- How much farther from the data the worst rate is than the best one, seed by seed.
function arms.spread(arm)
  local by_seed, ratios, rates = {}, {}, 0
  for _ in pairs(arm.rates) do rates = rates + 1 end
  if rates == 1 then return { text = "one rate", n = 0 } end
  for _, run in ipairs(arm.runs) do
    local d = run.status == "done" and run.summary.distance or math.huge
    local seed = by_seed[run.seed] or { low = math.huge, high = 0 }
    by_seed[run.seed], seed.low, seed.high = seed, math.min(seed.low, d), math.max(seed.high, d)
  end
  for _, seed in pairs(by_seed) do ratios[#ratios + 1] = seed.high / seed.low end
  for _, ratio in ipairs(ratios) do
    if ratio - ratio ~= 0 then return { text = "some have no samples", n = 0 } end
  end
  return fm.mean_over_seeds(ratios)
end

local function latest(list)
  local by_key = {}
  for _, run in ipairs(list) do
    local c = run.config
    if over[run.status] and c.method then by_key[("%s %s %s %s"):format(c.data, c.method, c.lr, c.seed)] = run end
  end
  return by_key
end

function arms.of(list)
  local found = {}
  for _, run in pairs(latest(list)) do
    local c = run.config
    local of_data = found[c.data] or { methods = {}, first = run }
    check(of_data.first, run)
    local arm = of_data.methods[c.method] or { name = c.method, runs = {}, rates = {} }
    found[c.data], of_data.methods[c.method] = of_data, arm
    arm.rates[c.lr] = arm.rates[c.lr] or {}
    table.insert(arm.rates[c.lr], run)
    table.insert(arm.runs, run)
    of_data.floor = run.summary.distance_floor or of_data.floor
  end
  for _, of_data in pairs(found) do
    of_data.quality = of_data.floor and of_data.floor * (1 + of_data.first.config.within)
    for _, arm in pairs(of_data.methods) do
      local least
      for lr, runs in pairs(arm.rates) do
        local d = distance(runs)
        if not least or d < least then least, arm.lr = d, lr end
      end
      arm.distance = least
    end
  end
  return found
end

return arms

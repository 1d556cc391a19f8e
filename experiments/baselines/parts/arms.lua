-- arms.of(list) -> the runs of compare_baselines.lua that count, by data set and method; a list of
-- them; and how many others there are, by status:
--   data -> { data, floor, quality, runs, methods = { method -> arm } }
--   arm = { name, runs, rates = { lr -> runs }, distances = { lr -> mean over the seeds that all
--     rates have }, lr: the rate with the least of them, distance: the mean over all its seeds }
-- A run that diverged or failed has no results; it did not reach the quality. One that is not over,
-- or cannot be read, is left out, and of two runs alike the later one counts.
local fm <const> = require "fm"

local arms <const> = {}

local over <const> = { done = true, diverged = true, failed = true }
local varies <const> = { method = true, lr = true, seed = true, folder = true }

function arms.seed(run) return run.config.seed or run.seed end

--- Raises when two runs of a data set differ in what is to be the same.
local function check(first, run)
  for key, value in pairs(run.config) do
    if not varies[key] and first.config[key] ~= value then
      fm.fail(("compare_table: %s and %s have other %s: %s and %s"):format(first.name, run.name, key, first.config[key], value))
    end
  end
end

--- The seeds that an arm has at every rate; nil when there are none.
local function common_seeds(arm)
  local count, common, rates = {}, {}, 0
  for _, runs in pairs(arm.rates) do
    rates = rates + 1
    for _, run in ipairs(runs) do count[arms.seed(run)] = (count[arms.seed(run)] or 0) + 1 end
  end
  for seed, n in pairs(count) do common[seed] = n == rates or nil end
  return next(common) and common
end

--- The mean distance at a rate, of these seeds (of all for nil); infinite when a run had none.
local function distance(runs, seeds)
  local values = {}
  for _, run in ipairs(runs) do
    local value = run.status == "done" and run.summary.distance
    if not math.type(value) or value - value ~= 0 then return math.huge end
    if not seeds or seeds[arms.seed(run)] then values[#values + 1] = value end
  end
  return fm.mean_over_seeds(values).mean
end

--- The runs that count, the oldest first, and how many others there are, by status.
local function counted(list)
  local by_key, runs, others = {}, {}, {}
  local function other(status) others[status] = (others[status] or 0) + 1 end
  for i = #list, 1, -1 do
    local run, c = list[i], list[i].config
    local key = ("%s %s %s %s"):format(c.data, c.method, c.lr, arms.seed(run))
    if not over[run.status] or not (c.data and c.method and c.lr) then other(run.status)
    elseif by_key[key] then other "made again"
    else
      by_key[key] = run
      table.insert(runs, 1, run)
    end
  end
  return runs, others
end

local function settle(arm)
  local seeds = common_seeds(arm)
  arm.distances = {}
  for lr, runs in pairs(arm.rates) do -- the lowest first
    local d, least = distance(runs, seeds), arm.distances[arm.lr]
    arm.distances[lr] = d
    if not least or d < least then arm.lr = lr end
  end
  arm.distance = distance(arm.rates[arm.lr])
end

function arms.of(list)
  local found, runs, others = {}, counted(list)
  for _, run in ipairs(runs) do
    local c = run.config
    local of_data = found[c.data] or { data = c.data, methods = {}, runs = {} }
    local arm = of_data.methods[c.method] or { name = c.method, runs = {}, rates = {} }
    found[c.data], of_data.methods[c.method] = of_data, arm
    check(of_data.runs[1] or run, run)
    arm.rates[c.lr] = arm.rates[c.lr] or {}
    for _, group in ipairs { of_data.runs, arm.runs, arm.rates[c.lr] } do table.insert(group, run) end
    of_data.floor = run.summary.distance_floor or of_data.floor
  end
  for _, of_data in pairs(found) do
    of_data.quality = of_data.floor and of_data.floor * (1 + of_data.runs[1].config.within)
    for _, arm in pairs(of_data.methods) do settle(arm) end
  end
  return found, runs, others
end

return arms

-- Runs against each other: the parameters that differ, and the results; runs that differ in nothing but the seed as one row, with the mean
-- and the deviation over the seeds.
local describe <const> = require "fm.records.describe"
local metrics_of <const> = require "fm.records.metrics"
local seeds <const> = require "fm.records.seeds"

local comparison <const> = {}

local not_finite <const> = { nan = 0 / 0, inf = math.huge, ["-inf"] = -math.huge }

--- Names of the parameters that two runs have with different values. What another experiment does not have at all tells nothing.
local function varying(runs)
  local first, seen = {}, {}
  for _, run in ipairs(runs) do
    for key, value in pairs(run.config) do
      if first[key] == nil then first[key] = value elseif first[key] ~= value then seen[key] = true end
    end
  end
  return describe.keys(seen)
end

--- Names of the results that are numbers in some run.
local function numeric_results(runs)
  local seen = {}
  for _, run in ipairs(runs) do
    for name, value in pairs(run.summary) do
      if math.type(value) or not_finite[value] then seen[name] = true end
    end
  end
  return describe.keys(seen)
end

--- The names a metric may have: results, and what the first run has logged.
function comparison.names(runs)
  local names = numeric_results(runs)
  for name in pairs(metrics_of(runs[1].path .. "/metrics.jsonl")) do names[#names + 1] = name end
  return names
end

--- Puts the last logged value of a metric among the results of the runs, where none has such a result.
local function add_last(runs, name)
  for _, run in ipairs(runs) do
    if run.summary[name] ~= nil then return end
  end
  for _, run in ipairs(runs) do
    local curve = metrics_of(run.path .. "/metrics.jsonl")[name]
    if curve then run.summary[name] = curve.y[#curve.y] end
  end
end

--- Mean, sample deviation (nil for one), and the number of finite values of a result over the runs that are done. What is no number
--- in any run stays as it is in the first.
local function spread(runs, name)
  local values = {}
  for _, run in ipairs(runs) do
    local value = run.summary[name]
    if run.status == "done" and math.type(value) then values[#values + 1] = value end
  end
  local mean, deviation, count = seeds.spread(values)
  return mean or runs[1].summary[name], deviation, count
end

--- Runs of one experiment whose values of `keys`, the seed aside, are the same; in the order of their first.
local function grouped(runs, keys)
  local groups, by_text = {}, {}
  for _, run in ipairs(runs) do
    local words = { run.experiment }
    for _, key in ipairs(keys) do
      if key ~= "seed" then words[#words + 1] = tostring(run.config[key]) end
    end
    local text = table.concat(words, "\0")
    if not by_text[text] then
      by_text[text] = {}
      groups[#groups + 1] = by_text[text]
    end
    table.insert(by_text[text], run)
  end
  return groups
end

local function status_of(group)
  local counts = {}
  for _, run in ipairs(group) do counts[run.status] = (counts[run.status] or 0) + 1 end
  local words = {}
  for _, status in ipairs(describe.keys(counts)) do words[#words + 1] = #group > 1 and counts[status] .. " " .. status or status end
  return table.concat(words, ", ")
end

--- A row: runs, experiment, status, config (the varying keys), summary (name -> mean or value), deviation, count (both by name).
local function row_of(group, keys, metrics)
  local row = { runs = group, experiment = group[1].experiment, status = status_of(group), config = {}, summary = {}, deviation = {}, count = {} }
  for _, key in ipairs(keys) do row.config[key] = group[1].config[key] end
  for _, name in ipairs(metrics) do
    if #group == 1 then
      row.summary[name] = group[1].summary[name]
    else
      row.summary[name], row.deviation[name], row.count[name] = spread(group, name)
    end
  end
  return row
end

--- Compares runs. options: metrics (names; else all results), each (a row per run). Returns { keys, metrics, rows, mixed (experiments),
--- over_seeds }.
function comparison.of(runs, options)
  for _, name in ipairs(options.metrics or {}) do add_last(runs, name) end
  local keys, metrics, groups = varying(runs), options.metrics or numeric_results(runs), {}
  local found = grouped(runs, keys)
  local over_seeds = not options.each and #found < #runs
  if over_seeds then groups = found else for i, run in ipairs(runs) do groups[i] = { run } end end
  local result = { keys = {}, metrics = metrics, rows = {}, over_seeds = over_seeds, mixed = false }
  for _, key in ipairs(keys) do
    if not (over_seeds and key == "seed") then table.insert(result.keys, key) end
  end
  for i, group in ipairs(groups) do
    result.rows[i] = row_of(group, result.keys, metrics)
    result.mixed = result.mixed or result.rows[i].experiment ~= result.rows[1].experiment
  end
  return result
end

return comparison

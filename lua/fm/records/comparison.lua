-- Compares runs: the parameters that differ, and the results. Runs that differ only in the seed are
-- one row, with the mean and the deviation over the seeds. Runs made by different code never share
-- a row, even with equal parameters.
local fm <const> = require "fm"
local describe <const> = require "fm.records.describe"
local metrics_of <const> = require "fm.records.metrics"
local not_finite <const> = require "fm.records.not_finite"
local seeds <const> = require "fm.records.seeds"
local value_of <const> = require "fm.records.value_of"

local comparison <const> = {}

--- Names of the parameters that have different values in two runs. A parameter that another
--- experiment lacks does not count.
function comparison.varying(runs)
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

--- Whether two runs of one experiment had the same code, as far as both had read its files.
local function same_code(a, b)
  local hashes = {}
  for _, file in ipairs(a.code or {}) do hashes[file.path] = file.hash end
  for _, file in ipairs(b.code or {}) do
    if hashes[file.path] and hashes[file.path] ~= file.hash then return false end
  end
  return true
end

--- The digest of the code of a run, short; nil when it is not known.
local function code_of(run)
  return run.code and fm.file.hash(fm.json.encode(run.code)):sub(1, 8)
end

local function code_differs(runs)
  local first = {}
  for _, run in ipairs(runs) do
    local other = first[run.experiment]
    first[run.experiment] = other or run
    if other and not same_code(other, run) then return true end
  end
  return false
end

--- The code that made each run, as a short digest: runs with the same code get the digest of the
--- first of them. nil when all runs had the same code.
function comparison.codes(runs)
  if not code_differs(runs) then return nil end
  local firsts, codes = {}, {}
  for i, run in ipairs(runs) do
    for _, first in ipairs(firsts) do
      if first.experiment == run.experiment and same_code(first, run) then codes[i] = codes[i] or code_of(first) end
    end
    if not codes[i] then firsts[#firsts + 1], codes[i] = run, code_of(run) or "unknown" end
  end
  return codes
end

--- Mean, sample deviation (nil for one), and the number of finite values of a result over the runs
--- that are done, each seed once. A result that is not a number in any run keeps its value in the
--- first.
local function spread(runs, name)
  local mean, deviation, count = seeds.spread((seeds.values({ runs = runs }, name)))
  return mean or runs[1].summary[name], deviation, count
end

--- The group of a list that has the run's code, or a new one.
local function with_code_of(groups, run)
  for _, group in ipairs(groups) do
    if same_code(group[1], run) then return group end
  end
  groups[#groups + 1] = {}
  return groups[#groups], true
end

--- Groups runs of one experiment that have the same code and, except for the seed, the same values
--- of `keys`; in the order of the first run of each.
local function grouped(runs, keys)
  local groups, by_text = {}, {}
  for _, run in ipairs(runs) do
    local text = seeds.arm_text(run, run.config, keys)
    by_text[text] = by_text[text] or {}
    local group, is_new = with_code_of(by_text[text], run)
    if is_new then groups[#groups + 1] = group end
    table.insert(group, run)
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

local function count_seeds(runs)
  local seen, count = {}, 0
  for _, run in ipairs(runs) do
    local seed = run.config.seed or run
    count, seen[seed] = seen[seed] and count or count + 1, true
  end
  return count
end

--- A row: runs, seeds (how many), experiment, status, config (the varying keys), summary (name ->
--- mean or value), deviation, count (both by name).
local function row_of(group, keys, metrics)
  local row = { runs = group, seeds = count_seeds(group), experiment = group[1].experiment, status = status_of(group), config = {}, summary = {},
    deviation = {}, count = {} }
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

--- Compares runs. options: metrics (from fm.records.value_of; else all results), each (a row per
--- run). Returns { keys, metrics, rows, mixed (experiments), over_seeds, code_differs }; when
--- code differs, each row has a digest `code`.
function comparison.of(runs, options)
  local keys, metrics, groups = comparison.varying(runs), options.metrics and {} or numeric_results(runs), {}
  value_of.add(runs, options.metrics or {})
  for i, parsed in ipairs(options.metrics or {}) do metrics[i] = parsed.text end
  local found = grouped(runs, keys)
  local over_seeds = not options.each and #found < #runs
  if over_seeds then groups = found else for i, run in ipairs(runs) do groups[i] = { run } end end
  local result = { keys = {}, metrics = metrics, rows = {}, over_seeds = over_seeds, mixed = false, code_differs = code_differs(runs) }
  for _, key in ipairs(keys) do
    if not (over_seeds and key == "seed") then table.insert(result.keys, key) end
  end
  for i, group in ipairs(groups) do
    result.rows[i] = row_of(group, result.keys, metrics)
    if result.code_differs then result.rows[i].code = code_of(group[1]) end
    result.mixed = result.mixed or result.rows[i].experiment ~= result.rows[1].experiment
  end
  return result
end

return comparison

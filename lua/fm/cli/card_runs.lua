-- The runs of a card: those that there are, found by their parameters and seed wherever they lie in
-- the folder of runs, and those that are still to do.
local card_origin <const> = require "fm.cli.card_origin"
local fm <const> = require "fm"
local machine <const> = require "fm.cli.machine"
local parameters <const> = require "fm.run.parameters"
local records <const> = require "fm.records.runs"
local sorted_keys <const> = require "fm.parts.sorted_keys"

local card_runs <const> = {}

-- ---- matching ----

--- A text that is the same for equal parameters but the seed; nil when a script has not these
--- parameters. What a config lacks has its default: parameters that a script got later do not hide
--- a run.
local function identity(script, config)
  local values = parameters.recorded(script.experiment.parameters, config)
  if not values then return nil end
  values.seed = nil
  return fm.json.encode(values)
end

local function rows_by_identity(script)
  local rows = {}
  for i, row in ipairs(script.card.rows) do rows[identity(script, row.values)] = i end
  return rows
end

--- Whether a run is rather to be shown than another of the same row and seed: one that is done, one
--- of the script as it is now, and the later one.
local function is_better(a, b, digest)
  if not b then return true end
  local function rank(run) return (run.status == "done" and 2 or 0) + (run.code == digest and 1 or 0) end
  return rank(a) >= rank(b)
end

--- Nothing found, for each row.
function card_runs.none(script)
  local found = {}
  for i = 1, #script.card.rows do found[i] = {} end
  return found
end

--- What there is: found[row][seed] = { status, seed, seconds, date, code, fmrun, commit,
--- values (the summary), record }.
function card_runs.find(script, base, seeds)
  local rows, digest, found = rows_by_identity(script), script.files[script.path], card_runs.none(script)
  for _, record in ipairs(records.list(base, script.experiment.name)) do
    local i, seed = rows[identity(script, record.config)], record.config.seed
    local real = record.versions and record.versions.real or fm.real
    if i and real == fm.real and math.type(seed) == "integer" and seed >= 1 and seed <= seeds then
      local run = card_origin.of_record(record)
      run.status, run.seed, run.seconds, run.values, run.record = record.status, seed, record.seconds, record.summary, record
      run.date = (record.ended or record.started):match "^[%d-]+"
      if is_better(run, found[i][seed], digest) then found[i][seed] = run end
    end
  end
  return found
end

--- The same from a result that was committed.
function card_runs.of_result(script, result, seeds)
  local rows, found = rows_by_identity(script), card_runs.none(script)
  for _, row in ipairs(result.rows) do
    local i = rows[identity(script, row.config)]
    for _, run in ipairs(i and row.runs or {}) do
      if run.seed >= 1 and run.seed <= seeds then
        local kept = { status = "done", date = result.date }
        for _, key in ipairs { "seed", "seconds", "code", "data", "fmrun", "commit", "values", "machine" } do kept[key] = run[key] end
        found[i][run.seed] = kept
      end
    end
  end
  return found
end

--- Adds the runs of a committed result to those that were found, where none of that row and seed is
--- done. They keep the machine that they ran on.
function card_runs.add(script, found, result, seeds)
  for i, by_seed in ipairs(card_runs.of_result(script, result, seeds)) do
    for seed, run in pairs(by_seed) do
      run.machine = run.machine or machine.text(result.machine)
      local there = found[i][seed]
      if not (there and there.status == "done") then found[i][seed] = run end
    end
  end
end

-- ---- the result ----

local function runs_of(by_seed, seeds, keys)
  local list = fm.json.array {}
  for seed = 1, seeds do
    local run = by_seed[seed]
    if run and run.status == "done" then
      local values = {}
      for _, key in ipairs(keys) do values[key] = run.values[key] end
      list[#list + 1] = { seed = seed, seconds = run.seconds or 0, code = run.code, data = run.data, fmrun = run.fmrun, commit = run.commit,
        values = values, machine = run.machine }
    end
  end
  return list
end

--- How many runs of a row are in each status but done.
local function unfinished_of(by_seed)
  local counts = {}
  for _, run in pairs(by_seed) do
    if run.status ~= "done" then counts[run.status] = (counts[run.status] or 0) + 1 end
  end
  return counts
end

--- The names of the summary that a result keeps.
local function keys_of(card)
  local keys = {}
  for _, column in ipairs(card.results) do
    keys[#keys + 1] = column.key
    keys[#keys + 1] = column.floor
  end
  return keys
end

--- The records of the runs that are done, and the day of the latest of them.
local function records_in(found)
  local list, date = {}, nil
  for _, by_seed in ipairs(found) do
    for _, run in pairs(by_seed) do
      if run.status == "done" then
        list[#list + 1] = run.record
        if not date or run.date and run.date > date then date = run.date end
      end
    end
  end
  return list, date
end

--- What a result says that is not of its runs: what the card says, and its data as they are now.
function card_runs.said(script)
  local card, rows = script.card, {}
  for i, row in ipairs(card.rows) do
    rows[i] = { name = row.name, params = row.params, config = row.values, published = row.published, because = row.because }
  end
  return { kind = "card", name = script.title, title = card.title, source = card.source, digest = script.files[script.path],
    data = card_origin.data(script), protocol = card.protocol, results = card.results, rows = rows }
end

--- The result (see fm.records.card_result) of what was found. saved: the one that lies beside the
--- card, or nil. committed: the same when all is from there, and no runs were found.
function card_runs.result(script, found, seeds, saved, committed)
  local keys, list, date = keys_of(script.card), records_in(found)
  local result, unfinished = card_runs.said(script), {}
  card_origin.add_data(script, found, saved and card_runs.of_result(script, saved, seeds))
  result.script, result.seeds, result.seconds = script.path, seeds, 0.0
  result.command = "fmrun card " .. script.title .. (seeds ~= script.card.seeds and " --seeds " .. seeds or "")
  result.date, result.machine = date or os.date "!%Y-%m-%d", committed and committed.machine or machine.of_records(list)
  for i, row in ipairs(result.rows) do
    row.runs, unfinished[i] = runs_of(found[i], seeds, keys), unfinished_of(found[i])
    for _, run in ipairs(row.runs) do result.seconds = result.seconds + run.seconds end
  end
  return result, unfinished
end

-- ---- what is to do ----

--- The runs that are neither done nor running, as a plan for fm.cli.sweep, and how many run now.
function card_runs.plan(script, found, seeds)
  local names, runs, running = { seed = true }, {}, 0
  for _, row in ipairs(script.card.rows) do
    for name in pairs(row.params) do names[name] = true end
  end
  local keys = sorted_keys(names)
  for seed = 1, seeds do -- a seed of every row before the next: an interrupted card has some of each
    for i, row in ipairs(script.card.rows) do
      local there = found[i][seed]
      local values, changed = {}, {}
      for name, value in pairs(row.values) do values[name] = value end
      values.seed = seed
      for k, key in ipairs(keys) do changed[k] = { key, values[key] } end
      if there and there.status == "running" then
        running = running + 1
      elseif not (there and there.status == "done") then
        runs[#runs + 1] = { script = script, values = values, changed = changed }
      end
    end
  end
  return { runs = runs, keys = keys, fixed = {}, is_sweep = true }, running
end

return card_runs

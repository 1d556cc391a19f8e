-- The runs of a card: those that there are, found by their parameters and seed wherever they lie in
-- the folder of runs, and those that are still to do.
local commit_of <const> = require "fm.run.commit"
local fm <const> = require "fm"
local machine <const> = require "fm.cli.machine"
local parameters <const> = require "fm.run.parameters"
local records <const> = require "fm.records.runs"
local scripts <const> = require "fm.cli.scripts"
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

--- The digest that the script of a run had.
local function digest_of(record)
  for _, file in ipairs(record.code or {}) do
    if file.path == record.script then return file.hash end
  end
  return nil
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

--- What there is: found[row][seed] = { status, seed, seconds, code, values (the summary), record }.
function card_runs.find(script, base, seeds)
  local rows, digest, found = rows_by_identity(script), script.files[script.path], card_runs.none(script)
  for _, record in ipairs(records.list(base, script.experiment.name)) do
    local i, seed = rows[identity(script, record.config)], record.config.seed
    local real = record.versions and record.versions.real or fm.real
    if i and real == fm.real and math.type(seed) == "integer" and seed >= 1 and seed <= seeds then
      local run = { status = record.status, seed = seed, seconds = record.seconds, code = digest_of(record), values = record.summary, record = record }
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
        found[i][run.seed] = { status = "done", seed = run.seed, seconds = run.seconds, code = run.code, values = run.values, machine = run.machine }
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
      list[#list + 1] = { seed = seed, seconds = run.seconds or 0, code = run.code, values = values, machine = run.machine }
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

--- The digest of what the card's data function draws, and the shapes. Files that it requires are no
--- code of the card's runs, which do not call it.
local function data_of(script)
  local files = {}
  for path in pairs(script.files) do files[path] = true end
  local drawn = table.pack(scripts.within(script, pcall, script.card.data, fm.rng(1, "card")))
  if not drawn[1] then error({ message = ("%s: card: data: %s"):format(script.path, tostring(drawn[2])), exit = 1 }, 0) end
  for path in pairs(script.files) do
    if not files[path] then script.files[path] = nil end
  end
  local shapes, parts = fm.json.array {}, {}
  for i = 2, drawn.n do
    local tensor = drawn[i]
    if not fm.is_tensor(tensor) then error({ message = ("%s: card: data: expected tensors, found a %s"):format(script.path, type(tensor)), exit = 1 }, 0) end
    shapes[#shapes + 1] = fm.json.array(tensor:shape())
    local numbers, packed = tensor:reshape(tensor:count()):totable(), {}
    for k, number in ipairs(numbers) do packed[k] = ("<f"):pack(number) end
    parts[#parts + 1] = fm.json.encode(shapes[#shapes]) .. table.concat(packed)
  end
  return { digest = fm.file.hash(table.concat(parts)), shapes = shapes }
end

local function columns_of(card)
  local columns, keys = {}, {}
  for i, column in ipairs(card.results) do
    columns[i] = column
    keys[#keys + 1] = column.key
    keys[#keys + 1] = column.floor
  end
  return columns, keys
end

local function records_in(found)
  local list = {}
  for _, by_seed in ipairs(found) do
    for _, run in pairs(by_seed) do
      if run.status == "done" and run.record then list[#list + 1] = run.record end
    end
  end
  return list
end

--- The result (see fm.records.card_result) of what was found. committed: where it is from, when it
--- is not from runs.
function card_runs.result(script, found, seeds, committed)
  local card, list = script.card, records_in(found)
  local columns, keys = columns_of(card)
  local commit = commit_of(script.path, {})
  script.drawn = script.drawn or data_of(script) -- which may take a while
  local result = { kind = "card", name = script.title, title = card.title, source = card.source, script = script.path, digest = script.files[script.path],
    command = "fmrun card " .. script.title .. (seeds ~= card.seeds and " --seeds " .. seeds or ""), date = os.date "!%Y-%m-%d", fmrun = fm.version,
    commit = commit and commit.hash, machine = machine.of_records(list), seconds = 0.0, seeds = seeds, data = script.drawn, protocol = card.protocol,
    results = columns, rows = {} }
  if committed then
    for _, key in ipairs { "date", "fmrun", "commit", "machine" } do result[key] = committed[key] end
  end
  local unfinished = {}
  for i, row in ipairs(card.rows) do
    result.rows[i] = { name = row.name, params = row.params, config = row.values, published = row.published, because = row.because,
      runs = runs_of(found[i], seeds, keys) }
    unfinished[i] = unfinished_of(found[i])
    for _, run in ipairs(result.rows[i].runs) do result.seconds = result.seconds + run.seconds end
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

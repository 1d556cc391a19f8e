-- The runs in a folder, read from their files. A record is what run.json says, and path, name
-- ("moons/20260712-153012-7f3a1c2d"), parts of the name, id (the shortest part that tells it apart)
-- and sweep (the name of its sweep). Its status may also be "lost" (run.json says it runs, but no
-- process runs it) or "damaged" (run.json is missing or torn; error says how). config and summary
-- are always tables.
local fm <const> = require "fm"
local lfs <const> = require "lfs"
local match <const> = require "fm.records.match"
local names_in <const> = require "fm.records.names_in"
local nearest <const> = require "fm.parts.nearest"
local own_files <const> = require "fm.records.own_files"
local read_json <const> = require "fm.records.run_json"

local records <const> = {}

-- ---- reading ----

--- When a run began, from its folder's name: "2026-07-12T15:30:12Z".
local function time_in(part)
  local y, m, d, hour, minute, second = part:match "^(%d%d%d%d)(%d%d)(%d%d)%-(%d%d)(%d%d)(%d%d)%-"
  return y and ("%s-%s-%sT%s:%s:%sZ"):format(y, m, d, hour, minute, second)
end

--- Whether a process holds the run; unknown where there are no locks.
local function is_held(path)
  local locked = fm.system.locked
  return not locked or locked(path .. "/lock")
end

--- The record of the run in a folder.
function records.read(path, name)
  local record, message = read_json(path .. "/run.json")
  record = record or { status = "damaged", error = message }
  if record.status == "running" and not is_held(path) then record.status = "lost" end
  record.path, record.name, record.parts = path, name, match.split(name)
  local last = record.parts[#record.parts] or name
  record.id = match.hash(last)
  record.sweep = name:match "^(.*/sweep%-%x+)/[^/]+$"
  record.experiment = record.experiment or record.parts[#record.parts - (record.sweep and 2 or 1)] or "?"
  record.started = record.started or time_in(last) or ""
  record.config, record.summary = record.config or {}, record.summary or {}
  return record
end

-- ---- scanning ----

--- The names in a folder that do not begin with a dot, in order; none when it is not a folder or
--- cannot be read.
function records.names_in(path)
  local names = {}
  for _, name in ipairs(names_in(path)) do
    if name:sub(1, 1) ~= "." then names[#names + 1] = name end
  end
  return names
end

local function has_run(path)
  return lfs.attributes(path .. "/run.json", "mode") == "file"
end

local single <const>, part_of_sweep <const> = "^%d+%-%d+%-%x+", "^%x%x%x%x%x%x%x%x%-?%d*$"

local function add_run(list, path, name, pattern)
  -- without a run.json the run was killed as it began; a folder where `rm` left only files that no
  -- run made is not a run any more
  if has_run(path) or name:match("[^/]*$"):find(pattern) and own_files.any_of_run(path) then
    list[#list + 1] = { path = path, name = name }
  end
end

local function add_runs_of_sweep(list, path, name)
  for _, inner in ipairs(records.names_in(path)) do add_run(list, path .. "/" .. inner, name .. "/" .. inner, part_of_sweep) end
end

local function scan_experiment(base, experiment, runs, sweeps)
  for _, inner in ipairs(records.names_in(base .. "/" .. experiment)) do
    local name = experiment .. "/" .. inner
    local path = base .. "/" .. name
    if inner:find "^sweep%-%x+$" then
      sweeps[#sweeps + 1] = { path = path, name = name, is_sweep = true }
      add_runs_of_sweep(runs, path, name)
    else
      add_run(runs, path, name, single)
    end
  end
end

--- The folders of runs and of sweeps, as { path, name }. A run with a given folder (--folder
--- runs/mine) can also lie in `base` itself.
local function scan(base)
  local runs, sweeps = {}, {}
  for _, name in ipairs(records.names_in(base)) do
    if has_run(base .. "/" .. name) then
      runs[#runs + 1] = { path = base .. "/" .. name, name = name }
    else
      scan_experiment(base, name, runs, sweeps)
    end
  end
  return runs, sweeps
end

local function is_older(a, b)
  if a.started ~= b.started then return a.started < b.started end
  return a.name < b.name
end

--- The records of runs, the oldest first.
local function read_all(runs)
  local list = {}
  for i, run in ipairs(runs) do list[i] = records.read(run.path, run.name) end
  table.sort(list, is_older)
  return list
end

--- All records below `base` (or of one experiment), the oldest first.
function records.list(base, experiment)
  local list = read_all((scan(base)))
  if not experiment then return list end
  local own = {}
  for _, record in ipairs(list) do
    if record.experiment == experiment then own[#own + 1] = record end
  end
  return own
end

-- ---- finding ----

local code <const> = { usage = 2, nothing = 3 }

local function names_text(list)
  local shown = {}
  for i = 1, math.min(#list, 8) do shown[i] = "\n  " .. list[i].name end
  return table.concat(shown) .. (#list > 8 and ("\n  and %d more"):format(#list - 8) or "")
end

local function nothing(base, word, all)
  if #all == 0 then return nil, ('no run is called "%s": there are none in %s'):format(word, base), code.nothing end
  local depth = #match.split(word)
  local names = depth > 0 and match.spellings(all, depth) or {}
  for _, thing in ipairs(all) do names[#names + 1] = thing.parts[1] end
  return nil, ('no run is called "%s"%s'):format(word, nearest.advice(word, names, "; fmrun ls lists them")), code.nothing
end

local function by_age(base, word)
  local back = math.tointeger(tonumber(word:match "^@%-(%d+)$"))
  if not back or back == 0 then return nil, ('expected @-1 (the last run), @-2, ..., found "%s"'):format(word), code.usage end
  local list = records.list(base)
  if list[#list + 1 - back] then return list[#list + 1 - back] end
  return nil, ("%s: there %s in %s"):format(word, #list == 1 and "is one run" or ("are %d runs"):format(#list), base), code.nothing
end

--- The sweep in a folder, as a group (see target).
function records.sweep(path, name)
  local runs = {}
  add_runs_of_sweep(runs, path, name)
  return { kind = "sweep", path = path, name = name, id = match.hash(name:match "[^/]*$"), runs = read_all(runs) }
end

--- The experiment of a name, if there are runs or sweeps of it. Its field `sweeps` has the folders
--- of its sweeps, { path, name }: one may have no runs yet.
local function experiment_of(base, word, sweeps)
  local runs, own = word:find "^[%w_][%w_.-]*$" and records.list(base, word) or {}, {}
  for _, sweep in ipairs(sweeps) do own[#own + 1] = sweep.parts[1] == word and sweep or nil end
  if #runs == 0 and #own == 0 then return nil end
  return { kind = "experiment", path = base .. "/" .. word, name = word, id = word, runs = runs, sweeps = own }
end

local function is_first_part(list, word)
  for _, thing in ipairs(list) do
    if thing.parts[1] == word then return true end
  end
  return false
end

--- The run or the sweep in the folder `word`, if there is one.
local function as_path(base, word)
  local path = word:gsub("(.)/+$", "%1") -- "/" stays
  local name = path:sub(1, #base + 1) == base .. "/" and path:sub(#base + 2) or path
  if has_run(path) then return records.read(path, name) end
  if lfs.attributes(path .. "/sweep.json", "mode") == "file" then return records.sweep(path, name) end
end

--- What a word stands for: the record of a run, or a group { kind = "sweep" | "experiment", path,
--- name, id, runs = records }. A word is a path, "@-1" (the last run), "@-2", an experiment, or the
--- beginning of a name or of its hash, also "sweep/run" (see fm.records.match). A whole name has
--- precedence over beginnings: "a" is the experiment "a", not a run whose hash begins with a. Or
--- nil, a message, and an exit code.
function records.target(base, word)
  if word == "" then return nil, "expected the name of a run, found an empty word", code.usage end
  if word:sub(1, 1) == "@" then return by_age(base, word) end
  local there = as_path(base, word)
  if there then return there end
  local runs, sweeps = scan(base)
  local all = table.move(sweeps, 1, #sweeps, #runs + 1, runs)
  for _, thing in ipairs(all) do thing.parts = match.split(thing.name) end
  local found, is_exact = match.among(all, word)
  local whole = not is_exact and is_first_part(all, word) and experiment_of(base, word, sweeps)
  if whole then return whole end
  if #found > 1 then return nil, ('"%s" may be any of %d:%s'):format(word, #found, names_text(found)), code.usage end
  if #found == 0 then
    local experiment = experiment_of(base, word, sweeps)
    if experiment then return experiment end
    return nothing(base, word, all)
  end
  return (found[1].is_sweep and records.sweep or records.read)(found[1].path, found[1].name)
end

local function none_begun(word)
  return nil, ('"%s": no run has begun there'):format(word), code.nothing
end

--- The record of the one run a word stands for; or nil, a message, and an exit code.
function records.find(base, word)
  local found, message, exit = records.target(base, word)
  if not found or not found.runs then return found, message, exit end
  if #found.runs == 1 then return found.runs[1] end
  if #found.runs == 0 then return none_begun(word) end
  return nil, ('"%s" is %s %s of %d runs:%s'):format(word, found.kind == "sweep" and "a" or "an", found.kind, #found.runs, names_text(found.runs)), code.usage
end

--- What each of the words stands for; or nil, a message, and an exit code.
function records.targets(base, words)
  local targets = {}
  for i, word in ipairs(words) do
    local found, message, exit = records.target(base, word)
    if not found then return nil, message, exit end
    targets[i] = found
  end
  return targets
end

--- The records of the targets of some words, each once: a group stands for its runs. Or nil, a
--- message, and an exit code.
function records.runs_of(targets, words)
  local list, seen = {}, {}
  for _, target in ipairs(targets) do
    for _, record in ipairs(target.runs or { target }) do
      if not seen[record.path] then list[#list + 1] = record end
      seen[record.path] = true
    end
  end
  if #list == 0 then return none_begun(words[1]) end
  return list
end

--- The same from the words alone.
function records.select(base, words)
  local targets, message, exit = records.targets(base, words)
  if not targets then return nil, message, exit end
  return records.runs_of(targets, words)
end

--- Returns found, or raises an error that ends the command: for the results of find, target and
--- select.
function records.expect(found, message, exit)
  if found then return found end
  error({ message = message, exit = exit }, 0)
end

return records

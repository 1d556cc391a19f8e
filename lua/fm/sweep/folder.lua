-- The folder of a sweep, runs/<experiment>/sweep-<hash>/: sweep.json (its runs), lock (of the fmrun
-- at work on it), a folder per run. The sweep's hash covers what stays when its grid is edited:
-- scripts, swept keys, fixed values. A run's hash covers its config and its code, so that an
-- existing run is recognised wherever it is in the grid.
local fm <const> = require "fm"
local checkpoint <const> = require "fm.run.checkpoint"
local code_files <const> = require "fm.run.code_files"
local digests <const> = require "fm.run.digests"
local folders <const> = require "fm.run.folder"
local named_values <const> = require "fm.parts.named_values"
local printable <const> = require "fm.parts.printable"
local records <const> = require "fm.records.runs"
local short <const> = require "fm.parts.short"
local sweep_json <const> = require "fm.records.sweep_json"

local folder <const> = {}
local schema <const> = 1 -- of sweep.json

local function hash8(value)
  return fm.file.hash(fm.json.encode(value)):sub(1, 8)
end

-- ---- names ----

--- A path relative to the current folder when it lies below it, however it was written.
local function plain_path(path)
  local uv <const> = require "luv"
  local full, here = uv.fs_realpath(path), uv.cwd()
  if not full then return path end
  return full:sub(1, #here + 1) == here .. "/" and full:sub(#here + 2) or full
end

local hashes <const> = {}

local function hash_now(path)
  hashes[path] = hashes[path] or digests.of(path) or "gone"
  return hashes[path]
end

--- The files of a finished run that have changed since, with their digests now. These are files
--- that the experiment required while it ran.
local function changed_code(former)
  local changed = {}
  for _, file in ipairs(former.code or {}) do
    local now = hash_now(file.path)
    if now ~= file.hash then changed[#changed + 1] = { path = file.path, hash = now } end
  end
  return changed
end

local function read_record(path, name)
  local found = records.read(path, name)
  if found.status == "damaged" and found.error == "run.json is missing" then return { status = "missing" } end
  return found
end

--- The name of a run's folder, and its record. When code has changed that the script only requires
--- while it runs, that makes another run.
local function settle(sweep_path, sweep_name, identity)
  while true do
    local name = hash8(identity)
    local former = read_record(sweep_path .. "/" .. name, sweep_name .. "/" .. name)
    local changed = changed_code(former)
    if #changed == 0 then return name, former end
    identity = { before = identity, code = changed }
  end
end

-- ---- describing ----

local function table_of(changed)
  local result = {}
  for _, pair in ipairs(changed) do result[pair[1]] = pair[2] end
  return result
end

--- A value as a label shows it: in one line, and exact enough that two values differ.
local function value_text(value)
  if math.type(value) == "float" then return short.exact(value) end
  if type(value) ~= "string" or not (value == "" or value:find '[%s%c"]') then return tostring(value) end
  return '"' .. value:gsub('"', '""') .. '"'
end

--- "lr=0.001 seed=1", printable, with the experiment in front if there are several.
function folder.label(keys, entry, several)
  local words = named_values(entry.changed, value_text, keys)
  if several then table.insert(words, 1, entry.experiment) end
  return printable.line(table.concat(words, " "))
end

--- The sweep of a plan (see expand) as its files describe it, or will: path, name, keys, scripts
--- and tasks. A task is an entry of sweep.json, and label, path, and the record of its run ({
--- status = "missing" } when there is none). `arguments` are the scripts' words after --. Nothing
--- is written.
function folder.describe(plan, list, base, arguments)
  local paths, several = {}, #list > 1
  for i, script in ipairs(list) do paths[i] = plain_path(script.path) end
  local keys = table.move(plan.keys, 1, #plan.keys, 1, {})
  table.sort(keys)
  local name = (several and "sweep" or list[1].experiment.name) .. "/sweep-" .. hash8 { paths, keys, plan.fixed, arguments }
  local sweep = { base = base, name = name, path = base .. "/" .. name, keys = plan.keys, arguments = arguments, scripts = {}, tasks = {} }
  for i, script in ipairs(list) do sweep.scripts[i] = { path = script.path, hash = code_files.digest(script.files), code = code_files.list(script.files) } end
  for i, run in ipairs(plan.runs) do
    local task = { script = run.script.path, experiment = run.script.experiment.name, config = run.values, changed = table_of(run.changed) }
    task.folder, task.record = settle(sweep.path, name, { config = run.values, code = code_files.list(run.script.files), arguments = arguments })
    task.label, task.path = folder.label(plan.keys, task, several), sweep.path .. "/" .. task.folder
    sweep.tasks[i] = task
  end
  return sweep
end

--- The same, from sweep.json.
function folder.of_record(path, said)
  local base, name = path:match "^(.-)/?([^/]+/[^/]+)$"
  local sweep = { base = base, name = name or path, path = path, tasks = said.runs }
  for _, task in ipairs(said.runs) do
    task.path = path .. "/" .. task.folder
    task.label, task.record = folder.label(said.keys, task, #said.scripts > 1), read_record(task.path, task.folder)
  end
  return sweep
end

--- Removes the checkpoints of the tasks that are done: a process that died, or the power, may have
--- left some.
function folder.tidy(tasks)
  for _, task in ipairs(tasks) do
    local own = task.record.status == "done" and checkpoint.is_left(task.path) and folders.at(task.path)
    if own then
      local closing <close> = own.lock
      checkpoint.clear(own)
    end
  end
end

-- ---- sweep.json ----

--- The entries of sweep.json. Entries that were there keep their numbers, because schedulers use
--- them, unless their script has changed.
local function merge(sweep, before)
  local hash_of, place_of, entries = {}, {}, {}
  for _, script in ipairs(sweep.scripts) do hash_of[script.path] = script.hash end
  local current = {}
  for _, script in ipairs(before and before.scripts or {}) do current[script.path] = hash_of[script.path] == script.hash end
  for _, entry in ipairs(before and before.runs or {}) do
    if current[entry.script] then
      entries[#entries + 1] = entry
      place_of[entry.folder] = #entries
    end
  end
  for _, task in ipairs(sweep.tasks) do
    task.index = place_of[task.folder] or #entries + 1
    entries[task.index] = { index = task.index, script = task.script, experiment = task.experiment, config = task.config, changed = task.changed,
      folder = task.folder }
  end
  for i, entry in ipairs(entries) do entry.index = i end
  sweep.count = #entries
  return entries
end

local function owner_of(path)
  local file <close> = io.open(path .. "/lock")
  return file and file:read "l" or "another process"
end

--- Locks the sweep at `path` for this process. Returns its folder (its field `lock` holds the
--- lock); or nil and a message when another fmrun is at work there.
function folder.own(path)
  local own, message, busy = folders.at(path)
  if not own then return nil, busy and ("%s: %s is at work on this sweep"):format(path, owner_of(path)) or message end
  local pid, host = fm.system.process()
  local file <close>, problem = io.open(path .. "/lock", "w")
  if not file or not file:write(("fmrun (pid %d on %s)\n"):format(pid, host)) then return nil, problem or path .. "/lock: cannot be written" end
  return own
end

--- Writes the sweep.json of a described sweep into its own folder. Returns true, or nil and a
--- message.
function folder.write(sweep, own, command)
  local before = sweep_json.read_to_run(sweep.path)
  return fm.file.write(own:file "sweep.json", fm.json.encode { schema = schema, command = command, arguments = fm.json.array(sweep.arguments),
    created = before and before.created or os.date "!%Y-%m-%dT%H:%M:%SZ", scripts = sweep.scripts, keys = fm.json.array(sweep.keys),
    runs = merge(sweep, before) } .. "\n")
end

return folder

-- A sweep as a page wants it: from sweep.json and the records of its runs.
local core <const> = require "fm.core"
local lfs <const> = require "lfs"
local records <const> = require "fm.run.records"
local words <const> = require "fm.report.words"

local function read_json(path)
  local file <close>, message = io.open(path, "rb")
  if not file then return nil, message end
  local value, problem = core.json.decode(file:read "a")
  if type(value) ~= "table" then return nil, ("%s: %s"):format(path, problem or "no object") end
  return value
end

--- The record of a planned run; one that never began is "waiting".
local function record_of(sweep_path, name, planned)
  local folder = type(planned.folder) == "string" and planned.folder:match "([^/]+)/*$" or "?"
  local path = sweep_path .. "/" .. folder
  if not lfs.attributes(path .. "/run.json") then
    return { path = path, id = folder, status = "waiting", config = planned.config or {}, summary = {}, experiment = planned.experiment }
  end
  local record = records.read(path, name .. "/" .. folder)
  record.experiment = record.experiment or planned.experiment
  return record
end

--- { path, name, command, created, keys, runs, experiments } of a sweep's folder; runs are records with index, changed and label.
--- Or nil and a message.
return function(path, name)
  local plan, message = read_json(path .. "/sweep.json")
  if not plan then return nil, message end
  local sweep = { path = path, name = name, id = path:match "sweep%-(%x+)$" or name, command = plan.command, created = plan.created,
    scripts = plan.scripts or {}, keys = plan.keys or {}, runs = {}, experiments = {} }
  for i, planned in ipairs(plan.runs or {}) do
    local run = record_of(path, name, planned)
    run.index, run.changed = math.type(planned.index) and planned.index or i, planned.changed or {}
    local changes = words.changes(run.changed, sweep.keys)
    run.label = changes ~= "" and changes or run.experiment or run.id
    sweep.runs[i] = run
    if run.experiment and not sweep.experiments[run.experiment] then
      sweep.experiments[run.experiment] = true
      table.insert(sweep.experiments, run.experiment)
    end
  end
  return sweep
end

-- A sweep as a page wants it: from sweep.json and the records of its runs.
local lfs <const> = require "lfs"
local read_json <const> = require "fm.records.json_file"
local records <const> = require "fm.records"
local words <const> = require "fm.records.words"

local kinds <const> = { number = true, string = true, boolean = true } -- of values of parameters

--- nil, or what is wrong with the plan of a run.
local function problem_of(planned, where)
  if type(planned) ~= "table" then return where .. ": expected an object, found " .. type(planned) end
  for name, wanted in pairs { index = "integer", folder = "string", changed = "table", config = "table" } do
    local found = math.type(planned[name]) or type(planned[name])
    if found ~= wanted then return ("%s.%s: expected %s, found %s"):format(where, name, wanted, found) end
  end
  for key, value in pairs(planned.changed) do
    if type(key) ~= "string" or not kinds[type(value)] then return ("%s.changed: %s has no plain value"):format(where, key) end
  end
  return nil
end

local function problem_in(plan)
  if type(plan.keys) ~= "table" then return "keys: expected a list, found " .. type(plan.keys) end
  if type(plan.runs) ~= "table" then return "runs: expected a list, found " .. type(plan.runs) end
  for i, key in ipairs(plan.keys) do
    if type(key) ~= "string" then return ("keys[%d]: expected a string, found %s"):format(i, type(key)) end
  end
  for i, planned in ipairs(plan.runs) do
    local problem = problem_of(planned, ("runs[%d]"):format(i))
    if problem then return problem end
  end
  return #plan.runs == 0 and "it has no runs" or nil
end

--- The record of a planned run; one that never began is "waiting".
local function record_of(sweep, planned)
  local folder = planned.folder:match "([^/]+)/*$" or "?"
  local path = sweep.path .. "/" .. folder
  local began = lfs.attributes(path .. "/run.json") ~= nil
  local run = began and records.read(path, sweep.name .. "/" .. folder) or { path = path, id = folder, status = "waiting", summary = {} }
  run.experiment = run.experiment or type(planned.experiment) == "string" and planned.experiment or "?"
  run.config = run.config or planned.config
  run.index, run.changed = planned.index, planned.changed
  local changes = words.changes(run.changed, sweep.keys)
  run.label = changes ~= "" and changes or run.experiment
  return run
end

--- { path, name, command, created, keys, runs, experiments } of a sweep's folder; runs are records with index, changed and label.
--- Or nil and a message.
return function(path, name)
  local plan, message = read_json(path .. "/sweep.json")
  if not plan then return nil, ("%s: %s"):format(path, message) end
  local problem = problem_in(plan)
  if problem then return nil, ("%s/sweep.json: %s"):format(path, problem) end
  local sweep = { path = path, name = name, id = path:match "sweep%-(%x+)$" or name, command = plan.command, created = plan.created,
    scripts = type(plan.scripts) == "table" and plan.scripts or {}, keys = plan.keys, runs = {}, experiments = {} }
  for i, planned in ipairs(plan.runs) do
    local run = record_of(sweep, planned)
    sweep.runs[i] = run
    if not sweep.experiments[run.experiment] then
      sweep.experiments[run.experiment] = true
      table.insert(sweep.experiments, run.experiment)
    end
  end
  return sweep
end

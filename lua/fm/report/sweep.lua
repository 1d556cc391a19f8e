-- A sweep in the form that a page needs, from sweep.json and the records of its runs.
local add_run <const> = require "fm.report.add_run"
local lfs <const> = require "lfs"
local sweep_json <const> = require "fm.records.sweep_json"
local records <const> = require "fm.records.runs"

--- The record of a planned run; one that never began is "waiting".
local function record_of(sweep, planned)
  local folder = planned.folder
  local path = sweep.path .. "/" .. folder
  local began = lfs.attributes(path .. "/run.json") ~= nil
  local run = began and records.read(path, sweep.name .. "/" .. folder) or { path = path, id = folder, status = "waiting", summary = {} }
  run.experiment = run.experiment or planned.experiment or "?"
  run.config = run.config or planned.config
  return run
end

--- { path, name, command, created, keys, runs, experiments } of a sweep's folder; runs are records
--- with index, changed and label. Or nil and a message.
return function(path, name)
  local plan, message = sweep_json.read(path)
  if not plan then return nil, message end
  local sweep = { path = path, name = name, id = path:match "sweep%-(%x+)$" or name, command = plan.command, created = plan.created,
    scripts = plan.scripts or {}, keys = plan.keys, runs = {}, experiments = {} }
  for _, planned in ipairs(plan.runs) do
    local run = record_of(sweep, planned)
    add_run(sweep, run, planned.index, planned.changed, run.experiment)
  end
  return sweep
end

-- Checks sweep.json, so that the rest of fm can trust it: the plan of a sweep, and what was changed
-- in each of its runs.
local read_json <const> = require "fm.records.json_file"

local sweep_json <const> = {}

local kinds <const> = { number = true, string = true, boolean = true } -- of values of parameters

--- nil, or what is wrong with names and their values.
local function problem_of_values(values, where)
  for key, value in pairs(values) do
    if type(key) ~= "string" or not kinds[type(value)] then return ("%s: %s has no plain value"):format(where, key) end
  end
  return nil
end

local wanted <const> = { index = "integer", folder = "string", changed = "table", config = "table" }

--- nil, or what is wrong with the plan of a run.
local function problem_of(planned, where)
  if type(planned) ~= "table" then return where .. ": expected an object, found " .. type(planned) end
  for name, kind in pairs(wanted) do
    local found = math.type(planned[name]) or type(planned[name])
    if found ~= kind then return ("%s.%s: expected %s, found %s"):format(where, name, kind, found) end
  end
  for _, name in ipairs { "script", "experiment" } do
    local found = type(planned[name])
    if found ~= "string" and found ~= "nil" then return ("%s.%s: expected string, found %s"):format(where, name, found) end
  end
  if not planned.folder:find "^%x%x%x%x%x%x%x%x$" then return where .. ".folder: expected the name of a run in the sweep's folder" end
  return problem_of_values(planned.changed, where .. ".changed") or problem_of_values(planned.config, where .. ".config")
end

--- nil, or what is wrong with a list (or nothing) of texts.
local function problem_of_texts(list, where)
  if list == nil then return nil end
  if type(list) ~= "table" then return ("%s: expected a list, found %s"):format(where, type(list)) end
  for i, text in pairs(list) do
    if not math.type(i) or type(text) ~= "string" then return ("%s[%s]: expected a string, found %s"):format(where, i, type(text)) end
  end
  return nil
end

--- nil, or what is wrong with a list (or nothing) of files, each with a list of its code files, or
--- without one.
local function problem_of_files(list, where)
  if list == nil then return nil end
  if type(list) ~= "table" then return ("%s: expected a list, found %s"):format(where, type(list)) end
  for i, file in pairs(list) do
    if type(file) ~= "table" or type(file.path) ~= "string" or type(file.hash) ~= "string" or file.path == "" or file.path:find "%z" then
      return ("%s[%s]: expected path and hash"):format(where, i)
    end
    if type(file.commit or "") ~= "string" or type(file.dirty or false) ~= "boolean" then
      return ("%s[%s]: commit and dirty: expected a string and true or false"):format(where, i)
    end
    local problem = problem_of_files(file.code, where .. ".code")
    if problem then return problem end
  end
  return nil
end

--- nil, or what is wrong; with `index` only that run is checked.
local function problem_in(plan, index)
  if type(plan.keys) ~= "table" then return "keys: expected a list, found " .. type(plan.keys) end
  if type(plan.runs) ~= "table" then return "runs: expected a list, found " .. type(plan.runs) end
  local problem = problem_of_texts(plan.keys, "keys") or problem_of_texts(plan.arguments, "arguments") or problem_of_files(plan.scripts, "scripts")
  if problem then return problem end
  for _, name in ipairs { "command", "created" } do
    if plan[name] ~= nil and type(plan[name]) ~= "string" then return ("%s: expected string, found %s"):format(name, type(plan[name])) end
  end
  if index and plan.runs[index] then return problem_of(plan.runs[index], ("runs[%d]"):format(index)) end
  for i, planned in ipairs(plan.runs) do
    problem = problem_of(planned, ("runs[%d]"):format(i))
    if problem then return problem end
  end
  return #plan.runs == 0 and "it has no runs" or nil
end

--- What the sweep.json in a folder says, or nil and a message. With `index` only that run is
--- checked: a process that does one run of many does not need the others.
function sweep_json.read(folder, index)
  local path = folder .. "/sweep.json"
  local plan, message = read_json(path)
  if not plan then return nil, ("%s: %s"):format(path, message) end
  local problem = problem_in(plan, index)
  if problem then return nil, ("%s: %s"):format(path, problem) end
  return plan
end

--- The same, with all that it takes to do the runs: the command, and the scripts.
function sweep_json.read_to_run(folder, index)
  local plan, message = sweep_json.read(folder, index)
  if not plan then return nil, message end
  if not (plan.command and plan.scripts) then return nil, folder .. "/sweep.json: not the record of a sweep" end
  for i, planned in ipairs(index and { plan.runs[index] } or plan.runs) do
    if not (planned.script and planned.experiment) then return nil, ("%s/sweep.json: runs[%d] names no script"):format(folder, index or i) end
  end
  return plan
end

return sweep_json

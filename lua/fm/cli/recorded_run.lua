-- A run that a record names, opened to be called again: by fmrun resume, which goes on with it, and
-- by fmrun pareto, which asks it.
local fm <const> = require "fm"
local lfs <const> = require "lfs"
local launch <const> = require "fm.cli.launch"
local parameters <const> = require "fm.run.parameters"
local recorded <const> = require "fm.cli.recorded_script"
local readable <const> = require "fm.parts.printable".lines

local function fail(message, ...)
  error({ message = message:format(...), exit = 1 }, 0)
end

--- The run's config, from config.json; from run.json when the run ended before config.json was
--- written.
local function config_of(record)
  local path = record.path .. "/config.json"
  if not lfs.attributes(path) then return record.config end
  local text, message = fm.file.read(path, 64 << 20) -- bytes: more was never written
  if not text then fail("%s", message) end
  local config, problem = fm.json.decode(text)
  if type(config) ~= "table" then fail("%s: %s", path, problem or "expected an object") end
  return config
end

--- The script of a recorded run, opened, and the values of its config: { script, values, commit }.
--- how: force (in spite of differences), kept_code, quiet, argv, advice (what to do about
--- differences), command (fmrun's word for all this). Raises.
return function(record, how)
  if not record.script then fail("%s: %s", record.path, record.error or "run.json names no script") end
  local words, files, copies = record.arguments or {}, record.code or {}, nil
  if how.kept_code then
    local message
    copies, message = recorded.copies(record.path, record.script, files)
    if not copies then fail("%s", message) end
  else
    local advice = how.advice .. recorded.advice(record.path, record.script, files, how.command)
    local refusal = recorded.refusal(record.path, record.script, files, how.force, advice)
    if refusal then fail("%s", refusal) end
  end
  local which = copies and "the copy that it keeps of " or ""
  if not how.quiet then io.stderr:write(readable(("%s: its script is %s%s"):format(record.path, which, record.script)), "\n") end
  local script, message = launch.open(record.script, how.argv, 1, words, copies)
  if message then
    local gone = not copies and not lfs.attributes(record.script)
    local elsewhere = record.directory and gone and "; the run was started in " .. record.directory or ""
    fail("%s%s%s", message, elsewhere, gone and recorded.advice(record.path, record.script, files, how.command) or "")
  end
  if not script.experiment then fail("%s gives no experiment", record.script) end
  local values, problem = parameters.recorded(script.experiment.parameters, config_of(record))
  if not values then fail("%s: config.json: %s", record.path, problem) end
  local known = record.commit and { hash = record.commit, dirty = record.dirty } or false
  return { script = script, values = values, commit = copies and known }
end

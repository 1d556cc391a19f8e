-- Continues runs that were interrupted, or failed, from their last checkpoint.
local fm <const> = require "fm"
local lfs <const> = require "lfs"
local command_line <const> = require "fm.cli.command_line"
local launch <const> = require "fm.cli.launch"
local parameters <const> = require "fm.run.parameters"
local recorded <const> = require "fm.cli.recorded_script"
local records <const> = require "fm.records.runs"
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

--- The words that the script got, from the record.
local function arguments_of(record)
  local words = record.arguments
  if words == nil then return {} end
  if type(words) ~= "table" then fail("%s: run.json: arguments: expected a list", record.path) end
  for i, word in ipairs(words) do
    if type(word) ~= "string" then fail("%s: run.json: arguments: expected texts, found %s at %d", record.path, type(word), i) end
  end
  return words
end

--- The script of a recorded run, opened, and the values of its config. Raises.
local function open(record, line)
  if not record.script then fail("%s: %s", record.path, record.error or "run.json names no script") end
  local words, files, copies = arguments_of(record), record.code or {}, nil
  if line.kept_code then
    local message
    copies, message = recorded.copies(record.path, record.script, files)
    if not copies then fail("%s", message) end
  else
    local advice = launch.advice(record.path) .. recorded.advice(record.path, record.script, files)
    local refusal = recorded.refusal(record.path, record.script, files, line.force or line.anew, advice)
    if refusal then fail("%s", refusal) end
  end
  local which = copies and "the copy that it keeps of " or ""
  if not line.quiet then io.stderr:write(readable(("%s: its script is %s%s"):format(record.path, which, record.script)), "\n") end
  local script, message = launch.open(record.script, line.argv, 1, words, copies)
  if message then
    local gone = not copies and not lfs.attributes(record.script)
    local elsewhere = record.directory and gone and "; the run was started in " .. record.directory or ""
    fail("%s%s%s", message, elsewhere, gone and recorded.advice(record.path, record.script, files) or "")
  end
  if not script.experiment then fail("%s gives no experiment", record.script) end
  local values, problem = parameters.recorded(script.experiment.parameters, config_of(record))
  if not values then fail("%s: config.json: %s", record.path, problem) end
  local known = record.commit and { hash = record.commit, dirty = record.dirty } or false
  return { script = script, values = values, commit = copies and known }
end

--- What the words stand for: records of runs, and sweeps, which are continued as a whole.
local function targets(line)
  local list = records.expect(records.targets(command_line.runs(line), line.words))
  for i, target in ipairs(list) do
    if target.kind == "experiment" then line.refuse(('"%s" is an experiment: name one of its runs or sweeps'):format(line.words[i])) end
  end
  return list
end

local function go_on(target, line)
  if target.runs then return require "fm.cli.sweep".resume(target.path, line) end
  line.folder = target.path
  local run = open(target, line)
  local how = launch.how(line, run.script, line.argv)
  how.commit = run.commit
  return (launch.run(run, how))
end

local function is_over(code)
  return code == 75 or code >= 128
end

return {
  help = "go on with runs and sweeps that were interrupted, from their last checkpoints", usage = "fmrun resume RUN|SWEEP...",
  takes = "run",
  options = {
    { "-f", "--force", name = "force", help = "go on though the script, config, data or program has changed" },
    { "--anew", name = "anew", help = "begin again in the same folder" },
    { "--kept-code", name = "kept_code", help = "call the copies of the Lua files that the run or the sweep keeps, not the files as they are now" },
    "runs", "threads", "shares", "quiet", "json", "color", "checkpoint_every", "checkpoint_seconds", "keep_last", "jobs", "timeout", "fail_fast", "maxfail",
  },
  run = function(line)
    if #line.words == 0 then line.refuse "expected runs" end
    launch.join()
    require "fm.cli.threads".set(line.threads)
    local worst = 0
    for _, target in ipairs(targets(line)) do
      local code = go_on(target, line)
      if is_over(code) then return code end
      worst = math.max(worst, code)
    end
    return worst
  end,
}

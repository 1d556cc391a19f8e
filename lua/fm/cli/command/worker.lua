-- A worker does runs of a sweep: one by its number, or all that are left, one after the other.
-- Several workers, also on several machines, can share a sweep: a run belongs to the worker that
-- locks its folder.
local code_files <const> = require "fm.run.code_files"
local command_line <const> = require "fm.cli.command_line"
local events <const> = require "fm.cli.events"
local fm <const> = require "fm"
local launch <const> = require "fm.cli.launch"
local option_reader <const> = require "fm.cli.option_reader"
local parameters <const> = require "fm.run.parameters"
local recorded <const> = require "fm.cli.recorded_script"
local sweep_json <const> = require "fm.records.sweep_json"

local system <const> = fm.system
local exit <const> = command_line.exit
local patience <const> = 2      -- seconds, for a process that may just be dying with its parent
local most_failures <const> = 3 -- in a row: then it is the machine's fault, not the runs'

local function fail(message, ...)
  error({ message = message:format(...), exit = exit.failed }, 0)
end

-- ---- one run ----

local function open_script(path, task, sweep, line)
  local refusal, copies = recorded.refusal_of_task(path, sweep, task, line.kept_code)
  if refusal then fail("%s", refusal) end
  local script, message = launch.open(task.script, { [0] = "fmrun", task.script }, 1, sweep.arguments or {}, copies)
  if message then fail("%s", message) end
  if not script.experiment then fail("%s: gives no experiment any more", task.script) end
  for _, known in ipairs(sweep.scripts) do
    if known.path == task.script and known.hash ~= code_files.digest(script.files) then
      fail("%s has changed since the sweep was made; the command that made it takes the change up: %s", task.script, sweep.command)
    end
  end
  return script
end

--- Tells why there is nothing to do here: "done", or "busy" in another process.
local function skip(line, path, status)
  if line.json then
    events.tell { event = "run_skipped", run = path, status = status }
  elseif not line.quiet then
    io.stderr:write(("fmrun: %s: %s\n"):format(require "fm.parts.printable".line(path), status == "done" and "done before" or "another process runs it"))
  end
  return exit.well
end

local function is_done(place, name)
  local file = io.open(place .. "/run.json", "rb")
  -- true for nearly all: for them the reader of records is not loaded
  if not file then return false end
  file:close()
  return require "fm.records.runs".read(place, name).status == "done"
end

--- The commit of the task's script when the sweep was made; false when there was none.
local function commit_of(sweep, task)
  for _, script in ipairs(sweep.scripts) do
    if script.path == task.script then return script.commit and { hash = script.commit, dirty = script.dirty } or false end
  end
  return false
end

local function run_task(path, sweep, index, line)
  local task = sweep.runs[index] or fail("%s has %d runs, there is no run %d", path, #sweep.runs, index)
  local place = path .. "/" .. task.folder
  if is_done(place, task.folder) then return skip(line, place, "done") end
  local script = open_script(path, task, sweep, line)
  local values, problem = parameters.recorded(script.experiment.parameters, task.config)
  if not values then fail("%s/sweep.json: run %d: %s", path, index, problem) end
  local how = launch.how(line, script, line.argv)
  how.path, how.patience, how.copies_in, how.commit = place, patience, path, commit_of(sweep, task)
  local code, status = launch.run({ script = script, values = values }, how)
  return status == "busy" and skip(line, place, "busy") or code
end

return {
  help = "do runs of a sweep: run I, or all that are left", usage = "fmrun worker SWEEP [--task I]", takes = "run",
  options = {
    { "--task", name = "task", value = "I", help = "only run I of the sweep (its sweep.json counts from 1)" },
    { "--parent", name = "parent", value = "PID", internal = true, help = "end when that process, which started this one, ends" },
    { "--events", name = "events", value = "FD", internal = true, help = "send events to that process through this descriptor, a pipe" },
    { "-f", "--force", name = "force", help = "go on though the program or data has changed" },
    { "--anew", name = "anew", help = "begin unfinished runs again" },
    { "--kept-code", name = "kept_code", help = "call the copies of the Lua files that the sweep keeps, not the files as they are now" },
    "threads", "shares", "json", "quiet", "color", "checkpoint_every", "checkpoint_seconds", "keep_last",
  },
  run = function(line)
    local function whole(name) return option_reader.whole("--" .. name, line[name], 1, line.refuse) end
    local parent, index = whole "parent", whole "task"
    if parent and not system.die_with(parent) then return exit.failed end
    if line.events then
      local open, problem = events.open(whole "events")
      if not open then line.refuse("--events: " .. problem) end
      line.json = true
    end
    if index and not parent then launch.join() end
    require "fm.cli.threads".set(line.threads, 1)
    if #line.words ~= 1 then line.refuse "expected the folder of a sweep" end
    local path = line.words[1]:gsub("(.)/+$", "%1")
    local sweep, message = sweep_json.read_to_run(path, index)
    if not sweep then fail("%s", message) end
    if index then return run_task(path, sweep, index, line) end
    return require "fm.cli.sweep".work(path, sweep, line, most_failures)
  end,
}

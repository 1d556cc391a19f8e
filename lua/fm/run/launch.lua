-- From scripts on the command line to runs: opens every script, reads what the words say to each, then runs.
local command_line <const> = require "fm.run.command_line"
local scripts <const> = require "fm.run.scripts"
local traceback <const> = require "fm.run.traceback"

local launch <const> = {}

-- ---- opening ----

local function read_file(path)
  local file = io.open(path, "rb")
  local text = file and file:read "a" or ""
  if file then file:close() end
  return text
end

local function is_experiment(value)
  return type(value) == "table" and package.loaded["fm.run.experiment"] and require "fm.run.experiment".is(value)
end

--- Calls the script inside its place. Returns true, or false and a message.
local function call(script)
  local chunk, message = scripts.load(script)
  if not chunk then return false, message end
  local words = _G.arg
  local result
  local ok, problem = xpcall(function() result = chunk(table.unpack(words)) end, traceback.handler)
  if not ok then
    problem = type(problem) == "table" and problem.message or problem
    return false, problem:find(script.path, 1, true) and problem or script.path .. ": " .. problem
  end
  if is_experiment(result) then
    result.name = result.name or script.name:gsub("[^%w_.-]", "_")
    script.experiment = result
  end
  return true
end

--- Loads a script and calls it with its words. The one that gives an experiment has it in `experiment`; any other has run by that.
--- Returns the script, and a message when it went wrong. `argv` and `place` are for the script's `arg`.
function launch.open(path, argv, place, words)
  local script = scripts.new(path, argv, place, words)
  local _, message = scripts.within(script, call, script)
  return script, message
end

-- ---- running ----

--- Where runs go, and what is recorded about how they were started.
function launch.how(line, script, argv)
  local words = {}
  for i = 0, #argv do words[i + 1] = argv[i] end
  return { runs = command_line.runs(line), script = script.path, source = read_file(script.path), command = table.concat(words, " "),
    code = script.files, quiet = line.quiet, json = line.json, color = line.color }
end

local codes <const> = { done = 0, failed = 1, diverged = 1, killed = 75, busy = 1 }

--- The runs that the words ask of the scripts' experiments, every word checked; raises { usage }.
function launch.plan(list, line)
  local words = line.seed and table.move(line.words, 1, #line.words, 2, { "seed=" .. line.seed }) or line.words
  local options = require "fm.run.sweep.settings".of_expansion(line)
  options.words = words
  return require "fm.run.sweep.expand"(list, options)
end

--- Runs one run of a plan in this process, in the folder `path` or one of its own. Returns its exit code and status.
function launch.run(run, line, argv, path)
  local script, how = run.script, launch.how(line, run.script, argv)
  how.path = path
  local status = scripts.within(script, require "fm.run.execute", script.experiment, run.values, how)
  return codes[status], status
end

--- One run is done here; several are a sweep, of processes. Returns an exit code.
local function run_plan(list, line, argv)
  local plan = launch.plan(list, line)
  if plan.is_sweep or line.dry_run then return require "fm.run.sweep".start(plan, list, line, argv) end
  return (launch.run(plan.runs[1], line, argv))
end

--- First every script is read, so that a wrong key is told before anything runs for hours. Returns an exit code.
function launch.start(line, argv)
  local words = table.move(line.extra, 1, #line.extra, #line.words + 1, table.move(line.words, 1, #line.words, 1, {}))
  local experiments, code, last = {}, 0, nil
  for _, path in ipairs(line.scripts) do
    local script, message = launch.open(path, argv, line.script_place, words)
    if message then
      io.stderr:write("fmrun: ", message, "\n")
      code = 1
    end
    if script.experiment then experiments[#experiments + 1] = script end
    last = script
  end
  if #experiments > 0 then code = math.max(code, run_plan(experiments, line, argv)) end
  if line.interactive then scripts.stay(last) end
  return code
end

return launch

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

local codes <const> = { done = 0, failed = 1, diverged = 1 }

--- The runs that the words ask of the scripts' experiments, every word checked; raises { usage }.
function launch.plan(list, line)
  local words = line.seed and table.move(line.words, 1, #line.words, 2, { "seed=" .. line.seed }) or line.words
  return require "fm.run.sweep.expand"(list, { words = words })
end

--- Runs one run of a plan in this process. Returns its exit code.
function launch.run(run, line, argv)
  local script = run.script
  local status = scripts.within(script, require "fm.run.execute", script.experiment, run.values, launch.how(line, script, argv))
  return codes[status]
end

--- Runs the runs one after the other; one that fails stops none of the others. Returns an exit code.
local function run_all(runs, line, argv)
  local failed = 0
  for _, run in ipairs(runs) do
    if launch.run(run, line, argv) ~= 0 then failed = failed + 1 end
  end
  if #runs > 1 and not line.quiet then io.stderr:write(("%d well, %d failed\n"):format(#runs - failed, failed)) end
  return failed == 0 and 0 or 1
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
  if #experiments > 0 then code = math.max(code, run_all(launch.plan(experiments, line).runs, line, argv)) end
  if line.interactive then scripts.stay(last) end
  return code
end

return launch

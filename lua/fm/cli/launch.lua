-- From scripts on the command line to runs: opens every script, reads the words for each, then
-- runs.
local core <const> = require "fm.core"
local command_line <const> = require "fm.cli.command_line"
local option_reader <const> = require "fm.cli.option_reader"
local processes <const> = require "fm.parts.processes"
local quoted <const> = require "fm.parts.shell_word"
local scripts <const> = require "fm.cli.scripts"
local traceback <const> = require "fm.parts.traceback"
local utf8_text <const> = require "fm.parts.utf8_text"

local launch <const> = {}
local exit <const> = command_line.exit

-- ---- opening ----

local function is_experiment(value)
  return type(value) == "table" and package.loaded["fm.experiment"] and require "fm.experiment".is(value)
end

--- Whether the script made an experiment, outside of its functions, since the last call of this
--- function.
local function made_one(script)
  if not package.loaded["fm.experiment"] then return false end
  return require "fm.experiment".made_by(script.path == "-" and "=stdin" or "@" .. script.path)
end

--- What is wrong with the result of a script that is no experiment; nil for a plain script, which
--- returns nothing.
local function result_problem(script, result)
  if result ~= nil then return ("%s returns no experiment, but a %s: write return fm.experiment { ... }"):format(script.path, type(result)) end
  if made_one(script) then return script.path .. " returns no experiment, though it makes one: write return fm.experiment { ... }" end
  return nil
end

--- Calls the script inside its place. Returns true, or false and a message.
local function call(script)
  local chunk, message = scripts.load(script)
  if not chunk then return false, message end
  local words = _G.arg
  local result
  made_one(script) -- before
  local ok, problem = xpcall(function() result = chunk(table.unpack(words)) end, traceback.handler)
  if not ok then
    problem = tostring(problem)
    return false, problem:find(script.path, 1, true) and problem or script.path .. ": " .. problem
  end
  if is_experiment(result) then
    local made_well, wrong = require "fm.experiment".check_name(result, script.name)
    if not made_well then return false, script.path .. ": " .. wrong end
    script.experiment = result
    return true
  end
  local problem_of_result = result_problem(script, result)
  return not problem_of_result, problem_of_result
end

--- Loads a script and calls it with its words. If it returns an experiment, `experiment` holds it;
--- any other script has run by then. Returns the script, and a message when it went wrong. `argv`
--- and `place` are for the script's `arg`; copies: see fm.cli.scripts.
function launch.open(path, argv, place, words, copies)
  local script = scripts.new(path, argv, place, words)
  script.copies = copies
  local _, message = scripts.within(script, call, script)
  return script, message
end

-- ---- running ----

local is_joint = false -- whether mpirun started this process for one run
local usual_shares <const> = 8 -- of a step's batch then

--- Joins the other processes, when mpirun started several. Raises { usage }.
function launch.join()
  local expected = processes.expected()
  is_joint = expected > 0
  if expected < 2 then return end
  if not core.processes.can_start() then
    error({ usage = ("mpirun started %d processes to train one model, and this fmrun was built without MPI: install libopenmpi-dev and openmpi-bin "
      .. "(apt-get install), then build it again"):format(expected) }, 0)
  end
  local started, message = processes.start()
  if not started then error({ message = message, exit = exit.failed }, 0) end
end

--- The number of an option, or nil.
local function number(line, name)
  local text = line[name]
  local value = text and text:find "^%d+%.?%d*$" and tonumber(text)
  if text and not (value and (name == "checkpoint_seconds" or math.tointeger(value))) then
    error({ usage = ('--%s: expected a number >= 0, found "%s"'):format(name:gsub("_", "-"), text) }, 0)
  end
  return value and math.tointeger(value) or value
end

--- What a person can do when a run is not what it was. again: path -> the command that goes on with
--- the run, when that is not fmrun resume.
function launch.advice(path, again)
  local command = again and again(path) .. " --force" or "fmrun resume --force " .. quoted(path)
  return command .. " goes on nevertheless, --anew begins again"
end

--- The `how` of fm.run.execute: where runs go, what is recorded about their start, when they save,
--- and who listens.
function launch.how(line, script, argv)
  local arg, writes = script.globals.arg, processes.rank == 0
  local screen = writes and require "fm.cli.terminal.run_screen".new(line) or require "fm.run.together".silent
  return { runs = command_line.runs(line), path = line.folder, script = script.path, source = script.copies and "" or core.file.read(script.path) or "",
    shares = option_reader.whole("--shares", line.shares, 1), usual_shares = is_joint and usual_shares or 1,
    command = command_line.text(argv), arguments = table.move(arg, 1, #arg, 1, {}), code = script.files, copies = script.copies,
    force = line.force, anew = line.anew,
    checkpoint_every = number(line, "checkpoint_every"), checkpoint_seconds = number(line, "checkpoint_seconds"),
    keep_last = number(line, "keep_last"), listener = screen, advice = function(path) return launch.advice(path, line.again) end }
end

--- Refuses texts that a record, which is JSON, cannot hold: a resume would look for another file,
--- or pass other words.
local function check_texts(script)
  local function check(what, text)
    local problem = utf8_text.problem(text)
    if problem then error({ usage = ("%s: %s must be UTF-8 text, which the record of a run can hold: %s"):format(text, what, problem) }, 0) end
  end
  check("the path of a script", script.path)
  for _, file in ipairs(script.files) do check("the path of a file that a script requires", file.path) end
  for _, word in ipairs(script.globals.arg) do check("a word for a script", tostring(word)) end
end

--- The runs that the words ask of the scripts' experiments, every word checked; raises { usage }.
function launch.plan(list, line)
  local words = line.seed and table.move(line.words, 1, #line.words, 2, { "seed=" .. line.seed }) or line.words
  local function whole(name, low) return option_reader.whole("--" .. name:gsub("_", "-"), line[name], low) end
  local plan = require "fm.cli.words.expand"(list, { words = words, multirun = line.multirun, random = whole("random", 1),
    sweep_seed = whole("sweep_seed", 0), max_runs = whole("max_runs", 1) })
  for _, script in ipairs(list) do check_texts(script) end
  return plan
end

local signal_codes <const> = { INT = 130, TERM = 143, HUP = 129 } -- 128 and the signal's number

--- The exit code of a run that ended like this (see fm.run.execute).
local function exit_code(status, signal)
  if signal then return signal.again and signal_codes[signal.name] or exit.saved end
  return status == "done" and exit.well or exit.failed
end

--- Runs a run { script, values } in this process. Returns its exit code and its status.
function launch.run(run, how)
  if processes.rank > 0 then how.copies_in, how.commit = false, false end
  if how.commit == nil then how.commit = require "fm.run.commit"(run.script.path, run.script.files) end
  local status, _, signal = scripts.within(run.script, require "fm.run.execute", run.script.experiment, run.values, how)
  return exit_code(status, signal), status
end

--- Whether the command line asks for one run, done here and now.
function launch.is_single(plan, line)
  return not (plan.is_sweep or line.dry_run or line.emit)
end

--- Does one run in this process; several are a sweep, each in a process of its own. Returns an exit
--- code.
local function run_plan(list, line, argv)
  local plan = launch.plan(list, line)
  if is_joint and not launch.is_single(plan, line) then
    error({ usage = "mpirun is for one run of many processes: start a sweep without it, or let --emit slurm --ranks N write a script for it" }, 0)
  end
  if line.ranks and line.emit ~= "slurm" then error({ usage = "--ranks goes with --emit slurm; for one run: mpirun -n N fmrun SCRIPT" }, 0) end
  if plan.is_sweep and line.folder then error({ usage = "--folder is for one run; a sweep has a folder of its own" }, 0) end
  if not launch.is_single(plan, line) then return require "fm.cli.sweep".start(plan, list, line, argv) end
  if line.timeout then error({ usage = "--timeout is for the runs of a sweep" }, 0) end
  local run = plan.runs[1]
  return (launch.run(run, launch.how(line, run.script, argv)))
end

--- The scripts were plain ones: says which words of the command line only an experiment takes.
--- Returns an exit code.
local function tell_unused(line)
  if processes.size > 1 then
    io.stderr:write(("fmrun: no script returned an experiment: each of the %d processes has done all of it\n"):format(processes.size))
  end
  local unused = command_line.for_experiments(line)
  if #unused == 0 then return 0 end
  io.stderr:write("fmrun: ", require "fm.parts.printable".lines(
    ("no script returned an experiment, so there are no runs, and nothing takes %s (words for a script itself go after --)"):format(
    table.concat(unused, ", "))), "\n")
  return exit.nothing
end

--- Reads every script before it runs one, so that a wrong key is reported before anything runs for
--- hours. Returns an exit code.
function launch.start(line, argv)
  local words = table.move(line.extra, 1, #line.extra, #line.words + 1, table.move(line.words, 1, #line.words, 1, {}))
  local experiments, code, last = {}, 0, nil
  for _, path in ipairs(line.scripts) do
    local script, message = launch.open(path, argv, line.script_place, words)
    if message then
      processes.report(message)
      io.stderr:write("fmrun: ", require "fm.parts.printable".lines(message), "\n")
      code = 1
    end
    if script.experiment then experiments[#experiments + 1] = script end
    last = script
  end
  if #experiments > 0 then
    code = math.max(code, run_plan(experiments, line, argv))
  elseif code == 0 then
    code = tell_unused(line)
  end
  if line.interactive then scripts.stay(last) end
  return code
end

return launch

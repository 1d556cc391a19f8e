-- Runs an experiment that is the main script of stock Lua, as soon as it is made. It takes fmrun's
-- options and key=value.
local command_line <const> = require "fm.cli.command_line"
local launch <const> = require "fm.cli.launch"
local printable <const> = require "fm.parts.printable"
local scripts <const> = require "fm.cli.scripts"

local exit <const> = command_line.exit

--- The command that goes on with a stopped run in its folder. It is stock Lua's, because fmrun is
--- another program and its resume would refuse.
local function again(arg, line, path)
  local words = line.folder and {} or { "--folder", path }
  table.move(arg, 1, #arg, #words + 1, words)
  local first = 0
  while arg[first - 1] do first = first - 1 end
  table.move(arg, first, 0, first, words)
  return command_line.text(words)
end

--- The one run that the words ask for. Returns its exit code; raises { usage }.
local function run(script, arg)
  if require "fm.parts.processes".expected() > 1 then error({ usage = "many processes for one training are for fmrun: mpirun -n N fmrun SCRIPT" }, 0) end
  local line = command_line.parse(table.move(arg, 1, #arg, 2, { arg[0] }))
  require "fm.cli.threads".set(line.threads, 1)
  local plan = launch.plan({ script }, line)
  if not launch.is_single(plan, line) then error({ usage = "sweeps, lists of runs and scripts for schedulers are made by fmrun" }, 0) end
  function line.again(path) return again(arg, line, path) end
  return (launch.run(plan.runs[1], launch.how(line, script, arg)))
end

--- Runs an experiment; `arg`: the words of the interpreter. Returns the exit code.
return function(experiment, arg)
  local script = scripts.new(arg[0], arg, 0, {})
  experiment.name = experiment.name or script.name
  script.experiment = experiment
  require "fm.run.code_files".add_loaded(script.files, script.path)
  local ok, result = pcall(run, script, arg)
  if ok then return result end
  local is_usage = type(result) == "table"
  io.stderr:write("fmrun: ", printable.lines(is_usage and result.usage or tostring(result)), "\n")
  return is_usage and exit.usage or exit.failed
end

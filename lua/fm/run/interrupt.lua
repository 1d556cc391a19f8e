-- Signals while a run lasts. The first Ctrl-C, and a SIGTERM, SIGHUP or SIGUSR1, let the step finish, write a checkpoint and end the run
-- as "killed"; outside of a step they end it at once, to go on from the last checkpoint. The second one ends it now.
local fm <const> = require "fm"
local ending <const> = require "fm.run.ending"

local system <const> = fm.system

local interrupt <const> = {}

local ends_at_once <const> = { INT = true, TERM = true, HUP = true } -- when it comes for the second time

local function stop(run, name, again)
  local when = run.step == 0 and "before step 1" or ("after step %d"):format(run.step)
  ending.raise("killed", ("SIG%s %s%s"):format(name, when, again and ", for the second time" or ""), { name = name, again = again })
end

--- Ends the run if a signal asked for it; call it when the step's state is safe.
function interrupt.obey(run)
  if run.interrupted then stop(run, run.interrupted, false) end
end

--- Raises only while the script is at work: before and after it, what is being written is done in a moment.
local function on_signal(run, name, count)
  run.interrupted = run.interrupted or name -- first: a pcall of the script may catch what is raised; then no step follows
  if run.at_work and count > 1 and ends_at_once[name] then stop(run, name, true) end
  if run.at_work and not run.in_loop then stop(run, name, false) end
  if run.at_work then run.listener:stopping(name, next(run.kept) ~= nil) end
end

--- From now on signals are told to the run. Returns what ends it.
function interrupt.watch(run)
  system.catch_signals(function(name, count) on_signal(run, name, count) end)
  return function() system.catch_signals(nil) end
end

return interrupt

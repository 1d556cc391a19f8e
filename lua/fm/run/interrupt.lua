-- Signals while a run lasts. The first Ctrl-C, and a SIGTERM, SIGHUP or SIGUSR1, let the step finish, write a checkpoint and end the run
-- as "killed"; outside of a step they end it at once, to go on from the last checkpoint. The second one ends it now.
local fm <const> = require "fm"
local ending <const> = require "fm.run.ending"

local system <const> = fm.system

local interrupt <const> = {}

local restartable <const> = 75 -- EX_TEMPFAIL: the same again later goes on
local codes <const> = { INT = 130, TERM = 143, HUP = 129 } -- 128 and the signal's number

local function stop(run, name, exit, more)
  local when = run.step == 0 and "before step 1" or ("after step %d"):format(run.step)
  ending.raise("killed", ("SIG%s %s%s"):format(name, when, more or ""), exit)
end

--- Ends the run if a signal asked for it; call it when the step's state is safe.
function interrupt.obey(run)
  if run.interrupted then stop(run, run.interrupted, restartable) end
end

--- Raises only while the script is at work: before and after it, what is being written is done in a moment.
local function on_signal(run, name, count)
  if run.at_work and count > 1 and codes[name] then stop(run, name, codes[name], ", for the second time") end
  if run.at_work and not run.in_loop then stop(run, name, restartable) end
  run.interrupted = run.interrupted or name
  if not run.at_work then return end
  local saving = next(run.kept) and ", writing a checkpoint" or ""
  run.screen:say(("fmrun: finishing the step%s%s"):format(saving, name == "INT" and " (Ctrl-C again to stop now)" or ""))
end

--- From now on signals are told to the run. Returns what ends it.
function interrupt.watch(run)
  system.catch_signals(function(name, count) on_signal(run, name, count) end)
  return function() system.catch_signals(nil) end
end

return interrupt

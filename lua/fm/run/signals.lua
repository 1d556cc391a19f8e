-- Signals while a run lasts. The first Ctrl-C, and a SIGTERM, SIGHUP or SIGUSR1, let the step
-- finish, write a checkpoint and end the run as "killed"; outside of a step they end it at once, to
-- go on from the last checkpoint. The second one ends it now.
local fm <const> = require "fm"
local ending <const> = require "fm.run.ending"
local processes <const> = require "fm.parts.processes"

local system <const> = fm.system

local signals <const> = {}

local ends_at_once <const> = { INT = true, TERM = true, HUP = true } -- when it comes for the second time

--- came: the name of the first one. may_raise: while the script's own code runs; writes before and
--- after it take only a moment. waiting: the first one that came to this process, of a run of
--- several processes, which stop after the same step.
function signals.new()
  return { came = nil, may_raise = false, waiting = nil }
end

local function stop(run, name, again)
  local step = run.loop.step
  local when = step == 0 and "before step 1" or ("after step %d"):format(step)
  ending.raise("killed", ("SIG%s %s%s"):format(name, when, again and ", for the second time" or ""),
    { name = name, again = again, alone = not run.signals.came })
end

--- Ends the run if a signal asked for it; call it when the step's state is safe.
function signals.obey(run)
  if run.signals.came then stop(run, run.signals.came, false) end
end

--- In one of several processes. Outside of a loop rank 0 alone can end the run.
local function on_signal_to_one(run, name, count)
  local own, in_loop = run.signals, run.loop.thread
  own.waiting = own.waiting or name
  if not own.may_raise then return end
  if count > 1 and ends_at_once[name] then stop(run, name, true) end
  if not in_loop and processes.rank == 0 then stop(run, name, false) end
  if in_loop then run.listener:stopping(name, next(run.saving.kept) ~= nil) end
end

local function on_signal(run, name, count)
  if processes.size > 1 then return on_signal_to_one(run, name, count) end
  local own = run.signals
  -- set first: a pcall of the script may catch what is raised; then no step follows
  own.came = own.came or name
  if not own.may_raise then return end
  if count > 1 and ends_at_once[name] then stop(run, name, true) end
  if not run.loop.thread then stop(run, name, false) end
  run.listener:stopping(name, next(run.saving.kept) ~= nil)
end

--- From now on the run gets the signals. Returns an object that ends this.
function signals.watch(run)
  system.catch_signals(function(name, count) on_signal(run, name, count) end)
  return function() system.catch_signals(nil) end
end

return signals

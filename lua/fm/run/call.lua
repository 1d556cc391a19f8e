-- Calls an experiment for a run: its prints, its random numbers and its errors are the run's.
local fm <const> = require "fm"
local diverged <const> = require "fm.parts.diverged"
local ending <const> = require "fm.run.ending"
local kept <const> = require "fm.run.kept"
local logging <const> = require "fm.run.logging"
local math_random <const> = require "fm.parts.math_random"
local signals <const> = require "fm.run.signals"
local streams <const> = require "fm.data.parts.stream"
local together <const> = require "fm.run.together"
local traceback <const> = require "fm.parts.traceback"

--- The experiment has ended. From now on its calls on the run (in a finalizer, or by a reference
--- that it left somewhere) raise, because the last lines and the record are written now.
local function leave(run)
  run.signals.may_raise, run.over = false, true
end

local function perform(experiment, run, complete)
  run.signals.may_raise = true
  signals.obey(run)
  experiment.run(run.object, run.values)
  together.join()
  leave(run)
  complete(run)
end

--- From now on numbers that are not finite end the run as diverged: at once, or after the step if
--- the script got them back. Returns an object that ends this.
local function watch_numbers(run)
  local raise, note, loop = diverged.raise, diverged.note, run.loop
  local function message(what, more) return ("%s%s at step %d; %s"):format(traceback.place(), what, loop.step, more) end
  function diverged.raise(...) ending.raise("diverged", message(...)) end
  function diverged.note(...) loop.diverged = loop.diverged or message(...) end
  return function() diverged.raise, diverged.note = raise, note end
end

--- For xpcall: what was thrown as readable text, with the lines of the script; an ending stays as
--- it is.
local function handler(problem)
  if ending.of(problem) then return problem end
  return traceback.handler(problem)
end

--- Calls the experiment, then complete(run) if it ended well. Returns status, message, signal (of
--- fm.run.ending).
return function(experiment, run, complete)
  local unbind = math_random.bind(run.rng:stream "math.random", function() run.loop:refuse_inside "math.randomseed" end)
  local unwatch, unmake = watch_numbers(run), run.loop:watch_loaders()
  fm.nn.seed(run.rng) -- initial weights come from the run's seed, whatever ran before
  streams.seed(run.rng)
  local print, exit = print, os.exit
  rawset(_G, "print", function(...) logging.methods.print(run, ...) end)
  os.exit = function() ending.raise("failed", traceback.place() .. "os.exit was called inside the run") end
  local ok, problem = xpcall(perform, handler, experiment, run, complete)
  leave(run)
  unwatch()
  unmake()
  streams.seed(nil)
  kept.seal(run.saving.kept, nil)
  rawset(_G, "print", print)
  os.exit = exit
  unbind()
  if ok then return "done" end
  local ended = ending.of(problem)
  if ended then return ended.status, ended.message, ended.signal end
  return "failed", problem
end

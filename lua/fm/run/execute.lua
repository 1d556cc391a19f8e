-- One run from beginning to end: its folder, its record in run.json, its last checkpoint, and what a person reads about it.
local fm <const> = require "fm"
local checkpoint <const> = require "fm.run.checkpoint"
local diverged <const> = require "fm.parts.diverged"
local ending <const> = require "fm.run.ending"
local folders <const> = require "fm.run.folder"
local interrupt <const> = require "fm.run.interrupt"
local kept <const> = require "fm.run.kept"
local loaders <const> = require "fm.run.loaders"
local math_random <const> = require "fm.parts.math_random"
local outputs <const> = require "fm.run.outputs"
local reads <const> = require "fm.run.reads"
local records <const> = require "fm.run.record"
local replay <const> = require "fm.run.replay"
local resume <const> = require "fm.run.resume"
local runs <const> = require "fm.run.run"
local saving <const> = require "fm.run.saving"
local streams <const> = require "fm.data.parts.stream"
local traceback <const> = require "fm.parts.traceback"

local system <const> = fm.system
local patience <const> = 0.3 -- seconds, for the process that had the folder before

-- ---- the experiment's own code ----

--- The experiment has come to its end. What it still does with the run, in a finalizer or by a reference that it left somewhere, is refused: the
--- last lines and the record are written from here on.
local function leave(run)
  run.at_work, run.over = false, true
end

local function perform(experiment, run)
  run.at_work = true
  interrupt.obey(run)
  experiment.run(run.object, run.values)
  leave(run)
  saving.refuse_diverged(run)
  replay.finish(run)
  run:flush(system.seconds())
  saving.save_best(run)
  if next(run.kept) then checkpoint.save(run, "checkpoint.safetensors") end
  outputs.verify(run)
end

--- From now on numbers that are not finite end the run as diverged: at once, or after the step where the script has them. Returns what ends
--- that.
local function watch_numbers(run)
  local raise, note = diverged.raise, diverged.note
  local function message(what, more) return ("%s%s at step %d; %s"):format(traceback.place(), what, run.step, more) end
  function diverged.raise(...) ending.raise("diverged", message(...)) end
  function diverged.note(...) run.diverged = run.diverged or message(...) end
  return function() diverged.raise, diverged.note = raise, note end
end

--- For xpcall: what was thrown as a text to read, with the lines of the script; an ending passes as it is.
local function handler(problem)
  if ending.of(problem) then return problem end
  return traceback.handler(problem)
end

--- Calls the experiment; returns status, message, signal (of fm.run.ending).
local function call(experiment, run)
  local unbind = math_random.bind(run.rng:stream "math.random", function() saving.refuse_in_loop(run, "math.randomseed") end)
  local unwatch, unmake = watch_numbers(run), loaders.watch(run)
  fm.nn.seed(run.rng) -- first weights come from the run's seed, whatever ran before
  streams.seed(run.rng)
  local print, exit = print, os.exit
  rawset(_G, "print", function(...) run:print(...) end)
  os.exit = function() ending.raise("failed", traceback.place() .. "os.exit was called inside the run") end
  local ok, problem = xpcall(perform, handler, experiment, run)
  leave(run)
  unwatch()
  unmake()
  streams.seed(nil)
  kept.seal(run.kept, nil)
  rawset(_G, "print", print)
  os.exit = exit
  unbind()
  if ok then return "done" end
  local ended = ending.of(problem)
  if ended then return ended.status, ended.message, ended.signal end
  return "failed", problem
end

-- ---- the run ----

--- The folder, locked, and how the run goes on there; or nil, a message, and "busy" when another process has it.
local function open(experiment, values, how)
  if not how.path then
    local folder, message = folders.new(how.runs, experiment.name, how.source .. fm.json.encode(values))
    if folder then return folder, {} end
    return nil, message
  end
  local folder, message, busy = folders.at(how.path, how.patience or patience)
  if not folder then return nil, message, busy end
  local plan, problem = resume.plan(folder, values, how)
  if plan then return folder, plan end
  folder.lock:release()
  return nil, problem
end

local function begin(run, plan, record, how)
  run.replay, run.slots, run.goes_on = plan.replay, { plan.slot }, plan.slot and not how.force
  run.folder:write_json("run.json", record)
  run.folder:write_json("config.json", run.config)
  resume.prepare(run.folder, plan)
  run.listener:started { experiment = run.name, path = run.folder.path, seed = run.seed, config = run.config, step = plan.slot and plan.slot.step or 0 }
end

local function finish(run, record, status, problem)
  local folder = run.folder
  records.finish(record, run, status, problem)
  local wrote, trouble = pcall(function()
    if problem and status ~= "killed" then folder:add_line("log.txt", problem) end
    run:flush(system.seconds())
    folder:settle(checkpoint.lines_files) -- what is called done is there
    folder:write_json("run.json", record)
    if status == "done" then checkpoint.clear(folder) end
  end)
  if not wrote then
    record.status, record.error = "failed", record.error or traceback.without_place(trouble)
    run.listener:unrecorded(record.error)
  end
  io.stdout:flush() -- while a reader who has gone is no reason to die
  run.listener:ended({ path = folder.path, saved = run.slots[1] ~= nil, keeps = next(run.kept) ~= nil }, record)
end

--- Runs an experiment with its values. `how`: runs (folder), path (the run's own folder, instead of a new one below `runs`: an unfinished
--- run there goes on from its last checkpoint), patience (seconds that it waits for that folder), force (in spite of differences), anew
--- (from the beginning), script (path), source (its text), code (its files), command, arguments, checkpoint_every, checkpoint_seconds,
--- keep_last, listener (hears of it: fm.cli.terminal.run_screen has the methods), advice (path -> what a person can do about differences).
--- Returns the status ("done", "failed", "diverged", "killed", or "busy" when another process writes there), the run's folder (nil when
--- there can be none) and the signal that ended it (of fm.run.ending).
local function execute(experiment, values, how)
  local listener = how.listener
  local folder, plan, busy = open(experiment, values, how)
  if not folder then
    listener:refused(plan)
    return busy or "failed", how.path
  end
  local _ <close> = folder.lock
  if plan.done then
    checkpoint.clear(folder) -- it may have ended between its last word and this
    listener:done_before(folder.path)
    return "done", folder.path
  end
  local data, unread = reads.watch(folder.path)
  local run = runs.new(experiment, values, folder, how, data)
  local record = records.begin(experiment, values, how, plan.former)
  local status, problem, signal
  local unwatch = interrupt.watch(run)
  local began, trouble = pcall(begin, run, plan, record, how)
  if began then
    status, problem, signal = call(experiment, run)
  else
    status, problem = "failed", traceback.without_place(trouble)
  end
  finish(run, record, status, problem)
  unread()
  unwatch()
  return record.status, folder.path, signal
end

return execute

-- One run from beginning to end: its folder, its record in run.json, its last checkpoint, and what
-- a person sees of it.
local fm <const> = require "fm"
local checkpoint <const> = require "fm.run.checkpoint"
local code_files <const> = require "fm.run.code_files"
local diverged <const> = require "fm.parts.diverged"
local ending <const> = require "fm.run.ending"
local folders <const> = require "fm.run.folder"
local kept <const> = require "fm.run.kept"
local lfs <const> = require "lfs"
local logging <const> = require "fm.run.logging"
local math_random <const> = require "fm.parts.math_random"
local outputs <const> = require "fm.run.outputs"
local processes <const> = require "fm.parts.processes"
local data_files <const> = require "fm.run.data_files"
local records <const> = require "fm.run.record"
local run_object <const> = require "fm.run.run_object"
local saving <const> = require "fm.run.saving"
local signals <const> = require "fm.run.signals"
local streams <const> = require "fm.data.parts.stream"
local together <const> = require "fm.run.together"
local traceback <const> = require "fm.parts.traceback"

local system <const> = fm.system
local patience <const> = 0.3 -- seconds, for the process that had the folder before

-- ---- the experiment's own code ----

--- The experiment has ended. From now on its calls on the run (in a finalizer, or by a reference
--- that it left somewhere) raise, because the last lines and the record are written now.
local function leave(run)
  run.signals.may_raise, run.over = false, true
end

local function perform(experiment, run)
  run.signals.may_raise = true
  signals.obey(run)
  experiment.run(run.object, run.values)
  together.join()
  leave(run)
  run.loop:refuse_diverged()
  if run.replay then run.replay:refuse_end() end
  logging.flush(run, system.seconds())
  saving.save_best(run)
  if next(run.saving.kept) then checkpoint.save(run, "checkpoint.safetensors") end
  outputs.verify(run)
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

--- Calls the experiment; returns status, message, signal (of fm.run.ending).
local function call(experiment, run)
  local unbind = math_random.bind(run.rng:stream "math.random", function() run.loop:refuse_inside "math.randomseed" end)
  local unwatch, unmake = watch_numbers(run), run.loop:watch_loaders()
  fm.nn.seed(run.rng) -- initial weights come from the run's seed, whatever ran before
  streams.seed(run.rng)
  local print, exit = print, os.exit
  rawset(_G, "print", function(...) logging.methods.print(run, ...) end)
  os.exit = function() ending.raise("failed", traceback.place() .. "os.exit was called inside the run") end
  local ok, problem = xpcall(perform, handler, experiment, run)
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

-- ---- the run ----

--- What is wrong when there are more processes than shares, or nil.
local function too_few(shares)
  if processes.size <= shares then return nil end
  return ("%d processes, but a step's batch has %d %s, and each process needs one: --shares N says how many there are when a run begins")
    :format(processes.size, shares, shares == 1 and "share" or "shares")
end

--- The folder, locked, and how the run goes on there; or nil, a message, and "busy" when another
--- process holds it.
local function open_folder(experiment, values, how)
  if not how.path then
    local few = too_few(how.shares or how.usual_shares)
    if few then return nil, few end
    local folder, message = folders.new(how.runs, experiment.name, how.source .. fm.json.encode(values))
    if folder then return folder, {} end
    return nil, message
  end
  local folder, message, busy = folders.at(how.path, how.patience or patience)
  if not folder then return nil, message, busy end
  if not lfs.attributes(folder.path .. "/run.json") and folder:is_fresh() then return folder, {} end
  local plan, problem = require "fm.run.resume".plan(folder, values, how)
  problem = problem or not plan.done and too_few(plan.shares or how.shares or how.usual_shares)
  if not problem then return folder, plan end
  folder.lock:release()
  return nil, problem
end

local function begin(run, plan, record, how)
  local slot = plan.slot
  run.replay, run.saving.slots, run.outputs.to_verify = plan.replay, { slot }, slot ~= nil and not how.force
  if run.folder.mute then run.outputs.to_verify = false end
  run.folder:write_json("run.json", record)
  run.folder:write_json("config.json", run.config)
  run.folder:remove_temporary()
  if slot then run.folder:cut(slot.lengths) elseif plan.former then run.folder:empty() end
  code_files.keep(run.sources.code, run.sources.copies_in)
  run.listener:started { experiment = run.name, path = run.folder.path, seed = run.seed, config = run.config, step = slot and slot.step or 0 }
end

local function finish(run, record, status, problem)
  local folder = run.folder
  records.finish(record, run, status, problem)
  local wrote, trouble = pcall(function()
    if problem and status ~= "killed" then folder:add_line("log.txt", problem) end
    logging.flush(run, system.seconds())
    code_files.keep(run.sources.code, run.sources.copies_in)
    folder:settle(checkpoint.lines_files) -- a run that is called done must be on disk
    folder:write_json("run.json", record)
    if status == "done" then checkpoint.clear(folder) end
  end)
  if not wrote then
    record.status, record.error = "failed", record.error or traceback.without_place(trouble)
    run.listener:unrecorded(record.error)
  end
  io.stdout:flush() -- while a closed pipe still does not kill the process
  run.listener:ended({ path = folder.path, saved = run.saving.slots[1] ~= nil, keeps = next(run.saving.kept) ~= nil }, record)
end

--- Runs an experiment with its values. `how`: runs (folder), path (the run's own folder, instead of
--- a new one below `runs`: an unfinished run there goes on from its last checkpoint), patience
--- (seconds that it waits for that folder), force (in spite of differences), anew (from the
--- beginning), script (path), source (its text), code (its files), copies (path -> { text, hash },
--- of files that are called from their copies), copies_in (the folder that keeps copies; false:
--- none; nil: the run's own), commit ({ hash, dirty }, or of fm.run.commit), command, arguments,
--- shares (of a step's batch, as asked for; nil: as recorded, else usual_shares),
--- checkpoint_every, checkpoint_seconds, keep_last, listener (hears of it:
--- fm.cli.terminal.run_screen has the methods), advice (path -> what a person can do about
--- differences). Returns the status ("done", "failed", "diverged", "killed", or "busy" when another
--- process writes there), the run's folder (nil when there can be none) and the signal that ended
--- it (of fm.run.ending).
local function execute(experiment, values, how)
  local listener = how.listener
  local folder, plan, busy = together.open(open_folder, experiment, values, how)
  if not folder then
    listener:refused(plan)
    return busy or "failed", how.path
  end
  local _ <close> = folder.lock
  if plan.done then
    checkpoint.clear(folder) -- the process may have died after the run was done, before this
    listener:done_before(folder.path)
    return "done", folder.path
  end
  local data, unread = data_files.watch(folder.path)
  local run = run_object.new(experiment, values, folder, how, data)
  local shares = plan.shares or how.shares or how.usual_shares
  local record = records.begin(experiment, values, how, plan.former, shares)
  run.record = record
  local status, problem, signal
  local unwatch, part = signals.watch(run), together.begin(run, shares)
  local began, trouble = pcall(begin, run, plan, record, how)
  if began then
    status, problem, signal = call(experiment, run)
  else
    status, problem = "failed", traceback.without_place(trouble)
  end
  together.tell(status, problem, signal)
  finish(run, record, status, problem)
  part()
  unread()
  unwatch()
  return record.status, folder.path, signal
end

return execute

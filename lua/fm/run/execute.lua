-- One run from beginning to end: its folder, its record in run.json, its last checkpoint, and what
-- a person sees of it.
local fm <const> = require "fm"
local call <const> = require "fm.run.call"
local checkpoint <const> = require "fm.run.checkpoint"
local code_files <const> = require "fm.run.code_files"
local folders <const> = require "fm.run.folder"
local logging <const> = require "fm.run.logging"
local outputs <const> = require "fm.run.outputs"
local processes <const> = require "fm.parts.processes"
local data_files <const> = require "fm.run.data_files"
local records <const> = require "fm.run.record"
local run_object <const> = require "fm.run.run_object"
local saving <const> = require "fm.run.saving"
local signals <const> = require "fm.run.signals"
local together <const> = require "fm.run.together"
local traceback <const> = require "fm.parts.traceback"

local system <const> = fm.system
local patience <const> = 0.3 -- seconds, for the process that had the folder before

-- ---- the experiment's own code ----

--- The experiment has ended well, and calls nothing any more.
local function complete(run)
  run.loop:refuse_diverged()
  if run.replay then run.replay:refuse_end() end
  logging.flush(run, system.seconds())
  saving.save_best(run)
  if next(run.saving.kept) then checkpoint.save(run, "checkpoint.safetensors") end
  outputs.verify(run)
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
    outputs.settle(run)
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
    status, problem, signal = call(experiment, run, complete)
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

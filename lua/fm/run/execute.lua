-- One run from beginning to end: its folder, its record in run.json, its last checkpoint, and what a person reads about it.
local fm <const> = require "fm"
local checkpoint <const> = require "fm.run.checkpoint"
local diverged <const> = require "fm.parts.diverged"
local ending <const> = require "fm.run.ending"
local event <const> = require "fm.run.event"
local folders <const> = require "fm.run.folder"
local interrupt <const> = require "fm.run.interrupt"
local kept <const> = require "fm.run.kept"
local loaders <const> = require "fm.run.loaders"
local outputs <const> = require "fm.run.outputs"
local progress <const> = require "fm.cli.terminal.progress"
local quoted <const> = require "fm.parts.shell_word"
local short <const> = require "fm.parts.short"
local random <const> = require "fm.run.random"
local reads <const> = require "fm.run.reads"
local records <const> = require "fm.run.record"
local replay <const> = require "fm.run.replay"
local resume <const> = require "fm.run.resume"
local runs <const> = require "fm.run.run"
local saving <const> = require "fm.run.saving"
local streams <const> = require "fm.data.parts.stream"
local traceback <const> = require "fm.run.traceback"

local system <const> = fm.system
local patience <const> = 0.3 -- seconds, for the process that had the folder before
local codes <const> = { done = 0, failed = 1, diverged = 1, busy = 1 }

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

--- Calls the experiment; returns status, message, exit code.
local function call(experiment, run)
  local unbind = random.bind(run.rng:stream "math.random", function() saving.refuse_in_loop(run, "math.randomseed") end)
  local unwatch, unmake = watch_numbers(run), loaders.watch(run)
  fm.nn.seed(run.rng) -- first weights come from the run's seed, whatever ran before
  streams.seed(run.rng)
  local print, exit = print, os.exit
  rawset(_G, "print", function(...) run:print(...) end)
  os.exit = function() ending.raise("failed", traceback.place() .. "os.exit was called inside the run") end
  local ok, problem = xpcall(perform, traceback.handler, experiment, run)
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
  if ended then return ended.status, ended.message, ended.exit end
  return "failed", problem
end

-- ---- what is told ----

local function tell(how, fields)
  if how.json then event(fields) end
end

--- What a resume of a run that was stopped will do.
local function what_next(run)
  if run.slots[1] then return "to go on: " end
  if next(run.kept) then return "no checkpoint was written yet; to begin again: " end
  return "nothing is kept (see run:keeps); to begin again: "
end

local function tell_end(screen, run, record, how)
  local passed = short.duration(record.seconds)
  local words = { { record.status == "done" and "green" or "red", record.status }, run.name, "step " .. run.step, passed }
  local results = short.results(run.results)
  if results ~= "" then words[#words + 1] = results end
  words[#words + 1] = { "dim", run.folder.path }
  if record.error then screen:say("fmrun: " .. record.error) end
  screen:note(words)
  if record.status == "killed" then screen:note(what_next(run) .. (how.again and how.again(run.folder.path) or "fmrun resume " .. quoted(run.folder.path))) end
end

-- ---- the run ----

--- The folder, locked, and how the run goes on there; or nil, a message, and "busy" when another process has it.
local function open(experiment, values, how, say)
  if not how.path then
    local folder, message = folders.new(how.runs, experiment.name, how.source .. fm.json.encode(values))
    if folder then return folder, {} end
    return nil, message
  end
  local folder, message, busy = folders.at(how.path, how.patience or patience)
  if not folder then return nil, message, busy end
  local plan, problem = resume.plan(folder, values, how, say)
  if plan then return folder, plan end
  folder.lock:release()
  return nil, problem
end

local function begin(run, plan, record, how)
  run.replay, run.slots, run.goes_on = plan.replay, { plan.slot }, plan.slot and not how.force
  run.folder:write_json("run.json", record)
  run.folder:write_json("config.json", run.config)
  resume.prepare(run.folder, plan)
  tell(how, { event = "run_start", experiment = run.name, run = run.folder.path, seed = run.seed, config = run.config,
    step = plan.slot and plan.slot.step or 0 })
  if plan.slot then run.screen:note(("%s goes on from step %d"):format(run.name, plan.slot.step)) end
end

local function finish(run, record, status, problem, how)
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
    event.failure(record.error)
  end
  io.stdout:flush() -- while a reader who has gone is no reason to die
  tell_end(run.screen, run, record, how)
  tell(how, { event = "run_end", experiment = run.name, run = folder.path, status = record.status, error = record.error,
    seconds = record.seconds, summary = record.summary })
end

--- Runs an experiment with its values. `how`: runs (folder), path (the run's own folder, instead of a new one below `runs`: an unfinished
--- run there goes on from its last checkpoint), patience (seconds that it waits for that folder), force (in spite of differences), anew
--- (from the beginning), script (path), source (its text), code (its files), command, again (path ->
--- the command that goes on, where that is not fmrun resume), checkpoint_every, checkpoint_seconds, keep_last, quiet, json, color.
--- Returns the status ("done", "failed", "diverged", "killed", or "busy" when another process writes there), the run's folder (nil when
--- there can be none) and an exit code.
local function execute(experiment, values, how)
  local screen = progress.new(how)
  local folder, plan, busy = open(experiment, values, how, function(message) screen:say("fmrun: " .. message) end)
  if not folder then
    screen:say("fmrun: " .. plan)
    event.failure(plan)
    return busy or "failed", how.path, 1
  end
  local _ <close> = folder.lock
  if plan.done then
    checkpoint.clear(folder) -- it may have ended between its last word and this
    screen:note(folder.path .. " is done")
    tell(how, { event = "run_skipped", run = folder.path, status = "done" })
    return "done", folder.path, 0
  end
  local data, unread = reads.watch(folder.path)
  local run = runs.new(experiment, values, folder, screen, how, data)
  local record = records.begin(experiment, values, how, plan.former)
  local status, problem, exit
  local unwatch = interrupt.watch(run)
  local began, trouble = pcall(begin, run, plan, record, how)
  if began then
    status, problem, exit = call(experiment, run)
  else
    status, problem = "failed", traceback.without_place(trouble)
  end
  finish(run, record, status, problem, how)
  unread()
  unwatch()
  return record.status, folder.path, exit or codes[record.status]
end

return execute

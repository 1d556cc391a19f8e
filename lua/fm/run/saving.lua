-- When a run writes which checkpoints. Those of every N steps and of the best metric belong to its results; those of every S seconds only
-- bring it back, so they may fall anywhere.
local fm <const> = require "fm"
local checkpoint <const> = require "fm.run.checkpoint"
local kept <const> = require "fm.run.kept"
local loaders <const> = require "fm.run.loaders"
local options <const> = require "fm.parts.options"
local outputs <const> = require "fm.run.outputs"
local ending <const> = require "fm.run.ending"
local origin <const> = require "fm.run.origin"
local system <const> = fm.system

local saving <const> = {}
local defaults <const> = { every = 0, seconds = 60, keep_last = 0, best = options.none, mode = "min" }
local copies <const> = 3 -- two slots and the one being written

--- Raises inside a loop: a run that goes on from a checkpoint does not do again what a loop did.
function saving.refuse_in_loop(run, name)
  if run.in_loop then
    fm.fail(("%s: call it before the loop: what it asks for inside is lost when the run goes on from a checkpoint"):format(name))
  end
end

--- Ends a run in which a loss was not finite, once its step is over: the script may have logged it.
function saving.refuse_diverged(run)
  if run.diverged then ending.raise("diverged", run.diverged) end
end

local function check(where, o)
  options.integer(where .. ": every", o.every, 0)
  options.number(where .. ": seconds", o.seconds, 0, math.huge)
  options.integer(where .. ": keep_last", o.keep_last, 0)
  if o.best ~= nil then require "fm.run.early".check_metric(where, o.best, o.mode) end
end

--- What the command line says: checkpoint_every, checkpoint_seconds, keep_last.
function saving.given(how)
  return { every = how.checkpoint_every, seconds = how.checkpoint_seconds, keep_last = how.keep_last }
end

--- run:checkpoints { every = steps, seconds = 60, keep_last = 0, best = metric, mode = "min" }: when checkpoints are written (0: not by
--- that), how many of `every` stay as checkpoint-step-N, and whose best stays as checkpoint-best. The command line goes first.
local function checkpoints(run, given, ...)
  options.no_more("checkpoints", 1, ...)
  saving.refuse_in_loop(run, "checkpoints")
  local o = options.read("checkpoints", given, defaults)
  for name, value in pairs(run.asked) do o[name] = value end
  check("checkpoints", o)
  if given and given.keep_last and o.keep_last > 0 and o.every == 0 then fm.fail "checkpoints: keep_last needs every: the steps at which it keeps" end
  run.saving = o
  run.watched = run.watched or o.best ~= nil
end

--- run:keeps { name = thing, ... }: what a checkpoint holds (see fm.run.kept). When a run goes on, they are put back at its step.
local function keeps(run, parts, ...)
  options.no_more("keeps", 1, ...)
  saving.refuse_in_loop(run, "keeps")
  if type(parts) ~= "table" or getmetatable(parts) then
    fm.fail("keeps: expected a table of things by name, found " .. (type(parts) == "table" and "one thing: run:keeps { model = model }" or type(parts)))
  end
  for name, part in pairs(parts) do kept.check(name, part) end
  for name, part in pairs(parts) do run.kept[name] = part end
end

saving.methods = { checkpoints = checkpoints, keeps = keeps }

-- ---- in the loop ----

--- Before the first step: the disk must take what will be written.
local function probe(run)
  local size = checkpoint.size(run) * (run.slots[1] and 1 or copies)
  local ok, message = fm.file.has_room(run.folder.path, size)
  if ok then return end
  ending.raise("failed", ("there is no room for checkpoints, %d bytes: %s"):format(size, message))
end

--- A loop begins.
function saving.begin(run)
  if run.probed or not next(run.kept) then return end
  run.probed = true
  if run.saving.keep_last > 0 and run.saving.every == 0 then
    ending.raise("failed", "--keep-last needs --checkpoint-every, the steps at which it keeps")
  end
  probe(run)
  run.saved_at = run.saved_at or system.seconds()
end

local function copy_list(list, n)
  return table.move(list, 1, n, 1, {})
end

--- Where the run is, for its checkpoint. `ended`: the loop has taken its last step.
local function position(run, now, ended)
  local stops = {}
  for i, stopper in ipairs(run.stoppers) do stops[i] = stopper.state end
  local loops = copy_list(run.loops, run.loop - 1)
  if ended then loops[run.loop] = run.step end
  local places = copy_list(run.places, run.loop - 1)
  places[run.loop] = loaders.places(run)
  return { step = run.step, loop = run.loop, ended = ended, loops = loops, summary = run.results, stops = stops, best = run.best,
    seconds = now - run.began, outputs = outputs.list(run), places = places }
end

local function step_name(step)
  return ("checkpoint-step-%d.safetensors"):format(step)
end

local function keep_last(run)
  local o = run.saving
  if o.keep_last == 0 or run.step % o.every ~= 0 then return end
  checkpoint.save(run, step_name(run.step))
  run.folder:remove(step_name(run.step - o.keep_last * o.every))
end

--- Writes the checkpoint of the best metric if there is a better one since.
function saving.save_best(run)
  if not run.best_due then return end
  run.best_due = false
  checkpoint.save(run, "checkpoint-best.safetensors")
end

local function is_due(run, now, ended)
  local o = run.saving
  if o.every > 0 and run.step % o.every == 0 or run.interrupted then return true end
  if o.seconds == 0 then return false end
  local passed = now - run.saved_at
  return passed >= o.seconds or ended and passed >= o.seconds / 60 -- what follows a loop may be long
end

--- A step is done; `ended`: it was the loop's last.
function saving.after_step(run, now, ended)
  if not next(run.kept) then return end
  saving.save_best(run)
  if not is_due(run, now, ended) then return end
  if run.saving.every > 0 then keep_last(run) end
  local scripts, data = run.files, run.data
  checkpoint.write(run, position(run, now, ended), origin.now(scripts, data, run.config))
  run.saved_at = system.seconds()
end

--- A metric is logged.
function saving.heed(run, value)
  local o = run.saving
  if not require "fm.run.early".is_better(value, run.best and run.best.value, o.mode, 0) then return end
  run.best = { value = value, step = run.step }
  run.best_due = true
end

return saving

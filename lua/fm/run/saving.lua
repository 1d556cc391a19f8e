-- When a run writes which checkpoints. Those of every N steps and of the best metric belong to its
-- results; those of every S seconds only serve to continue it, so their steps may vary.
local fm <const> = require "fm"
local checkpoint <const> = require "fm.run.checkpoint"
local code_files <const> = require "fm.run.code_files"
local given <const> = require "fm.run.given"
local kept <const> = require "fm.run.kept"
local options <const> = require "fm.parts.options"
local outputs <const> = require "fm.run.outputs"
local ending <const> = require "fm.run.ending"
local spikes <const> = require "fm.run.spikes"
local system <const> = fm.system

local saving <const> = {}
local defaults <const> = { every = 0, seconds = 60, keep_last = 0, best = options.none, mode = "min" }
local copies <const> = 3 -- two slots and the one being written

local function check(where, o)
  options.integer(where .. ": every", o.every, 0)
  options.number(where .. ": seconds", o.seconds, 0, math.huge)
  options.integer(where .. ": keep_last", o.keep_last, 0)
  if o.best ~= nil then given.metric(where .. ": best", o.best) end
  require "fm.run.early_stopping".check_mode(where, o.mode)
end

--- When checkpoints are written, by the defaults, overridden by the script, overridden by the
--- options with which the run was started.
local function plan_of(chosen, asked)
  local o = options.read("checkpoints", chosen, defaults)
  for name, value in pairs(asked) do o[name] = value end
  check("checkpoints", o)
  return o
end

--- how: checkpoint_every, checkpoint_seconds, keep_last, as they were asked for when the run was
--- started. plan: the options of run:checkpoints. kept: of run:keeps. slots: the checkpoints there
--- are (see fm.run.checkpoint). best: { value, step } of the best metric, best_due: whether its
--- checkpoint is not written yet. probed: whether the disk takes what will be written. saved_at:
--- when a slot was written.
function saving.new(how)
  local asked = { every = how.checkpoint_every, seconds = how.checkpoint_seconds, keep_last = how.keep_last }
  return { asked = asked, plan = plan_of({}, asked), kept = {}, slots = {}, best = nil, best_due = false, probed = false, saved_at = nil }
end

--- run:checkpoints { every = steps, seconds = 60, keep_last = 0, best = metric, mode = "min" }:
--- when checkpoints are written (0: not by this), how many of those by step stay as
--- checkpoint-step-N, and by which metric the best stays as checkpoint-best. The command line
--- overrides these.
local function checkpoints(run, chosen, ...)
  options.no_more("checkpoints", 1, ...)
  run.loop:refuse_inside "checkpoints"
  local o = plan_of(chosen, run.saving.asked)
  if chosen and chosen.keep_last and o.keep_last > 0 and o.every == 0 then fm.fail "checkpoints: keep_last needs every: the steps at which it keeps" end
  run.saving.plan = o
end

--- run:keeps { name = object, ... }: what a checkpoint holds (see fm.run.kept). When a run goes on,
--- the objects are restored at the checkpoint's step.
local function keeps(run, parts, ...)
  options.no_more("keeps", 1, ...)
  run.loop:refuse_inside "keeps"
  if type(parts) ~= "table" or getmetatable(parts) then
    fm.fail("keeps: expected a table of things by name, found " .. (type(parts) == "table" and "one thing: run:keeps { model = model }" or type(parts)))
  end
  for name, part in pairs(parts) do kept.check(name, part) end
  for name, part in pairs(parts) do run.saving.kept[name] = part end
end

saving.methods = { checkpoints = checkpoints, keeps = keeps }

-- ---- in the loop ----

--- Before the first step: checks that the disk has room for what will be written.
local function probe(run)
  local size = checkpoint.size(run) * (run.saving.slots[1] and 1 or copies)
  local ok, message = fm.file.has_room(run.folder.path, size)
  if ok then return end
  ending.raise("failed", ("there is no room for checkpoints, %d bytes: %s"):format(size, message))
end

--- A loop begins.
function saving.begin(run)
  local own = run.saving
  if own.probed or run.folder.mute or not next(own.kept) then return end
  own.probed = true
  if own.plan.keep_last > 0 and own.plan.every == 0 then
    ending.raise("failed", "--keep-last needs --checkpoint-every, the steps at which it keeps")
  end
  probe(run)
  own.saved_at = own.saved_at or system.seconds()
end

local function copy_list(list, n)
  return table.move(list, 1, n, 1, {})
end

--- Where the run is, for its checkpoint. `ended`: the loop has taken its last step.
local function position(run, now, ended)
  local loop, lines, stops = run.loop, run.lines, {}
  for i, stopper in ipairs(lines.stoppers) do stops[i] = stopper.state end
  local loops, places = copy_list(loop.ends, loop.number - 1), copy_list(loop.places, loop.number - 1)
  if ended then loops[loop.number] = loop.step end
  places[loop.number] = loop:loader_places()
  return { step = loop.step, loop = loop.number, ended = ended, loops = loops, summary = lines.results, stops = stops, best = run.saving.best,
    seconds = now - lines.began, outputs = outputs.list(run), places = places, spikes = spikes.state(run) }
end

local function step_name(step)
  return ("checkpoint-step-%d.safetensors"):format(step)
end

local function keep_last(run)
  local o, step = run.saving.plan, run.loop.step
  if o.keep_last == 0 or step % o.every ~= 0 then return end
  checkpoint.save(run, step_name(step))
  run.folder:remove(step_name(step - o.keep_last * o.every))
end

--- Writes the checkpoint of the best metric if there is a better one since.
function saving.save_best(run)
  if not run.saving.best_due then return end
  run.saving.best_due = false
  checkpoint.save(run, "checkpoint-best.safetensors")
end

local function is_due(run, now, ended)
  local o = run.saving.plan
  if o.every > 0 and run.loop.step % o.every == 0 or run.signals.came then return true end
  if o.seconds == 0 then return false end
  local passed = now - run.saving.saved_at
  -- code after a loop may take long
  return passed >= o.seconds or ended and passed >= o.seconds / 60
end

--- A step is done; `ended`: it was the loop's last.
function saving.after_step(run, now, ended)
  local own = run.saving
  if run.folder.mute or not next(own.kept) then return end
  saving.save_best(run)
  if not is_due(run, now, ended) then return end
  if own.plan.every > 0 then keep_last(run) end
  code_files.keep(run.sources.code, run.sources.copies_in)
  checkpoint.write(run, position(run, now, ended), require "fm.run.origin".now(run.sources, run.config))
  own.saved_at = system.seconds()
end

--- A metric is logged.
function saving.heed(run, value)
  local own = run.saving
  if not require "fm.run.early_stopping".is_better(value, own.best and own.best.value, own.plan.mode, 0) then return end
  own.best, own.best_due = { value = value, step = run.loop.step }, true
end

return saving

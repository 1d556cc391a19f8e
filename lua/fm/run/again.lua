-- Calls the script of a run again from its last checkpoint, up to the place where it says what can
-- be measured (run:pareto). The training is not done again: its loops have nothing left to do, and
-- what the run kept is put back. Nothing in the run's folder changes.
local fm <const> = require "fm"
local call <const> = require "fm.run.call"
local checkpoint <const> = require "fm.run.checkpoint"
local code_copies <const> = require "fm.records.code_copies"
local data_files <const> = require "fm.run.data_files"
local ending <const> = require "fm.run.ending"
local folders <const> = require "fm.run.folder"
local kept <const> = require "fm.run.kept"
local mute_folder <const> = require "fm.run.mute_folder"
local origin <const> = require "fm.run.origin"
local read_record <const> = require "fm.records.run_json"
local run_object <const> = require "fm.run.run_object"
local signals <const> = require "fm.run.signals"
local together <const> = require "fm.run.together"

local patience <const> = 0.3 -- seconds, for the process that had the folder before

-- ---- the way: what a run's `replay` is meanwhile ----

--- path: of the checkpoint. tensors, values: what it holds. step, loop: where it was written, ends:
--- the last steps of the loops before, places: of loaders at their ends. past: what the run was
--- made of then.
local Way <const> = {}
Way.__index = Way

function Way:lend(run)
  kept.lend(run.saving.kept, self.tensors, self.values)
end

--- A loop begins that would end at step `last`. It has nothing to do.
function Way:begin_loop(run, last)
  local loop = run.loop
  if loop.number > self.loop then
    ending.raise("failed", ("the last checkpoint is of step %d, in loop %d of the script, and the script says what to measure (run:pareto) "
      .. "after its loop %d: fmrun resume goes on with the run"):format(self.step, self.loop, loop.number))
  end
  loop.step = self.ends[loop.number] or loop.number == self.loop and self.step or last
  self:lend(run)
  loop:restore_loaders(self.places)
  return true
end

--- Of a run that is done.
local function way_of_done(folder, record, config, copies)
  local last, message = checkpoint.last(folder)
  if not last then return nil, message end
  last.loop, last.step, last.places, last.past = math.huge, record.steps or 0, {}, { data = record.data or {} }
  local differences, changed = origin.record_differences(record, config, copies), origin.data_differences(record)
  table.move(changed, 1, #changed, #differences + 1, differences)
  local real = (record.versions or {}).real
  if real ~= fm.real then differences[#differences + 1] = ("numbers: was %s, is now %s"):format(real, fm.real) end
  return last, differences
end

--- Of a run that was interrupted.
local function way_of_slot(folder, config, copies)
  local slot, past, problems, without_lines = checkpoint.find(folder)
  slot = slot or without_lines -- what it logged is not needed here
  if not slot then
    problems[#problems + 1] = folder.path .. ": there is no checkpoint: fmrun resume begins again"
    return nil, table.concat(problems, "\n")
  end
  if copies then code_copies.add(copies, folder.path, past.code) end
  local ok, tensors, values = pcall(checkpoint.load, folder, slot)
  if not ok then return nil, tostring(tensors) end
  return { path = checkpoint.path(folder, slot), tensors = tensors, values = values, step = slot.step, loop = slot.loop, ends = slot.loops,
    places = slot.places, past = past }, origin.differences(past, config, copies)
end

local function find(folder, config, how)
  local record, problem = read_record(folder.path .. "/run.json")
  if not record then return nil, ("%s: %s"):format(folder.path, problem) end
  local way, differences
  if record.status == "done" then
    way, differences = way_of_done(folder, record, config, how.copies)
  else
    way, differences = way_of_slot(folder, config, how.copies)
  end
  if not way then return nil, differences end
  if #differences > 0 and not how.force then
    return nil, ("%s: not what wrote the checkpoint of step %d:\n  %s\n%s"):format(folder.path, way.step, table.concat(differences, "\n  "),
      how.advice(folder.path))
  end
  return setmetatable(way, Way)
end

-- ---- the call ----

--- What the measurement depends on besides the script's own draws, as a digest.
local function identity(run, way)
  local now = origin.now(run.sources, run.config)
  return fm.file.hash(fm.json.encode { checkpoint = assert(fm.file.hash_file(way.path)), code = now.code, data = now.data, config = now.config,
    real = now.real, program = now.program, blas = now.blas_core })
end

local missing <const> = [[
the script does not say what to measure (run:pareto). fmrun pareto compares solvers and numbers of steps.
Where samples cost one evaluation (a GAN, a VAE, a model of one step) or none are drawn, there is nothing to compare.
For a model whose samples are the end of an ODE, add a line after the training, such as
  run:pareto { field = model, x0 = noise, metric = function(x) return metrics.wasserstein2(x, truth) end, name = "W2 to the data" }
or, when it samples in n steps in another way (diffusion, tokens), give sample instead of field and x0:
  run:pareto { sample = function(n) return draw(n), n end, metric = ... }
Then call fmrun pareto --force (fmrun help fm.Run:pareto)]]

--- Calls an experiment with its values again. how: path (of the run), force (in spite of
--- differences), code, copies, commit, listener, advice, as in fm.run.execute. measure(what,
--- { step, identity }) gets what run:pareto was given. Returns "answered", or another status of
--- fm.run.ending, a message, and the signal that ended it.
return function(experiment, values, how, measure)
  local folder, problem = folders.at(how.path, patience)
  if not folder then return "failed", problem end
  local _ <close> = folder.lock
  local way, message = find(folder, values, how)
  if not way then return "failed", message end
  local data, unread = data_files.watch(how.path)
  how.copies_in = false
  local answered = false
  local run = run_object.new(experiment, values, mute_folder(how.path), how, data)
  run.record, run.replay, run.listener = {}, way, together.silent
  function run.asked(what)
    local changed = how.force and {} or origin.folder_differences(way.past, data)
    if #changed > 0 then ending.raise("failed", table.concat(changed, "\n") .. "\n" .. run.advice) end
    if run.loop.number == 0 then way:lend(run) end
    measure(what, { step = way.step, identity = identity(run, way) })
    answered = true
  end
  local unwatch = signals.watch(run)
  local status, trouble, signal = call(experiment, run, function()
    if not answered then ending.raise("failed", how.path .. ": " .. missing) end
  end)
  unread()
  unwatch()
  return answered and "answered" or status, trouble, signal
end

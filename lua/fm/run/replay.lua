-- A run that goes on from a checkpoint replays its script from the top: what comes before the checkpoint is done again without its loops'
-- bodies, and leaves no trace, for its lines and pictures are there. At the checkpoint everything the run keeps is put back, and it lives.
local fm <const> = require "fm"
local code <const> = require "fm.run.code"
local ending <const> = require "fm.run.ending"
local kept <const> = require "fm.run.kept"
local loaders <const> = require "fm.run.loaders"
local origin <const> = require "fm.run.origin"
local outputs <const> = require "fm.run.outputs"
local reads <const> = require "fm.run.reads"
local system <const> = fm.system

local replay <const> = {}

--- The way to a checkpoint: its slot entry, what it holds, the origin of the run then, and what to do about differences; false to go on in
--- spite of them.
function replay.new(slot, tensors, values, past, advice)
  return { slot = slot, tensors = tensors, values = values, past = past, advice = advice }
end

local function mismatch(message, ...)
  ending.raise("failed", "resume: " .. message:format(...))
end

--- At the checkpoint: the run is as it was.
local function arrive(run)
  local point = run.replay
  local slot = point.slot
  local changed = not point.advice and {} or origin.folder_differences(point.past, run.data)
  if #changed > 0 then mismatch("%s\n%s", table.concat(changed, "\n"), point.advice) end
  reads.carry(run.data, point.past.data)
  code.carry(run.files, point.past.code)
  kept.restore(run.kept, point.tensors, point.values)
  run.results, run.best = slot.summary, slot.best
  outputs.restore(run, slot.outputs)
  loaders.restore(run, slot.places, run.loop)
  for i, state in ipairs(slot.stops) do
    local stopper = run.stoppers[i] or mismatch "the script has fewer run:stop_when than at the checkpoint"
    stopper.state = state
  end
  run.began = system.seconds() - slot.seconds
  run.replay = nil
end

--- A loop begins whose last step would be `last`; pass(n) passes over n of its batches. Returns whether it lies behind the checkpoint.
function replay.begin_loop(run, last, pass)
  local point = run.replay
  if not point then return false end
  local slot, first = point.slot, run.step
  local before = run.loop < slot.loop
  local target = before and slot.loops[run.loop] or slot.step
  if run.loop > slot.loop or target < first or target > last then
    mismatch("the checkpoint is at step %d of loop %d; loop %d goes from step %d to %d", slot.step, slot.loop, run.loop, first, last)
  end
  pass(target - first)
  run.step = target
  if before then
    kept.lend(run.kept, point.tensors, point.values) -- what follows may sample, and shall not do it with untrained weights
    loaders.restore(run, slot.places, run.loop)
    return true
  end
  arrive(run)
  return slot.ended
end

--- The script has come to its end: it must have met the checkpoint.
function replay.finish(run)
  if run.replay then mismatch("the script ended before it came to step %d of the checkpoint", run.replay.slot.step) end
end

return replay

-- A run that goes on from a checkpoint replays its script from the top. What comes before the
-- checkpoint is executed again, without the bodies of its loops, and writes nothing, because its
-- lines and pictures are there. At the checkpoint everything that the run keeps is put back, and
-- the run goes on normally.
local fm <const> = require "fm"
local code_files <const> = require "fm.run.code_files"
local ending <const> = require "fm.run.ending"
local kept <const> = require "fm.run.kept"
local origin <const> = require "fm.run.origin"
local outputs <const> = require "fm.run.outputs"
local data_files <const> = require "fm.run.data_files"
local spikes <const> = require "fm.run.spikes"
local system <const> = fm.system

local Replay <const> = {}
Replay.__index = Replay

--- The way to a checkpoint: its slot entry, what it holds, the origin of the run then, and advice
--- about differences; false: go on in spite of them.
local function new(slot, tensors, values, past, advice)
  return setmetatable({ slot = slot, tensors = tensors, values = values, past = past, advice = advice }, Replay)
end

local function mismatch(message, ...)
  ending.raise("failed", "resume: " .. message:format(...))
end

--- At the checkpoint: restores the run as it was.
function Replay:arrive(run)
  local slot, sources, lines = self.slot, run.sources, run.lines
  local changed = not self.advice and {} or origin.folder_differences(self.past, sources.data)
  if #changed > 0 then mismatch("%s\n%s", table.concat(changed, "\n"), self.advice) end
  data_files.carry(sources.data, self.past.data)
  code_files.carry(sources.code, self.past.code)
  kept.restore(run.saving.kept, self.tensors, self.values)
  lines.results, run.saving.best = slot.summary, slot.best
  outputs.restore(run, slot.outputs)
  run.loop:restore_loaders(slot.places)
  for i, state in ipairs(slot.stops) do
    local stopper = lines.stoppers[i] or mismatch "the script has fewer run:stop_when than at the checkpoint"
    stopper.state = state
  end
  spikes.restore(run, slot.spikes)
  lines.began = system.seconds() - slot.seconds
  run.replay = nil
end

--- A loop begins that would end at step `last`; pass(n) passes over n of its batches. Returns
--- whether the whole loop lies before the checkpoint.
function Replay:begin_loop(run, last, pass)
  local slot, loop = self.slot, run.loop
  local first, before = loop.step, loop.number < slot.loop
  local target = before and slot.loops[loop.number] or slot.step
  if loop.number > slot.loop or target < first or target > last then
    mismatch("the checkpoint is at step %d of loop %d; loop %d goes from step %d to %d", slot.step, slot.loop, loop.number, first, last)
  end
  pass(target - first)
  loop.step = target
  if before then
    -- code after the loop may sample, and must not use untrained weights
    kept.lend(run.saving.kept, self.tensors, self.values)
    loop:restore_loaders(slot.places)
    return true
  end
  self:arrive(run)
  return slot.ended
end

--- The script has ended without reaching the checkpoint.
function Replay:refuse_end()
  mismatch("the script ended before it came to step %d of the checkpoint", self.slot.step)
end

return { new = new }

-- A run that goes on from a checkpoint replays its script from the top: what comes before the checkpoint is done again without its loops'
-- bodies, and leaves no trace, for its lines and pictures are there. At the checkpoint everything the run keeps is put back, and it lives.
local fm <const> = require "fm"
local code_files <const> = require "fm.run.code_files"
local ending <const> = require "fm.run.ending"
local kept <const> = require "fm.run.kept"
local origin <const> = require "fm.run.origin"
local outputs <const> = require "fm.run.outputs"
local data_files <const> = require "fm.run.data_files"
local system <const> = fm.system

local Replay <const> = {}
Replay.__index = Replay

--- The way to a checkpoint: its slot entry, what it holds, the origin of the run then, and what to do about differences; false to go on in
--- spite of them.
local function new(slot, tensors, values, past, advice)
  return setmetatable({ slot = slot, tensors = tensors, values = values, past = past, advice = advice }, Replay)
end

local function mismatch(message, ...)
  ending.raise("failed", "resume: " .. message:format(...))
end

--- At the checkpoint: the run is as it was.
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
  lines.began = system.seconds() - slot.seconds
  run.replay = nil
end

--- A loop begins whose last step would be `last`; pass(n) passes over n of its batches. Returns whether it lies behind the checkpoint.
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
    kept.lend(run.saving.kept, self.tensors, self.values) -- what follows may sample, and shall not do it with untrained weights
    loop:restore_loaders(slot.places)
    return true
  end
  self:arrive(run)
  return slot.ended
end

--- The script has come to its end, and has not met the checkpoint.
function Replay:refuse_end()
  mismatch("the script ended before it came to step %d of the checkpoint", self.slot.step)
end

return { new = new }

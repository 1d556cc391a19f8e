-- What the steps of optimizers cost: the most bytes that tensors held during one, and how many of
-- these were held before it.
--   peak, held    of the step that needed most, the last of these
local core <const> = require "fm.core"

local step_memory <const> = { peak = 0, held = 0 }

--- Forgets the steps so far.
function step_memory.reset() step_memory.peak, step_memory.held = 0, 0 end

--- A step begins. Returns what tensors hold now, for step_memory.note.
function step_memory.begin()
  core.peak_begin()
  return core.live_bytes()
end

--- The step is over. Returns the rest.
function step_memory.note(held, ...)
  local peak = core.peak_bytes()
  if peak >= step_memory.peak then step_memory.peak, step_memory.held = peak, held end
  return ...
end

return step_memory

-- What happens when the numbers of a training stop being finite. In a run, the run ends as
-- diverged, at its step.
local core <const> = require "fm.core"

local diverged <const> = {}

--- A loss is not finite, and was given back to the script, which may still log it. A run replaces
--- this function.
function diverged.note() end

--- Raises; `what` says what is not finite, `more` says what follows, `step` is the step as the
--- optimizer counts. A run replaces this function: its own names the run's step.
function diverged.raise(what, more, step)
  core.fail(("%s at step %d; %s"):format(what, step, more))
end

return diverged

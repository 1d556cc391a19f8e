-- What is to happen when numbers of a training stop being finite. While a run lasts it ends as diverged, at its step.
local core <const> = require "fm.core"

local diverged <const> = {}

--- A loss is not finite, and was given back to the script, which may still log it. A run puts its own in place.
function diverged.note() end

--- Raises; `what` says what is not finite, `more` what came of it, at a step as its optimizer counts. A run puts its own in place, which
--- names the run's step.
function diverged.raise(what, more, step)
  core.fail(("%s at step %d; %s"):format(what, step, more))
end

return diverged

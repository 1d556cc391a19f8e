-- What is to happen when numbers of a training stop being finite. While a run lasts it ends as diverged, at its step.
local core <const> = require "fm.core"

local diverged <const> = {}

--- A loss is not finite, and was given back to the script, which may still log it. A run puts its own in place.
function diverged.note() end

--- Raises; `what` says what is not finite, `more` what came of it, `step` which of the optimizer's steps it was to be. A run puts its own in
--- place, which knows the run's step.
function diverged.raise(what, more, step)
  core.fail(("%s at its step %d; %s"):format(what, step, more))
end

return diverged

-- What is to happen when numbers stop being finite: an error. While a run lasts it ends as diverged instead, at its step.
local core <const> = require "fm.core"

local diverged <const> = {}

--- Raises; `what` says what is not finite, `more` what came of it. A run puts its own in place.
function diverged.raise(what, more)
  core.fail(what .. "; " .. more)
end

return diverged

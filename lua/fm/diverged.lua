-- What is to happen when numbers stop being finite: an error. While a run lasts it ends as diverged instead, at its step.
local core <const> = require "fm.core"

local diverged <const> = {}

--- Raises; `message` says what is not finite. A run puts its own in place.
diverged.raise = core.fail

return diverged

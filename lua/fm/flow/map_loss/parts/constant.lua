-- constant(like, f) -> what f() returns, shaped as `like`, without a gradient: f records nothing,
-- and its result belongs to the step.
local fm <const> = require "fm"
local arguments <const> = require "fm.flow.parts.arguments"

return function(like, f)
  local result = fm.zeros(like:shape())
  local scope <close> = fm.scope()
  local value = f()
  arguments.batch("map_loss", "a target", value, like)
  return result:copy(value)
end

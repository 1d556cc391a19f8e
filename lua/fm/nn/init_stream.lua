-- Where first weights come from: one stream, each layer the next call of it, so the same script with the same seed starts from the
-- same weights. A run seeds it; alone it starts at 0.
local fm <const> = require "fm"

local init <const> = {}

--- Starts the stream anew, from a number or as a stream of an rng.
function init.seed(from)
  local root = type(from) == "number" and fm.rng(from) or from
  init.weights = root:stream "init":at(0)
  init.dropout = root:stream "dropout" -- follows the step of its root
end

--- [n, ...] numbers in -bound..bound, as a parameter.
function init.uniform(bound, ...)
  local scope <close> = fm.scope()
  return fm.parameter((init.weights:uniform(...) * 2 - 1) * bound)
end

function init.normal(deviation, ...)
  local scope <close> = fm.scope()
  return fm.parameter(init.weights:normal(...) * deviation)
end

init.seed(0)

return init

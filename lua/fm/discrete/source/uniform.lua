-- Every token is drawn, all V equally likely.
local fm <const> = require "fm"

return {
  start = function(shape, V, rng) return rng:integers(shape, 1, V) end,
  probability = function(V) return fm.full(V, 1 / V) end,
}

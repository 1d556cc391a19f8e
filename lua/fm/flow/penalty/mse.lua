-- mse: the square of the difference.
local fm <const> = require "fm"

return { each = fm.square, mean = function(p, target) return fm.mse(p, target) end }

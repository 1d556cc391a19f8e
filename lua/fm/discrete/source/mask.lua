-- Every token is masked: V + 1.
local fm <const> = require "fm"

return { masks = true, start = function(shape, V) return fm.full(shape, V + 1) end }

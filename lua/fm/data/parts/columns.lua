-- Two vectors [n] side by side: [n, 2].
local fm <const> = require "fm"

return function(x, y)
  return fm.cat(x:reshape(-1, 1), y:reshape(-1, 1), 2)
end

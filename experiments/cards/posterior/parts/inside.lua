-- inside(task, theta [n, D]) -> [n]: 1 for rows within the box of the prior, else 0. Without a box
-- all are within it.
local fm <const> = require "fm"

return function(task, theta)
  if not task.box then return fm.ones(#theta) end
  return (theta:ge(task.box[1]) * theta:le(task.box[2])):min(2)
end

-- The random stream of a dataset's options, or one of the dataset's own: fm.rng(0, name).
local fm <const> = require "fm"

return function(name, rng)
  if rng == nil then return fm.rng(0, name) end
  if getmetatable(rng) ~= "rng" then fm.fail(("%s: rng: expected a random stream, found %s"):format(name, type(rng))) end
  return rng
end

-- The random stream of a dataset: the one of its options, or one of the dataset's own. Without rng each call draws other numbers than the one
-- before: in a run they come from the run's seed and the step, elsewhere from how many calls there were.
local fm <const> = require "fm"

local stream <const> = {}

local root          -- of the run that is at work
local calls = {}    -- name -> how many streams were given without one

--- From now on streams come from `rng`, or from nobody's (nil), as when fm was loaded.
function stream.seed(rng)
  root, calls = rng, {}
end

local function default(name)
  if root then return root:stream "data":own(name) end
  calls[name] = (calls[name] or 0) + 1
  return fm.rng(0, calls[name] == 1 and name or ("%s %d"):format(name, calls[name]))
end

--- The stream `rng`, or one of the dataset called `name` when it is nil.
function stream.of(name, rng)
  if rng == nil then return default(name) end
  if getmetatable(rng) ~= "rng" then fm.fail(("%s: rng: expected a random stream, found %s"):format(name, type(rng))) end
  return rng
end

return stream

-- The random stream of a dataset: the one from its options, or one that belongs to the dataset.
-- Without rng each call draws numbers that differ from those of the call before: in a run they come
-- from the run's seed and the step, elsewhere from the number of calls so far.
local fm <const> = require "fm"

local stream <const> = {}

local root          -- of the run in progress
local calls = {}    -- name -> how many streams were made without an rng

--- From now on streams come from `rng`. nil: from no run, as when fm was loaded.
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

-- Where the loaders are that a script made outside of its loops. The one that run:steps calls passes over the steps that are done; one that the
-- loop calls by hand goes on from its place. A loader is known by how many loops began before it was made, and its number since then: what is
-- made in a loop is not made again when a run passes over it.
local skip <const> = require "fm.skip"

local loaders <const> = {}

--- From now on loaders are the run's. Returns what ends that.
function loaders.watch(run)
  local former, counts = skip.made, {}
  run.loaders = setmetatable({}, { __mode = "v" }) -- one that is gone has no place any more
  function skip.made(iterator)
    if run.in_loop then return end
    local n = (counts[run.loop] or 0) + 1
    counts[run.loop] = n
    run.loaders[("%d.%d"):format(run.loop, n)] = iterator
  end
  return function() skip.made = former end
end

--- name -> place, for a checkpoint.
function loaders.places(run)
  local places = {}
  for name, iterator in pairs(run.loaders) do places[name] = skip.place_of(iterator).get() end
  return places
end

--- At the end of a loop, or at a checkpoint in it: the places there, of a list with those of each loop. Checkpoints of earlier versions have none.
function loaders.restore(run, places, loop)
  for name, place in pairs(places and places[loop] or {}) do
    local iterator = run.loaders[name]
    if iterator then skip.place_of(iterator).set(place) end
  end
end

return loaders

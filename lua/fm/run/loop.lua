-- The loops of a run: which one runs, the run's step, and where the earlier ones ended. Also the
-- places of the loaders that a script made outside of its loops: the loader that run:steps calls
-- passes over the steps that are done; a loader that the loop calls by hand goes on from its place.
-- A loader is identified by the number of loops that began before it was made, and by its number
-- since then: a loader made inside a loop is not made again when a run passes over that loop.
local fm <const> = require "fm"
local ending <const> = require "fm.run.ending"
local skip <const> = require "fm.skip"

local Loop <const> = {}
Loop.__index = Loop

--- step: the run's step. number: the number of the loop that runs, or ran last. thread: the
--- coroutine in which it runs; false outside of loops. stopping: why the loop ends after this step,
--- if it does. diverged: what was not finite in this step. ends, places: for each loop that is
--- over, its last step, and the places of loaders at that time.
local function new()
  -- a loader that was collected has no place any more
  local loaders = setmetatable({}, { __mode = "v" })
  return setmetatable({ step = 0, number = 0, thread = false, stopping = nil, diverged = nil, ends = {}, places = {}, loaders = loaders }, Loop)
end

--- Raises inside a loop, because a run that goes on from a checkpoint does not repeat what a loop
--- did.
function Loop:refuse_inside(name)
  if self.thread then
    fm.fail(("%s: call it before the loop: what it asks for inside is lost when the run goes on from a checkpoint"):format(name))
  end
end

--- Ends a run in which a loss was not finite, once its step is over: the script may have logged it.
function Loop:refuse_diverged()
  if self.diverged then ending.raise("diverged", self.diverged) end
end

--- The loop is left, by its end or by a break.
function Loop:leave()
  self.ends[self.number], self.places[self.number] = self.step, self:loader_places()
  self.thread, self.stopping = false, nil
end

-- ---- loaders ----

--- From now on the run keeps track of loaders. Returns an object that ends this.
function Loop:watch_loaders()
  local former, counts = skip.made, {}
  function skip.made(iterator)
    if self.thread then return end
    local n = (counts[self.number] or 0) + 1
    counts[self.number] = n
    self.loaders[("%d.%d"):format(self.number, n)] = iterator
  end
  return function() skip.made = former end
end

--- name -> place, for a checkpoint.
function Loop:loader_places()
  local places = {}
  for name, iterator in pairs(self.loaders) do places[name] = skip.place_of(iterator).get() end
  return places
end

--- At the end of a loop, or at a checkpoint in it: restores its places, from a list with the places
--- of each loop. Checkpoints of earlier versions have none.
function Loop:restore_loaders(places)
  for name, place in pairs(places and places[self.number] or {}) do
    local iterator = self.loaders[name]
    if iterator then skip.place_of(iterator).set(place) end
  end
end

return { new = new }

-- The loops of a run: which one runs, the run's step, and where those before it ended. Also where the loaders are that a script made outside of
-- its loops: the one that run:steps calls passes over the steps that are done; one that the loop calls by hand goes on from its place. A loader is
-- known by how many loops began before it was made, and its number since then: what is made in a loop is not made again when a run passes
-- over it.
local fm <const> = require "fm"
local ending <const> = require "fm.run.ending"
local skip <const> = require "fm.skip"

local Loop <const> = {}
Loop.__index = Loop

--- step: of the run. number: of the loop that runs, or ran last. thread: the coroutine in which it runs; false outside of loops. stopping: why it
--- ends after this step, if it does. diverged: what was not finite in this step. ends, places: for each loop that is over its last step, and the
--- places of loaders then.
local function new()
  local loaders = setmetatable({}, { __mode = "v" }) -- one that is gone has no place any more
  return setmetatable({ step = 0, number = 0, thread = false, stopping = nil, diverged = nil, ends = {}, places = {}, loaders = loaders }, Loop)
end

--- Raises inside a loop: a run that goes on from a checkpoint does not do again what a loop did.
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

--- From now on loaders are the run's. Returns what ends that.
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

--- At the end of a loop, or at a checkpoint in it: its places, of a list with those of each loop. Checkpoints of earlier versions have none.
function Loop:restore_loaders(places)
  for name, place in pairs(places and places[self.number] or {}) do
    local iterator = self.loaders[name]
    if iterator then skip.place_of(iterator).set(place) end
  end
end

return { new = new }

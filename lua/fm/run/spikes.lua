-- Spikes: a logged loss above ten times the median of its last values. A run counts them, says the
-- first, and may end a loop at one. What is known stands in run.json as "spikes"; the values that
-- the median is taken of belong to the checkpoint.
local given <const> = require "fm.run.given"
local options <const> = require "fm.parts.options"
local running_median <const> = require "fm.run.running_median"
local short <const> = require "fm.parts.short"

local spikes <const> = {}

local factor <const> = 10
local largest <const> = 1e300 -- of a ratio: JSON has no inf

--- watched: name -> { window, found, inside (the value before was above the limit too) }. found:
--- name -> { count, first (step), worst (value by median) }, a field of run.json. stops: of
--- run:stop_when, { factor, metric (nil: every loss), over }. least: of all factors. unsaid:
--- whether run.json lacks some.
function spikes.new()
  return { watched = {}, found = {}, stops = {}, least = factor, unsaid = false }
end

local function is_loss(name)
  return name:find "loss" ~= nil
end

--- Whether a name is watched: a loss, or the metric of a run:stop_when.
function spikes.is_watched(run, name)
  if is_loss(name) then return true end
  for _, stop in ipairs(run.spikes.stops) do
    if stop.metric == name then return true end
  end
  return false
end

local function watch(run, name)
  local own = run.spikes
  local watched = { window = running_median.new(), found = { count = 0 }, inside = false }
  own.watched[name], own.found[name], run.record.spikes = watched, watched.found, own.found
  return watched
end

local function times_text(value, median)
  return ("%s times the median of the values before it, %s"):format(short.number(value / median), short.number(median))
end

--- A value above the limit; those in a row are one spike.
local function note(run, watched, name, value, median)
  local found, step = watched.found, run.loop.step
  found.worst = math.max(found.worst or 0.0, math.min(value / median, largest))
  if watched.inside then return end
  watched.inside, run.spikes.unsaid, found.count = true, true, found.count + 1
  if found.first then return end
  found.first = step
  local text = ("step %d: %s is %s, %s"):format(step, name, short.number(value), times_text(value, median))
  run.listener:note(("%s: a spike at %s"):format(run.name, text))
  run.folder:add_line("log.txt", "a spike at " .. text)
end

--- Why a run:stop_when ends the loop, or nil. median: nil when the value is above no factor.
local function why_stop(run, name, value, median)
  for _, stop in ipairs(run.spikes.stops) do
    local concerned = not stop.over and (stop.metric or is_loss(name) and name) == name
    if concerned and value - value ~= 0 then
      stop.over = true
      return ("%s is %s"):format(name, short.number(value))
    elseif concerned and median and value > stop.factor * median then
      stop.over = true
      return ("%s is %s, %s"):format(name, short.number(value), times_text(value, median))
    end
  end
end

--- A watched number was logged. Returns why the loop ends, or nil.
function spikes.heed(run, name, value)
  local watched, median = run.spikes.watched[name] or watch(run, name), nil
  if value - value == 0 then
    median = running_median.exceeded(watched.window, value, run.spikes.least)
    running_median.add(watched.window, value)
    if median and value > factor * median then note(run, watched, name, value, median) else watched.inside = false end
  end
  if run.spikes.stops[1] and run.loop.thread then return why_stop(run, name, value, median) end
end

--- run:stop_when { spike = factor, metric = name (nil: every loss) }.
function spikes.stop_when(run, choice)
  local where = "stop_when"
  local o = options.read(where, choice, { spike = factor, metric = options.none })
  options.number(where .. ": spike", o.spike, 1, largest)
  if o.metric ~= nil then given.metric(where .. ": metric", o.metric) end
  run.spikes.least = math.min(run.spikes.least, o.spike)
  table.insert(run.spikes.stops, { factor = o.spike, metric = o.metric, over = false })
end

--- Writes run.json again when there are new spikes, so that others see them while the run lasts.
function spikes.say(run)
  if not run.spikes.unsaid or run.over then return end
  run.spikes.unsaid = false
  run.folder:write_json("run.json", run.record)
end

--- What a checkpoint holds.
function spikes.state(run)
  local own, state = run.spikes, { watched = {}, over = {} }
  for name, watched in pairs(own.watched) do
    local found = watched.found
    state.watched[name] = { recent = running_median.values(watched.window), inside = watched.inside, count = found.count, first = found.first,
      worst = found.worst }
  end
  for i, stop in ipairs(own.stops) do state.over[i] = stop.over end
  return state
end

--- Goes on from such a state; checkpoints of earlier versions have none.
function spikes.restore(run, state)
  local own = run.spikes
  for name, kept in pairs(state and state.watched or {}) do
    local watched = watch(run, name)
    for _, value in ipairs(kept.recent) do running_median.add(watched.window, value) end
    watched.inside, watched.found.count, watched.found.first, watched.found.worst = kept.inside, kept.count, kept.first, kept.worst
    own.unsaid = own.unsaid or kept.count > 0
  end
  for i, over in ipairs(state and state.over or {}) do
    if own.stops[i] then own.stops[i].over = over end
  end
end

return spikes

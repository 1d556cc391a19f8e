-- Turns scripts and the words for them into runs: one, or those of a sweep. All runs are counted
-- before the first is made.
--   expand(scripts, line) -> {
--     runs = { { script, values, changed = { { key, value }... } }... },
--     keys = swept names, fixed = { key = value },
--     is_sweep = whether it is more than one run of one script }
local fm <const> = require "fm"
local parameters <const> = require "fm.run.parameters"

local default_limit <const> = 10000 -- runs; --max-runs says more

local function usage(message, ...)
  error({ usage = message:format(...) }, 0)
end

-- ---- words ----

local function declaration_of(experiment, key)
  local declaration, message = parameters.find(experiment.parameters, key, experiment.presets)
  if not declaration then usage("%s", message) end
  return declaration
end

--- Trials as an axis of several keys: at(i) is a list of { key, value }.
local function trials_axis(experiment, path, claim)
  local list, seen = require "fm.cli.words.trials".read(path), {}
  for number, trial in ipairs(list) do
    for _, pair in ipairs(trial) do
      local key = pair[1]
      local value, message = parameters.read(declaration_of(experiment, key), pair[2])
      if value == nil then usage("%s: trial %d: %s", path, number, message) end
      pair[2] = value
      if not seen[key] then claim(key) end
      seen[key] = true
    end
  end
  return { count = #list, at = function(i) return list[i] end }
end

--- The axis of a key; or nil and the single value of the text.
local function key_axis(declaration, text)
  local axis, value = require "fm.cli.words.axes".new(declaration, text)
  if not axis then return nil, value end
  local at, draw = axis.at, axis.draw
  axis.at = at and function(i) return { { axis.key, at(i) } } end
  axis.draw = draw and function(u) return { { axis.key, draw(u) } } end
  return axis
end

--- What the words mean for one experiment: axes in their order, and what is fixed.
local function read_words(experiment, words, multirun)
  local result = { axes = {}, keys = {}, fixed = {} }
  local given = {}
  local function claim(key)
    if given[key] then usage("%s given twice", key) end
    given[key] = true
  end
  local function claim_swept(key)
    claim(key)
    result.keys[#result.keys + 1] = key
  end
  for _, word in ipairs(words) do
    if word:sub(1, 1) == "@" then
      result.axes[#result.axes + 1] = trials_axis(experiment, word:sub(2), claim_swept)
    else
      local key, text = parameters.split(word)
      if not key then usage("%s", text) end
      local declaration = declaration_of(experiment, key)
      local axis, value, message
      if multirun then
        axis, value = key_axis(declaration, text)
      else
        value, message = parameters.read(declaration, text)
        if value == nil then usage("%s%s", message, require "fm.cli.words.axes".sweeps(declaration, text) and "; lists and ranges need -m" or "") end
      end
      if axis then
        claim_swept(key)
        result.axes[#result.axes + 1] = axis
      else
        claim(key)
        result.fixed[key] = value
      end
    end
  end
  return result
end

-- ---- combinations ----

--- How many runs, as a float: it may be beyond any integer.
local function count_runs(said, draws)
  if draws then return draws + 0.0 end
  local count = 1.0
  for _, axis in ipairs(said.axes) do
    if axis.draw then usage("%s: %s is a range to draw from: say how often with --random N", axis.key, axis.text) end
    count = count * axis.count
  end
  return count
end

--- The choices of run `index` in the grid: the last axis runs fastest.
local function grid(said, index)
  local changed, rest = {}, index - 1
  for i = #said.axes, 1, -1 do
    local axis = said.axes[i]
    local pairs_of = axis.at(rest % axis.count + 1)
    rest = rest // axis.count
    for j = #pairs_of, 1, -1 do table.insert(changed, 1, pairs_of[j]) end
  end
  return changed
end

--- The choices of draw `index`. Each key has a stream of its own, so that a longer search begins
--- with the draws of a shorter one.
local function draw(said, index, seed)
  local changed = {}
  for i, axis in ipairs(said.axes) do
    local u = fm.rng(seed, "sweep." .. (axis.key or "trials " .. i)):at(index):number()
    local chosen = axis.draw and axis.draw(u) or axis.at(math.floor(u * axis.count) + 1)
    table.move(chosen, 1, #chosen, #changed + 1, changed)
  end
  return changed
end

local function make(script, said, changed)
  local given = {}
  for key, value in pairs(said.fixed) do given[key] = value end
  for _, pair in ipairs(changed) do given[pair[1]] = pair[2] end
  local experiment = script.experiment
  return { script = script, changed = changed, values = parameters.resolve(experiment.parameters, given, experiment.presets) }
end

local function add_grid(runs, script, said, seen)
  for index = 1, math.tointeger(count_runs(said)) do
    local run = make(script, said, grid(said, index))
    local identity = script.path .. fm.json.encode(run.values)
    if seen[identity] then usage("runs %d and %d are identical", seen[identity], #runs + 1) end
    runs[#runs + 1] = run
    seen[identity] = #runs
  end
end

--- Draws until there are `count` different runs; draws among few values repeat; the next draw
--- replaces a repeated one.
local function add_random(runs, script, said, seen, count, seed)
  if #said.axes == 0 then usage("--random: nothing to draw from; give a list or a range: lr=log(1e-4,1e-2)") end
  local wanted, index = #runs + count, 0
  while #runs < wanted do
    index = index + 1
    if index > 100 * count + 1000 then usage("--random %d: there are only %d different runs", count, #runs + count - wanted) end
    local run = make(script, said, draw(said, index, seed))
    local identity = script.path .. fm.json.encode(run.values)
    if not seen[identity] then
      runs[#runs + 1] = run
      seen[identity] = #runs
    end
  end
end

-- ---- the whole ----

--- line: words, multirun, random, sweep_seed, max_runs (numbers). Raises { usage }.
return function(scripts, line)
  local said, total = {}, 0.0
  for i, script in ipairs(scripts) do
    local ok, problem = pcall(read_words, script.experiment, line.words, line.multirun)
    if not ok then error(type(problem) == "table" and { usage = script.path .. ": " .. problem.usage } or problem, 0) end
    said[i] = problem
    total = total + count_runs(problem, line.random)
  end
  local limit = line.max_runs or default_limit
  if total > limit then usage("sweep has %s runs, over the limit of %d (--max-runs N)", (total < 1e30 and "%.0f" or "%.3g"):format(total), limit) end
  local result, seen = { runs = {}, keys = said[1].keys, fixed = said[1].fixed }, {}
  for i, script in ipairs(scripts) do
    if line.random then
      add_random(result.runs, script, said[i], seen, line.random, line.sweep_seed or 0)
    else
      add_grid(result.runs, script, said[i], seen)
    end
  end
  result.is_sweep = #result.runs > 1 or #result.keys > 0
  return result
end

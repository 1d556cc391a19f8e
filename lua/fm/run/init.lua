-- A run as its experiment sees it: the seed and its random streams, steps, what is logged, shown and kept.
local fm <const> = require "fm"
local progress <const> = require "fm.run.progress"
local traceback <const> = require "fm.run.traceback"

local system <const>, encode <const> = fm.system, fm.json.encode

local Run <const> = { __name = "fm.run" }
Run.__index = Run

local flush_interval <const> = 1 -- seconds

local function new(experiment, values, folder, screen)
  return setmetatable({ name = experiment.name, seed = values.seed, rng = fm.rng(values.seed, "run"), folder = folder, screen = screen, step = 0,
    kept = {}, results = {}, logged = {}, next_flush = 0, began = system.seconds() }, Run)
end

-- ---- steps ----

function Run:flush(now)
  self.next_flush = now + flush_interval
  if self.step > 0 then
    self.folder:add_line("timing.jsonl", ('{"step":%d,"seconds":%.3f}'):format(self.step, now - self.began))
  end
  self.folder:flush()
end

--- The last logged numbers, for the progress line: "loss=0.913 lr=0.001".
local function shown(run)
  local words = {}
  for i, name in ipairs(run:names_of(run.logged)) do words[i] = name .. "=" .. progress.number(run.logged[name]) end
  return table.concat(words, " ")
end

--- What happens between two steps, seldom enough to cost nothing.
local function look_around(run, now)
  if now >= run.next_flush then run:flush(now) end
  if now >= run.screen.next_time then
    local line = run.screen:show(run.step, shown(run), now)
    if line then run.folder:add_line("log.txt", line) end
  end
end

local function count_text(n)
  return ("steps: expected a whole number >= 0, found %s"):format(tostring(n))
end

--- Iterates: for step, batch... in run:steps(n, batches). `batches` is called once a step; after its end once more, for the next
--- round. Each step moves the clock of run.rng, so what a step draws depends on nothing but the seed and the step. A second loop
--- goes on counting.
function Run:steps(n, batches, state, control)
  local total = math.type(n) and math.tointeger(n)
  if not total or total < 0 then fm.fail(count_text(n)) end
  local first = self.step
  local last = first + total
  local rng, screen = self.rng, self.screen
  screen:begin(self.name, last, first, system.seconds())

  local function next_batch(value, ...)
    control = value
    if value ~= nil then return self.step, value, ... end
    error({ stop = "failed", message = traceback.place() .. ("steps: the batches ended at step %d and do not begin again"):format(self.step) }, 0)
  end
  local function first_try(value, ...)
    if value ~= nil then return next_batch(value, ...) end
    return next_batch(batches(state, nil))
  end
  local function iterate()
    local step = self.step
    look_around(self, system.seconds())
    if step >= last then return nil end
    self.step = step + 1
    rng:at(self.step)
    if not batches then return self.step end
    return first_try(batches(state, control))
  end
  local closing = setmetatable({}, { __close = function() rng:at(self.step + 1) end })
  return iterate, nil, nil, closing
end

-- ---- what is logged ----

local function plain(value)
  local kind = type(value)
  if kind == "number" or kind == "string" or kind == "boolean" then return value end
  if fm.is_tensor(value) then return value:item() end
  fm.fail(("expected a number, a string or a boolean, found %s"):format(kind))
end

local function is_finite(value)
  return math.type(value) ~= "float" or (value == value and math.abs(value) < math.huge)
end

local function sorted_names(values)
  local names = {}
  for name in pairs(values) do
    if type(name) ~= "string" then fm.fail(("names are strings, found %s"):format(tostring(name))) end
    if name ~= "step" then names[#names + 1] = name end
  end
  table.sort(names)
  return names
end

--- The names of `values` in order, without "step"; the last answer when they are the same, as they are in a loop.
function Run:names_of(values)
  local names, n = self.logged_names, 0
  for name in next, values do
    n = n + 1
    if names and names[name] == nil then names = nil end
  end
  if names and #names == n then return names end
  names = sorted_names(values)
  names.keys, names.texts, names.lasts = {}, {}, {}
  for i, name in ipairs(names) do names[name], names.keys[i] = true, (",%s:"):format(encode(name)) end
  self.logged_names = names
  return names
end

--- Writes one line of metrics.jsonl, with the step. A loss (a name with "loss" in it) that is not finite ends the run as diverged.
function Run:log(values)
  local names, line, bad = self:names_of(values), '{"step":' .. self.step, nil
  local keys, texts, lasts = names.keys, names.texts, names.lasts
  for i = 1, #names do
    local value = values[names[i]]
    local text = texts[i]
    if value ~= lasts[i] or math.type(value) ~= "float" then -- a learning rate that stays is encoded once
      lasts[i] = value
      value = plain(value)
      text = encode(value)
      texts[i] = text
      if not is_finite(value) and names[i]:find "loss" then bad = bad or ("%s is %s"):format(names[i], text:gsub('"', "")) end
    end
    line = line .. keys[i] .. text
  end
  self.folder:add_line("metrics.jsonl", line .. "}")
  self.logged = values
  if bad then error({ stop = "diverged", message = ("%s%s at step %d"):format(traceback.place(), bad, self.step) }, 0) end
end

--- Results of the whole run: numbers, strings, booleans by name. Several calls add up.
function Run:summary(values)
  for _, name in ipairs(sorted_names(values)) do self.results[name] = plain(values[name]) end
end

--- Text for a person: on stdout (stderr when stdout is for events) and in log.txt. `print` does this while the run lasts.
function Run:print(...)
  local words = table.pack(...)
  for i = 1, words.n do words[i] = tostring(words[i]) end
  local text = table.concat(words, "\t")
  self.screen:clear()
  self.screen.out:write(text, "\n")
  self.folder:add_line("log.txt", text)
end

-- ---- files ----

--- The path of a file in the run's folder.
function Run:path(name)
  return self.folder:file(name)
end

local function has_ending(name)
  return name:find "%.%w+$" ~= nil
end

--- Saves a picture of fm.plot as NAME.png, or by the ending of the name.
function Run:picture(name, picture)
  local path = self:path(has_ending(name) and name or name .. ".png")
  assert(picture:save(path))
  return path
end

local savers <const> = {
  npy = function(path, value) return fm.npy.save(path, value) end,
  png = function(path, value) return fm.png.save(path, value) end,
  json = function(path, value) return fm.file.write(path, encode(value) .. "\n") end,
  txt = function(path, value) return fm.file.write(path, value) end,
  safetensors = function(path, value) return fm.save(path, value.state and value:state() or value) end,
}

--- Saves a value by the ending of the name: .npy (a tensor), .safetensors (a model, or tensors by name), .png, .json, .txt.
function Run:save(name, value)
  local path = self:path(has_ending(name) and name or name .. ".safetensors")
  local ending = path:match "%.(%w+)$"
  local saver = savers[ending]
  if not saver then fm.fail(("save: no format ends in .%s (npy, safetensors, png, json, txt)"):format(ending)) end
  assert(saver(path, value))
  return path
end

--- What a checkpoint holds: things with :state(), by name. The last checkpoint is written when the run is done.
function Run:keeps(parts)
  for name, part in pairs(parts) do
    if type(name) ~= "string" then fm.fail(("keeps: names are strings, found %s"):format(tostring(name))) end
    if type(part) ~= "table" or not part.state then fm.fail(("keeps: %s has no state()"):format(name)) end
    self.kept[name] = part
  end
end

return { new = new }

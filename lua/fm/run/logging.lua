-- What a run says: metrics, results, text, and when a metric ends a loop.
local fm <const> = require "fm"
local early <const> = require "fm.run.early"
local ending <const> = require "fm.run.ending"
local saving <const> = require "fm.run.saving"
local traceback <const> = require "fm.run.traceback"

local encode <const> = fm.json.encode
local logging <const> = {}

local function plain(value)
  local kind = type(value)
  if kind == "number" or kind == "string" or kind == "boolean" then return value end
  if fm.is_tensor(value) then return value:item() end
  fm.fail(("expected a number, a string or a boolean, found %s"):format(kind))
end

local function is_finite(value)
  return math.type(value) ~= "float" or (value == value and math.abs(value) < math.huge)
end

local function expect_values(values)
  if type(values) ~= "table" then fm.fail(("expected values by name, found %s"):format(type(values))) end
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
function logging:names_of(values)
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

--- What waits for a metric: early stopping, the best checkpoint.
local function tell_watchers(run, values)
  for _, stopper in ipairs(run.stoppers) do
    local value = values[stopper.metric]
    local why = value ~= nil and early.heed(stopper, plain(value), run.step)
    if why and run.in_loop then
      run.stopping = why
      run.screen:note(("%s: stops at step %d: %s"):format(run.name, run.step, why))
      run.folder:add_line("log.txt", ("stopped at step %d: %s"):format(run.step, why))
    end
  end
  local best = run.saving.best
  if best and values[best] ~= nil then saving.heed(run, plain(values[best])) end
end

--- Writes one line of metrics.jsonl, with the step. A loss (a name with "loss" in it) that is not finite ends the run as diverged.
function logging:log(values)
  if self.replay then return end
  expect_values(values)
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
  if bad then ending.raise("diverged", ("%s%s at step %d"):format(traceback.place(), bad, self.step)) end
  if self.watched then tell_watchers(self, values) end
end

--- run:stop_when { metric = "valid", patience = 10, mode = "min", min_delta = 0 }: the loop ends after `patience` logs of the metric
--- in a row that were no better than its best by more than min_delta.
function logging:stop_when(given)
  self.stoppers[#self.stoppers + 1] = early.new(given)
  self.watched = true
end

--- Results of the whole run: numbers, strings, booleans by name. Several calls add up.
function logging:summary(values)
  if self.replay then return end
  expect_values(values)
  for _, name in ipairs(sorted_names(values)) do self.results[name] = plain(values[name]) end
end

--- Text for a person: on stdout (stderr when stdout is for events) and in log.txt. `print` does this while the run lasts.
function logging:print(...)
  if self.replay then return end
  local words = table.pack(...)
  for i = 1, words.n do words[i] = tostring(words[i]) end
  local text = table.concat(words, "\t")
  self.screen:clear()
  self.screen.out:write(text, "\n")
  self.folder:add_line("log.txt", text)
end

--- run:validation(f [, model]): what f(rng) returns, tensors of one number as numbers. The stream gives the same draws at every call, so
--- that two values differ by the model alone; it disturbs no other. The model is in eval mode meanwhile, and nothing is recorded.
function logging:validation(f, model)
  if type(f) ~= "function" then fm.fail(("validation: expected a function, found %s"):format(type(f))) end
  local scope <close> = fm.scope()
  local training = model and model.training
  if model then model:eval() end
  local results = table.pack(f(self.rng:stream "validation":at(0)))
  if model and training then model:train() end
  for i = 1, results.n do
    if fm.is_tensor(results[i]) and results[i]:count() == 1 then results[i] = results[i]:item() end
  end
  return table.unpack(results, 1, results.n)
end

return logging

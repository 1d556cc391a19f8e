-- What a run says: metrics, results, text.
local fm <const> = require "fm"
local ending <const> = require "fm.run.ending"
local given <const> = require "fm.run.given"
local module <const> = require "fm.nn.parts.module"
local options <const> = require "fm.parts.options"
local spikes <const> = require "fm.run.spikes"
local traceback <const> = require "fm.parts.traceback"
local utf8_text <const> = require "fm.parts.utf8_text"
local watching <const> = require "fm.run.watching"

local encode <const> = fm.json.encode
local system <const> = fm.system
local logging <const> = {}

--- line: of the values logged last (see line_of). results: of the whole run. stoppers: of
--- run:stop_when. began, next_flush: in seconds.
function logging.new()
  return { line = nil, results = {}, stoppers = {}, began = system.seconds(), next_flush = 0 }
end

local flush_interval <const> = 1 -- seconds

--- Writes the lines so far into their files.
function logging.flush(run, now)
  local lines, step = run.lines, run.loop.step
  lines.next_flush = now + flush_interval
  if step > 0 and not run.replay then
    run.folder:add_line("timing.jsonl", encode { step = step, seconds = math.floor((now - lines.began) * 1000 + 0.5) / 1000 })
  end
  run.folder:flush()
  spikes.say(run)
end

-- ---- what an experiment calls ----

local methods <const> = {}
logging.methods = methods

function methods.flush(run)
  logging.flush(run, system.seconds())
end

local function plain(where, name, value)
  local kind = type(value)
  if kind == "number" or kind == "boolean" then return value end
  if kind == "string" then return utf8_text.check(("%s: %s"):format(where, name), value) end
  if fm.is_tensor(value) and value:count() == 1 then return value:item() end
  fm.fail(("%s: %s: expected a number, a string or a boolean, found %s"):format(where, name, fm.is_tensor(value) and options.shown(value) or kind))
end

local function is_finite(value)
  return math.type(value) ~= "float" or (value == value and math.abs(value) < math.huge)
end

local function expect_values(where, values)
  if type(values) ~= "table" then fm.fail(("%s: expected values by name, found %s"):format(where, type(values))) end
end

--- The names in order; `reserved` is a name that is not allowed.
local function sorted_names(where, values, reserved)
  local names = {}
  for name in pairs(values) do
    if type(name) ~= "string" then fm.fail(("%s: names are strings, found %s"):format(where, tostring(name))) end
    utf8_text.check(where .. ": a name", name)
    if name == reserved then fm.fail(("%s: the name \"%s\" is the run's own: each line has it already"):format(where, name)) end
    names[#names + 1] = name
  end
  table.sort(names)
  return names
end

--- What is known about a set of names that was logged before: { names = in order, places = name ->
--- place in this order, keys, texts, lasts (the values logged last), watched = the places of names
--- that may have spikes }. It is reused while the names stay the same, as they do in a loop.
local function line_of(run, values)
  local line, n = run.lines.line, 0
  for name in next, values do
    n = n + 1
    if line and not line.places[name] then line = nil end
  end
  if line and #line.names == n then return line end
  line = { names = sorted_names("log", values, "step"), places = {}, keys = {}, texts = {}, lasts = {}, watched = {} }
  for i, name in ipairs(line.names) do
    line.places[name], line.keys[i] = i, (",%s:"):format(encode(name))
    if spikes.is_watched(run, name) then table.insert(line.watched, i) end
  end
  run.lines.line = line
  return line
end

--- Writes one line of metrics.jsonl, with the step. A loss (a name with "loss" in it) that is not
--- finite ends the run as diverged.
function methods.log(run, values, ...)
  options.no_more("log", 1, ...)
  if run.replay then return end
  expect_values("log", values)
  local step = run.loop.step
  local line, text_of_line, bad = line_of(run, values), '{"step":' .. step, nil
  local names, keys, texts, lasts = line.names, line.keys, line.texts, line.lasts
  for i = 1, #names do
    local value, last = values[names[i]], lasts[i]
    local text = texts[i]
    -- a learning rate that does not change is encoded once; 1 and 1.0 are equal, and so are 0.0 and
    -- -0.0, but not in the file
    if value ~= last or value == 0 or math.type(value) ~= "float" or math.type(last) ~= "float" then
      local number = plain("log", names[i], value)
      text = encode(number)
      texts[i], lasts[i] = text, number
      if not is_finite(number) and names[i]:find "loss" then bad = bad or ("%s is %s"):format(names[i], text:gsub('"', "")) end
    end
    text_of_line = text_of_line .. keys[i] .. text
  end
  run.folder:add_line("metrics.jsonl", text_of_line .. "}")
  if bad then ending.raise("diverged", ("%s%s at step %d"):format(traceback.place(), bad, step)) end
  watching.heed(run, line)
  if run.floors then require "fm.run.floors".heed(run, values) end
end

--- Results of the whole run: numbers, strings, booleans by name. Several calls add up.
function methods.summary(run, values, ...)
  options.no_more("summary", 1, ...)
  if run.replay then return end
  expect_values("summary", values)
  local results = {}
  for _, name in ipairs(sorted_names("summary", values)) do results[name] = plain("summary", name, values[name]) end
  for name, value in pairs(results) do run.lines.results[name] = value end
end

--- Text for a person: on stdout (stderr when stdout is for events) and in log.txt. `print` does
--- this while the run lasts.
function methods.print(run, ...)
  if run.replay then return end
  local words = table.pack(...)
  for i = 1, words.n do words[i] = tostring(words[i]) end
  local text = table.concat(words, "\t")
  run.listener:print(text)
  run.folder:add_line("log.txt", text)
end

--- Calls f with the model in eval mode; afterwards, also after an error, its layers get their own
--- modes back.
local function in_eval_mode(model, f, ...)
  if model == nil then return f(...) end
  local restore = module.modes(model)
  if not restore then fm.fail("validation: the second argument is the model, with train() and eval(), found " .. options.shown(model)) end
  return require "fm.parts.finally"(restore, function(...)
    model:eval()
    return f(...)
  end, ...)
end

local function numbers(...)
  local results = table.pack(...)
  for i = 1, results.n do
    results[i] = given.plain(results[i])
  end
  return table.unpack(results, 1, results.n)
end

--- run:validation(f [, model]): what f(rng) returns, with tensors of one number as numbers. The
--- stream gives the same draws in every call, so two values differ only because of the model; no
--- other stream is disturbed. The model is in eval mode meanwhile, and nothing is recorded.
function methods.validation(run, f, model, ...)
  options.no_more("validation", 2, ...)
  if not options.callable(f) then fm.fail(("validation: expected a function, found %s"):format(type(f))) end
  local scope = fm.scope()
  return require "fm.parts.finally"(function() scope:close() end, function()
    return numbers(in_eval_mode(model, f, run.rng:stream "validation":at(0)))
  end)
end

return logging

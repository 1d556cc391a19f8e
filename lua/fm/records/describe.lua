-- A run in few words, for listings: what was changed, what resulted, how long ago.
local json <const> = require "fm.core".json
local logged <const> = require "fm.records.logged"
local match <const> = require "fm.records.match"
local objective <const> = require "fm.records.objective"
local named_values <const> = require "fm.parts.named_values"
local printable <const> = require "fm.parts.printable"
local quoted <const> = require "fm.parts.shell_word"
local short <const> = require "fm.parts.short"
local sorted_keys <const> = require "fm.parts.sorted_keys"
local words <const> = require "fm.records.words"

local describe <const> = {}

describe.colors = { done = "green", running = "blue", failed = "red", diverged = "red", killed = "yellow", lost = "yellow", damaged = "red" }

describe.keys = sorted_keys

--- Seconds since 1970 of "2026-07-12T15:30:12Z", fractions allowed; nil for another text.
function describe.epoch(text)
  local y, month, d, h, m, s = text:match "^(%d%d%d%d)%-(%d%d)%-(%d%d)T(%d%d):(%d%d):(%d%d%.?%d*)Z$"
  if not y then return nil end
  y, month = math.tointeger(y), math.tointeger(month)
  if month < 3 then y, month = y - 1, month + 12 end -- the year begins in March, so that leap days come last
  local days = 365 * y + y // 4 - y // 100 + y // 400 + (153 * (month - 3) + 2) // 5 + math.tointeger(d) - 719469
  return days * 86400 + h * 3600 + m * 60 + tonumber(s)
end

--- "3s", "12m", "5h", "8d".
local function span(seconds)
  if seconds < 60 then return ("%ds"):format(math.max(0, seconds) // 1) end
  if seconds < 3600 then return ("%dm"):format(seconds // 60) end
  if seconds < 172800 then return ("%dh"):format(seconds // 3600) end
  return ("%dd"):format(seconds // 86400)
end

--- How long ago the run began.
function describe.age(record, now)
  local began = describe.epoch(record.started)
  return began and span(now - began) or ""
end

--- How long it took, or has taken so far.
function describe.took(record, now)
  if record.seconds then return short.duration(record.seconds) end
  local began = record.status == "running" and describe.epoch(record.started)
  return began and short.duration(math.max(0, now - began)) or ""
end

--- What a train step needed: "tensors of at most 310.0 MB, 120.0 MB of it for the step alone"; nil
--- when that is not known.
function describe.step_memory(record)
  if not (record.step_peak_bytes and record.step_bytes) then return nil end
  return ("tensors of at most %s, %s of it for the step alone"):format(words.bytes(record.step_peak_bytes), words.bytes(record.step_bytes))
end

--- A value as people read it, printable: numbers with four significant digits, texts in quotes when
--- they are empty or have spaces.
function describe.value(value)
  if type(value) ~= "string" then return words.value(value) end
  local text = printable.line(value)
  return (text == "" or text:find "[%s\\]") and '"' .. text .. '"' or text
end

--- "lr=0.003", "seed=2", ... a list.
function describe.pairs(values, keys)
  return named_values(values, describe.value, keys)
end

--- The same in one text.
function describe.pairs_text(values, keys)
  return table.concat(describe.pairs(values, keys), " ")
end

--- Names of the parameters that were changed from their defaults.
function describe.changed_keys(record)
  local keys = {}
  for _, key in ipairs(describe.keys(record.config)) do
    if record.defaults and record.config[key] ~= record.defaults[key] then keys[#keys + 1] = key end
  end
  return keys
end

-- A value as a script reads it back, with all its digits.
local function exact(value)
  return math.type(value) and json.encode(value) or tostring(value)
end

--- The command line that makes a run again: its own, or, for a run of a sweep, one with the script
--- and what differs from the defaults.
function describe.command(record)
  if not record.sweep or not record.script or not record.defaults then return record.command end
  local list = { "fmrun", quoted(record.script) }
  for _, word in ipairs(named_values(record.config, exact, describe.changed_keys(record))) do list[#list + 1] = quoted(word) end
  return table.concat(list, " ")
end

--- For a list of runs: which parameters and results are not the same in all runs of an experiment,
--- as experiment -> { key = true }.
function describe.varying(list)
  local first, varying = {}, {}
  for _, record in ipairs(list) do
    local experiment = record.experiment
    first[experiment], varying[experiment] = first[experiment] or record, varying[experiment] or {}
    for _, part in ipairs { "config", "summary" } do
      for key, value in pairs(record[part]) do
        if value ~= first[experiment][part][key] then varying[experiment][key] = true end
      end
    end
  end
  return varying
end

--- The keys in another order: first those that vary, so that a short line tells runs apart.
local function telling_first(keys, varying)
  local result = {}
  for _, wanted in ipairs { true, false } do
    for _, key in ipairs(keys) do
      if (varying[key] or false) == wanted then result[#result + 1] = key end
    end
  end
  return result
end

--- { "lr=0.003", "seed=2" }; the seed when nothing was changed. varying: keys that come first.
function describe.changed_words(record, varying)
  local keys = telling_first(describe.changed_keys(record), varying or {})
  if #keys > 0 then return describe.pairs(record.config, keys) end
  return { record.seed and "seed=" .. record.seed }
end

--- The same in one text.
function describe.changed(record, varying)
  return table.concat(describe.changed_words(record, varying), " ")
end

--- How far a run is: { "step=820", "loss=0.913" }; empty when it has logged nothing.
function describe.progress_words(record)
  local row = logged.last(record.path .. "/metrics.jsonl")
  if not row then return {} end
  local keys = { "step" }
  for _, key in ipairs(describe.keys(row)) do
    if key ~= "step" then keys[#keys + 1] = key end
  end
  return describe.pairs(row, keys)
end

--- The same in one text.
function describe.progress(record)
  return table.concat(describe.progress_words(record), " ")
end

--- { "w2=0.131", "nfe=100" }, the most telling first. After an error: the first line of the error,
--- without the script's folder. For a running or lost run: the last step and values.
function describe.result_words(record, varying)
  if record.status == "running" or record.status == "lost" then return describe.progress_words(record) end
  if record.error then return { (record.error:match "^[^\n]*":gsub("^[^:%s]*/([^/:]+%.lua:%d+:)", "%1")) } end
  return describe.pairs(record.summary, telling_first(objective.sort(describe.keys(record.summary)), varying or {}))
end

--- The same in one text.
function describe.results(record, varying)
  return table.concat(describe.result_words(record, varying), " ")
end

--- The shortest names that tell the runs of a list apart: the hash, the hashes of sweep and run, or
--- the folder's whole name.
function describe.short_names(list)
  local counts, names = {}, {}
  for _, record in ipairs(list) do counts[record.id] = (counts[record.id] or 0) + 1 end
  for i, record in ipairs(list) do
    local parts = record.parts
    if record.sweep then
      names[i] = match.hash(parts[#parts - 1]) .. "/" .. record.id
    else
      names[i] = counts[record.id] == 1 and record.id or parts[#parts]
    end
  end
  return names
end

--- The part of a record that goes into JSON.
function describe.plain(record)
  local copy = {}
  for key, value in pairs(record) do
    if key ~= "parts" then copy[key] = value end
  end
  return copy
end

return describe

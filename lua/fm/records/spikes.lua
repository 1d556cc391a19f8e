-- The spikes of a run (see fm.run.spikes), from its record.
local sorted_keys <const> = require "fm.parts.sorted_keys"
local words <const> = require "fm.records.words"

local spikes <const> = {}

--- How many spikes all its losses had; nil when the run has logged no loss.
function spikes.count(record)
  if type(record.spikes) ~= "table" then return nil end
  local sum = 0
  for _, found in pairs(record.spikes) do sum = sum + found.count end
  return next(record.spikes) ~= nil and sum or nil
end

--- Whether one of the runs had spikes.
function spikes.any(runs)
  for _, run in ipairs(runs) do
    if (spikes.count(run) or 0) > 0 then return true end
  end
  return false
end

--- "2 spikes: the first at step 412, the worst 37.2 times the running median"; nil when the metric
--- had none.
function spikes.text(record, name)
  local found = record.spikes and record.spikes[name]
  if not found or found.count == 0 then return nil end
  if found.count == 1 then return ("1 spike, at step %d, %s times the running median"):format(found.first, words.value(found.worst)) end
  return ("%d spikes: the first at step %d, the worst %s times the running median"):format(found.count, found.first, words.value(found.worst))
end

--- The names of the metrics that had spikes.
function spikes.names(record)
  local list = {}
  for _, name in ipairs(sorted_keys(record.spikes or {})) do
    if record.spikes[name].count > 0 then list[#list + 1] = name end
  end
  return list
end

return spikes

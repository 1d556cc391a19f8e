-- The arms of a sweep: groups of runs that differ only in the seed (fm.records.seeds).
local words <const> = require "fm.records.words"

local arms <const> = {}

--- "lr=0.001 hidden=64", in the order of `keys`; the experiment's name when nothing was changed.
function arms.label(group, keys)
  local text = words.changes(group.changed, keys)
  return text ~= "" and text or group.experiment or "all runs"
end

--- The run that stands for the arm in a gallery: the first that is done, which has the same seed in
--- every arm.
function arms.first_run(group)
  for _, run in ipairs(group.runs) do
    if run.status == "done" then return run end
  end
  return group.runs[1]
end

return arms

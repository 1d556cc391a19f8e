-- Runs from anywhere, in the form that a page needs: those of an experiment, of several sweeps, or
-- those that meet a condition. It has the fields of fm.report.sweep; its keys are the parameters in
-- which the runs differ.
local comparison <const> = require "fm.records.comparison"
local words <const> = require "fm.records.words"

--- records: of fm.records.runs, at least one. name: what the user asked for. command: the words
--- that make the page again.
return function(records, name, command)
  local keys, codes = comparison.varying(records), comparison.codes(records)
  if codes then keys[#keys + 1] = "code" end
  local made = { name = name, kind = "runs", id = nil, command = command, scripts = {}, keys = keys, runs = {}, experiments = {} }
  for i, run in ipairs(records) do
    run.index, run.changed = i, {}
    for _, key in ipairs(keys) do run.changed[key] = run.config[key] end
    if codes then run.changed.code = codes[i] end
    local changes = words.changes(run.changed, keys)
    run.label = changes ~= "" and changes or run.name
    made.runs[i] = run
    if not made.experiments[run.experiment] then
      made.experiments[run.experiment] = true
      table.insert(made.experiments, run.experiment)
    end
  end
  return made
end

-- Runs from anywhere, in the form that a page needs: those of an experiment, of several sweeps, or
-- those that meet a condition. It has the fields of fm.report.sweep; its keys are the parameters in
-- which the runs differ.
local add_run <const> = require "fm.report.add_run"
local comparison <const> = require "fm.records.comparison"

--- records: of fm.records.runs, at least one. name: what the user asked for. command: the words
--- that make the page again.
return function(records, name, command)
  local keys, codes = comparison.varying(records), comparison.codes(records)
  if codes then keys[#keys + 1] = "code" end
  local made = { name = name, kind = "runs", id = nil, command = command, scripts = {}, keys = keys, runs = {}, experiments = {} }
  for i, run in ipairs(records) do
    local changed = {}
    for _, key in ipairs(keys) do changed[key] = run.config[key] end
    if codes then changed.code = codes[i] end
    add_run(made, run, i, changed, run.name)
  end
  return made
end

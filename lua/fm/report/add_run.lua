-- Adds a run to what a page shows, a sweep or a collection: its number, what was changed in it, a
-- label; and its experiment to the list of experiments. name: the label of a run in which nothing
-- was changed.
local words <const> = require "fm.records.words"

return function(shown, run, index, changed, name)
  local changes = words.changes(changed, shown.keys)
  run.index, run.changed, run.label = index, changed, changes ~= "" and changes or name
  table.insert(shown.runs, run)
  if not shown.experiments[run.experiment] then
    shown.experiments[run.experiment] = true
    table.insert(shown.experiments, run.experiment)
  end
end

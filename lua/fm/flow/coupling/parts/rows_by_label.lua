-- rows_by_label(labels [B]) -> list of { label =, rows = list of row numbers }, in rising order of
-- labels.
return function(labels)
  local groups, of = {}, {}
  for row, label in ipairs(labels:totable()) do
    local group = of[label]
    if not group then
      group = { label = label, rows = {} }
      of[label], groups[#groups + 1] = group, group
    end
    table.insert(group.rows, row)
  end
  table.sort(groups, function(a, b) return a.label < b.label end)
  return groups
end

-- same_code(runs) -> sentences, one for each thing in which the code of runs differs that are
-- compared: a file of the experiment by its digest, or a version of the program. None when all is
-- the same.
local versions <const> = { "fmrun", "lua", "real", "blas", "blas_core" }

local function count(found, name, value)
  found[name] = found[name] or {}
  found[name][value] = (found[name][value] or 0) + 1
end

--- What a run was made of: name -> value, added to the counts.
local function add(found, run)
  for _, file in ipairs(run.code or {}) do count(found, file.path:match "^.*experiments/(.*)$" or file.path, file.hash) end
  for _, name in ipairs(versions) do count(found, name, tostring((run.versions or {})[name])) end
end

return function(runs)
  local found, names, said = {}, {}, {}
  for _, run in ipairs(runs) do add(found, run) end
  for name, values in pairs(found) do
    if next(values, next(values)) then names[#names + 1] = name end
  end
  table.sort(names)
  for i, name in ipairs(names) do
    local parts = {}
    for value, n in pairs(found[name]) do parts[#parts + 1] = ("%s in %d"):format(value, n) end
    table.sort(parts)
    said[i] = ("These runs were not all made by the same code: %s was %s."):format(name, table.concat(parts, ", "))
  end
  return said
end

-- The names in a folder, hidden ones included, in order; none when it is not a folder or cannot be
-- read.
local lfs <const> = require "lfs"

return function(path)
  local names = {}
  local ok, iterate, state = pcall(lfs.dir, path)
  if not ok then return names end
  for name in iterate, state do
    if name ~= "." and name ~= ".." then names[#names + 1] = name end
  end
  table.sort(names)
  return names
end

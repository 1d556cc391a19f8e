-- Removes a folder and everything in it. Links are removed, never followed.
local lfs <const> = require "lfs"

--- True, or nil and what could not be removed.
local function remove(path)
  if lfs.symlinkattributes(path, "mode") ~= "directory" then return os.remove(path) end
  local names = {}
  for name in lfs.dir(path) do
    if name ~= "." and name ~= ".." then names[#names + 1] = name end
  end
  for _, name in ipairs(names) do
    local ok, message = remove(path .. "/" .. name)
    if not ok then return nil, message end
  end
  return lfs.rmdir(path)
end

return remove

-- Files that a record names, or that lie in a run's folder, could be anything: only regular files
-- are opened, because a device or a pipe could make its reader wait for ever.
local lfs <const> = require "lfs"

--- The file, open for reading, and its size; nil alone when there is none; or nil and a message.
return function(path)
  local kind = lfs.attributes(path, "mode")
  if not kind then return nil end
  if kind ~= "file" then return nil, ("%s is no file, it is a %s"):format(path, kind) end
  local size = lfs.attributes(path, "size") or 0
  -- files of /proc report size 0, and one of them may have no end
  local file, message = io.open(size > 0 and path or "/dev/null", "rb")
  if not file then return nil, message end
  return file, size
end

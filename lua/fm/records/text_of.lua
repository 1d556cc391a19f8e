-- The text of a regular file of at most so many bytes, or nil. Unlike fm.file.read, it may be
-- called while a run lasts: what it reads does not count as data of the run.
local open <const> = require "fm.records.regular"

return function(path, largest)
  local file <close>, size = open(path)
  return file and size <= largest and file:read "a" or nil
end

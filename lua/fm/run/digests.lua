-- A list of { path, hash } in which every path occurs once; list[path] is its digest.
local core <const> = require "fm.core"
local attempt <const> = require "fm.parts.attempt"

local digests <const> = {}

--- The digest of the file at a path that a record names, or nil; the path may be any text.
function digests.of(path)
  local ok, hash = attempt(core.file.hash_file, path)
  return ok and hash or nil
end

function digests.note(list, path, hash)
  if list[path] then return end
  list[path] = hash
  list[#list + 1] = { path = path, hash = hash }
end

function digests.by_path(a, b)
  return a.path < b.path
end

return digests

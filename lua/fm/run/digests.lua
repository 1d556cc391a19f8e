-- A list of { path, hash } in which every path comes once: list[path] marks it.
local digests <const> = {}

function digests.note(list, path, hash)
  if list[path] then return end
  list[path] = true
  list[#list + 1] = { path = path, hash = hash }
end

function digests.by_path(a, b)
  return a.path < b.path
end

return digests

-- plain_paths() -> list of { name, path }: every path of fm.flow that its name alone makes. One
-- that wants an option (a manifold, in place of coefficients) says that it is missing.
local fm <const> = require "fm"
local by_name <const> = require "fm.parts.by_name"

return function()
  local list = {}
  for _, name in ipairs(by_name.names "fm.flow.path") do
    local ok, path = pcall(fm.flow.path, name)
    if ok then list[#list + 1] = { name, path }
    elseif not tostring(path):find "is missing" then error(path, 0) end
  end
  return list
end

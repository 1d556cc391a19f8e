-- Things found by their file's name: a layer, path, coupling, dataset, ... is one Lua file in its folder of fm, or of that name beside the
-- user's script. Nobody keeps a list.
local core <const> = require "fm.core"

local by_name <const> = {}

--- Names of the files in a folder of fm ("fm.data"), in order.
function by_name.names(folder)
  local names = {}
  local path = package.searchpath(folder, package.path)
  local ok, lfs = pcall(require, "lfs")
  if not path or not ok then return names end
  for file in lfs.dir((path:gsub("[^/]*$", ""))) do
    local name = file:match "^([%w_]+)%.lua$"
    if name and name ~= "init" then names[#names + 1] = name end
  end
  table.sort(names)
  return names
end

--- What folder.name or name (beside the script) returns, or nil when there is no such file.
function by_name.find(folder, name)
  if type(name) ~= "string" or not name:find "^[%w_]+$" then return nil end
  for _, place in ipairs { folder .. "." .. name, name } do
    if package.searchpath(place, package.path) then return require(place) end
  end
  return nil
end

--- Raises: `what` has no such name; the nearest one is named.
function by_name.fail(what, folder, name)
  local near = type(name) == "string" and core.nearest(name, by_name.names(folder))
  core.fail(('%s "%s"%s'):format(what, tostring(name), near and ('; did you mean "%s"?'):format(near) or ""))
end

--- A module whose fields are found on first use; a field that is no file is an error.
function by_name.module(folder, fields)
  return setmetatable(fields, {
    __index = function(module, name)
      if type(name) ~= "string" then return nil end
      local value = by_name.find(folder, name)
      if value == nil then by_name.fail(folder .. " has no", folder, name) end
      module[name] = value
      return value
    end,
  })
end

return by_name

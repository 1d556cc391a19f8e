-- Things found by their file's name: a layer, path, coupling, dataset, ... is one Lua file in its folder of fm, or of that name beside the
-- user's script. Nobody keeps a list.
local core <const> = require "fm.core"

local by_name <const> = {}

--- Where modules of fm are looked for: under fmrun never in the working folder.
local function own_path()
  return package.fm_path or package.path
end

--- The file of a module of fm ("fm.data.moons"), or nil.
function by_name.file(module)
  return (package.searchpath(module, own_path()))
end

--- Names of the files in a folder of fm ("fm.data"), in order, those in folders of the user's own path included.
function by_name.names(folder)
  local names, seen = {}, {}
  local ok, lfs = pcall(require, "lfs")
  if not ok then return names end
  for template in own_path():gmatch "[^;]+" do
    local place = template:match "^(.*)%?%.lua$"
    place = place and place .. folder:gsub("%.", "/")
    if place and lfs.attributes(place, "mode") == "directory" then
      for file in lfs.dir(place) do
        local name = file:match "^([%w_]+)%.lua$"
        if name and name ~= "init" and not seen[name] then seen[name], names[#names + 1] = true, name end
      end
    end
  end
  table.sort(names)
  return names
end

--- What folder.name or name (beside the script) returns, or nil when there is no such file.
function by_name.find(folder, name)
  if type(name) ~= "string" or not name:find "^[%w_]+$" then return nil end
  local module = folder .. "." .. name
  if by_name.file(module) then return require(module) end
  if package.searchpath(name, package.path) then return require(name) end
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

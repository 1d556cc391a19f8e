-- Things found by their file's name: a layer, path, coupling, dataset, ... is one Lua file in its folder of fm, or of that name beside the
-- user's script. Nobody keeps a list. All of them come through `require`: what it opens beside the script is noted as code of the run.
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

--- What the file of that name beside the script returns, or nil when there is none.
function by_name.beside(name)
  return name:find "^[%w_]+$" and package.searchpath(name, package.path) and require(name) or nil
end

-- What was found beside the script, by folder.name. It holds while the script's modules are loaded: another script has its own.
local found_beside <const> = {}

--- What folder.name or name (beside the script) returns, or nil when there is no such file. The second result tells whether it is a file of
--- fm: one beside the script may be kept for that script only, since another script has its own files.
function by_name.find(folder, name)
  if type(name) ~= "string" or not name:find "^[%w_]+$" then return nil, false end
  local module = folder .. "." .. name
  local known = found_beside[module]
  if known ~= nil and package.loaded[name] == known then return known, false end -- an option of every step opens no file
  if name ~= "init" and by_name.file(module) then return require(module), true end
  found_beside[module] = by_name.beside(name)
  return found_beside[module], false
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
      local value, is_own = by_name.find(folder, name)
      if value == nil then by_name.fail(folder .. " has no", folder, name) end
      if is_own then module[name] = value end
      return value
    end,
  })
end

return by_name

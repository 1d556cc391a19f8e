-- Things found by their file's name: a layer, path, coupling, dataset, ... is one Lua file. Nobody keeps
-- a list of them.
--
-- A room is a folder of fm with an init.lua. A script can name each file NAME.lua in it, and each room in
-- it. What these files share lies in the room's parts/, which has no init.lua: it cannot be named. A file
-- of that name beside the user's script is found as well, after those of fm.
--
-- All files come through `require`: what it opens beside the script is noted as code of the run.
local nearest <const> = require "fm.parts.nearest"

local by_name <const> = {}

--- Where modules of fm are looked for: under fmrun never in the working folder.
local function own_path()
  return package.fm_path or package.path
end

--- The file of a module of fm ("fm.data.moons"), or nil.
function by_name.file(module)
  return (package.searchpath(module, own_path()))
end

-- ---- names ----

--- Adds what a script can name in a folder.
local function add_names(names, seen, folder, lfs)
  for entry in lfs.dir(folder) do
    local name = entry:match "^([%w_]+)%.lua$" or entry:match "^[%w_]+$"
    local is_file = name ~= entry
    if name and name ~= "init" and not seen[name] and (is_file or lfs.attributes(folder .. "/" .. name .. "/init.lua", "mode") == "file") then
      seen[name], names[#names + 1] = true, name
    end
  end
end

--- The names in a room ("fm.data") in order, those in folders of the user's own path included.
function by_name.names(room)
  local names, seen = {}, {}
  local ok, lfs = pcall(require, "lfs")
  if not ok then return names end
  for template in own_path():gmatch "[^;]+" do
    local place = template:match "^(.*)%?%.lua$"
    place = place and place .. room:gsub("%.", "/")
    if place and lfs.attributes(place, "mode") == "directory" then add_names(names, seen, place, lfs) end
  end
  table.sort(names)
  return names
end

-- ---- finding ----

-- What was found, by room.name. It holds while it is the module that is loaded: another script has its own files.
local found_own <const>, found_beside <const> = {}, {}

--- A file or a room of fm, or nil. An option of every step opens no file.
local function find_own(room, name)
  local module = room .. "." .. name
  local known = found_own[module]
  if known ~= nil and package.loaded[module] == known then return known end
  if name == "init" or not by_name.file(module) then return nil end
  found_own[module] = require(module)
  return found_own[module]
end

--- What the file of that name beside the script returns, or nil when there is none.
local function find_beside(room, name)
  local module = room .. "." .. name
  local known = found_beside[module]
  if known ~= nil and package.loaded[name] == known then return known end
  found_beside[module] = package.searchpath(name, package.path) and require(name) or nil
  return found_beside[module]
end

local function is_name(name)
  return type(name) == "string" and name:find "^[%w_]+$" ~= nil
end

--- What room.name or name (beside the script) returns, or nil when there is no such file. The second result tells whether it is a file of
--- fm: one beside the script may be kept for that script only, since another script has its own files.
function by_name.find(room, name)
  if not is_name(name) then return nil, false end
  local own = find_own(room, name)
  if own ~= nil then return own, true end
  return find_beside(room, name), false
end

--- Raises: `what` has no such name; the nearest of `names` (those of the room) is named.
function by_name.fail(what, room, name, names)
  local fail <const> = require "fm.core".fail
  fail(('%s "%s"%s'):format(what, tostring(name), nearest.advice(name, names or by_name.names(room))))
end

-- ---- rooms as tables ----

--- The names of a room and of its fields, and those of the rooms in it whose things it names too.
local function names_of(room, fields, inner)
  local names = by_name.names(room)
  for _, other in ipairs(inner) do
    for _, name in ipairs(by_name.names(room .. "." .. other)) do names[#names + 1] = name end
  end
  for name in next, fields do
    if type(name) == "string" then names[#names + 1] = name end
  end
  table.sort(names)
  return names
end

--- A room as a table whose fields are found on first use; a field that is no file is an error. `fields`: what the room has beside its
--- files. `inner`: rooms in it whose things are named without their room, as optim.cosine for optim.schedule.cosine.
function by_name.room(room, fields, inner)
  fields, inner = fields or {}, inner or {}

  local function find(name)
    local own = find_own(room, name)
    for _, other in ipairs(inner) do
      if own == nil then own = find_own(room .. "." .. other, name) end
    end
    fields[name] = own
    if own == nil then return find_beside(room, name) end -- another script has its own files
    return own
  end

  return setmetatable(fields, {
    __index = function(_, name)
      if type(name) ~= "string" then return nil end
      local value = nil
      if is_name(name) then value = find(name) end
      if value == nil then by_name.fail(room .. " has no", room, name, names_of(room, fields, inner)) end
      return value
    end,
  })
end

return by_name

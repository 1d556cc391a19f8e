-- Things found by their file's name: a layer, path, coupling, dataset, ... is one Lua file. Nobody
-- keeps a list of them.
--
-- A room is a folder of fm with an init.lua. A script can name each file NAME.lua in it, and each
-- room in it. What these files share lies in the room's parts/, which has no init.lua: it cannot be
-- named. A file of that name beside the user's script is found as well, after those of fm.
--
-- All files come through `require`: what it opens beside the script is noted as code of the run.
local fail <const> = require "fm.core".fail
local nearest <const> = require "fm.parts.nearest"
local options <const> = require "fm.parts.options"

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

--- Adds the names in a folder that a script can use.
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

--- The rooms of fm ("fm.flow", "fm.flow.path", ...), in order: those in `room` (fm itself), and
--- those in them.
function by_name.rooms(room)
  local rooms = {}
  for _, name in ipairs(by_name.names(room or "fm")) do
    local inner = (room or "fm") .. "." .. name
    if (by_name.file(inner) or ""):find "/init%.lua$" then
      rooms[#rooms + 1] = inner
      for _, other in ipairs(by_name.rooms(inner)) do rooms[#rooms + 1] = other end
    end
  end
  return rooms
end

-- ---- finding ----

-- What was found, by room.name. It is valid while its module stays loaded: another script has its
-- own files.
local found_own <const>, found_beside <const> = {}, {}

--- Like require for a module of fm, or nil when there is no such file. require itself would search
--- for the file a second time.
local function load_own(module)
  if package.loaded[module] ~= nil then return package.loaded[module] end
  local place = module:gsub("%.", "/")
  for template in own_path():gmatch "[^;]+" do
    local path = template:gsub("%?", place)
    local chunk, message = loadfile(path, "t")
    if chunk then
      local value = chunk(module, path)
      if package.loaded[module] == nil then package.loaded[module] = value == nil or value end
      return package.loaded[module]
    end
    if not message:find "^cannot open " then fail(message) end
  end
  return nil
end

--- A file or a room of fm, or nil. An option that is read in every step opens no file, whether
--- there is one or not.
local function find_own(room, name)
  local module = room .. "." .. name
  local known = found_own[module] -- false: there is none
  if known ~= nil and (not known or package.loaded[module] == known) then return known or nil end
  local value = nil
  if name ~= "init" and module ~= "fm.core" then value = load_own(module) end -- fm.core is no file: all of C
  found_own[module] = value ~= nil and value
  return value
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

--- What room.name or name (beside the script) returns, or nil when there is no such file. The
--- second result tells whether it is a file of fm: one beside the script may be kept for that
--- script only, since another script has its own files.
function by_name.find(room, name)
  if not is_name(name) then return nil, false end
  local own = find_own(room, name)
  if own ~= nil then return own, true end
  return find_beside(room, name), false
end

--- Raises: `what` has no such name. The message gives the nearest of `names` (or of the room's
--- names).
function by_name.fail(what, room, name, names)
  fail(('%s "%s"%s'):format(what, tostring(name), nearest.advice_or_all(name, names or by_name.names(room))))
end

-- ---- rooms as tables ----

--- The names of a room and of its fields, and the names in its inner rooms, each once.
local function names_of(room, fields, inner)
  local names, seen = {}, {}
  local function add(name)
    if type(name) ~= "string" or seen[name] then return end
    seen[name], names[#names + 1] = true, name
  end
  for _, name in ipairs(by_name.names(room)) do add(name) end
  for _, other in ipairs(inner) do
    for _, name in ipairs(by_name.names(room .. "." .. other)) do add(name) end
  end
  for name in next, fields do add(name) end
  table.sort(names)
  return names
end

--- A room as a table whose fields are found on first use; a field that is no file is an error.
--- `fields`: what the room has beside its files. how, with any of
---   inner = list    rooms in it whose things are named without their room: optim.cosine is
---                   optim.schedule.cosine
---   each = f        the field is f(what the file returns, its name)
---   call = f        what the room does when it is called
---   closed = true   files beside the script do not belong to it
function by_name.room(room, fields, how)
  fields, how = fields or {}, how or {}
  local inner <const>, each <const>, call <const> = how.inner or {}, how.each, how.call

  local function find(name)
    local value = find_own(room, name)
    for _, other in ipairs(inner) do
      if value == nil then value = find_own(room .. "." .. other, name) end
    end
    local is_own = value ~= nil
    if not is_own and not how.closed then value = find_beside(room, name) end
    if each and value ~= nil then value = each(value, name) end
    if is_own then fields[name] = value end -- another script has its own files
    return value
  end

  return setmetatable(fields, {
    __tostring = function()
      return room .. ": " .. table.concat(names_of(room, fields, inner), " ")
    end,
    __call = call and function(_, ...) return call(...) end,
    __index = function(_, name)
      if type(name) ~= "string" then return nil end
      local value = nil
      if is_name(name) then value = find(name) end
      if value == nil then by_name.fail(room .. " has no", room, name, names_of(room, fields, inner)) end
      return value
    end,
  })
end

-- ---- rooms for an option to choose from ----

-- What the file of that name returns, or what its function makes of the options; and whether the
-- file is one of fm.
local function made(where, room, kind, name, given)
  local value, is_own = by_name.find(room, name)
  if value == nil then by_name.fail(where .. ": unknown name", room, name) end
  if type(value) == "function" then value = value(given)
  elseif given ~= nil then options.read(("%s: %s"):format(where, name), given, {}) end
  if not kind.is(value) then fail(("%s: %s.lua: expected %s, found %s"):format(where, name, kind.expected, options.shown(value))) end
  return value, is_own
end

--- A room as above, for an option to choose from: kind.is(value) says whether a value is of its
--- kind, kind.expected describes the kind in words. A file returns such a value, or a function of
--- its options that makes one. room(what [, options]) gives the value that `what` stands for: a
--- name, { name, option = }, or such a value. room.of(where, what) does the same for an option, and
--- also tells whether its file is one of fm.
function by_name.choice(room, kind)
  -- of files of fm, without options: made once, so that an option that is read in every step makes
  -- nothing
  local plain <const> = {}

  local function of(where, what, given)
    if type(what) == "table" and type(what[1]) == "string" and given == nil then
      what, given = options.split(what)
      if next(given) == nil then given = nil end -- { "silu" } is "silu"
    end
    if type(what) == "string" then
      if given == nil and plain[what] ~= nil then return plain[what], true end
      local value, is_own = made(where, room, kind, what, given)
      if is_own and given == nil then plain[what] = value end
      return value, is_own
    end
    if given ~= nil then fail(where .. ": unexpected options: they go with a name") end
    if kind.is(what) then return what, false end
    fail(("%s: expected a name or %s, found %s"):format(where, kind.expected, options.shown(what)))
  end

  local where <const> = room:match "[%w_]+$"
  return by_name.room(room, { of = of }, { call = function(what, given, ...)
    options.no_more(where, 2, ...)
    return (of(where, what, given))
  end })
end

return by_name

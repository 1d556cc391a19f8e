-- Scripts that share one Lua state without seeing each other: each has its globals, its modules and
-- its folder in package.path.
local code_files <const> = require "fm.run.code_files"
local file_stem <const> = require "fm.parts.file_stem"
local nearest <const> = require "fm.parts.nearest"

local scripts <const> = {}

local function copy(t)
  local result = {}
  for key, value in next, t do result[key] = value end
  return result
end

--- Puts `changes` into `t`; a value `absent` removes.
local absent <const> = {}
local function apply(t, changes)
  for key, value in next, changes do
    if value == absent then rawset(t, key, nil) else rawset(t, key, value) end
  end
end

--- Gives a table its metatable, unless a script has locked the present one.
local function set_metatable(t, meta)
  if getmetatable(t) ~= meta then pcall(setmetatable, t, meta) end
end

--- What turns `before` into `t` as it is now.
local function changes_since(before, t)
  local changes = {}
  for key, value in next, t do
    if before[key] ~= value then changes[key] = value end
  end
  for key in next, before do
    if rawget(t, key) == nil then changes[key] = absent end
  end
  return changes
end

--- Puts `t` back to `before`.
local function restore(t, before)
  for key in next, t do
    if before[key] == nil then rawset(t, key, nil) end
  end
  for key, value in next, before do rawset(t, key, value) end
end

local function own_modules(before)
  local changes = changes_since(before, package.loaded)
  for name in next, changes do
    if name == "fm" or name:find "^fm%." then changes[name] = nil end
  end
  return changes
end

--- The name for an experiment that has none: the name of its file.
local function name_of(path)
  if path == "-" then return "stdin" end
  local name = file_stem(path)
  return name ~= "" and name or "script"
end

--- A script as a place to run things in. `words` become arg[1..]. Its `files` are the script and
--- what it required so far (fm.run.code_files). If it has `copies` (path -> { text, hash }), they
--- are called instead of the files.
function scripts.new(path, argv, place, words)
  local arg = {}
  for i = 0, place - 1 do arg[i - place] = argv[i] end
  arg[0] = path
  for i, word in ipairs(words) do arg[i] = word end
  local folder = path:match "^(.*)/[^/]*$" or "."
  return { path = path, name = name_of(path), globals = { arg = arg }, modules = {}, files = {},
    search = ("%s/?.lua;%s/?/init.lua;"):format(folder, folder) }
end

--- Calls f(...) inside the script's place; returns what it returns. f must not raise.
function scripts.within(script, f, ...)
  local globals, meta, modules, path = copy(_G), getmetatable(_G), copy(package.loaded), package.path
  apply(_G, script.globals)
  set_metatable(_G, script.meta)
  apply(package.loaded, script.modules)
  package.path = script.search .. path
  local unwatch = code_files.watch(script.files, script.copies)
  local results = table.pack(f(...))
  unwatch()
  script.globals, script.meta, script.modules = changes_since(globals, _G), getmetatable(_G), own_modules(modules)
  restore(_G, globals)
  set_metatable(_G, meta)
  for name in next, script.modules do package.loaded[name] = modules[name] end
  package.path = path
  return table.unpack(results, 1, results.n)
end

--- Stays inside the script's place, for a prompt that follows.
function scripts.stay(script)
  apply(_G, script.globals)
  set_metatable(_G, script.meta)
  apply(package.loaded, script.modules)
  package.path = script.search .. package.path
end

--- '; did you mean "moons.lua"?' for a script that does not exist, or "".
local function advice(path)
  local folder, name = path:match "^(.*/)([^/]*)$"
  local names, lfs = {}, require "lfs"
  if lfs.attributes(path) or not pcall(lfs.dir, folder or ".") then return "" end
  for other in lfs.dir(folder or ".") do
    if other:find "%.lua$" then names[#names + 1] = other end
  end
  local near = require "fm.core".nearest(name or path, names)
  return near and nearest.meant((folder or "") .. near) or ""
end

--- The script as a function, or nil and a message. "-" is stdin.
function scripts.load(script)
  if script.path == "-" then return loadfile() end
  if script.path == "" then return nil, "cannot open a script without a name" end
  if script.copies then return code_files.load(script.files, script.copies, script.path) end
  code_files.add(script.files, script.path)
  local chunk, message = loadfile(script.path)
  if not chunk then return nil, message .. advice(script.path) end
  return chunk
end

return scripts

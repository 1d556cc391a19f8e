-- The Lua files that a script is made of: itself, and those that `require` opened for it, without
-- fm's own. Each has the digest of its text as it was read, so that a run can say later what it
-- ran, and whether the file is still the same.
local core <const> = require "fm.core"
local digests <const> = require "fm.run.digests"
local lfs <const> = require "lfs"
local text_of <const> = require "fm.records.text_of"

local code_files <const> = {}

local largest <const> = 4 << 20 -- bytes of a file of which a copy is kept

local here <const> = debug.getinfo(1, "S").source:sub(2)
local fm_folder <const> = here:gsub("run/code_files%.lua$", "")

-- list of files -> path -> the text, until a copy of it is kept
local texts <const> = setmetatable({}, { __mode = "k" })

local function note(files, path, hash, text)
  digests.note(files, path, hash)
  texts[files] = texts[files] or {}
  texts[files][path] = text
end

--- Notes a file in `files`, a list of { path, hash }, unless it is there.
function code_files.add(files, path)
  if files[path] or path:sub(1, #fm_folder) == fm_folder then return end
  local text = text_of(path, largest)
  local hash = text and core.file.hash(text) or core.file.hash_file(path)
  if not hash then return end -- reading it raises its own error
  note(files, path, hash, text)
end

--- Notes a script that a program other than fmrun has read, and the Lua files that it required so
--- far.
function code_files.add_loaded(files, script)
  code_files.add(files, script)
  for name in pairs(package.loaded) do
    local path = type(name) == "string" and package.searchpath(name, package.path)
    if path then code_files.add(files, path) end
  end
end

--- Notes entries of an earlier process (from code_files.list): a replay does not require again what
--- it passes over.
function code_files.carry(files, entries)
  for _, entry in ipairs(entries) do digests.note(files, entry.path, entry.hash) end
end

-- ---- copies ----

--- Keeps copies of the files that were noted since the last call, in code/ of a folder (false:
--- nowhere). Raises.
function code_files.keep(files, folder)
  local new = texts[files]
  if not new or not folder then return end
  texts[files] = nil
  local name_of <const> = require "fm.records.code_copies".name
  local place = folder .. "/code"
  local made, message, exists = core.file.mkdir_new(place)
  if not made and not exists then error(message, 0) end
  if lfs.symlinkattributes(place, "mode") ~= "directory" then error(place .. ": not a folder; copies of the Lua files go there", 0) end
  for _, file in ipairs(files) do
    local path = place .. "/" .. name_of(file.path, file.hash)
    if new[file.path] and digests.of(path) ~= file.hash then assert(core.file.write(path, new[file.path])) end
  end
  assert(core.file.sync(place)) -- a process that was killed may have left a name that it had not synced
end

--- A chunk from the copy of a file, which is noted. Like loadfile, it skips a first line that
--- begins with #.
function code_files.load(files, copies, path)
  local copy = copies[path]
  note(files, path, copy.hash, copy.text)
  return load((copy.text:gsub("^\xEF\xBB\xBF", ""):gsub("^#[^\n]*", "")), "@" .. path, "t")
end

--- The path that `require` would open for a module, among those of which there are copies.
local function find_copy(copies, name, templates)
  if name == "fm" or name:find "^fm%." then return nil end
  local place = name:gsub("%.", "/")
  for template in templates:gmatch "[^;]+" do
    local path = template:gsub("%?", (place:gsub("%%", "%%%%")))
    if copies[path] then return path end
  end
  return nil
end

--- From now on notes in `files` what `require` opens. With `copies` (path -> { text, hash }) it
--- opens the copies instead of the files. Returns an object that ends this.
function code_files.watch(files, copies)
  local searchers = package.searchers
  local former, searchpath = searchers[2], package.searchpath
  searchers[2] = function(name)
    local copy = copies and find_copy(copies, name, package.path)
    if copy then return assert(code_files.load(files, copies, copy)), copy end
    local loader, path = former(name)
    if type(loader) == "function" and type(path) == "string" then code_files.add(files, path) end
    return loader, path
  end
  if copies then
    function package.searchpath(name, path, ...) return find_copy(copies, name, path) or searchpath(name, path, ...) end
  end
  return function() searchers[2], package.searchpath = former, searchpath end
end

--- The files without their marks, in the order of their paths: what goes into a record.
function code_files.list(files)
  local list = core.json.array {}
  for i, file in ipairs(files) do list[i] = file end
  table.sort(list, digests.by_path)
  return list
end

--- One digest of all of them, in few characters.
function code_files.digest(files)
  return core.file.hash(core.json.encode(code_files.list(files))):sub(1, 8)
end

return code_files

-- The Lua files a script is made of: itself, and those that `require` opened for it, fm's own left out. Each with the digest of the text
-- as it was read, so that a run can say later what it ran, and whether that is still there.
local core <const> = require "fm.core"
local digests <const> = require "fm.run.digests"

local code_files <const> = {}

local here <const> = debug.getinfo(1, "S").source:sub(2)
local fm_folder <const> = here:gsub("run/code_files%.lua$", "")

--- Notes a file in `files`, a list of { path, hash }, unless it is there.
function code_files.add(files, path)
  if files[path] or path:sub(1, #fm_folder) == fm_folder then return end
  local hash = core.file.hash_file(path)
  if not hash then return end -- what cannot be read tells so itself
  digests.note(files, path, hash)
end

--- Notes a script that another program than fmrun has read, and the Lua files of what it required so far.
function code_files.add_loaded(files, script)
  code_files.add(files, script)
  for name in pairs(package.loaded) do
    local path = type(name) == "string" and package.searchpath(name, package.path)
    if path then code_files.add(files, path) end
  end
end

--- Notes entries of an earlier process (of code_files.list): what a replay passes over is not required again.
function code_files.carry(files, entries)
  for _, entry in ipairs(entries) do digests.note(files, entry.path, entry.hash) end
end

--- From now on what `require` opens is noted in `files`. Returns what ends it.
function code_files.watch(files)
  local searchers = package.searchers
  local former = searchers[2]
  searchers[2] = function(name)
    local loader, path = former(name)
    if type(loader) == "function" and type(path) == "string" then code_files.add(files, path) end
    return loader, path
  end
  return function() searchers[2] = former end
end

--- The files without their marks, in the order of their paths: what goes into a record.
function code_files.list(files)
  local list = core.json.array {}
  for i, file in ipairs(files) do list[i] = file end
  table.sort(list, digests.by_path)
  return list
end

return code_files

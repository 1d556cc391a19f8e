-- Copies of the Lua files that a run was made from: code/NAME-DIGEST.lua in its folder, or in the
-- folder of its sweep for all its runs. The name tells a person what the file is. The digest is
-- that of the text: so versions of a file lie side by side, and damage to a copy is noticed.
local core <const> = require "fm.core"
local file_stem <const> = require "fm.parts.file_stem"
local lfs <const> = require "lfs"
local names_in <const> = require "fm.records.names_in"
local open <const> = require "fm.records.regular"

local code_copies <const> = {}

local largest <const> = 64 << 20 -- bytes of a copy: larger ones are not read

--- The name of the copy of a file with this digest.
function code_copies.name(path, hash)
  return ("%s-%s.lua"):format(file_stem(path), hash)
end

--- The text of a copy, which must be a regular file and not a link; or nil and what is wrong.
local function read(path)
  if lfs.symlinkattributes(path, "mode") ~= "file" then return nil, path .. ": no such file" end
  local file <close>, size = open(path)
  if not file then return nil, size or path .. ": no such file" end
  if size > largest then return nil, ("%s: %d bytes, over the limit of %d"):format(path, size, largest) end
  return file:read(size) or ""
end

--- The folders in which copies for a run may lie.
local function places_of(run_path)
  local sweep = run_path:match "^(.+)/[^/]+$"
  if sweep and lfs.attributes(sweep .. "/sweep.json", "mode") == "file" then return { run_path .. "/code", sweep .. "/code" } end
  return { run_path .. "/code" }
end

--- The text of the copy of a file { path, hash } that the run or the sweep in a folder keeps; or
--- nil and a message.
function code_copies.read(folder, file)
  if not file.hash:find "^%x+$" then return nil, ("%s: no copy of %s"):format(folder, file.path) end
  local problem
  for _, place in ipairs(places_of(folder)) do
    local path = place .. "/" .. code_copies.name(file.path, file.hash)
    local text, message = read(path)
    if text and core.file.hash(text) == file.hash then return text end
    if lfs.symlinkattributes(path) then problem = text and path .. " is damaged: its digest is not that of its name" or message end
  end
  return nil, problem or ("%s keeps no copy of %s"):format(folder, file.path)
end

--- The copies of all files of a list: path -> { text, hash }; or nil and a message.
function code_copies.read_all(folder, files)
  local copies = {}
  for _, file in ipairs(files) do
    local text, message = code_copies.read(folder, file)
    if not text then return nil, message end
    copies[file.path] = { text = text, hash = file.hash }
  end
  return copies
end

--- Adds copies of what the experiment required while it ran: run.json of a run that was killed does
--- not name them.
function code_copies.add(copies, folder, files)
  for _, file in ipairs(files) do
    local text = not copies[file.path] and code_copies.read(folder, file)
    if text then copies[file.path] = { text = text, hash = file.hash } end
  end
end

--- The copies in the folder of a run or a sweep, as "code/NAME" in order. Skips everything else
--- that lies there, and does not follow links.
function code_copies.list(folder)
  local list = {}
  if lfs.symlinkattributes(folder .. "/code", "mode") ~= "directory" then return list end
  for _, name in ipairs(names_in(folder .. "/code")) do
    local hash = name:match "^[%w_.-]*%-(%x+)%.lua$"
    local text = hash and read(folder .. "/code/" .. name)
    if text and core.file.hash(text) == hash then list[#list + 1] = "code/" .. name end
  end
  return list
end

return code_copies

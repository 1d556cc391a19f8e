-- The folder of a run, runs/<experiment>/<UTC>-<hash>/, and the files in it. Everything about a run
-- can be told from these files.
local fm <const> = require "fm"
local growing_digest <const> = require "fm.run.growing_digest"
local lfs <const> = require "lfs"
local sorted_keys <const> = require "fm.parts.sorted_keys"

local folder <const> = {}
local Folder <const> = {}
Folder.__index = Folder

local function is_folder(path)
  return lfs.attributes(path, "mode") == "directory"
end

--- Makes a folder and those above it, where they are missing. True, or nil and a message.
function folder.make_parents(path)
  local at = path:sub(1, 1) == "/" and "" or nil
  for part in path:gmatch "[^/]+" do
    at = at and at .. "/" .. part or part
    if not is_folder(at) then
      local made, message, exists = fm.file.mkdir_new(at)
      if not made and not (exists and is_folder(at)) then return nil, message end
    end
  end
  return true
end

--- Makes a folder that is to last. One that is there may be from a process that was killed before
--- it synced the folder above, so this is done again, where it can be. True, or nil and a message.
local function settle(path)
  local made, message, exists = fm.file.mkdir_new(path)
  if not made and not (exists and is_folder(path)) then return nil, message end
  if not made then fm.file.sync(path:match "^(.*/)[^/]+/*$" or ".") end
  return true
end

--- Takes the folder: locks it for as long as this process lives, so that nobody else writes into it
--- and a reader can tell whether somebody still does. nil and a message when it cannot be taken.
local function own(path, patience)
  local lock, problem = fm.system.lock(path .. "/lock", patience)
  if lock then return setmetatable({ path = path, lock = lock, pending = {}, digests = {}, settled = {} }, Folder) end
  if problem == "locked" then return nil, path .. ": another process writes this run", "busy" end
  return nil, problem
end

--- The folder at an exact path, made when it does not exist. nil and a message when it cannot be
--- taken, and "busy" as in own, after `patience` seconds (0): a process that was just killed may
--- still hold it for a moment.
function folder.at(path, patience)
  local parent = path:match "^(.*)/[^/]+/*$"
  if parent and parent ~= "" then
    local ok, message = folder.make_parents(parent)
    if not ok then return nil, message end
  end
  local made, problem = settle(path)
  if not made then return nil, problem end
  return own(path, patience)
end

--- Makes a folder that nobody else has: the first run in a second gets the plain name, the next get
--- -2, -3, ... nil and a message when it cannot be made.
function folder.new(base, experiment, identity)
  local parent = base .. "/" .. experiment
  local ok, message = folder.make_parents(parent)
  if not ok then return nil, message end
  local name = os.date "!%Y%m%d-%H%M%S" .. "-" .. fm.file.hash(identity):sub(1, 8)
  for n = 1, 10000 do
    local path = parent .. "/" .. name .. (n > 1 and "-" .. n or "")
    local made, problem, exists = fm.file.mkdir_new(path)
    if made then return own(path) end
    if not exists then return nil, problem end
  end
  return nil, parent .. "/" .. name .. ": too many runs in one second"
end

--- The path of a file in the folder; makes its parents. Raises for a path that leads out of the
--- folder.
function Folder:file(name)
  if type(name) ~= "string" or name == "" or name:find "^/" or name:find "%z" or ("/" .. name .. "/"):find("/../", 1, true) then
    fm.fail(("expected the name of a file inside the run's folder, found %q"):format(tostring(name)))
  end
  local parent = self.path
  for part in name:gmatch "([^/]+)/" do
    parent = parent .. "/" .. part
    if not (self.settled[parent] and is_folder(parent)) then assert(settle(parent)) end
    self.settled[parent] = true
  end
  return self.path .. "/" .. name
end

--- Replaces a JSON file in one step. Raises.
function Folder:write_json(name, value)
  assert(fm.file.write(self:file(name), fm.json.encode(value) .. "\n"))
end

--- Adds a line to a file; it is written at the next flush.
function Folder:add_line(name, line)
  local lines = self.pending[name]
  if not lines then
    lines = {}
    self.pending[name] = lines
  end
  lines[#lines + 1] = line
end

--- Appends the pending lines to their files. Raises.
function Folder:flush()
  for name, lines in pairs(self.pending) do
    if #lines > 0 then
      self.pending[name] = nil
      lines[#lines + 1] = ""
      local text = table.concat(lines, "\n")
      assert(fm.file.append(self.path .. "/" .. name, text))
      self:digest(name):add(text)
    end
  end
end

--- The digest of the lines that this process wrote or found in a file.
function Folder:digest(name)
  local digest = self.digests[name] or growing_digest.new()
  self.digests[name] = digest
  return digest
end

--- Syncs the named files to disk, including pending lines. Raises. Returns their lengths and
--- digests.
function Folder:settle(names)
  self:flush()
  local lengths, digests = self:lengths(names), {}
  for _, name in ipairs(names) do
    if lengths[name] > 0 then assert(fm.file.sync(self.path .. "/" .. name)) end
    digests[name] = self:digest(name):text()
  end
  return lengths, digests
end

--- Bytes of the named files, 0 for one that is not there.
function Folder:lengths(names)
  local lengths = {}
  for _, name in ipairs(names) do lengths[name] = lfs.attributes(self.path .. "/" .. name, "size") or 0 end
  return lengths
end

--- Cuts files back to `lengths`, by name; a shorter file stays unchanged. Raises.
function Folder:cut(lengths)
  local now = self:lengths(sorted_keys(lengths))
  for name, most in pairs(lengths) do
    local length = math.min(most, now[name])
    self.digests[name] = assert(growing_digest.of_file(self.path .. "/" .. name, length))
    if length > 0 then
      assert(fm.file.cut(self.path .. "/" .. name, length))
    else
      self:remove(name)
    end
  end
end

--- Removes a file, if it is there. Raises.
function Folder:remove(name)
  local path = self.path .. "/" .. name
  if lfs.symlinkattributes(path) then assert(os.remove(path)) end
end

local function remove_inside(path, chosen)
  for name in lfs.dir(path) do
    local inner = path .. "/" .. name
    if name ~= "." and name ~= ".." and chosen(name) then
      if lfs.symlinkattributes(inner, "mode") == "directory" then remove_inside(inner, chosen) end
      assert(os.remove(inner))
    end
  end
end

--- Removes the temporary files of interrupted writes, here and in the folders of outputs. Raises.
local function remove_temporary(path)
  for name in lfs.dir(path) do
    local inner = path .. "/" .. name
    local kind = name ~= "." and name ~= ".." and lfs.symlinkattributes(inner, "mode")
    if kind == "directory" then remove_temporary(inner) end
    if kind == "file" and name:find "^%.fm%-%d+%-%d+%.tmp$" then assert(os.remove(inner)) end
  end
end

function Folder:remove_temporary()
  remove_temporary(self.path)
end

--- Removes everything except what says whose folder it is. The state goes first: it must not name
--- missing files. Raises.
function Folder:empty()
  self.digests = {}
  self:remove "state.json"
  remove_inside(self.path, function(name) return name ~= "lock" and name ~= "run.json" and name ~= "config.json" end)
end

local most <const> = 64 << 20 -- bytes of a JSON file

--- What a JSON file holds, or nil and a message.
function Folder:read_json(name)
  local path = self.path .. "/" .. name
  local text, message = fm.file.read(path, most)
  if not text then return nil, message end
  local value, problem = fm.json.decode(text)
  if type(value) == "table" then return value end
  return nil, ("%s: %s"):format(path, problem or "expected an object")
end

--- Whether the folder holds only what a run writes before its run.json.
function Folder:is_fresh()
  for name in lfs.dir(self.path) do
    if name ~= "." and name ~= ".." and name ~= "lock" and name ~= "config.json" and not name:find "^%.fm%-" then return false end
  end
  return true
end

return folder

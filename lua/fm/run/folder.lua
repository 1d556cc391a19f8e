-- The folder of a run, runs/<experiment>/<UTC>-<hash>/, and the files in it. Everything about a run can be told from these files.
local fm <const> = require "fm"
local lfs <const> = require "lfs"

local folder <const> = {}
local Folder <const> = {}
Folder.__index = Folder

local function make_parents(path)
  local at = path:sub(1, 1) == "/" and "" or nil
  for part in path:gmatch "[^/]+" do
    at = at and at .. "/" .. part or part
    local made, message = lfs.mkdir(at)
    if not made and lfs.attributes(at, "mode") ~= "directory" then return nil, ("%s: cannot make the folder: %s"):format(at, message) end
  end
  return true
end

--- The folder as ours: locked for as long as this process lives, so that nobody else writes into it and a reader knows whether
--- somebody still does. nil and a message when it is not to be had.
local function own(path)
  local lock, problem = fm.system.lock(path .. "/lock")
  if lock then return setmetatable({ path = path, lock = lock, pending = {} }, Folder) end
  if problem == "locked" then problem = path .. ": another process writes this run" end
  return nil, problem
end

--- The folder at an exact path, which is made when there is none. nil and a message when it is another process's or cannot be.
function folder.at(path)
  local parent = path:match "^(.*)/[^/]+/*$"
  if parent and parent ~= "" then
    local ok, message = make_parents(parent)
    if not ok then return nil, message end
  end
  local made, problem, exists = fm.file.mkdir_new(path)
  if not made and not exists then return nil, problem end
  return own(path)
end

--- Makes a folder nobody else has: the name of the second is taken by whoever comes first, the next gets -2, -3, ... nil and a
--- message when there can be none.
function folder.new(base, experiment, identity)
  local parent = base .. "/" .. experiment
  local ok, message = make_parents(parent)
  if not ok then return nil, message end
  local name = os.date "!%Y%m%d-%H%M%S" .. "-" .. fm.file.hash(identity):sub(1, 8)
  for n = 1, 10000 do
    local path = parent .. "/" .. name .. (n > 1 and "-" .. n or "")
    local made, problem, exists = fm.file.mkdir_new(path)
    if made then return own(path) end
    if not exists then return nil, problem end
  end
  return nil, parent .. "/" .. name .. ": too many runs of one second"
end

--- The path of a file in the folder; its parents exist afterwards. Raises for a path that leads out of it.
function Folder:file(name)
  if type(name) ~= "string" or name == "" or name:find "^/" or name:find "%z" or ("/" .. name .. "/"):find("/../", 1, true) then
    fm.fail(("expected the name of a file inside the run's folder, found %q"):format(tostring(name)))
  end
  local path = self.path .. "/" .. name
  local parent = name:match "^(.*)/"
  if parent then assert(make_parents(self.path .. "/" .. parent)) end
  return path
end

--- Replaces a JSON file in one step. Raises.
function Folder:write_json(name, value)
  assert(fm.file.write(self:file(name), fm.json.encode(value) .. "\n"))
end

--- Adds a line to a file; it gets there at the next flush.
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
      assert(fm.file.append(self.path .. "/" .. name, table.concat(lines, "\n")))
    end
  end
end

return folder

-- Which files of a folder fmrun made, and may remove: files that runs and sweeps write under their
-- own names, and the outputs that run.json lists. Everything else in the folder belongs to the
-- user, and so does everything behind a link.
local code_copies <const> = require "fm.records.code_copies"
local lfs <const> = require "lfs"
local names_in <const> = require "fm.records.names_in"

local own_files <const> = {}

-- Patterns of names, in the order of removal: run.json is removed late, so that an interrupted
-- removal can be repeated; the lock is removed last.
local temporary <const> = "^%.fm%-%d+%-%d+%.tmp$"
local of_run <const> = { "^state%.json$", "^checkpoint[%w-]*%.safetensors$", temporary, "^report%.html$", "^pareto%.json$", "^pareto%.csv$",
  "^pareto%.png$", "^log%.txt$", "^metrics%.jsonl$", "^timing%.jsonl$", "^config%.json$", "^run%.json$", "^lock$" }
local of_sweep <const> = { temporary, "^report%.html$", "^slurm%.sh$", "^slurm%-%d+%.log$", "^parallel%.sh$", "^parallel%.log$",
  "^sweep%.json$", "^lock$" }
local pictures <const> = { "%.png$", "%.svg$" }

local function kind(path)
  return lfs.symlinkattributes(path, "mode")
end

--- Whether a folder has a name that fmrun gives: then everything in it that looks like a run's file
--- belongs to a run.
local function has_own_name(path)
  local parent, name = path:match "([^/]*)/([^/]*)$"
  if not name then return false end
  return name:find "^%d+%-%d+%-%x+" ~= nil or parent:find "^sweep%-%x+$" ~= nil and name:find "^%x%x%x%x%x%x%x%x%-?%d*$" ~= nil
end

--- Whether fmrun made the folder: by its name, or by what its run.json says. `record` is of
--- fm.records.
function own_files.is_run(path, record)
  return has_own_name(path) or record.status ~= "damaged" and record.experiment ~= nil and record.versions ~= nil and record.versions.fmrun ~= nil
end

-- ---- the outputs that run.json lists: "samples.png", "frames/step-*.png" (digits) ----

--- The parts of a name that leads to a place inside of the folder, or nil.
local function parts_of(name)
  local parts = {}
  for part in (name .. "/"):gmatch "([^/]*)/" do
    if part == "" or part == "." or part == ".." or part:find "%z" then return nil end
    parts[#parts + 1] = part
  end
  return parts
end

local function pattern_of(part)
  return "^" .. part:gsub("[^%w]", "%%%0"):gsub("%%%*", "%%d+") .. "$"
end

--- Adds the files below `folder` that match the parts from `depth` on; only real folders are
--- entered, no links.
local function add_output(list, path, folder, parts, depth)
  local wanted, last = pattern_of(parts[depth]), depth == #parts
  for _, name in ipairs(names_in(path .. "/" .. folder)) do
    local inner = folder .. name
    local is_folder = kind(path .. "/" .. inner) == "directory"
    if name:find(wanted) and is_folder == not last then
      if last then list[#list + 1] = inner else add_output(list, path, inner .. "/", parts, depth + 1) end
    end
  end
end

--- Adds the temporary files that interrupted writes left in the folders below; their names belong
--- to fmrun in any folder.
local function add_temporary(list, path, folder)
  for _, name in ipairs(names_in(path .. "/" .. folder)) do
    local inner = folder .. name
    local what = kind(path .. "/" .. inner)
    if what == "directory" then add_temporary(list, path, inner .. "/") end
    if what == "file" and folder ~= "" and name:find(temporary) then list[#list + 1] = inner end
  end
end

-- ---- lists ----

local function add_known(list, path, patterns)
  local names = names_in(path)
  for _, pattern in ipairs(patterns) do
    for _, name in ipairs(names) do
      if name:find(pattern) and kind(path .. "/" .. name) ~= "directory" then list[#list + 1] = name end
    end
  end
end

--- The files of a run, by their names in its folder, in the order in which they may be removed.
function own_files.of_run(path, record)
  local list = {}
  for _, name in ipairs(record.outputs or {}) do
    local parts = parts_of(name)
    if parts then add_output(list, path, "", parts, 1) end
  end
  add_temporary(list, path, "")
  if has_own_name(path) and (not record.outputs or record.status == "lost") then add_known(list, path, pictures) end
  for _, name in ipairs(code_copies.list(path)) do list[#list + 1] = name end
  add_known(list, path, of_run)
  return list
end

--- Whether a run has written any file there.
function own_files.any_of_run(path)
  local list = {}
  add_known(list, path, of_run)
  return #list > 0
end

--- The files of a sweep, without its runs.
function own_files.of_sweep(path)
  local list = code_copies.list(path)
  if kind(path .. "/code") == "directory" then add_temporary(list, path, "code/") end
  add_known(list, path, of_sweep)
  return list
end

--- Removes these files of a folder, and the folders that are empty afterwards. Returns the names of
--- what is left there (none: the folder is removed too), or nil and a message.
function own_files.remove(path, list)
  for _, name in ipairs(list) do
    local inner = path .. "/" .. name
    if kind(inner) then
      local ok, message = os.remove(inner)
      if not ok then return nil, message end
    end
    local folder = name:match "^(.*)/"
    while folder and lfs.rmdir(path .. "/" .. folder) do folder = folder:match "^(.*)/" end
  end
  local left = names_in(path)
  if #left == 0 then
    local ok, message = lfs.rmdir(path)
    if not ok then return nil, ("%s: %s"):format(path, message) end
  end
  return left
end

return own_files

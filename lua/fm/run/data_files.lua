-- The data files that a run reads, with their digests at that time. The loaders report them
-- (fm.file.on_read); the record keeps them.
local fm <const> = require "fm"
local digests <const> = require "fm.run.digests"

local data_files <const> = {}

-- a key that is not a path: folder -> its entry from an earlier process
local folders_of <const> = {}
-- beyond it, a folder's files make one entry: 60,000 pictures do not belong in run.json
local most_of_a_folder <const> = 64

--- From now on notes files that are read in the list it returns, except those below `own` (the
--- run's folder). The second result ends this.
function data_files.watch(own)
  local files = {}
  fm.file.on_read(function(path)
    if files[path] or path:sub(1, #own + 1) == own .. "/" then return end
    local hash = fm.file.hash_file(path)
    if not hash then return end -- the loader will say why
    digests.note(files, path, hash)
  end)
  return files, function() fm.file.on_read(nil) end
end

--- Notes entries of an earlier process (from data_files.list): a replay does not read again what it
--- passes over.
function data_files.carry(files, entries)
  files[folders_of] = {}
  for _, entry in ipairs(entries) do
    if entry.files then
      files[folders_of][entry.path] = entry
    else
      digests.note(files, entry.path, entry.hash)
    end
  end
end

--- { path, hash } in the order of paths; { path = "folder/", files = n, hash } for folders of which
--- many files were read.
function data_files.list(files)
  local folders, list, earlier = {}, fm.json.array {}, files[folders_of] or {}
  for _, file in ipairs(files) do
    local folder = file.path:match "^(.*/)" or "./"
    folders[folder] = folders[folder] or {}
    table.insert(folders[folder], file)
  end
  for folder in pairs(earlier) do folders[folder] = folders[folder] or {} end
  for folder, inside in pairs(folders) do
    table.sort(inside, digests.by_path)
    local carried = earlier[folder]
    if carried and #inside <= carried.files then
      list[#list + 1] = carried
    elseif #inside <= most_of_a_folder then
      table.move(inside, 1, #inside, #list + 1, list)
    else
      local lines = {}
      for i, file in ipairs(inside) do lines[i] = file.hash .. " " .. file.path end
      list[#list + 1] = { path = folder, files = #inside, hash = fm.file.hash(table.concat(lines, "\n")) }
    end
  end
  table.sort(list, digests.by_path)
  return list
end

return data_files

-- What the sweep.json of a sweep says, checked before it is believed: its folder may be a stranger's.
local fm <const> = require "fm"
local code_files <const> = require "fm.run.code_files"
local read_plan <const> = require "fm.records.sweep_json"

local record <const> = {}

--- The digest of the files that loading a script opened.
function record.code_hash(script)
  return fm.file.hash(fm.json.encode(code_files.list(script.files))):sub(1, 8)
end

--- What sweep.json says, of the run `index` or of all; nil and a message when it cannot be had.
function record.read(path, index)
  local value, message = read_plan(path, index)
  if not value then return nil, message end
  if not (value.command and value.scripts) then return nil, path .. "/sweep.json: not the record of a sweep" end
  for i, entry in ipairs(index and { value.runs[index] } or value.runs) do
    if not (entry.script and entry.experiment) then return nil, ("%s/sweep.json: runs[%d] names no script"):format(path, index or i) end
  end
  return value
end

return record

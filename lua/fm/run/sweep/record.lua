-- What the sweep.json of a sweep says, checked before it is believed: its folder may be a stranger's.
local fm <const> = require "fm"
local code <const> = require "fm.run.code"
local readable <const> = require "fm.terminal.readable"
local recorded <const> = require "fm.run.recorded"

local record <const> = {}

--- The digest of the files that loading a script opened.
function record.code_hash(script)
  return fm.file.hash(fm.json.encode(code.list(script.files))):sub(1, 8)
end

local function is_text(value)
  return type(value) == "string"
end

--- Whether a value is a list of what `check` finds right.
local function is_list(value, check)
  if type(value) ~= "table" then return false end
  for key, item in next, value do
    if math.type(key) ~= "integer" or not check(item) then return false end
  end
  return true
end

local function is_file(value)
  return type(value) == "table" and is_text(value.path) and is_text(value.hash)
end

local function is_script(value)
  return is_file(value) and (value.code == nil or is_list(value.code, is_file))
end

local function is_entry(value)
  return type(value) == "table" and is_text(value.folder) and value.folder:find "^%x%x%x%x%x%x%x%x$" ~= nil and is_text(value.script)
    and is_text(value.experiment) and type(value.config) == "table" and type(value.changed) == "table" and math.type(value.index) == "integer"
end

--- Whether what a sweep.json holds has the types that everybody counts on. Its folders are names: none leads out of the sweep's. With
--- `index` only that run is looked at: a process that does one of many need not know the others.
local function is_record(value, index)
  if type(value) ~= "table" or type(value.runs) ~= "table" then return false end
  local runs = index and { value.runs[index] } or value.runs
  return is_list(runs, is_entry) and is_list(value.scripts, is_script) and is_list(value.keys, is_text)
    and (value.arguments == nil or is_list(value.arguments, is_text)) and is_text(value.command)
end

--- What sweep.json says, of the run `index` or of all; nil and a message when it cannot be had.
function record.read(path, index)
  local file <close>, message = io.open(path .. "/sweep.json", "rb")
  local text = file and file:read "a"
  if not text then return nil, message or path .. "/sweep.json: cannot be read" end
  local value, problem = fm.json.decode(text)
  if is_record(value, index) then return value end
  return nil, ("%s/sweep.json: %s"):format(path, problem or "not the record of a sweep")
end

--- nil when the script of a task may be called: it is one of the sweep's, as it was when the sweep was made. Else a message.
function record.refusal(path, said, task)
  for _, script in ipairs(said.scripts) do
    if script.path == task.script then
      return recorded.refusal(path, script.path, script.code or {}, false, "the command that made the sweep takes the change up: " .. said.command)
    end
  end
  return readable(("%s/sweep.json: run %d: %s is none of its scripts"):format(path, task.index, task.script))
end

return record

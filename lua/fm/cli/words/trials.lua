-- Trials from a file: "@trials.csv" (the first line names the keys) or "@trials.jsonl" (an object a
-- line). Each trial is a list of { key, text }, read later by the declared type of each parameter.
-- Data is never code, so there are no trials in Lua.
local fm <const> = require "fm"
local fields <const> = require "fm.parts.fields"

local trials <const> = {}

local function fail(path, number, message, ...)
  error({ usage = ("%s: line %d: %s"):format(path, number, message:format(...)) }, 0)
end

--- The texts of a line of CSV, without the blanks around unquoted ones; or nil and what is wrong.
local function texts_of(line)
  local list, problem = fields(line)
  for i, field in ipairs(list or {}) do list[i] = field.quoted and field.text or field.text:match "^%s*(.-)%s*$" end
  return list, problem
end

local function refuse_twice(path, number, names)
  local seen = {}
  for _, name in ipairs(names) do
    if seen[name] then fail(path, number, "%s given twice", name) end
    seen[name] = true
  end
end

local function read_csv(path, lines)
  local list, names = {}, nil
  for number, line in lines do
    local found, problem = texts_of(line)
    if not found then fail(path, number, "%s", problem) end
    if not names then
      names = found
      refuse_twice(path, number, names)
    elseif #found ~= #names then
      fail(path, number, "expected %d fields as in the first line, found %d", #names, #found)
    else
      local trial = {}
      for i, name in ipairs(names) do trial[i] = { name, found[i] } end
      list[#list + 1] = trial
    end
  end
  return list
end

--- A JSON value as the text of a word on the command line.
local function text_of(value)
  local kind = type(value)
  if math.type(value) == "float" then return ("%.17g"):format(value) end
  return (kind == "number" or kind == "string" or kind == "boolean") and tostring(value) or nil
end

local function read_jsonl(path, lines)
  local list = {}
  for number, line in lines do
    local object, message = fm.json.decode(line)
    if message then error({ usage = ("%s: %s"):format(path, (message:gsub("^line 1 ", ("line %d "):format(number)))) }, 0) end
    if type(object) ~= "table" or #object > 0 then fail(path, number, "expected an object") end
    local trial = {}
    for key, value in pairs(object) do
      trial[#trial + 1] = { key, text_of(value) or fail(path, number, "%s: expected a number, a string or a boolean", key) }
    end
    table.sort(trial, function(a, b) return a[1] < b[1] end)
    list[#list + 1] = trial
  end
  return list
end

local readers <const> = { csv = read_csv, jsonl = read_jsonl }

--- The numbered lines of a text that are not blank; raises { usage }.
local function lines_of(path, text)
  local number, next_line = 0, text:gsub("\r\n?", "\n"):gmatch "([^\n]*)\n"
  return function()
    while true do
      local line = next_line()
      if not line then return nil end
      number = number + 1
      if line:find("\0", 1, true) then fail(path, number, "a NUL byte; expected text in UTF-8") end
      if line:find "%S" then return number, line end
    end
  end
end

--- The trials of a file; raises { usage }.
function trials.read(path)
  local reader = readers[path:match "%.(%w+)$" or ""]
  if not reader then error({ usage = ("%s: trials are read from .csv or .jsonl"):format(path) }, 0) end
  local file <close>, message = io.open(path, "rb")
  local text = file and file:read "a"
  if not text then error({ usage = message or path .. ": cannot be read" }, 0) end
  text = text:gsub("^\xEF\xBB\xBF", "") -- spreadsheets begin UTF-8 with a mark
  local list = reader(path, lines_of(path, text .. "\n"))
  if #list == 0 then error({ usage = path .. ": empty list: there are no trials" }, 0) end
  return list
end

return trials

-- Two runs side by side: parameters, code, data, environment, results. Only what differs is listed.
local fm <const> = require "fm"
local command_line <const> = require "fm.cli.command_line"
local describe <const> = require "fm.records.describe"
local layout <const> = require "fm.cli.terminal.layout"
local painter <const> = require "fm.cli.terminal.paint"
local printable <const> = require "fm.parts.printable"
local records <const> = require "fm.records.runs"

--- path -> digest of a record's list of files.
local function digests(list)
  local result = {}
  for _, file in ipairs(list or {}) do result[file.path] = file.hash end
  return result
end

local function environment(record)
  local result = { host = record.host, threads = record.threads, script = record.script, commit = record.commit, dirty = record.dirty }
  for name, version in pairs(record.versions or {}) do result[name] = version end
  return result
end

local sections <const> = {
  { "run", function(r) return { experiment = r.experiment, status = r.status, steps = r.steps, seconds = r.seconds, started = r.started } end },
  { "config", function(r) return r.config end },
  { "code", function(r) return digests(r.code) end },
  { "data", function(r) return digests(r.data) end },
  { "environment", environment },
  { "summary", function(r) return r.summary end },
}

--- { {name, a, b}... } of the keys whose values differ, in order, and the number of keys.
local function differences(a, b)
  local all = {}
  for _, t in ipairs { a, b } do
    for key in pairs(t) do all[key] = true end
  end
  local list, keys = {}, describe.keys(all)
  for _, key in ipairs(keys) do
    if a[key] ~= b[key] then list[#list + 1] = { name = key, a = a[key], b = b[key] } end
  end
  return list, #keys
end

local function text_of(value)
  return value == nil and "-" or describe.value(value)
end

--- "+0.02" where both are numbers.
local function change(a, b)
  local difference = math.type(a) and math.type(b) and b + 0.0 - a
  return difference and difference - difference == 0 and ("%+.4g"):format(difference) or ""
end

local function print_section(title, list, count, paint, columns)
  if count == 0 then return end
  if #list == 0 then return print(("%s: the same"):format(title)) end
  print(paint("bold", title))
  local rows = {}
  for i, d in ipairs(list) do rows[i] = { "  " .. d.name, text_of(d.a), text_of(d.b), change(d.a, d.b) } end
  print(table.concat(layout.table({ {}, { flexible = true }, { flexible = true }, { right = true } }, rows, { columns = columns }), "\n"))
end

local function print_json(a, b)
  local result = { a = a.name, b = b.name }
  for _, section in ipairs(sections) do
    local part = {}
    for _, d in ipairs((differences(section[2](a), section[2](b)))) do part[d.name] = { a = d.a, b = d.b } end
    result[section[1]] = part
  end
  print(fm.json.encode(result))
end

return {
  help = "what two runs differ in: parameters, code, environment, results", usage = "fmrun diff A B [--json]", takes = "run",
  options = { { "--json", name = "json", help = "the differences as one JSON object" }, "runs", "color" },
  examples = { "fmrun diff @-2 @-1" },
  run = function(line)
    if #line.words ~= 2 then line.refuse(("expected two runs, found %d"):format(#line.words)) end
    local base, paint, columns = command_line.runs(line), painter(1, line.color), layout.columns()
    local a = records.expect(records.find(base, line.words[1]))
    local b = records.expect(records.find(base, line.words[2]))
    if line.json then return print_json(a, b) end
    print(("a  %s\nb  %s"):format(printable.line(a.name), printable.line(b.name)))
    for _, section in ipairs(sections) do
      local list, count = differences(section[2](a), section[2](b))
      print_section(section[1], list, count, paint, columns)
    end
  end,
}

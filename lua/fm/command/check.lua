-- Does a script work? Two steps with a tiny batch, through its pictures and results, in a folder that is removed afterwards.
local fm <const> = require "fm"
local lfs <const> = require "lfs"
local declared <const> = require "fm.run.declared"
local describe <const> = require "fm.records.describe"
local logged <const> = require "fm.records.logged"
local parameters <const> = require "fm.run.parameters"
local printable <const> = require "fm.terminal.printable"
local records <const> = require "fm.records"
local remove <const> = require "fm.run.remove"
local shrink <const> = require "fm.run.shrink"

--- The value that one word gives: its key and the value, or nil and a message.
local function read_word(experiment, word)
  local key, text = parameters.split(word)
  if not key then return nil, text end
  local declaration, message = parameters.find(experiment.parameters, key, experiment.presets)
  if not declaration then return nil, message end
  local value, problem = parameters.read(declaration, text)
  if value == nil then return nil, problem end
  return key, value
end

--- The values that words of the command line give, a preset's among them; ends the command for a wrong one.
local function given_values(experiment, words, line)
  local given, values = {}, {}
  for _, word in ipairs(words) do
    local key, value = read_word(experiment, word)
    if not key then line.refuse(value) end
    given[key] = value
  end
  for key, value in pairs(experiment.presets[given.preset] or {}) do values[key] = value end
  for key, value in pairs(given) do values[key] = value end
  return values
end

local function say(title, text)
  if text ~= "" then print(("  %-11s %s"):format(title, printable.line(text))) end
end

local function tell_shrunk(made)
  local words = {}
  for i, m in ipairs(made) do words[i] = ("%s=%d instead of %d%s"):format(m.name, m.to, m.from, m.least and " (its least)" or "") end
  say("made small", table.concat(words, ", "))
end

local function tell_metrics(path)
  local rows, names = logged.rows(path .. "/metrics.jsonl")
  local words = {}
  for i, name in ipairs(names) do words[i] = ("%s %s -> %s"):format(name, describe.value(rows[1][name]), describe.value(rows[#rows][name])) end
  say("logged", #rows > 0 and ("%d lines: %s"):format(#rows, table.concat(words, ", ")) or "nothing")
end

--- Whether what the run kept reads back.
local function tell_checkpoint(path)
  if not lfs.attributes(path .. "/checkpoint.safetensors") then return say("checkpoint", "none: the run keeps nothing") end
  local tensors, message = fm.load(path .. "/checkpoint.safetensors")
  if not tensors then error({ message = message, exit = 1 }, 0) end
  say("checkpoint", ("%d tensors, read back"):format(#describe.keys(tensors)))
end

local function tell_pictures(path)
  local names = {}
  for name in lfs.dir(path) do
    if name:find "%.png$" or name:find "%.svg$" then names[#names + 1] = name end
  end
  table.sort(names)
  say("pictures", table.concat(names, ", "))
end

--- Runs the experiment in a folder of its own. Returns whether it went well.
local function try(script, values, made, folder)
  local how = { runs = folder, script = script.path, source = "", code = script.files, command = "", quiet = true }
  print(printable.line(("%s: %s"):format(script.path, script.experiment.name)))
  tell_shrunk(made)
  local status, path = require "fm.run.scripts".within(script, require "fm.run.execute", script.experiment, values, how)
  if status ~= "done" then
    print "  it does not work; nothing was kept"
    return false
  end
  local record = records.read(path, script.experiment.name)
  tell_metrics(path)
  tell_checkpoint(path)
  tell_pictures(path)
  say("results", describe.pairs_text(record.summary))
  print(("  it works (%s); nothing was kept"):format(describe.took(record, 0)))
  return true
end

return {
  help = "try a script: two steps, a tiny batch, nothing kept", usage = "fmrun check SCRIPT... [key=value...]", takes = "parameters",
  examples = { "fmrun check experiments/*.lua" },
  run = function(line)
    local paths, words, well = {}, {}, true
    for _, word in ipairs(line.words) do table.insert(word:find "^[^/=]+=" and words or paths, word) end
    if #paths == 0 then line.refuse "expected a script" end
    for _, path in ipairs(paths) do
      local script = declared.expect(path)
      local values, made = shrink.values(script.experiment.parameters, given_values(script.experiment, words, line))
      local folder = os.tmpname()
      os.remove(folder)
      assert(fm.file.mkdir_new(folder))
      local ok, result = pcall(try, script, values, made, folder)
      remove(folder)
      if not ok then error(result, 0) end
      well = well and result
    end
    return well and 0 or 1
  end,
}

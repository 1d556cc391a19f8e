-- Tries whether a script works: two steps with a tiny batch, with its pictures and results, in a
-- folder that is removed afterwards. Each script is tried in a process of its own, so that the
-- folder is removed and the next script is tried even after a crash.
local fm <const> = require "fm"
local lfs <const> = require "lfs"
local declared <const> = require "fm.cli.declared"
local describe <const> = require "fm.records.describe"
local launch <const> = require "fm.cli.launch"
local logged <const> = require "fm.records.logged"
local option_reader <const> = require "fm.cli.option_reader"
local parameters <const> = require "fm.run.parameters"
local pools <const> = require "fm.sweep.pool"
local printable <const> = require "fm.parts.printable"
local records <const> = require "fm.records.runs"
local remove <const> = require "fm.cli.remove_folder"
local run_screen <const> = require "fm.cli.terminal.run_screen"
local trial_values <const> = require "fm.cli.trial_values"

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

--- The values that the words of the command line give, including a preset's; ends the command for a
--- wrong word.
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
  for i, m in ipairs(made) do words[i] = ("%s=%d instead of %d%s"):format(m.name, m.to, m.from, m.least and " (its minimum)" or "") end
  say("made small", table.concat(words, ", "))
end

--- The first and the last of each metric: not every line has every name.
local function tell_metrics(path)
  local rows, names = logged.rows(path .. "/metrics.jsonl")
  local first, last, words = {}, {}, {}
  for _, row in ipairs(rows) do
    for name, value in pairs(row) do
      if first[name] == nil then first[name] = value end
      last[name] = value
    end
  end
  for i, name in ipairs(names) do words[i] = ("%s %s -> %s"):format(name, describe.value(first[name]), describe.value(last[name])) end
  say("logged", #rows > 0 and ("%d lines: %s"):format(#rows, table.concat(words, ", ")) or "nothing")
end

--- Tells whether what the run kept reads back.
local function tell_checkpoint(path)
  if not lfs.attributes(path .. "/checkpoint.safetensors") then return say("checkpoint", "none: the run keeps nothing") end
  local tensors, message = fm.load(path .. "/checkpoint.safetensors")
  if not tensors then error({ message = message, exit = 1 }, 0) end
  say("checkpoint", ("%d tensors, read back"):format(#describe.keys(tensors)))
end

local function tell_pictures(path)
  local names = {}
  for _, name in ipairs(records.names_in(path)) do
    if name:find "%.png$" or name:find "%.svg$" then names[#names + 1] = name end
  end
  say("pictures", table.concat(names, ", "))
end

--- Runs the experiment in a folder of its own. Returns whether it worked.
local function try(script, values, made, folder)
  local how = { runs = folder, script = script.path, source = "", code = script.files, command = "", copies_in = false, shares = 1,
    listener = run_screen.new { quiet = true }, advice = launch.advice }
  print(printable.line(("%s: %s"):format(script.path, script.experiment.name)))
  tell_shrunk(made)
  local status, path = require "fm.cli.scripts".within(script, require "fm.run.execute", script.experiment, values, how)
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

local usage <const> = 2 -- exit code
-- a file that the parent process looks for: a script may end its process with any exit code
local well <const> = "/it-works"

--- Tries one script here. Returns an exit code.
local function try_here(path, words, line)
  local script = declared.expect(path)
  local values, made = trial_values.of(script.experiment.parameters, given_values(script.experiment, words, line))
  if not try(script, values, made, line.into) then return 1 end
  assert(fm.file.write(line.into .. well, ""))
  return 0
end

--- Tries one script in a process of its own. Returns its exit code; and the name of a signal that
--- asked this process to end.
local function try_apart(path, words)
  local uv <const> = require "luv"
  local folder, problem = uv.fs_mkdtemp((os.getenv "TMPDIR" or "/tmp") .. "/fmrun-check-XXXXXX")
  if not folder then error({ message = problem, exit = 1 }, 0) end
  local code, signal, asked, handle
  local arguments <const> = { "check", "--into", folder, "--parent", tostring((fm.system.process())), path, table.unpack(words) }
  handle, problem = uv.spawn(uv.exepath(), { args = arguments, stdio = { 0, 1, 2 }, detached = true }, function(...) code, signal = ... end)
  local watchers <const> = {}
  for i, name in ipairs { "sigint", "sigterm", "sighup" } do
    watchers[i] = uv.new_signal()
    watchers[i]:start(name, function()
      if handle then handle:kill(asked and "sigkill" or name) end
      asked = asked or name
    end)
  end
  while handle and not code do uv.run "once" end
  for _, watcher in ipairs(watchers) do watcher:close() end
  if handle then handle:close() end
  uv.run "nowait"
  local worked = lfs.attributes(folder .. well, "mode") == "file"
  remove(folder)
  if not handle then error({ message = "cannot start a process: " .. problem, exit = 1 }, 0) end
  if signal ~= 0 then
    print(("  killed by %s; nothing was kept"):format(pools.signal_name(signal)))
  elseif code == 0 and not worked then
    print "  it ended in the middle; nothing was kept"
  end
  return worked and 0 or code == usage and usage or 1, asked
end

return {
  help = "try a script: two steps, a tiny batch, nothing kept", usage = "fmrun check SCRIPT... [key=value...]", takes = "parameters",
  examples = { "fmrun check experiments/*.lua" },
  options = {
    { "--into", name = "into", value = "DIR", help = "try one script in that folder, and leave it there" },
    { "--parent", name = "parent", value = "PID", internal = true, help = "end when that process, which started this one, ends" },
  },
  run = function(line)
    local paths, words, worst = {}, {}, 0
    for _, word in ipairs(line.words) do table.insert(word:find "^[^/=]+=" and words or paths, word) end
    if #paths == 0 then line.refuse "expected a script" end
    if line.parent and not fm.system.die_with(option_reader.whole("--parent", line.parent, 1, line.refuse)) then return 1 end
    if line.into then
      if #paths > 1 then line.refuse "--into is for one script" end
      return try_here(paths[1], words, line)
    end
    io.stdout:flush()
    for _, path in ipairs(paths) do
      local code, asked = try_apart(path, words)
      if asked then return 128 + require "luv".constants[asked:upper()] end
      if code == usage then return code end
      worst = math.max(worst, code)
    end
    return worst
  end,
}

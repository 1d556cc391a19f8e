-- Experiments executed in this process, in a folder of their own and with a clock of the test: what
-- a listener hears, and what is left on the disk.
local fm <const> = require "fm"
local execute <const> = require "fm.run.execute"
local files <const> = dofile "tests/whole_files.lua"
local lfs <const> = require "lfs"

local executed <const> = { clock = 0 }
-- where nothing waits for a disk: a checkpoint after every step syncs thousands of times
local in_memory <const> = lfs.attributes("/dev/shm", "mode") == "directory"
local system <const> = fm.system
local seconds <const>, now <const>, process <const> = system.seconds, system.now, system.process

local function short(value)
  return type(value) == "table" and fm.json.encode(value) or tostring(value)
end

--- A listener that writes down what it hears in `said`, a line each. A time to show: every one.
function executed.listener(said)
  local listener <const> = { next_time = math.huge }
  return setmetatable(listener, { __index = function(_, name)
    return function(_, ...)
      local words <const> = table.pack(...)
      for i = 1, words.n do words[i] = short(words[i]) end
      said[#said + 1] = name .. (words.n > 0 and " " or "") .. table.concat(words, " ")
    end
  end })
end

--- Makes the folder; the clock stands at 0 until the test moves it.
function executed.open()
  local name <const> = os.tmpname()
  os.remove(name)
  executed.folder, executed.clock = in_memory and name:gsub("^.*/", "/dev/shm/") or name, 0
  assert(fm.file.mkdir_new(executed.folder))
  function system.seconds() return executed.clock end
  function system.now() return 1e9 + 1.9990234375 + executed.clock end
  function system.process() return 4711, "lab", "boot" end
end

function executed.close()
  system.seconds, system.now, system.process = seconds, now, process
  os.execute("rm -rf " .. executed.folder)
end

--- Executes run(run, p) with these parameters. how: fields over the usual ones. Returns the status,
--- what the listener heard, as a text, and the signal.
function executed.run(run, params, how, values)
  local said <const> = {}
  local experiment <const> = fm.experiment { name = "toy", params = params, run = run }
  local all <const> = { path = executed.folder .. "/run", patience = 0, script = "toy.lua", source = "", command = "fmrun toy.lua", arguments = { "a" },
    usual_shares = 1, copies_in = false, listener = executed.listener(said), advice = function(path) return "advice of " .. path end }
  for key, value in pairs(how or {}) do all[key] = value end
  local full <const> = {}
  for _, declared in ipairs(experiment.parameters) do full[declared.name] = declared.default end
  for key, value in pairs(values or {}) do full[key] = value end
  local status, path, signal = execute(experiment, full, all)
  return status, (table.concat(said, "\n"):gsub(executed.folder:gsub("%p", "%%%0"), "FOLDER")), signal, path
end

--- What a file of the run holds, or nil.
function executed.read(name)
  local path <const> = executed.folder .. "/run/" .. name
  return fm.file.read(path) and files.read(path)
end

--- run.json without what depends on the machine.
function executed.record()
  local record <const> = assert(fm.json.decode(executed.read "run.json"))
  for _, name in ipairs { "versions", "peak_rss", "cores", "threads", "directory" } do record[name] = nil end
  return record
end

--- The names in the run's folder, in order.
function executed.names()
  local names <const> = require "fm.records.names_in"(executed.folder .. "/run")
  return table.concat(names, " ")
end

return executed

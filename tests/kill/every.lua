-- One kill before and one after every file operation of a run:
--   FMRUN=build/fmrun build/fmrun tests/kill/every.lua -- SHIM FOLDER [EACH [EXPERIMENT [key=value...]]]       SHIM: shim.c as a shared library
-- and the same for the process that resumes a run which was killed on its way. After each kill the run goes on without the shim, and its
-- folder must be that of an undisturbed one. Prints the operations and counts; EACH = 5 tries every fifth one. Exits with 1 on a difference.
local here <const> = debug.getinfo(1, "S").source:sub(2):gsub("[^/]*$", "")
package.path = here .. "?.lua;" .. package.path
local trial <const> = require "trial"

local shim <const>, base <const>, each <const>, name <const> = arg[1], arg[2], math.tointeger(tonumber(arg[3] or 1)), arg[4] or "two_loops"
local script <const>, more <const> = trial.script(name), table.move(arg, 5, #arg, 1, {})
local reference <const> = base .. "/undisturbed"
local bad = 0

local function operations(log)
  local list = {}
  for line in io.lines(log) do list[#list + 1] = line:gsub("%.fm%-%d+%-%d+%.tmp", "TEMPORARY"):gsub("/[^ ]*/", "") end
  return list
end

local function begin(folder, environment)
  return trial.start(trial.words(script, folder, more), nil, environment)
end

--- The operations of a process in a copy of `from` (nil: a new folder).
local function list_operations(from)
  local folder, log = base .. "/listed", base .. "/operations"
  trial.remove(folder)
  os.remove(log)
  if from then assert(os.execute(("cp -r '%s' '%s'"):format(from, folder))) end
  assert(begin(folder, { LD_PRELOAD = shim, FM_KILL_LOG = log }).code == 0)
  return operations(log)
end

--- Kills the process at one operation; then lets the run go on. Returns what went wrong, or nil.
local function kill_at(from, index, when)
  local folder = base .. "/killed"
  trial.remove(folder)
  if from then assert(os.execute(("cp -r '%s' '%s'"):format(from, folder))) end
  local killed = begin(folder, { LD_PRELOAD = shim, FM_KILL_AT = index, FM_KILL_WHEN = when })
  if killed.signal ~= 9 then return ("the kill did not happen: exit %d %s"):format(killed.code, killed.text) end
  local result = begin(folder)
  if result.code ~= 0 then return ("exit %d: %s"):format(result.code, result.text) end
  if result.text:find "damaged" or result.text:find "older checkpoint" then return "a checkpoint was lost: " .. result.text end
  local differences = trial.differences(reference, folder)
  return differences[1] and table.concat(differences, ", ")
end

local function try_all(title, from)
  local list = list_operations(from)
  print(("%s: %d file operations"):format(title, #list))
  local kills = 0
  for index = 1, #list, each do
    local told = {}
    for i, when in ipairs { "before", "after" } do
      local problem = kill_at(from, index, when)
      kills = kills + 1
      if problem then bad = bad + 1 end
      told[i] = ("%s %s"):format(when, problem or "ok")
    end
    print(("%4d  %-60s %s"):format(index, list[index], table.concat(told, ", ")))
  end
  return #list, kills
end

trial.remove(reference)
trial.reference(name, reference, more)
local n, kills = try_all("a run", nil)

local halfway <const> = base .. "/halfway"
trial.remove(halfway)
assert(begin(halfway, { LD_PRELOAD = shim, FM_KILL_AT = n * 2 // 3, FM_KILL_WHEN = "after" }).signal == 9)
local n_resume, kills_resume = try_all("a run that resumes", halfway)

print(("%s: %d operations of a run, %d of a resume, %d kills, %d differences"):format(name, n, n_resume, kills + kills_resume, bad))
os.exit(bad == 0 and 0 or 1)

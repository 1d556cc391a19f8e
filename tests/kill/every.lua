-- One kill before and one after every file operation of a run, and each of them failing: once for
-- want of room, and with all that follow:
--   FMRUN=build/fmrun build/fmrun tests/kill/every.lua -- SHIM FOLDER [EACH [EXPERIMENT
--     [key=value...]]]
-- SHIM: shim.c as a shared library. The same for processes that resume a run which was killed
-- before its end, and for processes that begin a run again which had no checkpoint. A failure must
-- be reported with its cause.
-- After each fault the run goes on without the shim, and its folder must be that of an undisturbed
-- one. Prints the operations and counts; EACH = 5 tries every fifth one. Exits with 1 on a
-- difference.
local here <const> = debug.getinfo(1, "S").source:sub(2):gsub("[^/]*$", "")
package.path = here .. "?.lua;" .. package.path
local trial <const> = require "trial"

local shim <const>, base <const>, each <const>, name <const> = arg[1], arg[2], math.tointeger(tonumber(arg[3] or 1)), arg[4] or "two_loops"
local script <const>, more <const> = trial.script(name), table.move(arg, 5, #arg, 1, {})
local reference <const> = base .. "/undisturbed"
local tried, bad, failed, tolerated = 0, 0, 0, 0

local function operations(log)
  local list = {}
  for line in io.lines(log) do list[#list + 1] = line:gsub("%.fm%-%d+%-%d+%.tmp", "TEMPORARY"):gsub("/[^ ]*/", "") end
  return list
end

local function begin(folder, environment)
  return trial.start(trial.words(script, folder, more), { environment = environment })
end

--- The operations of a process in a copy of `from` (nil: a new folder).
local function list_operations(from)
  local folder, log = base .. "/listed", base .. "/operations"
  trial.remove(folder)
  os.remove(log)
  if from then assert(os.execute(("cp -r '%s' '%s'"):format(from, folder))) end
  assert(begin(folder, { LD_PRELOAD = shim, FM_FAULT_LOG = log }).code == 0)
  return operations(log)
end

local causes <const> = { full = "No space left on device", broken = "Input/output error" }

--- What is wrong with how a process met a fault, or nil.
local function judge(result, fault)
  local cause = causes[fault]
  if not cause then return result.signal ~= 9 and ("the kill did not happen: exit %d %s"):format(result.code, result.text) or nil end
  if result.signal ~= 0 then return ("signal %d"):format(result.signal) end
  if result.code == 0 then
    tolerated = tolerated + 1
    return nil
  end
  failed = failed + 1
  if result.code ~= 1 or not result.text:find(cause, 1, true) then return ("exit %d: %s"):format(result.code, result.text) end
end

--- Lets one operation of the process go wrong; then the run goes on. Returns what was wrong, or
--- nil.
local function try(from, index, fault)
  local folder = base .. "/disturbed"
  trial.remove(folder)
  if from then assert(os.execute(("cp -r '%s' '%s'"):format(from, folder))) end
  local problem = judge(begin(folder, { LD_PRELOAD = shim, FM_FAULT_AT = index, FM_FAULT = fault }), fault)
  if problem then return problem end
  local result = begin(folder)
  if result.code ~= 0 then return ("exit %d: %s"):format(result.code, result.text) end
  if result.text:find "damaged" or result.text:find "older checkpoint" then return "a checkpoint was lost: " .. result.text end
  local differences = trial.differences(reference, folder)
  return differences[1] and table.concat(differences, ", ")
end

local function try_all(title, from)
  local list = list_operations(from)
  print(("%s: %d file operations"):format(title, #list))
  for index = 1, #list, each do
    local told = {}
    for i, fault in ipairs { "before", "after", "full", "broken" } do
      local problem = try(from, index, fault)
      tried = tried + 1
      if problem then bad = bad + 1 end
      told[i] = ("%s %s"):format(fault, problem or "ok")
    end
    print(("%4d  %-60s %s"):format(index, list[index], table.concat(told, ", ")))
  end
  return #list
end

trial.remove(reference)
trial.reference(name, reference, more)
local n <const> = try_all("a run", nil)

--- A folder as a kill at that operation of a run leaves it.
local function killed_at(folder, index)
  trial.remove(folder)
  assert(begin(folder, { LD_PRELOAD = shim, FM_FAULT_AT = index, FM_FAULT = "before" }).signal == 9)
  return folder
end

local function first_checkpoint(list)
  for index, operation in ipairs(list) do
    if operation == "fsync metrics.jsonl" then return index end
  end
end

local n_resume <const> = try_all("a run that resumes", killed_at(base .. "/halfway", n * 2 // 3))
local n_anew <const> = try_all("a run that begins again", killed_at(base .. "/early", first_checkpoint(list_operations())))

print(("%s: %d operations of a run, %d of a resume, %d of a new beginning; %d kills, %d failures told, %d tolerated; %d differences"):format(name, n,
  n_resume, n_anew, tried // 2, failed, tolerated, bad))
os.exit(bad == 0 and 0 or 1)

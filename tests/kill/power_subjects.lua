-- What power.lua cuts the power of: one run, and a sweep of two. Each has
--   name, prepare(base, environment)     makes an undisturbed one
--   lives(below)                         environments of its processes, one after the other
--   words(root, by_name)                 what begins it, and goes on with it
--   promise(what holds already)
--   judge(root, result, promise)         "same", "told" or "wrong", and why
local fm <const> = require "fm"
local trial <const> = require "trial"
local files <const> = dofile(debug.getinfo(1, "S").source:sub(2):gsub("[^/]*$", "") .. "../whole_files.lua")

local saves <const> = { "--threads", "1", "--checkpoint-every", "3", "--keep-last", "2" }

local function with_saves(words)
  return table.move(saves, 1, #saves, #words + 1, words)
end

local script

--- An undisturbed one, below base. The script is run from there: in a repository each process would
--- ask for its commit.
local function prepare(subject, base, environment)
  local folder = base .. "/undisturbed-" .. subject.name
  script = base .. "/tiny.lua"
  trial.remove(folder)
  files.write(script, files.read(trial.script "tiny"))
  local result = trial.start(subject.words(folder), { environment = environment })
  assert(result.code == 0, result.text)
  return folder
end

-- ---- what runs believe to have written ----

local Promise <const> = {}
Promise.__index = Promise

local function json(text)
  return assert(fm.json.decode(text))
end

--- What a process believes once it does something else: { folder, step, text of run.json }; nil for
--- other calls.
local function belief(call, now)
  if call.call ~= "renameat" then return nil end
  local folder, name = call.path:match "^(.*)/([^/]*)$"
  local newest = name == "state.json" and json(now:text(call.path)).state.slots[1]
  if newest then return { folder = folder, step = newest.step } end
  local text = name == "run.json" and now:text(call.path)
  if text and json(text).status == "done" then return { folder = folder, step = math.huge, text = text } end
end

--- A call was made.
function Promise:heed(call, now)
  for pid, waiting in pairs(self.waiting) do
    local goes_on = pid == call.pid and not (call.call == "fsync" and call.path == waiting.folder)
    if goes_on or call.call == "exit" and call.signal == 0 then self.believed[waiting.folder] = waiting end
    if goes_on or call.call == "exit" then self.waiting[pid] = nil end
  end
  if call.pid then self.waiting[call.pid] = belief(call, now) or self.waiting[call.pid] end
end

local function copy(beliefs)
  local other = {}
  for folder, one in pairs(beliefs) do other[folder] = one end
  return other
end

--- folder -> what was last believed there.
function Promise:now()
  return copy(self.believed)
end

--- believed: what holds already.
local function new_promise(believed)
  return setmetatable({ waiting = {}, believed = copy(believed) }, Promise)
end

-- ---- how it went on ----

--- "told" when the words name something that is lost, or nil.
local function told(text)
  for _, word in ipairs { "damaged", "missing", "no checkpoint is left", "older checkpoint", "holds %d+ bytes, at step" } do
    if text:find(word) then return "told" end
  end
end

--- The verdict on a process that did not end well, or nil.
local function judge_end(result)
  if result.signal ~= 0 then return "wrong", "signal " .. result.signal end
  if result.code == 1 and told(result.text) then return "told", result.text end
  if result.code ~= 0 then return "wrong", ("exit %d: %s"):format(result.code, result.text) end
end

--- Why a folder is not as it was promised and as in the undisturbed run, or nil.
local function judge_folder(folder, reference, belief_there)
  if belief_there and belief_there.text and trial.read(folder .. "/run.json") ~= belief_there.text then return "was done, and was run again" end
  local differences = trial.differences(reference, folder)
  return differences[1] and table.concat(differences, ", ")
end

-- ---- one run ----

local run <const> = { name = "run", promise = new_promise }
local run_folder <const> = "/a/b/run"

function run.prepare(base, environment)
  run.reference = prepare(run, base, environment) .. run_folder
end

function run.words(root, by_name)
  local folder = root .. run_folder
  if by_name and trial.exists(folder .. "/run.json") then return with_saves { "resume", folder } end
  return with_saves { script, "--folder", folder }
end

-- Kills come when the folders above that of the run are made: what a process made there, and was
-- killed before it synced it, is not synced again.
local function call_by_chance(below) return 5 + below(200) end

function run.lives(below)
  local function killed() return { FM_FAULT_AT = call_by_chance(below), FM_FAULT = below(2) == 0 and "before" or "after" } end
  local function stopped() return { FM_STOP_AT = 1 + below(10), FM_STOP_BY = below(2) == 0 and "TERM" or "KILL" } end
  return { killed(), stopped(), below(2) == 0 and killed() or stopped(), {}, {} }
end

function run.judge(root, result, promise)
  local verdict, why = judge_end(result)
  if verdict then return verdict, why end
  local folder = root .. run_folder
  local went_on = result.text:find(" is done", 1, true) and math.huge or tonumber(result.text:match "goes on from step (%d+)") or 0
  local promised = promise[folder] and promise[folder].step or 0
  why = judge_folder(folder, run.reference, promise[folder])
  if why then return "wrong", why end
  if told(result.text) then return "told", result.text end
  if went_on < promised then return "wrong", ("went on from step %s, and the checkpoint of step %s was written"):format(went_on, promised) end
  return "same"
end

-- ---- a sweep ----

local sweep <const> = { name = "sweep", promise = new_promise }

local function runs_in(root)
  local found = {}
  for _, record in ipairs(fm.runs(root .. "/runs") or {}) do found[record.name] = record.path end
  return found
end

function sweep.prepare(base, environment)
  sweep.reference = runs_in(prepare(sweep, base, environment))
  assert(next(sweep.reference), "the sweep made no runs")
end

function sweep.words(root)
  return with_saves { "-q", "-m", "-j", "1", script, "seed=1:2", "steps=7", "-o", root .. "/runs" }
end

function sweep.lives(below)
  local function killed(when) return { FM_FAULT_AT = call_by_chance(below), FM_FAULT = when } end
  return { killed "before", { FM_STOP_AT = 1 + below(7) }, killed "after", {}, {} }
end

function sweep.judge(root, result, promise)
  local verdict, why = judge_end(result)
  if verdict then return verdict, why end
  local found = runs_in(root)
  for name, reference in pairs(sweep.reference) do
    if not found[name] then return "wrong", name .. " is missing" end
    why = judge_folder(found[name], reference, promise[found[name]])
    if why then return "wrong", name .. ": " .. why end
    found[name] = nil
  end
  if next(found) then return "wrong", next(found) .. " is left over" end
  return told(result.text) or "same", result.text
end

return { run = run, sweep = sweep }

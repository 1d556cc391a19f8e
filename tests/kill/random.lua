-- Kills at random times: FMRUN=build/fmrun build/fmrun tests/kill/random.lua -- KILLS SEED FOLDER
-- [EXPERIMENT...] A run is started, killed, started again, killed again, ... until it is done; then
-- its folder must be that of an undisturbed one. Half of the kills happen in the first moments of a
-- process, where it resumes; half of the processes save all the time. Prints counts; exits with 1
-- when anything was lost. KILL_BY=sigterm or sigint asks the processes to end instead: they save
-- and exit with 75.
local fm <const> = require "fm"
local here <const> = debug.getinfo(1, "S").source:sub(2):gsub("[^/]*$", "")
package.path = here .. "?.lua;" .. package.path
local trial <const> = require "trial"

local kills <const>, seed <const>, base <const> = math.tointeger(tonumber(arg[1])), math.tointeger(tonumber(arg[2])), arg[3]
local signal <const> = os.getenv "KILL_BY" or "sigkill"
local names <const> = #arg > 3 and table.move(arg, 4, #arg, 1, {}) or { "moons", "two_loops", "pictures", "unet" }
local rng <const> = fm.rng(seed, "kills")
local count <const> = { kills = 0, resuming = 0, runs = 0, files = 0, different = 0, lost = 0, refused = 0 }

local function complain(name, text)
  io.stderr:write(("%s: %s\n"):format(name, text))
end

--- One life of a process in the folder: until it is killed, or done. Returns whether it is done.
local function live(name, folder, seconds)
  local had_state = trial.exists(folder .. "/state.json")
  local first_moments = rng:number() < 0.5
  local delay = rng:number() * (first_moments and 0.12 or 0.7 * seconds)
  local by_name = trial.exists(folder .. "/run.json") and rng:number() < 0.5
  local words = by_name and trial.resume_words(folder) or trial.words(trial.script(name), folder)
  table.move({ "--checkpoint-seconds", rng:number() < 0.5 and "0.02" or "60" }, 1, 2, #words + 1, words)
  local result = trial.start(words, { kill_after = count.kills < kills and delay or nil, signal = signal })
  if result.text:find "damaged" or result.text:find "older checkpoint" then
    count.lost = count.lost + 1
    complain(name, result.text)
  end
  if result.signal ~= 0 or result.code == 75 then
    count.kills = count.kills + 1
    if had_state and first_moments then count.resuming = count.resuming + 1 end
    return false
  end
  if result.code ~= 0 then
    count.refused = count.refused + 1
    complain(name, ("exit %d: %s"):format(result.code, result.text))
  end
  return true
end

local function torment(name, reference, seconds)
  local folder = ("%s/%s-%d"):format(base, name, count.runs)
  repeat until live(name, folder, seconds)
  count.runs = count.runs + 1
  local differences, n = trial.differences(reference, folder)
  count.files = count.files + n
  count.different = count.different + #differences
  for _, line in ipairs(differences) do complain(folder, line) end
  if #differences == 0 then trial.remove(folder) end
end

local references = {}
for _, name in ipairs(names) do
  local folder = ("%s/%s-undisturbed"):format(base, name)
  trial.remove(folder)
  references[name] = { folder = folder, seconds = trial.reference(name, folder) }
end
repeat
  for _, name in ipairs(names) do torment(name, references[name].folder, references[name].seconds) end
until count.kills >= kills
print(("%d kills (%d of them while resuming), %d runs completed, %d files compared, %d differences, %d checkpoints lost, %d resumes refused"):format(
  count.kills, count.resuming, count.runs, count.files, count.different, count.lost, count.refused))
os.exit(count.different + count.lost + count.refused == 0 and 0 or 1)

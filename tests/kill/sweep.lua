-- A whole sweep killed at random moments: FMRUN=build/fmrun build/fmrun tests/kill/sweep.lua --
-- KILLS SEED FOLDER [key=value...]
-- compare_baselines.lua with two methods and two seeds is started, its process killed with SIGKILL,
-- which its workers do not outlive, and started again by the same command, until it is done. Then
-- every run must have the results of an undisturbed sweep, to the byte but for times, and a run
-- that was done when the sweep was killed must not have been touched again. Prints counts; exits
-- with 1 when anything differs.
local fm <const> = require "fm"
local lfs <const> = require "lfs"
local here <const> = debug.getinfo(1, "S").source:sub(2):gsub("[^/]*$", "")
package.path = here .. "?.lua;" .. package.path
local trial <const> = require "trial"

local kills <const>, seed <const>, base <const> = math.tointeger(tonumber(arg[1])), math.tointeger(tonumber(arg[2])), arg[3]
local more <const> = table.move(arg, 4, #arg, 1, {})
local rng <const> = fm.rng(seed, "kills of sweeps")
local count <const> = { kills = 0, sweeps = 0, kept = 0, resumed = 0, again = 0, files = 0, different = 0, refused = 0 }

-- Small networks: most of a run is its tests and its saving.
local parameters <const> = { "method=flow,ddpm", "seed=1:2", "data=moons", "steps=300", "hidden=8", "batch=8", "samples=60", "tests=1", "checks=4", "most=4" }

local function complain(text)
  count.different = count.different + 1
  io.stderr:write(text, "\n")
end

local function words(runs)
  local list = { "-q", "-m", "-j", "2", "--threads", "1", "--checkpoint-every", "25", "-o", runs, here .. "../../experiments/compare_baselines.lua" }
  table.move(parameters, 1, #parameters, #list + 1, list)
  return table.move(more, 1, #more, #list + 1, list)
end

--- name -> { path, text of run.json, what it says } of the runs that there are. One that is killed
--- as it begins has no run.json yet.
local function runs_in(folder)
  local found = {}
  for _, record in ipairs(fm.runs(folder, "compare_baselines") or {}) do
    local has_text <const> = lfs.attributes(record.path .. "/run.json", "size") ~= nil
    found[record.path:match "[^/]*$"] = { path = record.path, text = has_text and trial.read(record.path .. "/run.json"), record = record }
  end
  return found
end

local timed <const> = { ms_per_step = true, training_seconds = true, seconds_to_quality = true, samples_per_second = true }

--- The results of a run without what tells of times.
local function results(record)
  local summary = {}
  for name, value in pairs(record.summary or {}) do summary[name] = not timed[name] and value or nil end
  return fm.json.encode { status = record.status, config = record.config, summary = summary, steps = record.steps }
end

local function compare(wanted, found)
  for name, one in pairs(wanted) do
    local other = found[name]
    if not other then complain(name .. " is missing")
    else
      local of_one, of_other = results(one.record), results(other.record)
      if of_one ~= of_other then complain(("%s: other results\n%s\n%s"):format(other.path, of_one, of_other)) end
      for _, file in ipairs { "metrics.jsonl", "evaluations.csv", "samples.png", "config.json" } do
        count.files = count.files + 1
        if trial.read(one.path .. "/" .. file) ~= trial.read(other.path .. "/" .. file) then complain(("%s/%s differs"):format(other.path, file)) end
      end
    end
  end
  for name in pairs(found) do
    if not wanted[name] then complain(name .. " is left over") end
  end
end

--- One life of the sweep; true when it was not killed. done: name -> the text of run.json of the
--- runs that were over before.
local function live(folder, done, seconds)
  local kill_after = count.kills < kills and rng:number() * 0.6 * seconds or nil
  local result = trial.start(words(folder), { kill_after = kill_after, group = true })
  local found = runs_in(folder)
  for name, text in pairs(done) do
    count.kept = count.kept + 1
    if not found[name] or found[name].text ~= text then complain(name .. " was done, and was run again") end
  end
  for name, run in pairs(found) do done[name] = run.record.status == "done" and run.text or nil end
  if result.signal ~= 0 then
    count.kills = count.kills + 1
    return false
  end
  if result.code ~= 0 then
    count.refused = count.refused + 1
    complain(("exit %d: %s"):format(result.code, result.text))
  end
  return true
end

local function torment(wanted, seconds)
  local folder, done = ("%s/sweep-%d"):format(base, count.sweeps), {}
  trial.remove(folder)
  repeat until live(folder, done, seconds)
  count.sweeps = count.sweeps + 1
  local found, before = runs_in(folder), count.different
  for _, run in pairs(found) do
    local resumed = run.record.resumed or 0
    count[resumed > 0 and "resumed" or "again"] = count[resumed > 0 and "resumed" or "again"] + 1
  end
  compare(wanted, found)
  if count.different == before then trial.remove(folder) end
end

local calm <const> = base .. "/undisturbed"
trial.remove(calm)
local result <const> = trial.start(words(calm))
assert(result.code == 0, result.text)
local wanted <const> = runs_in(calm)
assert(next(wanted), "the sweep made no runs")
while count.kills < kills do torment(wanted, result.seconds) end
print(("%d kills, %d sweeps, %d runs that were done and left alone, %d of %d runs went on from a checkpoint; %d files compared, %d differences, "
  .. "%d sweeps refused"):format(count.kills, count.sweeps, count.kept, count.resumed, count.resumed + count.again, count.files, count.different,
  count.refused))
os.exit(count.different == 0 and 0 or 1)

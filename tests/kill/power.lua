-- What a power cut may leave of a run, and how the run goes on:
--   FMRUN=build/fmrun build/fmrun tests/kill/power.lua -- SHIM FOLDER STATES SEED [SWEEPS]
-- SHIM: shim.c as a shared library. A run that is killed, asked to stop and continued is recorded
-- call by call; for SWEEPS of the states (a tenth of them) it is a sweep. After each call disk.lua
-- says what may be on the disk: all, only what is durable, and by chance bytes that are cut, zero
-- or old, names that came or not. Each such state is made in a folder, and the same command (or
-- fmrun resume) must
--   go on from the last checkpoint that the run believed to be written, or from a later one, and
--   end with the bytes of an undisturbed run; a run that was done is left as it is;
--   or say what is lost, with exit status 1.
-- Anything else is wrong, and its folder is kept. Every second recording begins in a state that an
-- earlier power cut has left. States with the same files (whatever the temporary ones hold) and the
-- same last checkpoint count once. Prints counts; exits with 1 when a state was wrong.
local fm <const> = require "fm"
local lfs <const> = require "lfs"
local here <const> = debug.getinfo(1, "S").source:sub(2):gsub("[^/]*$", "")
package.path = here .. "?.lua;" .. package.path
local disk <const> = require "disk"
local recorded <const> = require "recorded"
local sorted_keys <const> = require "fm.parts.sorted_keys"
local subjects <const> = require "power_subjects"
local trial <const> = require "trial"
local write <const> = dofile(here .. "../whole_files.lua").write

local shim <const>, base <const>, wanted <const>, seed <const> = arg[1], arg[2], math.tointeger(tonumber(arg[3])), math.tointeger(tonumber(arg[4]))
local of_sweeps <const> = math.tointeger(tonumber(arg[5] or wanted // 10))
local most_of_a_recording <const> = 500 -- states
local root <const>, log <const> = base .. "/disk", base .. "/record"
local rng <const> = fm.rng(seed, "power cuts")
local seen <const>, count <const> = {}, { states = 0, same = 0, told = 0, wrong = 0, calls = 0, recordings = 0 }

--- An environment in which fsync does nothing: what is tried is thrown away.
local function calm()
  return { LD_PRELOAD = shim, FM_FAULT_SYNC = "skip" }
end

local function below(n)
  return math.floor(rng:number() * n)
end

-- ---- states as folders ----

--- Removes what is in a folder, and leaves it.
local function clear(path)
  for name in lfs.dir(path) do
    local inner = path .. "/" .. name
    if name ~= "." and name ~= ".." then
      if lfs.symlinkattributes(inner, "mode") == "directory" then clear(inner) end
      assert(os.remove(inner))
    end
  end
end

local function make(tree)
  clear(root)
  for _, name in ipairs(sorted_keys(tree)) do
    if tree[name] == true then assert(lfs.mkdir(root .. "/" .. name)) else write(root .. "/" .. name, tree[name]) end
  end
end

--- The same for two states exactly if their files are the same, and what was promised of them.
local function digest(tree, promise)
  local parts = {}
  for _, folder in ipairs(sorted_keys(promise)) do parts[#parts + 1] = ("%s %s"):format(folder, promise[folder].step) end
  for _, name in ipairs(sorted_keys(tree)) do
    local text = tree[name] == true and "/" or name:find "%.tmp$" and "" or tree[name]
    parts[#parts + 1] = ("%s %d %s"):format(name, #text, text)
  end
  return fm.file.hash(table.concat(parts, "\n"))
end

-- ---- a recording ----

--- Lives of a subject, one after the other, in a folder that holds `tree`: the calls of all of
--- them, with { call = "exit" } after each.
local function record(subject, tree)
  make(tree)
  local calls = {}
  for _, life in ipairs(subject.lives(below)) do
    os.remove(log)
    local environment = calm()
    for name, value in pairs(life) do environment[name] = value end
    environment.FM_FAULT_RECORD = log
    local result = trial.start(subject.words(root), { environment = environment })
    for _, call in ipairs(trial.exists(log) and recorded(log) or {}) do calls[#calls + 1] = call end
    calls[#calls + 1] = { call = "exit", code = result.code, signal = result.signal }
  end
  count.recordings, count.calls = count.recordings + 1, count.calls + #calls
  return calls
end

--- The states after each of the calls that were not seen yet, in a random order: { tree, promise }.
--- start: the one before the first call.
local function states_of(subject, start, calls)
  local now, promise, list = disk.new(root, start.tree), subject.promise(start.promise), {}
  for at, call in ipairs(calls) do
    local counts = call.call == "exit" or now:apply(call)
    promise:heed(call, now)
    for i = 1, counts and #disk.plain + 4 or 0 do
      local tree, promised = now:state(disk.plain[i], below), promise:now()
      local hash = digest(tree, promised)
      if not seen[hash] then list[#list + 1] = { tree = tree, promise = promised, after = at, hash = hash } end
      seen[hash] = true
    end
  end
  for i = #list, 2, -1 do
    local other = 1 + below(i)
    list[i], list[other] = list[other], list[i]
  end
  for i = most_of_a_recording + 1, #list do
    seen[list[i].hash], list[i] = nil, nil
  end
  return list
end

-- ---- trials ----

local function complain(subject, state, what)
  count.wrong = count.wrong + 1
  local kept = ("%s/wrong-%d"):format(base, count.wrong)
  make(state.tree)
  trial.remove(kept)
  assert(os.execute(("cp -r '%s' '%s'"):format(root, kept)))
  io.stderr:write(("%s, recording %d, after call %d (%s): %s\n"):format(subject.name, count.recordings, state.after, kept, what))
end

local function try(subject, state)
  make(state.tree)
  count.states = count.states + 1
  local words = subject.words(root, below(4) == 0)
  local result = trial.start(words, { environment = calm() })
  local verdict, what = subject.judge(root, result, state.promise)
  count[verdict] = count[verdict] + (verdict == "wrong" and 0 or 1)
  if verdict == "told" then io.stderr:write(("%s, recording %d, after call %d: %s\n"):format(subject.name, count.recordings, state.after, what)) end
  if verdict == "wrong" then complain(subject, state, what) end
end

for _, folder in ipairs { base, root } do assert(lfs.attributes(folder) or lfs.mkdir(folder)) end
for _, subject in pairs(subjects) do subject.prepare(base, calm()) end

--- Tries so many more states of a subject.
local function try_all(subject, n)
  local last, nothing = count.states + n, { tree = {}, promise = {} }
  local start = nothing
  while count.states < last do
    local list = states_of(subject, start, record(subject, start.tree))
    for i = 1, math.min(#list, last - count.states) do try(subject, list[i]) end
    start = start == nothing and list[1] or nothing
  end
end

try_all(subjects.run, wanted - of_sweeps)
try_all(subjects.sweep, of_sweeps)
clear(root)
print(("%d states (%d of sweeps) after %d calls in %d recordings, seed %d: %d went on to the same bytes, %d said what is lost, %d wrong"):format(count.states,
  of_sweeps, count.calls, count.recordings, seed, count.same, count.told, count.wrong))
os.exit(count.wrong == 0 and 0 or 1)

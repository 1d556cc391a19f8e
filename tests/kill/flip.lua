-- One bit of every byte of a stopped run's folder changed, and every file removed:
--   FMRUN=build/fmrun build/fmrun tests/kill/flip.lua -- FOLDER [EACH]
-- A small run is killed between two checkpoints. For each byte (EACH = 7: every seventh) one bit is
-- changed, and the run goes on: it must end as the undisturbed one, or say what is wrong. Prints
-- counts for each file; exits with 1 when a change went unnoticed.
local lfs <const> = require "lfs"
local here <const> = debug.getinfo(1, "S").source:sub(2):gsub("[^/]*$", "")
package.path = here .. "?.lua;" .. package.path
local trial <const> = require "trial"
local files <const> = dofile(here .. "../whole_files.lua")
local read <const>, write <const> = files.read, files.write

local base <const>, each <const> = arg[1], math.tointeger(tonumber(arg[2] or 1))
local fmrun <const> = os.getenv "FMRUN"
local script <const>, stopped <const>, work <const>, calm <const> = base .. "/flip.lua", base .. "/stopped", base .. "/work", base .. "/calm"

local tries = 0

--- Runs a command; returns its exit code and what it said.
local function run(environment, words)
  local ok, how, code = os.execute(("%s '%s' -q %s >/dev/null 2>'%s/said' </dev/null"):format(environment, fmrun, words, base))
  return how == "exit" and code or ok and 0 or 128 + code, read(base .. "/said")
end

local function names_in(folder, inside, list)
  inside, list = inside or "", list or {}
  for name in lfs.dir(folder .. "/" .. inside) do
    local full = inside .. name
    if name ~= "." and name ~= ".." then
      if lfs.attributes(folder .. "/" .. full, "mode") == "directory" then names_in(folder, full .. "/", list) else list[#list + 1] = full end
    end
  end
  table.sort(list)
  return list
end

--- Lets the run go on in a copy of the stopped folder after change(): "same", "told" or "silent".
local function try(change)
  trial.remove(work)
  assert(os.execute(("cp -r '%s' '%s'"):format(stopped, work)))
  change()
  tries = tries + 1 -- by its script and by its folder, in turn
  local code, said = run("CALM=1", (tries % 2 == 0 and "'%s' --folder '%s'" or "resume '%s'"):format(table.unpack({ script, work }, 1 + tries % 2)))
  local differences = code == 0 and trial.differences(calm, work) or {}
  if code == 0 and #differences == 0 then return said == "" and "same" or "told" end
  if said:find "%w" then return "told" end
  return "silent", code .. " " .. table.concat(differences, ", ")
end

assert(lfs.attributes(base) or lfs.mkdir(base))
write(script, [[
local fm <const> = require "fm"
return fm.experiment { params = { lr = 0.5 }, run = function(run, p)
  local w, kept = fm.zeros(2), { n = 0, text = "a" }
  run:keeps { w = w, kept = kept }
  run:save("first.txt", "one")
  for step in run:steps(12) do
    kept.n = kept.n + step
    w:copy(w + run.rng:normal(2) * p.lr)
    run:log { n = kept.n, w = w[1] }
    print("step", step)
    if step % 4 == 0 then run:save("frames/" .. step .. ".npy", w) end
    if step == 10 and not os.getenv "CALM" then os.execute("kill -KILL " .. fm.system.process()) end
  end
end }
]])
for _, folder in ipairs { calm, stopped } do trial.remove(folder) end
assert(run("CALM=1", ("'%s' --folder '%s' --checkpoint-every 3"):format(script, calm)) == 0)
run("", ("'%s' --folder '%s' --checkpoint-every 3"):format(script, stopped))
assert(lfs.attributes(stopped .. "/state.json"), "the run was not stopped")
assert(try(function() end) == "same")

local silent = 0
for _, name in ipairs(names_in(stopped)) do
  local text, count, examples = read(stopped .. "/" .. name), { same = 0, told = 0, silent = 0 }, {}
  local function note(what, result, why)
    count[result] = count[result] + 1
    if result == "silent" then examples[#examples + 1] = what .. ": " .. why end
  end
  for i = 1, #text, each do
    local flipped = text:sub(1, i - 1) .. string.char(text:byte(i) ~ 1 << i % 8) .. text:sub(i + 1)
    note("byte " .. i, try(function() write(work .. "/" .. name, flipped) end))
  end
  note("removed", try(function() assert(os.remove(work .. "/" .. name)) end))
  print(("%-28s %5d bytes: %d told, %d without effect, %d silent"):format(name, #text, count.told, count.same, count.silent))
  for i = 1, math.min(5, #examples) do print("  " .. examples[i]) end
  silent = silent + count.silent
end
os.exit(silent == 0 and 0 or 1)

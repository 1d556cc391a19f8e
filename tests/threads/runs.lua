-- Whether a run depends on the number of threads: every experiment of experiments/ that trains,
-- with few steps and --threads 1, 2, 3, 4 and 8. All files of its folder (metrics, checkpoints,
-- pictures) must hold the same bytes, but those that tell of times.
--   FMRUN=build/fmrun build/fmrun tests/threads/runs.lua -- [EXPERIMENT...]
-- Prints a table and the counts; exits with 1 when anything differs. COUNTS="1 4" names other
-- numbers of threads, the first of which the others are compared with.
local fm <const> = require "fm"
local lfs <const> = require "lfs"
package.path = "tests/kill/?.lua;" .. package.path
local trial <const> = require "trial"

-- What makes it short. An experiment without a line here gets 10 steps.
local short <const> = {
  adaptive_sampling = "steps=10 tolerance=1e-3", cnf_likelihood = "steps=2 flow_steps=4 hidden=8 batch=8 tolerance=0.1 unseen=40",
  image32_cifar = "steps=3 euler=5", image32_digits = "steps=3 euler=5", image32_multiscale = "data=shapes32 steps=3 heun=2 batch=8 samples=12",
  image32_unet = "data=shapes32 steps=3 heun=2 batch=8 samples=12", image_inpainting = "data=shapes32 steps=3 euler=3 resample=2 batch=8 samples=12",
  likelihood = "steps=10 side=10 probes=2", loss_floor = "steps=10 samples=2000", one_step_arena = "steps=10 samples=300 tests=2",
  picture_classifier = "data=shapes32 steps=5 batch=32",
  posterior = "task=gaussian_linear steps=10 simulations=200 samples=60 classifier=10 tests=10 draws=9", prediction_grid = "steps=5 euler=10",
  sphere_flow = "steps=10 points=500 unseen=40 side=5", tabular = "steps=20 every=10 hidden=8 samples=100 classifier=20",
  text_baseline = "steps=5 length=32 dim=32 samples=8", text_data_flow = "steps=5 length=32 dim=32 samples=8 euler=4",
  text_embedding_flow = "steps=5 length=32 dim=32 samples=8 euler=4", text_onehot_flow = "steps=5 length=32 dim=32 samples=8 euler=4",
  toy2d_couplings = "steps=10 points=3000 samples=1000", toy2d_inpainting = "steps=10 euler=5 samples=50", toy2d_moons = "steps=10 euler=10",
  toy2d_reflow = "steps=5 pairs=2000 samples=300 tests=2", toy_discrete = "steps=10 samples=500",
}

local counts <const>, names <const> = {}, table.move(arg, 1, #arg, 1, {})
for n in (os.getenv "COUNTS" or "1 2 3 4 8"):gmatch "%d+" do counts[#counts + 1] = n end

local timed <const> = { compare_baselines = true } -- its checkpoints hold seconds

--- Whether an experiment trains; one without steps reads the runs of others.
local function trains(name)
  local pipe <close> = assert(io.popen(("'%s' params --json experiments/%s.lua"):format(os.getenv "FMRUN", name)))
  return assert(fm.json.decode(pipe:read "a")).properties.steps ~= nil
end

if #names == 0 then
  for file in lfs.dir "experiments" do
    local name = file:match "^(.*)%.lua$"
    if name and not timed[name] and trains(name) then names[#names + 1] = name end
  end
  table.sort(names)
end

local base <const> = os.tmpname()
os.remove(base)
assert(lfs.mkdir(base))

local function run(name, threads)
  local folder = ("%s/%s-%s"):format(base, name, threads)
  local words = { "-q", "--threads", threads, "--checkpoint-every", "3", ("experiments/%s.lua"):format(name), "--folder", folder }
  for word in (short[name] or "steps=10"):gmatch "%S+" do words[#words + 1] = word end
  local result = trial.start(words)
  if result.code ~= 0 then error(("%s with %s threads: exit %d, %s"):format(name, threads, result.code, result.text), 0) end
  return folder
end

local times <const> = { "^ms_per_step", "^fit_seconds$" } -- what such results are called

local function summary(folder)
  local file <close> = assert(io.open(folder .. "/run.json"))
  local values = assert(fm.json.decode(file:read "a")).summary
  for name in pairs(values) do
    for _, pattern in ipairs(times) do
      if name:find(pattern) then values[name] = nil end
    end
  end
  return fm.json.encode(values)
end

local runs, files, different = 0, 0, 0

--- The folder's differences to the reference, as a word of the table; they are printed above it.
local function compare(reference, folder)
  local list, n = trial.differences(reference, folder)
  for i = #list, 1, -1 do
    if list[i] == "run.json: summary differs" and summary(reference) == summary(folder) then table.remove(list, i) end
  end
  runs, files, different = runs + 1, files + n, different + #list
  for _, line in ipairs(list) do print(("%s: %s"):format(folder, line)) end
  return #list == 0 and "same" or ("%d differ"):format(#list)
end

print(("%-20s %6s  %s"):format("experiment", "files", table.concat(counts, " threads, ", 2) .. " threads, beside " .. counts[1]))
for _, name in ipairs(names) do
  local reference, row, before = run(name, counts[1]), {}, files
  for i = 2, #counts do
    local folder = run(name, counts[i])
    row[#row + 1] = compare(reference, folder)
    if row[#row] == "same" then trial.remove(folder) end
  end
  print(("%-20s %6d  %s"):format(name, (files - before) // (#counts - 1), table.concat(row, "  ")))
  if different == 0 then trial.remove(reference) end
end
if different == 0 then trial.remove(base) end
print(("%d experiments, %d runs with other numbers of threads, %d files compared, %d differences"):format(#names, runs, files, different))
os.exit(different == 0 and 0 or 1)

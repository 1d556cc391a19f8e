-- Folders of runs and of a sweep as fmrun leaves them, made by hand in milliseconds, for the tests
-- of reports.
local fm <const> = require "fm"
local lfs <const> = require "lfs"

local folders <const> = {}

function folders.write(path, text)
  local file <close> = assert(io.open(path, "wb"))
  file:write(text)
end

local function write_json(path, value)
  folders.write(path, fm.json.encode(value) .. "\n")
end

local function metrics_text(o, rng)
  local lines, noise = {}, rng:normal(o.steps):totable()
  local floor = 0.02 + 0.05 * math.abs(math.log(o.config.lr / 3e-3)) / (o.config.hidden / 64)
  for step = 1, o.steps do
    local loss = (floor + 2 * math.exp(-step * o.config.lr * 40 / 4)) * math.exp(0.12 * noise[step])
    if o.status == "diverged" and step == o.steps then loss = 0 / 0 end
    lines[step] = ('{"step":%d,"loss":%s,"rate":%.6g}'):format(step, fm.json.encode(loss), o.config.lr * (1 - step / 401))
  end
  return table.concat(lines, "\n") .. "\n", floor
end

local function record_of(o, summary)
  return { schema = 1, experiment = o.experiment, script = "moons.lua", command = "fmrun -m moons.lua lr=1e-3,3e-3,1e-2", seed = o.config.seed,
    config = o.config, defaults = { lr = 1e-3, hidden = 64, seed = 1, path = "linear" }, status = o.status, error = o.error, steps = o.steps,
    started = "2026-07-12T15:30:12Z", ended = "2026-07-12T15:30:24Z", seconds = 12.25 + o.config.seed, summary = summary,
    pid = 4711, host = "lab", threads = 1, peak_rss = 81234,
    versions = { fmrun = "0.1.0", real = "float", lua = "5.4.4", blas = "0.3.21", blas_core = "Haswell" },
    code = { { path = "moons.lua", hash = "0123456789abcdef" } }, data = { { path = "points.npy", hash = "fedcba9876543210" } } }
end

--- Makes a run's folder. o: path, experiment, config (lr, hidden, seed), status, steps, error, log,
--- pictures (false for none), record (fields that replace those of run.json).
function folders.run(o)
  assert(lfs.mkdir(o.path))
  local rng, done = fm.rng(o.config.seed, "report"), o.status == "done"
  o.steps = o.steps or 400
  local text, floor = metrics_text(o, rng)
  folders.write(o.path .. "/metrics.jsonl", text)
  write_json(o.path .. "/config.json", o.config)
  if o.log then folders.write(o.path .. "/log.txt", o.log) end
  local record = record_of(o, done and { w2 = floor * (1 + 0.15 * rng:stream "w2":number()), w2_floor = 0.012, nfe = 100 } or {})
  for key, value in pairs(o.record or {}) do record[key] = value end
  write_json(o.path .. "/run.json", record)
  if done and o.pictures ~= false then assert(fm.plot.scatter(rng:normal(400, 2)):save(o.path .. "/samples.png")) end
end

local odd <const> = { -- index of a run in the sweep -> what became of it
  [5] = { status = "failed", error = "moons.lua:24: add: [2, 3] and [4] do not broadcast", log = "step 12/400\nnote: <b>not bold</b>\n" },
  [11] = { status = "diverged", error = "moons.lua:31: loss is nan at step 60", steps = 60 },
  [17] = { status = "running", steps = 150 }, -- and nobody holds its lock: lost
  [24] = { status = "waiting" },
}

local function add_run(path, runs, config, values, o)
  local index = #runs + 1
  local folder = ("%08x"):format(0x7f3a0000 + index)
  local run = { path = path .. "/" .. folder, experiment = "moons", config = config, status = "done", pictures = o.pictures }
  for key, value in pairs(o.odd[index] or {}) do run[key] = value end
  if run.status ~= "waiting" then folders.run(run) end
  runs[index] = { index = index, script = "moons.lua", experiment = "moons", config = config, folder = folder, changed = values }
end

--- Makes a sweep's folder, lr x hidden x seed: of the lists in `grid`, or 24 runs of which three
--- went wrong and one never began.
function folders.sweep(path, grid)
  assert(lfs.mkdir(path))
  local runs, o = {}, { pictures = grid and grid.pictures, odd = grid and {} or odd }
  grid = grid or { lr = { 1e-3, 3e-3, 1e-2 }, hidden = { 64, 256 }, seed = { 1, 2, 3, 4 } }
  for _, lr in ipairs(grid.lr) do
    for _, hidden in ipairs(grid.hidden) do
      for _, seed in ipairs(grid.seed) do
        local values = { lr = lr, hidden = hidden, seed = seed }
        add_run(path, runs, { lr = lr, hidden = hidden, seed = seed, path = "linear" }, values, o)
      end
    end
  end
  write_json(path .. "/sweep.json", { schema = 1, created = "2026-07-12T15:30:00Z",
    command = "fmrun -m moons.lua lr=1e-3,3e-3,1e-2 hidden=64,256 seed=1:4",
    scripts = { { path = "moons.lua", hash = "0123456789abcdef" } }, keys = { "lr", "hidden", "seed" }, runs = runs })
end

-- ---- numbers at the ends of what a double holds ----

local extremes <const> = dofile "tests/lua/extremes.lua"

--- A metrics.jsonl of them all, from the step after `first` on.
local function extreme_metrics(first)
  local lines = {}
  for step = 1, 40 do
    local row = { step = step }
    for name, value in pairs(extremes) do row[name] = value(first + step) end
    lines[step] = fm.json.encode(row)
  end
  lines[41] = '{"step":41,"one_point":1e308}'
  return table.concat(lines, "\n") .. "\n"
end

--- Makes a run whose metrics and results are such numbers, one whose steps are, and a sweep, below
--- `path`.
function folders.extremes(path)
  local config = { lr = 3e-3, hidden = 64, seed = 1, path = "linear" }
  local summary = { a = 1e308, b = -1e308, c = 5e-324, d = math.maxinteger, e = "nan" }
  local run, steps, sweep = path .. "/20260712-153012-ee000001", path .. "/20260712-153012-ee000002", path .. "/sweep-ee000003"
  folders.run { path = run, experiment = "ends", status = "done", config = config, record = { summary = summary } }
  folders.write(run .. "/metrics.jsonl", extreme_metrics(0))
  folders.run { path = steps, experiment = "ends", status = "done", config = config }
  local lines = {}
  for i, step in ipairs { "1e308", "-1e308", "0", "5e-324", "9223372036854775807", "-9223372036854775808", "0.5", '"nan"', '"x"', "null", "[]" } do
    lines[i] = ('{"step":%s,"loss":%d,"m%d":1}\n'):format(step, i, i)
  end
  folders.write(steps .. "/metrics.jsonl", table.concat(lines))
  folders.sweep(sweep, { lr = { 1e-3, 3e-3, 1e-2 }, hidden = { 64 }, seed = { 1, 2 }, pictures = false })
  local plan = assert(fm.json.decode(assert(fm.file.read(sweep .. "/sweep.json"))))
  for i, planned in ipairs(plan.runs) do
    local folder = sweep .. "/" .. planned.folder
    local record = assert(fm.json.decode(assert(fm.file.read(folder .. "/run.json"))))
    planned.changed.lr = ({ 1e308, -1e308, 5e-324, 1e-310, 8e307, 0 })[i]
    record.config.lr = planned.changed.lr
    record.summary = { w2 = i % 2 == 0 and 1.7e308 or -1.7e308, least = i % 2 * 5e-324, small = 1e-310 * i, whole = (1 << 62) + i, same = 1e308,
      some = i == 3 and "nan" or 1.5 }
    folders.write(folder .. "/metrics.jsonl", extreme_metrics(i))
    write_json(folder .. "/run.json", record)
  end
  write_json(sweep .. "/sweep.json", plan)
end

return folders

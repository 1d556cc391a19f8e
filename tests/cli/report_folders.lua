-- Folders of runs and of a sweep as fmrun leaves them, made by hand in milliseconds, for the tests of reports.
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

--- Makes a run's folder. o: path, experiment, config (lr, hidden, seed), status, steps, error, log, changed by `record` where given.
function folders.run(o)
  assert(lfs.mkdir(o.path))
  local rng = fm.rng(o.config.seed, "report")
  o.steps = o.steps or 400
  local text, floor = metrics_text(o, rng)
  folders.write(o.path .. "/metrics.jsonl", text)
  write_json(o.path .. "/config.json", o.config)
  if o.log then folders.write(o.path .. "/log.txt", o.log) end
  local done = o.status == "done"
  local w2 = floor * (1 + 0.15 * rng:stream "w2":number())
  local record = { schema = 1, experiment = o.experiment, script = "moons.lua", command = "fmrun -m moons.lua lr=1e-3,3e-3,1e-2", seed = o.config.seed,
    config = o.config, defaults = { lr = 1e-3, hidden = 64, seed = 1, path = "linear" }, status = o.status, error = o.error,
    started = "2026-07-12T15:30:12Z", ended = "2026-07-12T15:30:24Z", seconds = 12.25 + o.config.seed, steps = o.steps,
    summary = done and { w2 = w2, w2_floor = 0.012, nfe = 100 } or {}, pid = 4711, host = "lab", threads = 1, peak_rss = 81234,
    versions = { fmrun = "0.1.0", real = "float", lua = "5.4.4", blas = "0.3.21", blas_core = "Haswell" },
    code = { { path = "moons.lua", hash = "0123456789abcdef" } }, data = { { path = "points.npy", hash = "fedcba9876543210" } } }
  for key, value in pairs(o.record or {}) do record[key] = value end
  write_json(o.path .. "/run.json", record)
  if done then
    local points = rng:normal(400, 2)
    assert(fm.plot.scatter(points):save(o.path .. "/samples.png"))
  end
end

local odd <const> = { -- index of a run in the sweep -> what became of it
  [5] = { status = "failed", error = "moons.lua:24: add: [2, 3] and [4] do not broadcast", log = "step 12/400\nnote: <b>not bold</b>\n" },
  [11] = { status = "diverged", error = "moons.lua:31: loss is nan at step 60", steps = 60 },
  [17] = { status = "lost", steps = 150 },
}

--- Makes a sweep's folder of 24 runs, lr x hidden x seed: three went wrong and one never began.
function folders.sweep(path)
  assert(lfs.mkdir(path))
  local runs = {}
  for _, lr in ipairs { 1e-3, 3e-3, 1e-2 } do
    for _, hidden in ipairs { 64, 256 } do
      for seed = 1, 4 do
        local index = #runs + 1
        local config, folder = { lr = lr, hidden = hidden, seed = seed, path = "linear" }, ("%08x"):format(0x7f3a0000 + index)
        local o = { path = path .. "/" .. folder, experiment = "moons", config = config, status = "done" }
        for key, value in pairs(odd[index] or {}) do o[key] = value end
        if o.status == "lost" then o.status = "running" end -- nobody holds its lock
        if index < 24 then folders.run(o) end
        runs[index] = { index = index, script = "moons.lua", experiment = "moons", config = config, folder = folder,
          changed = { lr = lr, hidden = hidden, seed = seed } }
      end
    end
  end
  write_json(path .. "/sweep.json", { schema = 1, command = "fmrun -m moons.lua lr=1e-3,3e-3,1e-2 hidden=64,256 seed=1:4", created = "2026-07-12T15:30:00Z",
    scripts = { { path = "moons.lua", hash = "0123456789abcdef" } }, keys = { "lr", "hidden", "seed" }, runs = runs })
end

return folders

-- A folder of runs made by hand, always the same, for transcripts_spec.lua: single runs, a sweep of
-- two values and three seeds, what went wrong, and what the runs drew, measured and wrote.
local fm <const> = require "fm"
local files <const> = dofile "tests/whole_files.lua"
local lfs <const> = require "lfs"

local write <const> = files.write

local function write_json(path, value)
  write(path, fm.json.encode(value) .. "\n")
end

--- The head of a PNG of this size, which is all that a page looks at.
local function png(width, height)
  return "\137PNG\r\n\26\n\0\0\0\13IHDR" .. (">I4I4BBBBB"):pack(width, height, 8, 2, 0, 0, 0) .. "rest"
end

local function metrics(steps, start, rate)
  local lines = {}
  for step = 1, steps do
    lines[step] = ('{"step":%d,"loss":%.6g,"lr":%.6g}\n'):format(step, step == 7 and 50 * start or start / step + 0.5, rate * (1 - step / 100))
  end
  return table.concat(lines)
end

local hash <const> = fm.file.hash

local function record(more)
  local made = { schema = 1, experiment = "toy", script = "toy.lua", command = "fmrun toy.lua", seed = 1, arguments = {}, directory = "/home/me",
    config = { lr = 0.1, n = 3, note = "", seed = 1 }, defaults = { lr = 0.1, n = 3, note = "", seed = 1 }, status = "done", steps = 40, summary = {},
    started = "2020-01-01T00:00:00Z", ended = "2020-01-01T00:01:05Z", seconds = 65.25, pid = 4711, host = "lab", threads = 2, cores = 4,
    peak_rss = 81234, step_peak_bytes = 3000000, step_bytes = 1000000,
    versions = { fmrun = "0.1.0", real = "float", lua = "5.4.4", blas = "0.3.21", blas_core = "Haswell" },
    code = { { path = "toy.lua", hash = hash "return 1" } }, data = { { path = "points.npy", hash = "fedcba9876543210" } } }
  for key, value in pairs(more) do made[key] = value end
  return made
end

local function run_in(path, more, log)
  assert(lfs.mkdir(path))
  write_json(path .. "/run.json", record(more))
  if log then write(path .. "/log.txt", log) end
end

local settings <const> = { { method = "euler", steps = 4, nfe = 4, value = 0.5, seconds = 0.25 }, { method = "euler", steps = 16, nfe = 16,
  value = 0.25, seconds = 1 },
  { method = "heun", steps = 8, nfe = 16, value = 0.75, seconds = 1 }, { method = "dopri5", tolerance = 0.01, nfe = 30, value = 0.125, seconds = 2 },
  { method = "dopri5", tolerance = 0.001, over = 128 } }

--- A run that has all that a run can have.
local function add_rich(path)
  run_in(path, { command = "fmrun toy.lua lr=0.05 'note=a b'", config = { lr = 0.05, n = 3, note = "a b", seed = 1 }, resumed = 2,
    commit = ("ab"):rep(20), dirty = true,
    summary = { w2 = 0.31, nfe = 100, w2_floor = 0.3, mmd = "nan", kind = "good" }, floors = { loss = 0.45 }, floor_errors = { loss = 0.01 },
    spikes = { loss = { count = 2, first = 7, worst = 83.5 } }, outputs = { "samples.png", "frames/step-*.png" }, curves = { ["quality.csv"] = "xy" },
    tables = { ["scores.csv"] = { title = "Scores", notes = { "of one seed" } } } }, "begun\nstep 12\nended well\n")
  write(path .. "/metrics.jsonl", metrics(40, 2, 0.05))
  write(path .. "/quality.csv", "evaluations,w2,floor\n4,0.5,0.25\n8,0.375,0.25\n100,0.3,0.25\n")
  write(path .. "/scores.csv", "name,score,of\nlinear,0.123456,10\ncurved,,9\n")
  write_json(path .. "/pareto.json", { identity = "x", step = 40, name = "w2", floor = 0.0742, floor_deviation = 0.0031, settings = settings })
  assert(lfs.mkdir(path .. "/frames") and lfs.mkdir(path .. "/code"))
  for name, size in pairs { ["samples.png"] = { 64, 64 }, ["strip.png"] = { 500, 100 }, ["frames/step-9.png"] = { 300, 200 },
    ["frames/step-10.png"] = { 300, 200 } } do
    write(path .. "/" .. name, png(table.unpack(size)))
  end
  write(path .. "/drawn.svg", "<svg/>")
  write(path .. "/broken.png", "no")
  write(path .. "/code/toy-" .. hash "return 1" .. ".lua", "return 1")
end

--- A sweep over lr and seeds; one run failed, one never began.
local function add_sweep(path)
  assert(lfs.mkdir(path))
  local runs = {}
  for i = 1, 7 do
    local lr, seed, folder = i <= 3 and 0.1 or 0.2, (i - 1) % 3 + 1, ("%08x"):format(0xbbbb0000 + i)
    local config <const> = { lr = i == 7 and 0.4 or lr, n = 3, note = "", seed = i == 7 and 1 or seed }
    runs[i] = { index = i, script = "toy.lua", experiment = "toy", config = config, folder = folder, changed = { lr = config.lr, seed = config.seed } }
    local more <const> = { sweep = "toy/sweep-c0ffee00", config = config, seed = config.seed, command = "fmrun worker", seconds = 10 + i,
      started = ("2020-01-02T00:00:%02dZ"):format(i), summary = { w2 = lr * (1 + 0.125 * seed), accuracy = 1 - lr * seed, nfe = 10 * i } }
    if i == 2 then more.spikes = { loss = { count = 1, first = 7, worst = 20 } } else more.spikes = { loss = { count = 0 } } end
    if i == 6 then more.status, more.summary, more.error = "failed", {}, "toy.lua:24: add: [2, 3] and [4] do not broadcast" end
    if i < 7 then
      run_in(path .. "/" .. folder, more, i == 6 and "step 12/400\nnote: <b>not bold</b>\n" or nil)
      write(path .. "/" .. folder .. "/metrics.jsonl", metrics(35, lr * seed, lr))
      write(path .. "/" .. folder .. "/samples.png", png(300, 200))
    end
  end
  write_json(path .. "/sweep.json", { schema = 1, created = "2020-01-02T00:00:00Z", command = "fmrun -m toy.lua lr=0.1,0.2 seed=1:3", keys = { "lr",
    "seed" }, runs = runs,
    scripts = { { path = "toy.lua", hash = hash "return 1" } } })
end

local learning <const> = [[
return require "fm".experiment {
  name = "learn", params = { lr = 1.0 },
  run = function(run, p)
    run:floor(0.25)
    for k in run:steps(4) do
      if p.lr == 3 and k == 3 then error "it cannot go on" end
      run:log { loss = p.lr / k, other = k }
    end
    if p.lr == 4 then run:log { loss = 0 / 0 } end
    print("ended", p.lr)
    run:summary { w2 = p.lr / 2, nfe = 10 }
  end,
}
]]

local carded <const> = [[
return require "fm".experiment {
  name = "mine", params = { kind = { "a", choices = { "a", "b", "c", "d" } } }, run = function() end,
  card = { title = "A card of mine", source = "nobody, 1999", seeds = 2, data = function() return require "fm".zeros(3, 2) end,
    protocol = { { "solver", "none" }, { "test points", "4" } },
    results = { { "w2", "the distance", floor = "w2_floor" }, { "share", "a share", better = "higher" } },
    rows = { { "first", {}, w2 = { 1, 0.5 } }, { "second", { kind = "b" }, w2 = { 0.025 }, share = { 0.5, 0.125 }, because = "it is so" },
      { "third", { kind = "c" }, w2 = { 9, 0.25 } }, { "fourth", { kind = "d" }, w2 = { 1, 0.125 } } } },
}
]]

--- The saved result of that card.
local function result_of_card()
  local function runs(...)
    local list = {}
    for seed, w2 in ipairs { ... } do
      list[seed] = { seed = seed, seconds = 10 * seed, code = "c0de", data = "da7a", fmrun = seed == 1 and "0.1.0" or "0.2.0",
        machine = seed == 2 and "Elsewhere" or nil,
        values = { w2 = w2, w2_floor = 0.25 * seed, share = math.type(w2) and w2 / 4 or "nan" } }
    end
    return list
  end
  local rows <const> = { { name = "first", published = { w2 = { 1, 0.5 } }, runs = runs(1.25, 1.26) },
    { name = "second", published = { w2 = { 0.025 }, share = { 0.5, 0.125 } }, because = "it is so", runs = runs(2, 2.001) },
    { name = "third", published = { w2 = { 9, 0.25 } }, runs = runs(3, "nan") }, { name = "fourth", published = { w2 = { 1, 0.125 } },
      runs = runs(3) } }
  for i, row in ipairs(rows) do row.params, row.config = { kind = ("abcd"):sub(i, i) }, { kind = ("abcd"):sub(i, i), seed = 1 } end
  return { kind = "card", name = "mine", title = "A card of mine", source = "nobody, 1999", script = "mine.lua", digest = "c0de",
    command = "fmrun card mine", date = "2020-01-02",
    machine = { model = "Processor", cores = 2, kernels = "Haswell", real = "float" }, seconds = 100, seeds = 2, data = { digest = "da7a",
      shapes = { { 3, 2 } } },
    protocol = { { "solver", "none" }, { "test points", "4" } },
    results = { { key = "w2", label = "the distance", floor = "w2_floor", better = "lower" }, { key = "share", label = "a share",
      better = "higher" } }, rows = rows }
end

local function add_cards(folder)
  assert(lfs.mkdir(folder .. "/results"))
  write(folder .. "/mine.lua", carded)
  write_json(folder .. "/results/mine.json", result_of_card())
  write_json(folder .. "/results/tables.json", { title = "Some tables", command = "fmrun them.lua", machine = "a machine", seconds = 125,
    notes = { "One note.", "Another." },
    tables = { { title = "First", columns = { "", "a", "b" }, rows = { { "x", 1, 0.5 }, { "y" } }, notes = "Of it." }, { columns = { "c" },
      rows = { { 3 } } } } })
end

--- Makes the folder `runs`, scripts and a card in a folder.
return function(folder)
  local runs <const> = folder .. "/runs"
  for _, name in ipairs { "", "/toy", "/other" } do assert(lfs.mkdir(runs .. name)) end
  add_rich(runs .. "/toy/20200101-000000-aaaa0001")
  run_in(runs .. "/toy/20200101-010000-aaaa0002", { started = "2020-01-01T01:00:00Z", summary = { w2 = 0.4, nfe = 50 }, seed = 2,
    config = { lr = 0.1, n = 4, note = "", seed = 2 }, code = { { path = "toy.lua", hash = hash "return 2" } } })
  write(runs .. "/toy/20200101-010000-aaaa0002/metrics.jsonl", metrics(5, 3, 0.1) .. "torn\n")
  add_sweep(runs .. "/toy/sweep-c0ffee00")
  run_in(runs .. "/other/20200103-000000-cccc0001", { experiment = "other", started = "2020-01-03T00:00:00Z", status = "diverged", script = "other.lua",
    error = "other.lua:31: loss is nan at step 60", config = { rate = 0.5 }, defaults = { rate = 0.5 } }, "a\nb\n")
  run_in(runs .. "/other/20200103-000001-cccc0002", { experiment = "other", started = "2020-01-03T00:00:01Z", status = "running", script = "other.lua",
    config = { rate = 0.25 }, defaults = { rate = 0.5 } })
  write(runs .. "/other/20200103-000001-cccc0002/metrics.jsonl", '{"step":12,"loss":0.75}\n')
  assert(lfs.mkdir(runs .. "/other/20200103-000002-cccc0003"))
  write(runs .. "/other/20200103-000002-cccc0003/run.json", "{")
  write(folder .. "/learn.lua", learning)
  add_cards(folder)
  write(folder .. "/toy.lua", [[
return require "fm".experiment {
  name = "toy", help = "A toy that does nothing.",
  params = { lr = { 0.1, help = "the learning rate", min = 0, max = 10 }, n = { 3, min = 1 }, note = "", path = { "linear", choices = { "linear",
    "vp" } }, fast = false },
  presets = { quick = { n = 1, lr = 1 } },
  run = function() end,
}
]])
end

-- The tables that compare_table.lua makes of runs of compare_baselines.lua: what follows from
-- figures, and what does not.
local fm <const> = require "fm"
local stopping <const> = require "cli.stopping"

local call <const>, read <const>, write <const>, root <const> = stopping.call, stopping.read, stopping.write, stopping.root .. "/experiments/"
local base <const> = "o/compare_baselines/"

--- Writes a run as compare_baselines.lua leaves it; changes are of its config, or of run.json.
local function made(method, lr, seed, summary, changes)
  local config = { method = method, data = "moons", lr = lr, seed = seed, within = 0.5, steps = 10, checks = 4, folder = "" }
  local run = { schema = 1, status = "done", experiment = "compare_baselines", seed = seed, summary = summary, seconds = 2.5, cores = 2,
    defaults = { method = "flow", data = "moons", lr = 0.1, seed = 0, within = 0.5, steps = 10, checks = 4, folder = "" },
    started = ("2026-07-1%dT15:30:00Z"):format(seed) }
  for key, value in pairs(changes or {}) do
    if config[key] ~= nil then config[key] = value else run[key] = value end
  end
  run.config = config
  local folder = ("%s%s-%s-%d%s"):format(base, method, lr, seed, config.data)
  stopping.shell("mkdir -p " .. folder)
  write(folder .. "/run.json", fm.json.encode(run))
end

--- Runs of two methods at one rate: each figure a list over seeds, with none where it is false.
local function pair(figures, changes)
  for k, method in ipairs { "flow", "ddpm" } do
    for seed = 1, 3 do
      local summary = { distance = 0.3, distance_floor = 0.4, reached = 1 }
      for key, lists in pairs(figures) do summary[key] = lists[k][seed] or nil end
      made(method, 0.5, seed, summary, changes)
    end
  end
end

--- The tables of the runs, a text each: claims, quality, cost.
local function tables(words)
  stopping.shell "rm -rf r"
  local code, _, err = call(("-q %scompare_table.lua runs=o others=ddpm %s --folder r"):format(root, words or ""))
  assert.equal(0, code, err)
  return function(name) return read("r/" .. name .. ".csv") end
end

--- The verdict of a row of the claims.
local function verdict(row, data)
  local text = tables()((data or "moons") .. "_claims_ddpm")
  for line in text:gmatch "[^\n]+" do
    if line:find("," .. row .. ",", 1, true) then return (line:gsub('^.*,("?)', "%1"):gsub('^ [^"]*"$', "%0")), line end
  end
  error(text)
end

local function has(text, ...)
  for _, part in ipairs { ... } do assert(text:find(part, 1, true), part .. " is not in\n" .. text) end
end

describe("the tables of the comparison", function()
  before_each(stopping.open)
  after_each(stopping.close)

  it("call two figures alike when their whole intervals are within 5 %, and not when the means are", function()
    pair { ms_per_step = { { 0.8, 1.0, 1.2 }, { 0.82, 1.02, 1.22 } } }
    assert.equal("not shown", (verdict "CPU ms a step"))
    pair { ms_per_step = { { 0.999, 1.0, 1.001 }, { 1.019, 1.02, 1.021 } } } -- 0.02 and two halves of 0.0025
    assert.equal("within 5 %", (verdict "CPU ms a step"))
    pair { ms_per_step = { { 0.99, 1.0, 1.01 }, { 1.009, 1.019, 1.029 } } } -- 0.019 and two halves of 0.025
    assert.equal("not shown", (verdict "CPU ms a step"))
    pair { ms_per_step = { { 0.99, 1.0, 1.01 }, { 1.09, 1.1, 1.11 } } }
    assert.equal("holds", (verdict "CPU ms a step"))
    pair { ms_per_step = { { 1.09, 1.1, 1.11 }, { 0.99, 1.0, 1.01 } } }
    assert.equal("opposite", (verdict "CPU ms a step"))
  end)

  it("say nothing of a figure that not all runs have, or fewer than two", function()
    local grid = { { 0.3, 0.3, 0.3 }, { 0.3, 0.3, 0.3 } }
    pair { nfe_to_quality = { { 4, 4, 4 }, { 1, false, false } }, seconds_to_quality = { { 2, 2, 2 }, { false, 99, 99 } }, distance_1 = grid,
      training_bytes = { { 1000, 1000, 1000 }, { false, false, false } }, transport = { { 1.01, 1.01, false }, { 9, 9, 9 } } }
    local text = tables() "moons_claims_ddpm"
    has(text, 'Sampling,evaluations,"4 ± 0, over 1 ± 0",1 (1 of 3),"not shown (3 of 3, 1 of 3)"', "99 ± 0 (2 of 3)",
      'Memory,training kB,1 ± 0,– (0 of 3),"not shown (3 of 3, 0 of 3)"', 'way,1.01 ± 0 (2 of 3),9 ± 0,"not shown (2 of 3, 3 of 3)"')
    assert.is_nil(text:find("holds", 1, true), text)
    stopping.shell("rm -r " .. base)
    for k, method in ipairs { "flow", "ddpm" } do made(method, 0.5, 1, { distance = 0.3, distance_floor = 0.4, ms_per_step = k }) end
    has(tables() "moons_claims_ddpm", "CPU ms a step,1,2,not shown", "worst / best lr,one rate,one rate,not measured")
  end)

  it("give shares of runs a binomial interval", function()
    pair { reached = { { 1, 1, 1 }, { 0, 0, 0 } } }
    has(tables() "moons_claims_ddpm", "share of runs,3 of 3 (44 to 100 %),0 of 3 (0 to 56 %),not shown")
    for _, lr in ipairs { 1.5, 2.5 } do
      for seed = 1, 3 do
        made("flow", lr, seed, { distance = 0.4, distance_floor = 0.4, reached = 1 })
        made("ddpm", lr, seed, nil, { status = "diverged" })
      end
    end
    local read_table = tables()
    has(read_table "moons_claims_ddpm", "share of runs,9 of 9 (70 to 100 %),0 of 9 (0 to 30 %),holds", "some have no samples,not shown")
    has(read_table "moons_quality", "flow,0.5,0.3 ± 0,9 of 9 (70 to 100 %)", "ddpm,0.5,0.3 ± 0,0 of 9 (0 to 30 %)")
  end)

  it("compare evaluations and seconds no finer than they were measured", function()
    local d = { { 0.3, 0.3, 0.3 }, { 0.3, 0.3, 0.3 } }
    local figures = { distance_1 = d, distance_3 = d, distance_8 = d, distance_16 = d, nfe_to_quality = { { 8, 8, 8 }, { 16, 16, 16 } },
      samples_per_second = { { 2000, 2000, 2000 }, { 1000, 1000, 1000 } }, training_seconds = { { 4, 4, 4 }, { 4, 4, 4 } },
      seconds_to_quality = { { 1, 1, 1 }, { 2, 2, 2 } } }
    pair(figures)
    has(tables() "moons_claims_ddpm", 'evaluations,"8 ± 0, over 3 ± 0","16 ± 0, over 8 ± 0",not shown',
      '"2 ± 0, under 5.333 ± 0","1 ± 0, under 2 ± 0",not shown', '"1 ± 0, over 0 ± 0","2 ± 0, over 1 ± 0",not shown')
    figures.nfe_to_quality[1], figures.samples_per_second[1], figures.seconds_to_quality[2] = { 3, 3, 3 }, { 6000, 6000, 6000 }, { 3, 3, 3 }
    pair(figures)
    has(tables() "moons_claims_ddpm", 'evaluations,"3 ± 0, over 1 ± 0","16 ± 0, over 8 ± 0",holds', '"6 ± 0, under 18 ± 0","1 ± 0, under 2 ± 0",holds',
      '"1 ± 0, over 0 ± 0","3 ± 0, over 2 ± 0",holds')
    figures.nfe_to_quality = { { 1, 1, 1 }, { 1, 1, 1 } }
    pair(figures)
    has(tables() "moons_claims_ddpm", "evaluations,1 ± 0,1 ± 0,within 5 %")
  end)

  it("take the worst over the best rate from seeds that have all of them", function()
    for seed = 1, 3 do
      made("flow", 0.5, seed, { distance = 0.1, distance_floor = 0.4 })
      made("ddpm", 0.5, seed, { distance = 0.1, distance_floor = 0.4 })
      if seed < 3 then made("flow", 1.5, seed, { distance = 0.3, distance_floor = 0.4 }) end
    end
    has(tables() "moons_claims_ddpm", "worst / best lr,3 ± 0 (2 of 3),one rate,not measured")
  end)

  it("choose the rate by the seeds that all rates have, not by an easier one", function()
    for seed, d in ipairs { 0.3, 0.3, 0.9 } do
      made("flow", 0.5, seed, { distance = d, distance_floor = 0.4 })
      if seed < 3 then made("flow", 1.5, seed, { distance = 0.4, distance_floor = 0.4 }) end
      made("ddpm", seed < 3 and 0.5 or 1.5, seed, { distance = d, distance_floor = 0.4 }) -- no seed has both
    end
    local text = tables() "moons_quality"
    has(text, "flow,0.5,0.50 ± 0.86,", "ddpm,0.5,0.3 ± 0,")
    made("flow", 0.5, 3, {}, { status = "diverged" })
    has(tables() "moons_quality", "flow,1.5,0.4 ± 0,")
  end)

  it("tell how wide the rates were, what the code was, and that pictures have no way to compare", function()
    local function code(hash) return { code = { { path = "/a/experiments/baselines/flow.lua", hash = hash } }, versions = { fmrun = "1", real = "float" } } end
    for seed = 1, 2 do
      for k, lr in ipairs { 0.5, 1.5, 2.5 } do
        made("flow", lr, seed, { distance = 1 - k / 10, distance_floor = 0.4, transport = 1 }, code(lr > 2 and "abc" or "def"))
        made("ddpm", lr, seed, { distance = 1 - k / 10, distance_floor = 0.4, transport = 1 + seed / 1e9 }, { data = "mnist", versions = { fmrun = "1" } })
        made("flow", lr, seed, { distance = 1 + k / 10, distance_floor = 0.4, transport = 1 + seed / 1e9 }, { data = "mnist", versions = { fmrun = "1" } })
      end
    end
    tables "out=out.json"
    local out = assert(fm.json.decode(read "out.json"))
    local notes = {}
    for _, found in ipairs(out.tables) do notes[found.title:match "^(.-):"] = table.concat(found.notes, "\n") end
    has(notes["Quality and stability, moons"], "not all made by the same code: baselines/flow.lua was abc in 2, def in 4.",
      "Of 1 methods, 1 are best at the highest of their rates and 0 at the lowest", "1 are worst at the lowest")
    has(notes["Quality and stability, mnist"], "Of 2 methods, 1 are best at the highest of their rates and 1 at the lowest")
    assert.is_nil(notes["Quality and stability, mnist"]:find("same code", 1, true))
    assert.equal("tells nothing", (verdict("way / optimal way", "mnist")))
  end)

  it("tell commands that make the same runs and no others, and count no others", function()
    for seed = 1, 3 do
      for _, lr in ipairs { 0.25, 1.5 } do made("flow", lr, seed, { distance = 0.3, distance_floor = 0.4 }, { steps = 30, folder = "/x" }) end
      made("ddpm", 0.25, seed, { distance = 0.3, distance_floor = 0.4 }, { steps = 30 })
    end
    made("ddpm", 1.5, 1, { distance = 0.3, distance_floor = 0.4 }, { steps = 30 })
    made("ddpm", 1.5, 2, {}, { steps = 30, status = "running" })
    stopping.shell(("mkdir -p %sbroken %sagain && cp %sflow-0.25-3moons/run.json %sagain/ && echo x >%sbroken/run.json"):format(base, base, base, base, base))
    tables "out=out.json"
    local out = assert(fm.json.decode(read "out.json"))
    assert.same({ 25.0, "fmrun experiments/compare_table.lua runs=o" }, { out.seconds, out.command }) -- of ten runs
    local sweep <const> = "fmrun -m -j 2 experiments/compare_baselines.lua data=moons"
    has(out.notes[1], "10 runs, made from 2026-07-11 to 2026-07-13, by fmrun ?; left out: ", "1 damaged", "1 lost", "1 made again")
    assert.same({ sweep .. " folder=DIR steps=30 method=flow lr=0.25,1.5 seed=1,2,3", sweep .. " steps=30 method=ddpm lr=0.25 seed=1,2,3",
      sweep .. " steps=30 method=ddpm lr=1.5 seed=1" }, { table.unpack(out.notes, 3) })
    assert.is_nil(out.machine.model) -- not made here
  end)

  it("refuse names that are no methods, runs that are not to be compared, and no runs", function()
    local function refuses(words, text, runs)
      local code, _, err = call(("-q %scompare_table.lua runs=%s %s"):format(root, runs or "o", words))
      assert.equal(1, code)
      has(err, text)
    end
    pair {}
    for _, key in ipairs { "method", "others" } do
      refuses(key .. "=nosuch", "compare_table: there is no file baselines/nosuch.lua")
      refuses(key .. "=parts.map", "compare_table: there is no file baselines/parts.map.lua")
    end
    refuses("method=", "compare_table: there is no file baselines/.lua")
    refuses("", "nowhere is no folder", "nowhere")
    made("flow", 0.5, 3, {}, { steps = 20 })
    refuses("", "have other steps")
    for _, method in ipairs { "flow", "ddpm" } do
      for seed = 1, 3 do made(method, 0.5, seed, {}, { status = "running" }) end
    end
    refuses("", "compare_table: no run of compare_baselines is over in o")
  end)
end)

describe("the interval of a share", function()
  local former <const> = package.path
  before_each(function() package.path = "experiments/?.lua;" .. former end)
  after_each(function() package.path, package.loaded["baselines.parts.binomial"] = former, nil end)

  it("is the one that Newcombe 1998 (Stat. Med. 17, 857) tells for Wilson's method", function()
    local binomial = require "baselines.parts.binomial"
    for _, case in ipairs { { 81, 263, 0.2553, 0.3662 }, { 15, 148, 0.0624, 0.1605 }, { 0, 20, 0, 0.1611 }, { 1, 29, 0.0061, 0.1718 } } do
      local low, high = binomial(case[1], case[2])
      assert.near(case[3], low, 6e-5)
      assert.near(case[4], high, 6e-5)
      local less, more = binomial(case[2] - case[1], case[2]) -- the others' share
      assert.near(1 - high, less, 1e-12)
      assert.near(1 - low, more, 1e-12)
    end
  end)
end)

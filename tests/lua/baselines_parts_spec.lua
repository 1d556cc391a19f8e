-- What the comparison of methods is made of (experiments/baselines/parts): intervals, figures of
-- runs, which runs count, their tables in whole, the commands that make them; preconditioning, the
-- learners. Trainings are in tests/cli/baselines_spec.lua.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"

describe("baselines parts", function()
  local parts <const> = checks.parts_of(setup, teardown, "experiments", "baselines", { "arms", "binomial", "claims", "figures", "interval_text", "is_method",
    "learners", "methods_tables", "preconditioned", "same_code", "solved", "sweeps" })
  checks.no_bytes_stay(before_each, after_each)

  --- A run of compare_baselines.lua.
  local function run_of(method, lr, seed, summary, more)
    local run <const> = { name = ("%s-%s-%d"):format(method, lr, seed), status = "done", seed = seed, summary = summary,
      config = { method = method, data = "moons", lr = lr, seed = seed, within = 0.5, steps = 10, checks = 4, folder = "" },
      defaults = { method = "flow", data = "moons", lr = 0.1, seed = 0, within = 0.5, steps = 20, checks = 4, folder = "" } }
    for key, value in pairs(more or {}) do
      if run.config[key] ~= nil then run.config[key] = value else run[key] = value end
    end
    return run
  end

  --- The arm of runs of one method.
  local function arm_of(runs)
    local found <const> = parts.arms.of(runs)
    return found.moons.methods[runs[1].config.method], found.moons
  end

  it("have the interval of Wilson for a share", function()
    local function ends(hits, n)
      local low, high = parts.binomial(hits, n)
      return ("%.4f %.4f"):format(low, high)
    end
    assert.same({ "0.2366 0.7634", "0.0000 0.2775", "0.7225 1.0000", "0.0179 0.4042", "0.0000 0.7935" },
      { ends(5, 10), ends(0, 10), ends(10, 10), ends(1, 10), ends(0, 1) })
    assert.same({ 0.0, 1.0 }, { (parts.binomial(0, 7)), select(2, parts.binomial(7, 7)) })
  end)

  it("write a figure with how many runs have it", function()
    for text, found in pairs { ["2 ± 1"] = { text = "2 ± 1", n = 3, of = 3 }, ["5 (2 of 3)"] = { text = "5", n = 2, of = 3 }, ["– (0 of 4)"] = { n = 0,
      of = 4 },
      ["one rate"] = { text = "one rate", n = 0 } } do
      assert.equal(text, parts.interval_text(found))
    end
  end)

  it("solve by one Euler step, or midpoint steps of two evaluations", function()
    local function field(x, t) return x * 0 + t end
    local function told(n)
      local calls = 0
      local x = parts.solved(function(x, t) calls = calls + 1 return field(x, t) end, fm.zeros(1, 1), n)
      return ("%d %.3g"):format(calls, x:item())
    end
    assert.same({ "1 0", "2 0.5", "3 0.333", "4 0.5" }, { told(1), told(2), told(3), told(4) })
  end)

  it("know a method by its file", function()
    assert.same({ true, false, false, false }, { parts.is_method "flow", parts.is_method "nosuch", parts.is_method "parts.map", parts.is_method "" })
  end)

  it("count of runs alike the later, of those that are over; the rate with the least mean is the best", function()
    local runs <const> = { run_of("flow", 0.1, 1, { distance = 9, distance_floor = 0.25 }), run_of("flow", 0.1, 1, { distance = 2,
      distance_floor = 0.5 }),
      run_of("flow", 0.1, 2, { distance = 4 }), run_of("flow", 0.2, 1, { distance = 1 }), run_of("flow", 0.4, 1, {}, { status = "diverged" }),
      run_of("flow", 0.8, 1, { distance = 1 }, { status = "running" }), run_of("ddpm", 0.1, 1, { distance = 3 }, { status = "damaged" }) }
    local found, counted, others = parts.arms.of(runs)
    assert.same({ running = 1, damaged = 1, ["made again"] = 1 }, others)
    assert.same({ runs[2], runs[3], runs[4], runs[5] }, counted)
    local arm <const> = found.moons.methods.flow
    assert.same({ 0.2, 1, 4, 2 }, { arm.lr, arm.distance, #arm.runs, #arm.rates[0.1] })
    assert.same({ [0.1] = 2.0, [0.2] = 1.0, [0.4] = math.huge }, arm.distances) -- of seed 1, which all rates have
    assert.same({ 0.5, 0.75, nil }, { found.moons.floor, found.moons.quality, found.moons.methods.ddpm })
    for best, other in pairs { [0.1] = 0.05, [0.05] = 0.1 } do -- no seed in common: of all
      assert.equal(best, (arm_of { run_of("flow", best, 1, { distance = 2 }), run_of("flow", other, 2, { distance = 3 }) }).lr)
    end
    local _, alone <const> = arm_of { run_of("flow", 0.1, 1, { distance = 2, distance_floor = 0.5 }) }
    assert.equal(0.75, alone.quality)
    for _, value in ipairs { "inf", false } do assert.equal(math.huge, (arm_of { run_of("flow", 0.1, 1, { distance = value }) }).distance) end
    for _, key in ipairs { "data", "method", "lr" } do -- a run of something else
      local run <const> = run_of("flow", 0.1, 1, { distance = 2 })
      run.config[key] = nil
      assert.same({ {}, {}, { done = 1 } }, { parts.arms.of { run } })
    end
    assert.equal(2, #arm_of({ run_of("flow", 0.1, 1, {}), run_of("flow", 0.1, 2, {}, { folder = "/elsewhere" }) }).runs)
    assert.equal(0.05, (arm_of { run_of("flow", 0.1, 1, { distance = 2 }), run_of("flow", 0.05, 1, { distance = 2 }) }).lr)
    assert.equal(math.huge, (arm_of { run_of("flow", 0.1, 1, { distance = 0 / 0 }) }).distance)
    checks.raises_text("compare_table: flow-0.1-1 and flow-0.1-2 have other steps: 10 and 11", parts.arms.of,
      { run_of("flow", 0.1, 1, {}), run_of("flow", 0.1, 2, {}, { steps = 11 }) })
    assert.same({ 7, 3 }, { parts.arms.seed { config = { seed = 7 }, seed = 3 }, parts.arms.seed { config = {}, seed = 3 } })
  end)

  it("have the mean of a result, and ends only where all runs have it", function()
    local list = {}
    for seed, w in ipairs { 1.0, 2.0, 3.0 } do
      list[seed] = run_of("flow", 0.1, seed, { distance = 1, w = w, part = seed < 3 and w or nil, nfe_to_quality = 8, distance_1 = 3, distance_4 = 2,
        distance_8 = 1, distance_16 = 1,
        samples_per_second = 4000, seconds_to_quality = 5, training_seconds = 8, reached = seed % 2 })
    end
    local arm <const>, figures <const> = arm_of(list), parts.figures
    local w <const> = figures.mean "w" (arm)
    local half <const> = 4.30265273 / math.sqrt(3)
    assert.same({ 2, 3, 3 }, { w.mean, w.n, w.of })
    assert.near(2 - half, w.low, 1e-6)
    assert.near(2 + half, w.high, 1e-6)
    assert.near(2e-3 - half * 1e-3, figures.mean("w", 1e-3)(arm).low, 1e-9)
    local some <const> = figures.mean "part" (arm)
    assert.same({ 1.5, 2, 3 }, { some.mean, some.n, some.of })
    assert.is_nil(some.low or some.high)
    local e <const>, s <const>, t <const> = figures.evaluations(arm), figures.samples(arm), figures.seconds(arm)
    assert.same({ 8, 4, 8, "over 4 ± 0" }, { e.mean, e.low, e.high, e.limit })
    assert.same({ 4, 4, 8, "under 8 ± 0" }, { s.mean, s.low, s.high, s.limit })
    assert.same({ 5, 3, 5, "over 3 ± 0" }, { t.mean, t.low, t.high, t.limit })
    local share <const> = figures.share(arm)
    local low <const>, high <const> = parts.binomial(2, 3)
    assert.same({ 2 / 3, 3, 3, low, high, "2 of 3 (21 to 94 %)" }, { share.mean, share.n, share.of, share.low, share.high, share.text })
    assert.equal("0 of 2 (0 to 66 %)", figures.share((arm_of { run_of("flow", 0.1, 1, { distance = 1 }), run_of("flow", 0.1, 2, { reached = 1 },
      { status = "failed" }) })).text)
    local one <const> = arm_of { run_of("flow", 0.1, 1, { distance = 1, nfe_to_quality = 1, distance_1 = 1 }), run_of("flow", 0.1, 2, { distance = 1,
      nfe_to_quality = 1, distance_1 = 1 }) }
    assert.same({ 1, 1, 1, nil }, { figures.evaluations(one).low, figures.evaluations(one).high, figures.evaluations(one).mean,
      figures.evaluations(one).limit })
    local early <const> = arm_of { run_of("flow", 0.1, 1, { distance = 1, seconds_to_quality = 1, training_seconds = 8 }),
      run_of("flow", 0.1, 2, { distance = 1, seconds_to_quality = 1, training_seconds = 8 }) }
    assert.equal(0.0, figures.seconds(early).low)
    assert.equal("3 of 3 (44 to 100 %)", figures.share((arm_of { run_of("flow", 0.1, 1, { reached = 1 }), run_of("flow", 0.1, 2, { reached = 1 }),
      run_of("flow", 0.1, 3, { reached = 1 }) })).text)
    -- what is no number is not there
    local texts <const> = arm_of { run_of("flow", 0.1, 1, { distance = 1, w = "inf", nfe_to_quality = "8" }), run_of("flow", 0.1, 2, { distance = 1,
      w = 4 }) }
    assert.same({ 4, 1, 2, 0 }, { figures.mean "w" (texts).mean, figures.mean "w" (texts).n, figures.mean "w" (texts).of, figures.evaluations(texts).n })
    -- nothing tells which number was too few: no ends
    local unknown <const> = figures.evaluations((arm_of { run_of("flow", 0.1, 1, { distance = 1, nfe_to_quality = 3, distance_3 = 1 }), run_of("flow", 0.1,
      2, { distance = 1, nfe_to_quality = 3, distance_3 = 1 }) }))
    assert.same({ 3, 2, nil, nil }, { unknown.mean, unknown.n, unknown.low, unknown.high })
    assert.equal(0, figures.evaluations((arm_of { run_of("flow", 0.1, 1, { distance = 1, distance_1 = 1 }) })).n)
    assert.same({ 0, 2 }, { figures.seconds(arm_of { run_of("flow", 0.1, 1, { distance = 1 }), run_of("flow", 0.1, 2, { distance = 1 }) }).n,
      figures.evaluations(one).of })
  end)

  it("have the ratio of the worst rate to the best, of the seeds that have all", function()
    local function spread(more)
      local list <const> = { run_of("flow", 0.1, 1, { distance = 1 }), run_of("flow", 0.2, 1, { distance = 3 }), run_of("flow", 0.1, 2,
        { distance = 2 }),
        run_of("flow", 0.2, 2, { distance = 2 }), run_of("flow", 0.2, 3, { distance = 8 }) }
      list[#list + 1] = more
      return parts.figures.spread((arm_of(list)))
    end
    local found <const> = spread()
    assert.same({ 2, 2, 3, nil }, { found.mean, found.n, found.of, found.limit })
    assert.near(2 - 12.7062047, found.low, 1e-5)
    assert.same({ text = "some have no samples", n = 0, of = 0 }, spread(run_of("flow", 0.1, 3, { distance = 1 }, { status = "failed" })))
    local near <const> = parts.figures.spread((arm_of { run_of("flow", 0.1, 1, { distance = 0.25 }), run_of("flow", 0.2, 1, { distance = 0.5 }) }))
    assert.equal(2, near.mean)
    assert.same({ text = "one rate", n = 0 }, parts.figures.spread((arm_of { run_of("flow", 0.1, 1, { distance = 1 }) })))
  end)

  it("say in what their code differs", function()
    local function of(path, hash, lua) return { code = { { path = path, hash = hash } }, versions = { fmrun = "1", lua = lua } } end
    assert.same({}, parts.same_code { of("/a/experiments/x.lua", "h", "5"), of("/b/experiments/x.lua", "h", "5") })
    assert.same({ "These runs were not all made by the same code: baselines/x.lua was h in 2, i in 1.",
      "These runs were not all made by the same code: lua was 5 in 2, nil in 1." },
      parts.same_code { of("/a/experiments/baselines/x.lua", "h", "5"), of("experiments/baselines/x.lua", "h", "5"), of("experiments/baselines/x.lua",
        "i") })
    -- the folder of the experiments, wherever it lies
    assert.same({ "These runs were not all made by the same code: x.lua was h in 1, i in 1." }, parts.same_code { of("/my/experiments/a/experiments/x.lua",
      "h", "5"), of("/b/experiments/x.lua", "i", "5") })
    assert.same({ "These runs were not all made by the same code: y.lua was h in 1, i in 1." }, parts.same_code { of("y.lua", "h", "5"), of("y.lua",
      "i", "5") })
  end)

  it("have a table of quality and one of cost, the nearest to the data first, and what the rates tell", function()
    local list = {}
    local function add(method, lr, distances, more)
      for seed, d in ipairs(distances) do
        local summary <const> = { distance = d, distance_floor = 1, reached = d <= 1.5 and 1 or 0, transport = 1.25, training_bytes = 2000,
          sampling_bytes = 500 }
        for key, value in pairs(more or {}) do summary[key] = value end
        list[#list + 1] = run_of(method, lr, seed, summary, { versions = { fmrun = "1" } })
      end
    end
    local reached <const> = { nfe_to_quality = 2, distance_1 = 3, samples_per_second = 2000, seconds_to_quality = 6, training_seconds = 8 }
    add("flow", 0.1, { 3, 3 })
    add("flow", 0.2, { 1, 1 }, reached)
    add("ddpm", 0.1, { 2, 2 }, reached)
    add("ddpm", 0.2, { 4, 4 })
    add("edm", 0.1, { 1, 1 }, reached)
    local found <const> = parts.arms.of(list)
    local quality, notes = parts.methods_tables.quality(found.moons)
    assert.same({ { "edm", 0.1, "1 ± 0", "2 of 2 (34 to 100 %)", "one rate", "1.25 ± 0" }, { "flow", 0.2, "1 ± 0", "2 of 4 (15 to 85 %)", "3 ± 0",
      "1.25 ± 0" },
      { "ddpm", 0.1, "2 ± 0", "0 of 4 (0 to 49 %)", "2 ± 0", "1.25 ± 0" } }, quality.rows)
    assert.same({ "method", "best lr", "distance", "have it", "worst / best", "way / optimal" }, quality.columns)
    assert.same({ 1, 1 }, { #quality.notes, #notes })
    assert.equal("Of 2 methods, 1 are best at the highest of their rates and 1 at the lowest, so a better one may lie beyond. 1 are worst at the lowest: "
      .. "there worst / best mainly tells how much too short the training is for that rate, not how stable it is.", notes[1])
    local cost <const> = parts.methods_tables.cost(found.moons)
    assert.same({ { "edm", "6 ± 0", "2 ± 0", "2 ± 0", "2 ± 0", "0.5 ± 0" }, { "flow", "6 ± 0", "2 ± 0", "2 ± 0", "2 ± 0", "0.5 ± 0" },
      { "ddpm", "6 ± 0", "2 ± 0", "2 ± 0", "2 ± 0", "0.5 ± 0" } }, cost.rows)
    assert.equal(6, #cost.columns)
    local _, none = parts.methods_tables.quality(parts.arms.of({ run_of("flow", 0.1, 1, { distance = 1 }) }).moons)
    assert.same({}, none)

    -- nearest first, then by name; of rates alike the lowest is the worst, and the best
    local order = {}
    list = {}
    for name, d in pairs { f = 1, a = 2, e = 2, c = 2, b = 0.5, d = 1 } do add(name, 0.1, { d }) end
    for _, row in ipairs(parts.methods_tables.quality(parts.arms.of(list).moons).rows) do order[#order + 1] = row[1] end
    assert.same({ "b", "d", "f", "a", "c", "e" }, order)
    list = {}
    for lr, d in pairs { [0.1] = 2, [0.2] = 1, [0.4] = 1.5 } do
      for _, name in ipairs { "v", "x", "y", "z" } do add(name, lr, { name == "z" and 3 or d }) end
    end
    for lr, d in pairs { [0.1] = 1, [0.2] = 1.5, [0.4] = 1.5 } do add("w", lr, { d }) end
    local _, told <const> = parts.methods_tables.quality(parts.arms.of(list).moons)
    assert.truthy(told[1]:find("^Of 5 methods, 0 are best at the highest of their rates and 2 at the lowest, .* 4 are worst at the lowest:"), told[1])

    local other <const> = parts.claims(found.moons, "points", "flow", "edm")
    assert.same({ "3 ± 0", "one rate", "not measured" }, { table.unpack(other.rows[7], 3) })
    local claims <const> = parts.claims(found.moons, "points", "flow", "ddpm")
    local words = {}
    for i, row in ipairs(claims.rows) do words[i] = ("%s|%s|%s|%s"):format(row[2], row[3], row[4], row[5]) end
    assert.same({ "CPU ms a step|– (0 of 2)|– (0 of 2)|not shown (0 of 2, 0 of 2)", "CPU s to quality|6 ± 0, over 4 ± 0|6 ± 0, over 4 ± 0|not shown",
      "evaluations|2 ± 0, over 1 ± 0|2 ± 0, over 1 ± 0|not shown", "1000 / CPU s|2 ± 0, under 4 ± 0|2 ± 0, under 4 ± 0|not shown",
      "way / optimal way|1.25 ± 0|1.25 ± 0|does not hold", "share of runs|2 of 4 (15 to 85 %)|0 of 4 (0 to 49 %)|not shown",
        "worst / best lr|3 ± 0|2 ± 0|opposite",
      "training kB|2 ± 0|2 ± 0|within 5 %", "sampling kB|0.5 ± 0|0.5 ± 0|within 5 %" }, words)
    assert.same({ { "claim", "measured", "flow", "ddpm", "verdict" }, 5 }, { claims.columns, #claims.notes })
    assert.same({ "Training", "Sampling", "Theory", "Stability", "Memory" }, { claims.rows[1][1], claims.rows[3][1], claims.rows[5][1],
      claims.rows[6][1], claims.rows[8][1] })
  end)

  it("judge a claim by the ends of both figures", function()
    --- The word of a row for values over two seeds.
    local function word(row, key, a, b, kind)
      local list = {}
      for k, values in ipairs { a, b } do
        for seed, value in ipairs(values) do list[#list + 1] = run_of(({ "flow", "ddpm" })[k], 0.1, seed, { distance = 1, reached = 1,
          [key] = value or nil }) end
      end
      return parts.claims(parts.arms.of(list).moons, kind or "points", "flow", "ddpm").rows[row][5]
    end
    for wanted, pair in pairs { ["within 5 %"] = { { 1, 1 }, { 1.05, 1.05 } }, holds = { { 1, 1 }, { 1.06, 1.06 } }, opposite = { { 1.06, 1.06 }, { 1,
      1 } },
      ["not shown"] = { { 1, 1.01 }, { 1.05, 1.06 } }, ["not shown (2 of 2, 1 of 2)"] = { { 1, 1 }, { 2, false } } } do
      assert.equal(wanted, word(1, "ms_per_step", table.unpack(pair)))
    end
    for wanted, pair in pairs { holds = { { 1.05, 1.05 }, { 1.06, 1.06 } }, ["holds for both"] = { { 1, 1 }, { 1.05, 1.05 } },
      ["does not hold"] = { { 1.06, 1.06 }, { 1, 1 } },
      ["not shown"] = { { 1.04, 1.06 }, { 1, 1 } }, ["not shown (1 of 2, 2 of 2)"] = { { 1, false }, { 1, 1 } } } do
      assert.equal(wanted, word(5, "transport", table.unpack(pair)))
    end
    assert.equal("tells nothing", word(5, "transport", { 1, 1 }, { 1, 1 }, "pictures"))
    assert.equal("not shown", word(5, "transport", { 1.045, 1.052 }, { 1, 1 })) -- 1.004 to 1.093: one of both
    assert.equal("within 5 %", word(1, "ms_per_step", { 21, 21 }, { 20, 20 })) -- just so
    assert.equal("within 5 %", word(1, "ms_per_step", { -20, -20 }, { -20, -20 }))
    for _, ends in ipairs { { 5, 7 }, { 7, 5 } } do -- from 3 to 5 and from 5 to 7: they touch
      local list = {}
      for k, name in ipairs { "flow", "ddpm" } do
        for seed = 1, 2 do list[#list + 1] = run_of(name, 0.1, seed, { distance = 1, seconds_to_quality = ends[k], training_seconds = 8 }) end
      end
      assert.equal("not shown", parts.claims(parts.arms.of(list).moons, "points", "flow", "ddpm").rows[2][5])
    end
  end)

  it("give the commands that make the runs, and no others", function()
    local runs = {}
    for _, method in ipairs { "flow", "ddpm" } do
      for _, lr in ipairs { 0.1, 0.05 } do
        for seed = 1, 2 do runs[#runs + 1] = run_of(method, lr, seed, {}) end
      end
    end
    runs[#runs + 1] = run_of("flow", 0.4, 3, {})
    runs[#runs + 1] = run_of("gan", 0.1, 1, {}, { folder = "/x", data = "mnist", steps = 20, within = 0.1 + 0.2 })
    assert.same({ "fmrun -m -j 2 experiments/compare_baselines.lua data=mnist folder=DIR within=0.3 method=gan lr=0.1 seed=1",
      "fmrun -m -j 2 experiments/compare_baselines.lua data=moons steps=10 method=ddpm,flow lr=0.05,0.1 seed=1,2",
      "fmrun -m -j 2 experiments/compare_baselines.lua data=moons steps=10 method=flow lr=0.4 seed=3" }, parts.sweeps(runs))
    -- numbers as one writes them; of what is alike the first method first
    runs = { run_of("vae", 1.0, 1, {}, { within = 2.0 }), run_of("vae", 3.0, 1, {}, { within = 2.0 }), run_of("edm", 2.0, 1, {}, { within = 2.0 }) }
    for _, run in ipairs(runs) do run.config.flag, run.defaults.flag = true, false end
    local sweep <const> = "fmrun -m -j 2 experiments/compare_baselines.lua data=moons flag=true steps=10 within=2 "
    assert.same({ sweep .. "method=edm lr=2 seed=1", sweep .. "method=vae lr=1,3 seed=1" }, parts.sweeps(runs))
  end)

  it("scale what a network sees to a variance of 1, and add what x says", function()
    local path <const>, x <const> = fm.flow.path "linear", fm.tensor { { 1, -2 }, { 3, 0.5 } }
    local seen
    local scaled, data = parts.preconditioned(function(y, t) seen = { y, t } return y * 0 + 2 end, path)
    local t <const> = 0.25
    local a <const>, s <const> = 0.25, 0.75
    local size <const> = math.sqrt(a * a + s * s)
    checks.near(scaled(x, t), fm.full(2, 2, 2))
    checks.near(seen[1], x / size)
    checks.near(seen[2], fm.full(2, t))
    checks.near(data(x, fm.full(2, t)), x * (a / size ^ 2) + 2 * s / size)
    local rows <const> = data(x, fm.tensor { 0, 1 }) -- noise alone says nothing, and data all
    checks.near(rows, fm.tensor { { 2, 2 }, { 3, 0.5 } })
  end)

  it("train with Adam along half a cosine, its average beside; the first step is not counted", function()
    local task <const> = { steps = 8 }
    parts.learners.begin(task, { lr = 0.5, decay = 0.75 }, fm.rng(1))
    local model <const> = fm.nn.linear(1, 1, { init = "zero" })
    local learner <const> = task.learner("net", model)
    assert.same({ "net_average", "net_model", "net_opt" }, (function()
      local names = {}
      for name in pairs(task.keeps) do names[#names + 1] = name end
      table.sort(names)
      return names
    end)())
    assert.equal(2 * (fm.real == "float" and 4 or 8), learner.bytes)
    assert.equal(4 * learner.bytes, task.learner("other", model, { sampler = fm.nn.linear(3, 2) }).bytes)
    local function loss() return (model(fm.ones(1, 1)) - 10):square():mean() end
    assert.equal(100, learner:step(loss))
    assert.equal(0, task.peak)
    local first <const> = model(fm.zeros(1, 1)):item()
    assert.near(0.5 / 3, first, 1e-4) -- a warm-up of two steps: a third of the rate
    learner:step(loss)
    assert.truthy(task.peak > 0)
    assert.near(first + 1 / 3, model(fm.zeros(1, 1)):item(), 0.01)
    local few <const> = fm.nn.linear(1, 1, { init = "zero" })
    task.learner("few", few, { steps = 4, betas = { 0.5, 0.75 } }):step(function() return (few(fm.ones(1, 1)) - 10):square():mean() end)
    assert.near(0.25, few(fm.zeros(1, 1)):item(), 1e-4) -- a warm-up of one: half of it
    for steps, first_rate in pairs { [11] = 0.5 / 3, [8000] = 0.5 / 1001 } do -- a warm-up of a quarter, of 1000 at most
      local fresh <const> = fm.nn.linear(1, 1, { init = "zero" })
      task.learner("fresh", fresh, { steps = steps }):step(function() return (fresh(fm.ones(1, 1)) - 10):square():mean() end)
      assert.near(1, fresh(fm.zeros(1, 1)):item() / first_rate, 1e-4)
    end
  end)

  it("train as by hand: gradients of length one at most, the betas that were asked for, and the average after each step", function()
    local task <const> = { steps = 40 }
    parts.learners.begin(task, { lr = 0.5, decay = 0.75 }, fm.rng(1))
    for _, betas in ipairs { false, { 0.5, 0.75 } } do
      local model <const>, other <const> = fm.nn.linear(1, 1, { init = "zero" }), fm.nn.linear(1, 1, { init = "zero" })
      local learner <const> = task.learner("net", model, { betas = betas or nil })
      local opt <const> = fm.optim.adam(other, { lr = fm.optim.cosine { lr = 0.5, steps = 40, warmup = 10 }, betas = betas or { 0.9, 0.999 } })
      local average <const> = fm.optim.ema(other, { decay = 0.75, warmup = true })
      local large <const> = fm.zeros(100000)
      for k = 1, 12 do
        local function loss_of(net) return ((net(fm.full({ 1, 1 }, k % 3)) - 2) * (k % 4)):square():mean() end
        assert.equal(opt:step(function() return loss_of(other) end, { clip = 1 }), learner:step(function() return loss_of(model) end))
        average:update()
      end
      checks.same(other(fm.ones(1, 1)), model(fm.ones(1, 1)))
      average:swap(function() learner.average:swap(function() checks.same(other(fm.ones(1, 1)), model(fm.ones(1, 1))) end) end)
      assert.truthy(task.peak < large:count()) -- beside what is held
    end
  end)
end)

-- What listings, pages and files say of a run: numbers, times and sizes in words, names in their
-- order, which run is best, floors, spikes, and seeds in pairs.
local fm <const> = require "fm"
local checks <const> = require "lua.checks"
local comparison <const> = require "fm.records.comparison"
local csv <const> = require "fm.records.csv"
local describe_run <const> = require "fm.records.describe"
local filter <const> = require "fm.records.filter"
local floor_of <const> = require "fm.records.floor"
local objective <const> = require "fm.records.objective"
local paired <const> = require "fm.records.paired"
local seeds <const> = require "fm.records.seeds"
local spikes <const> = require "fm.records.spikes"
local value_of <const> = require "fm.records.value_of"
local words <const> = require "fm.records.words"

local nan <const>, inf <const> = 0 / 0, 1 / 0

describe("words", function()
  checks.no_bytes_stay(setup, teardown)

  it("have four digits, or all of a whole number below a billion", function()
    for text, value in pairs { ["999999999"] = 999999999.0, ["1e9"] = 1e9, ["-1e9"] = -1e9, ["-999999999"] = -999999999.0, ["1000000001"] = 1000000001,
      ["1.235e5"] = 123456.7, ["1e100"] = 1e100, ["1e-10"] = 1e-10, ["-inf"] = -inf, ['{"a":1}'] = { a = 1 }, ["false"] = false, ["x y"] = "x y" } do
      assert.equal(text, words.value(value))
    end
  end)

  it("give a deviation two digits, and the mean as many decimals", function()
    local function both(mean, deviation) return table.concat { words.spread(mean, deviation) } end
    for text, pair in pairs { ["0.50 ± 0.50"] = { 0.5, 0.5 }, ["100 ± 12"] = { 100.4, 12.0 }, ["1234 ± 123.4"] = { 1234.0, 123.4 }, ["5"] = { 5.0 },
      ["0.50000000 ± 0.00000015"] = { 0.5, 1.5e-7 }, ["0.5 ± 1.5e-8"] = { 0.5, 1.5e-8 }, ["2 ± 0"] = { 2.0, 1.9e-12 }, ["-2 ± 0"] = { -2.0, 1.9e-12 },
      ["2 ± 2.1e-12"] = { 2.0, 2.1e-12 }, ["1.0 ± 1.0"] = { 1.0, 1.0 } } do
      assert.equal(text, both(pair[1], pair[2]))
    end
    assert.same({ "5" }, { words.spread(5) })
  end)

  it("count, and know sizes and times", function()
    assert.same({ "0 runs", "1 run", "2 runs", "1 loss", "2 losses" }, { words.count(0, "run"), words.count(1, "run"), words.count(2, "run"),
      words.count(1, "loss", "losses"), words.count(2, "loss", "losses") })
    for text, bytes in pairs { ["0 kB"] = 0, ["1 kB"] = 1234, ["1000 kB"] = 999999, ["1.0 MB"] = 1e6, ["999.9 MB"] = 999.9e6, ["1.00 GB"] = 1e9,
      ["2.50 GB"] = 2.5e9 } do
      assert.equal(text, words.bytes(bytes))
    end
    assert.same({ "3.0s", nil, nil, "x" }, { words.seconds(3.0), words.seconds "3", words.time(3), (words.time "x") })
    assert.equal("b=1 a=0.5", words.changes({ a = 0.5, b = 1, d = 3 }, { "b", "a", "c" }))
  end)

  it("in a CSV file are the shortest that read back as the number", function()
    for text, value in pairs { ["0.3333333333333333"] = 1 / 3, ["0.30000000000000004"] = 0.1 + 0.2, ["4.94065645841247e-324"] = 5e-324, ["1"] = 1.0,
      ["-2"] = -2, ["true"] = true } do
      assert.equal(text .. "\n", csv.line({ value }, 1))
    end
  end)
end)

describe("a run in few words", function()
  local function record(config, more)
    local made = { experiment = "toy", path = "/nowhere", status = "done", config = config or {}, summary = {}, defaults = { lr = 0.1, n = 3,
      note = "" } }
    for key, value in pairs(more or {}) do made[key] = value end
    return made
  end

  it("has days that the calendar has", function()
    for text, seconds in pairs { ["1999-12-31T23:59:59Z"] = 946684799, ["2001-01-01T00:00:00Z"] = 978307200, ["2100-03-01T00:00:00Z"] = 4107542400,
      ["1900-03-01T00:00:00Z"] = -2203891200, ["2024-02-29T12:34:56Z"] = 1709210096, ["2026-11-30T01:02:03Z"] = 1796000523 } do
      assert.equal(seconds, describe_run.epoch(text), text)
    end
    assert.is_nil(describe_run.epoch "2026-11-30T01:02:03Z ")
  end)

  it("has an age of whole seconds, minutes, hours and days", function()
    local began <const> = describe_run.epoch "2026-07-12T00:00:00Z"
    for seconds, text in pairs { [-5] = "0s", [0.75] = "0s", [59.5] = "59s", [60.5] = "1m",
      [119] = "1m", [3599] = "59m", [3600] = "1h", [172799] = "47h", [172800] = "2d", [259199] = "2d" } do
      assert.equal(text, describe_run.age({ started = "2026-07-12T00:00:00Z" }, began + seconds))
    end
    local function took(more) return describe_run.took(record(nil, more), began) end
    assert.equal("0.0s", took { status = "running", started = "2026-07-12T00:00:09Z" })
    assert.equal("", took { started = "2026-07-11T00:00:00Z" })
    assert.equal("", took { status = "running", started = "" })
    assert.equal("7.0s", took { status = "running", seconds = 7, started = "2026-07-11T00:00:00Z" })
  end)

  it("has the memory of a step, when both numbers are known", function()
    assert.equal("tensors of at most 310.0 MB, 120.0 MB of it for the step alone",
      describe_run.step_memory { step_peak_bytes = 310000000, step_bytes = 120000000 })
    assert.is_nil(describe_run.step_memory { step_peak_bytes = 1 })
    assert.is_nil(describe_run.step_memory { step_bytes = 1 })
  end)

  it("quotes values that are empty or have spaces", function()
    for shown, value in pairs { ['""'] = "", ['"a b"'] = "a b", ["a-b"] = "a-b", ['"a\\b"'] = "a\\b", ["0.3333"] = 1 / 3, ["true"] = true } do
      assert.equal(shown, describe_run.value(value))
    end
  end)

  it("names what was changed, first what varies", function()
    local run <const> = record({ lr = 0.2, n = 4, note = "" }, { seed = 7 })
    assert.same({ "lr=0.2", "n=4" }, describe_run.changed_words(run))
    assert.same({ "n=4", "lr=0.2" }, describe_run.changed_words(run, { n = true, other = true }))
    assert.same({}, describe_run.changed_words(record { lr = 0.1 }))
    assert.same({}, describe_run.changed_keys { config = { lr = 0.1 } })
    local list <const> = { record({ lr = 1, n = 1 }, { summary = { w2 = 1 } }), record({ lr = 1, n = 2 }, { summary = { w2 = 1, nfe = 2 } }),
      record({ lr = 2 }, { experiment = "other" }) }
    assert.same({ toy = { n = true, nfe = true }, other = {} }, describe_run.varying(list))
  end)

  it("has its results, the most telling first, its error or how far it is", function()
    local results <const> = { nfe = 100, w2 = 0.131, bits = 2 }
    assert.equal("w2=0.131 bits=2 nfe=100", describe_run.results(record(nil, { summary = results })))
    assert.equal("nfe=100 w2=0.131 bits=2", describe_run.results(record(nil, { summary = results }), { nfe = true }))
    local said <const> = "cannot open /a/x.lua:3: none\nmore"
    assert.same({ "cannot open /a/x.lua:3: none" }, describe_run.result_words(record(nil, { summary = results, error = said })))
    local folder <const> = os.tmpname()
    os.remove(folder)
    assert(fm.file.mkdir_new(folder))
    assert(fm.file.write(folder .. "/metrics.jsonl", '{"step":1,"loss":5}\n{"step":20,"loss":0.5,"acc":0.25}\n'))
    for status, wanted in pairs { running = "step=20 acc=0.25 loss=0.5", lost = "step=20 acc=0.25 loss=0.5", killed = "" } do
      assert.equal(wanted, describe_run.results(record(nil, { status = status, path = folder, error = status ~= "killed" and "x" or nil })))
    end
    os.execute("rm -r " .. folder)
    assert.equal("", describe_run.progress(record()))
  end)

  it("is made again by its own command, or with all digits of what was changed", function()
    local quoted <const> = record({ lr = 0.1, n = 3, note = "it's" }, { sweep = "toy/sweep-1", script = "a b.lua", command = "fmrun worker" })
    assert.equal("fmrun 'a b.lua' 'note=it'\\''s'", describe_run.command(quoted))
    local run <const> = record({ lr = 0.1 + 0.2, n = 3, note = "a" }, { sweep = "toy/sweep-1", script = "toy.lua", command = "fmrun worker" })
    assert.equal("fmrun toy.lua lr=0.30000000000000004 note=a", describe_run.command(run))
    for _, field in ipairs { "sweep", "script", "defaults" } do
      local other <const> = record(run.config, { sweep = run.sweep, script = run.script, command = "fmrun it" })
      other[field] = nil
      assert.equal("fmrun it", describe_run.command(other))
    end
    assert.same({ id = 1, name = "x" }, describe_run.plain { id = 1, name = "x", parts = { "x" } })
  end)
end)

describe("the floor of a metric", function()
  local function text_of(y, deviation)
    return select(2, floor_of({ floors = { loss = 0.5 }, floor_errors = deviation and { loss = deviation } }, "loss", y))
  end

  it("is told beside the mean of the last tenth of the finite values", function()
    local y = {}
    for i = 1, 29 do y[i] = i < 28 and 9.0 or i == 28 and 0.75 or 1.0 end
    assert.equal("0.5; the last tenth of the values is 0.875, 0.375 above it", text_of(y)) -- two of 29
    y[30] = nan
    assert.equal("0.5 ± 0.01; the last tenth of the values is 0.875, 0.375 above it", text_of(y, 0.01)) -- three of 30
    assert.equal("0.5; the last tenth of the values is 0.3333, 0.1667 below it", text_of { 3, 1 / 3 })
    assert.equal("0.5; the last tenth of the values is 0.5, 0 above it", text_of { 0.5 })
    assert.equal("0.5; nothing was logged", text_of {})
    for _, none in ipairs { { 1, nan }, { 1, inf } } do assert.equal("0.5; the last tenth of the values has no finite one", text_of(none)) end
    assert.equal(0.5, (floor_of({ floors = { loss = 0.5 } }, "loss", { 1 })))
  end)

  it("is none of a metric or a run without one", function()
    assert.is_nil(floor_of({ floors = { loss = 0.5 } }, "w2", { 1 }))
    assert.is_nil(floor_of({}, "loss", { 1 }))
  end)
end)

describe("the spikes of a record", function()
  local run <const> = { spikes = { loss = { count = 2, first = 412, worst = 37.25 }, a_loss = { count = 1, first = 7, worst = 11 },
    b = { count = 0 } } }

  it("are counted over all losses, and none where nothing was watched", function()
    assert.same({ 3, 0, nil }, { spikes.count(run), spikes.count { spikes = { b = { count = 0 } } }, spikes.count { spikes = {} } })
    assert.is_nil(spikes.count {})
    assert.same({ true, false, false }, { spikes.any { {}, run }, spikes.any { {}, { spikes = { b = { count = 0 } } } }, spikes.any {} })
    assert.same({ "a_loss", "loss" }, spikes.names(run))
    assert.same({}, spikes.names {})
  end)

  it("are a sentence for each metric", function()
    assert.equal("2 spikes: the first at step 412, the worst 37.25 times the running median", spikes.text(run, "loss"))
    assert.equal("1 spike, at step 7, 11 times the running median", spikes.text(run, "a_loss"))
    for _, name in ipairs { "b", "c" } do assert.is_nil(spikes.text(run, name)) end
    assert.is_nil(spikes.text({}, "loss"))
  end)
end)

describe("what a run is judged by", function()
  local function of(summary, config) return { summary = summary, config = config, status = "done" } end

  it("is the best known of its results, else the first by name", function()
    for wanted, names in pairs { w2 = "wasserstein2 mmd w2", wasserstein2 = "sliced_wasserstein2 wasserstein2", kid = "frechet_distance kid loss",
      mmd = "w2_to_train mmd", energy_distance = "error energy_distance", error = "loss error", loss = "test_error loss", w2_a = "loss_a w2_a",
      test_error = "bits test_error", a = "b a", mmd_2 = "mmd_10 mmd_2" } do
      local summary = {}
      for name in names:gmatch "%S+" do summary[name] = 1 end
      assert.equal(wanted, objective.choose({ of(summary) }).name, names)
    end
  end)

  it("ranks the runs that are done and have it, the best first, equal ones by their number", function()
    local runs <const> = {}
    for i, value in ipairs { 2, 1, 2, "nan", 0.5, 1 } do
      runs[i] = { summary = { w2 = value }, config = {}, status = i == 5 and "failed" or "done", index = i }
    end
    local function order(chosen)
      local list <const> = {}
      for i, run in ipairs(objective.ranked(chosen, runs)) do list[i] = run.index end
      return table.concat(list, " ")
    end
    assert.equal("2 6 1 3", order(objective.choose(runs, "w2")))
    assert.equal("1 3 2 6", order(objective.choose(runs, "w2:max")))
    assert.equal("2 6 1 3", order(objective.choose(runs)))
    assert.equal("", order(nil))
  end)

  it("is never effort, a floor or how certain another result is", function()
    for _, name in ipairs { "nfe", "steps", "seconds", "step", "w2_floor", "floor", "w2_floor_deviation", "w2_floor_error" } do
      assert.is_nil(objective.choose { of { [name] = 1 } }, name)
    end
    for _, ending in ipairs { "_standard_error", "_error", "_deviation" } do
      assert.equal("a", objective.choose({ of { a = 1, ["a" .. ending] = 1 } }).name)
      assert.equal("b" .. ending, objective.choose({ of { a_floor = 1, ["b" .. ending] = 1 } }).name)
    end
    assert.same({ true, true, true, false, false }, { objective.is_floor "a_floor", objective.is_floor "floor_deviation",
      objective.is_floor "x_floor_error",
      objective.is_floor "floors", objective.is_floor "floor_x" })
  end)

  it("is a number, and no parameter", function()
    assert.same({ "w2", "a" }, objective.names { of({ w2 = 1, lr = 1, note = "x" }, { lr = 3, on = false }), of({ a = 2, on = 1 }, { on = false }) })
    assert.equal("w2", objective.choose({ of { w2 = "nan" }, of { w2 = 3 } }).name)
    assert.is_nil(objective.choose {})
    local chosen <const> = { name = "w2" }
    for _, value in ipairs { inf, -inf, nan, "3" } do assert.is_nil(objective.value(chosen, of { w2 = value })) end
    assert.same({ 3, nil, nil }, { objective.value(chosen, of { w2 = 3 }), objective.value(chosen, of {}) })
    assert.is_nil(objective.value(nil, of { w2 = 3 }))
  end)

  it("is chosen by words that name a result", function()
    local runs <const> = { of { mmd = 1, accuracy = 2 } }
    for _, word in ipairs { "mmd", "mmd:min", "accuracy:max" } do assert.is_nil(objective.problem(runs, word)) end
    assert.equal("mmd:best: expected NAME, NAME:min or NAME:max", objective.problem(runs, "mmd:best"))
    assert.equal('no result is called "mm"; did you mean "mmd"?', objective.problem(runs, "mm"))
    assert.equal('no result is called "accurac"; did you mean "accuracy"?', objective.problem(runs, "accurac:max"))
    assert.same({ { name = "mmd", highest = false }, { name = "accuracy", highest = true }, { name = "mmd", highest = false } },
      { objective.choose(runs, "mmd"), objective.choose(runs, "accuracy:max"), objective.choose(runs, "mmd:min") })
  end)
end)

describe("seeds", function()
  local function run(seed, w2, changed, more)
    local made = { status = "done", experiment = "toy", config = { seed = seed }, summary = { w2 = w2 }, changed = changed or { seed = seed } }
    for key, value in pairs(more or {}) do made[key] = value end
    return made
  end

  it("in pairs give the mean difference, its standard error, and how many are higher and lower", function()
    local group <const> = { runs = { run(1, 3.0), run(2, 5.0), run(3, 1.0), run(4, 2.0), run(9, 7.0) } }
    local reference <const> = { runs = { run(4, 2.0), run(1, 1.0), run(2, 4.0), run(3, 2.0), run(8, 0.0) } }
    local found <const> = paired.difference(group, reference, "w2")
    assert.same({ 0.5, 4, 2, 1 }, { found.mean, found.count, found.higher, found.lower })
    assert.near(math.sqrt((1.5 ^ 2 + 0.5 ^ 2 + 1.5 ^ 2 + 0.5 ^ 2) / 3 / 4), found.error, 1e-12)
    assert.equal(group, found.group)
    local one <const> = paired.difference(group, { runs = { run(2, 4.5), run(3, 1.0, nil, { status = "failed" }) } }, "w2")
    assert.same({ 0.5, nil, 1, 1, 0 }, { one.mean, one.error, one.count, one.higher, one.lower })
    assert.is_nil(paired.difference(group, { runs = { run(7, 1.0) } }, "w2"))
  end)

  it("make groups of what else was changed, in the order of their first runs", function()
    local runs <const> = { run(1, 1, { lr = 2, seed = 1 }), run(1, 1, { lr = 1, seed = 1 }), run(2, 1, { lr = 2, seed = 2 }),
      run(1, 1, { lr = 2, seed = 1 }, { experiment = "other" }) }
    local groups <const> = seeds.groups(runs, { "lr", "seed" })
    assert.same({ 3, 2, 1, 1 }, { #groups, #groups[1].runs, #groups[2].runs, #groups[3].runs })
    for i, group in ipairs(groups) do assert.equal(i, group.index) end
    assert.same({ { lr = 2 }, "toy", "other" }, { groups[1].changed, groups[1].experiment, groups[3].experiment })
    assert.equal(1, runs[1].changed.seed)
    assert.equal("toy\0" .. "2", seeds.arm_text(runs[1], runs[1].changed, { "lr", "seed" }))
    local metric <const> = { wide_grid = { 0, 1, 2 }, curves = { { run = runs[1], wide_means = { 1, nan, nan } }, { run = runs[3], wide_means = { 3, 5,
      nan } },
      { run = runs[2], wide_means = { 100, 100, 100 } } } }
    local means <const> = groups[1].means_of(metric)
    assert.same({ 3, 2, 5 }, { #means, means[1], means[2] })
    assert.truthy(means[3] ~= means[3])
    assert.is_nil(groups[3].means_of(metric))
  end)
end)

describe("conditions", function()
  local function kept(run, condition) return #filter.apply({ run }, { assert(filter.parse(condition)) }) == 1 end
  local run <const> = { status = "done", seed = 5, experiment = "toy", name = "toy/x", seconds = 90, started = "2020-01-01T00:00:00Z",
    parts = { "toy" },
    config = { lr = 0.5, note = "x", on = false, time = 3, spikes = "none" }, summary = { w2 = "nan", lr = 7, age = 2, big = "inf" },
    spikes = { loss = { count = 2 } } }

  it("take a parameter, else a result, else a field; config. and summary. choose", function()
    for name, value in pairs { lr = 0.5, ["config.lr"] = 0.5, ["summary.lr"] = 7, age = 2, time = 3, spikes = "none", seed = 5, status = "done",
      note = "x" } do
      assert.equal(value, filter.value(run, name), name)
    end
    assert.equal(false, filter.value(run, "on"))
    for _, name in ipairs { "parts", "summary.note", "config.w2", "config.seed", "nothing" } do assert.is_nil(filter.value(run, name)) end
    local plain <const> = { config = {}, summary = {}, seconds = 4, spikes = { loss = { count = 2 } }, started = "" }
    assert.same({ 4, 2 }, { filter.value(plain, "time"), filter.value(plain, "spikes") })
    assert.is_nil(filter.value(plain, "age"))
  end)

  it("hold by number for numbers, by text for texts", function()
    for condition, wanted in pairs { ["lr=abc"] = false, ["lr!=abc"] = true, ["lr~=abc"] = true, ["lr~=0.5"] = false, ["lr<abc"] = false,
      ["lr==0.50"] = true,
      ["note<y"] = true, ["note>y"] = false, ["note<3"] = false, ["note!=3"] = true, ["note>=x"] = true, ["big>1e308"] = true, ["big=inf"] = true,
      ["w2!=nan"] = true, ["w2=x"] = false, ["w2!=x"] = true, ["on=false"] = true, ["absent!=1"] = false, ["name=toy/x"] = true } do
      assert.equal(wanted, kept(run, condition), condition)
    end
    local both <const> = { assert(filter.parse "lr=0.5"), assert(filter.parse "seed=6") }
    assert.same({ {}, { run } }, { filter.apply({ run }, both), filter.apply({ run }, {}) })
  end)

  it("are refused as a whole, with what was found", function()
    assert.same({ nil, 'expected NAME<VALUE (also <= > >= = !=), found "lr"' }, { filter.parse "lr" })
    assert.same({ nil, 'expected NAME<VALUE (also <= > >= = !=), found "lr=<3"' }, { filter.parse "lr=<3" })
    assert.same({ nil, 'expected NAME<VALUE, found "lr>="' }, { filter.parse "lr>=" })
    assert.same({ name = "a.b", relation = "!=", text = "c d" }, filter.parse " a.b  !=  c d  ")
    assert.equal("1.2.3s", filter.parse("age<1.2.3s").text)
    assert.is_nil(filter.unknown({}, "step_bytes"))
    assert.is_nil(filter.unknown({ run }, "summary.w2"))
    assert.equal('no run has "note"', filter.unknown({}, "note"):match '^no run has "note"')
  end)

  it("sort numbers, then texts, then what is nan or absent; equal ones stay", function()
    local list = {}
    for i, value in ipairs { "b", 2, nan, "a", 1, "inf", "nan", 1 } do list[i] = { config = { x = value, i = i }, summary = {} } end
    list[9] = { config = { i = 9 }, summary = {} }
    local function order(key)
      local places = {}
      for i, one in ipairs(filter.sort(table.move(list, 1, #list, 1, {}), key)) do places[i] = one.config.i end
      return table.concat(places)
    end
    assert.equal("582641379", order "x")
    assert.equal("625814379", order "-x")
    assert.equal("987654321", order "-i")
    for i, value in ipairs { true, "to", false, "u", "fa" } do list[i] = { config = { x = value, i = i }, summary = {} } end
    for i = 9, 6, -1 do list[i] = nil end
    assert.equal("53214", order "x") -- as texts: fa, false, to, true, u
    local began <const> = { config = {}, summary = {}, started = "2026-07-12T00:00:00Z" }
    local now <const> = os.time()
    local age <const> = filter.value(began, "age")
    assert.truthy(math.abs(age - (now - describe_run.epoch "2026-07-12T00:00:00Z")) <= 2, age)
    assert.is_nil((filter.value({ config = {}, summary = {}, started = "" }, "age")))
  end)
end)

describe("a chosen number", function()
  it("is parsed, or refused with what was expected", function()
    local counts <const> = ": expected a count of logged values >= 1 after mean:, and none after the others"
    for word, message in pairs { ["loss:least"] = ": expected NAME, NAME:last, NAME:min, NAME:max, NAME:mean or NAME:mean:COUNT",
      ["loss:mean:0"] = counts,
      ["loss:mean:x"] = counts, ["loss:mean:1.5"] = counts, ["loss:mean:"] = counts, ["loss:min:3"] = counts, ["loss:max:"] = counts } do
      assert.same({ nil, word .. message }, { value_of.parse(word) })
    end
    assert.same({ text = "loss:mean:1", name = "loss", how = "mean", count = 1 }, value_of.parse "loss:mean:1")
    assert.same({ text = "w2", name = "w2" }, value_of.parse "w2")
  end)

  it("is a result of any run, else what was logged last; spikes are counted", function()
    local folder <const> = os.tmpname()
    os.remove(folder)
    assert(fm.file.mkdir_new(folder))
    assert(fm.file.write(folder .. "/metrics.jsonl", '{"step":1,"w2":5,"loss":4}\n{"step":2,"w2":6,"loss":"nan"}\n{"step":3,"loss":2}\n'))
    local function runs() return { { path = folder, summary = {}, spikes = { loss = { count = 3 } } }, { path = "/nowhere", summary = { w2 = 1 } } } end
    local list = runs()
    value_of.add(list, { value_of.parse "w2", value_of.parse "loss", value_of.parse "spikes", value_of.parse "loss:mean:2", value_of.parse "w2:min" })
    assert.same({ { loss = 2, spikes = 3, ["loss:mean:2"] = 2.0, ["w2:min"] = 5 }, { w2 = 1 } }, { list[1].summary, list[2].summary })
    list = runs()
    list[2].summary = {}
    value_of.add(list, { value_of.parse "w2", value_of.parse "loss:mean" })
    assert.same({ w2 = 6, ["loss:mean"] = 3.0 }, list[1].summary)
    os.execute("rm -r " .. folder)
  end)
end)

describe("a comparison", function()
  local function run(config, more)
    local made = { experiment = "a", path = "/nowhere", status = "done", config = config, summary = { w2 = 1 } }
    for key, value in pairs(more or {}) do made[key] = value end
    return made
  end
  local function code(hash, other) return { { path = "x.lua", hash = hash }, other and { path = "y.lua", hash = other } } end

  it("has the parameters that differ, and a row for each run where no seeds can be joined", function()
    local runs <const> = { run({ lr = 1, seed = 1, n = 2 }), run({ lr = 2, seed = 2, n = 2 }), run({ lr = 3, seed = 1, extra = 5 }, { experiment = "b",
      status = "failed", summary = { w2 = 3, note = "x", bad = "nan" } }) }
    local found <const> = comparison.of(runs, {})
    assert.same({ { "lr", "seed" }, { "bad", "w2" }, false, true, false }, { found.keys, found.metrics, found.over_seeds, found.mixed,
      found.code_differs })
    assert.same({ 3, { lr = 3, seed = 1 }, "failed", 1, "b" }, { #found.rows, found.rows[3].config, found.rows[3].status, found.rows[3].seeds,
      found.rows[3].experiment })
    assert.same({ w2 = 3, bad = "nan" }, found.rows[3].summary)
    assert.is_nil(found.rows[1].code)
    assert.is_false(comparison.of({ runs[1], runs[2] }, {}).mixed)
  end)

  it("joins seeds of one code only, and counts each once", function()
    local runs <const> = { run({ seed = 1 }, { code = code "a" }), run({ seed = 2 }, { code = code("a", "q"), summary = { w2 = 3 } }),
      run({ seed = 3 }, { code = code "b", summary = { w2 = 9 } }), run({ seed = 2 }, { code = code "a", summary = { w2 = 5 } }) }
    local found <const> = comparison.of(runs, {})
    assert.same({ 2, true, true, {} }, { #found.rows, found.over_seeds, found.code_differs, found.keys })
    local first <const> = found.rows[1]
    assert.same({ 3, 2, 2.0, 2, "3 done" }, { #first.runs, first.seeds, first.summary.w2, first.count.w2, first.status })
    local codes <const> = comparison.codes(runs)
    assert.same({ codes[1], codes[1], codes[1], 8 }, { codes[2], codes[4], found.rows[1].code, #codes[3] })
    assert.not_equal(codes[1], codes[3])
    assert.equal(codes[3], found.rows[2].code)
    assert.equal(4, #comparison.of(runs, { each = true }).rows)
    assert.is_nil(comparison.codes { runs[1], runs[2] })
    assert.is_nil(comparison.codes { runs[1], run({}, { code = code "b", experiment = "c" }) })
    assert.same({ codes[1], codes[3], "unknown" }, { table.unpack(comparison.codes { runs[1], runs[3], run({}, { experiment = "d" }) }) })
  end)

  it("keeps the value of the first run where none is a number, and the names of what was logged", function()
    local found <const> = comparison.of({ run({ seed = 1 }, { summary = { w2 = "nan" } }), run({ seed = 2 }, { summary = { w2 = "inf" } }) }, {})
    assert.same({ "nan", 0 }, { found.rows[1].summary.w2, found.rows[1].count.w2 })
    assert.same({ "w2" }, comparison.names { run {} })
  end)
end)

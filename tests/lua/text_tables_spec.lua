-- The tables that experiments make of their runs: rows of texts (text_parts/table_rows), samples
-- beside held-out text (text_parts/evaluation), and the file of results (table_parts).
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local files <const> = dofile "tests/whole_files.lua"

describe("tables of experiments", function()
  local former <const>, parts, folder = package.path, {}, nil
  setup(function()
    package.path = "experiments/?.lua;" .. former
    for _, name in ipairs { "text_parts.evaluation", "text_parts.table_rows", "text_parts.texts", "text_parts.params", "table_parts.result_file",
      "toy_parts.two_tokens" } do
      parts[name:match "[^.]*$"] = require(name)
    end
    parts.texts(("ab\n"):rep(20), 2)
    folder = os.tmpname()
    os.remove(folder)
    assert(fm.file.mkdir_new(folder))
  end)
  teardown(function()
    package.path = former
    os.execute("rm -r " .. folder)
    for name in pairs(package.loaded) do
      if name:find "_parts%." then package.loaded[name] = nil end
    end
  end)

  --- A run of a text experiment.
  local function run_of(seed, summary, config, more)
    local run = { experiment = "text_flow", status = "done", seed = seed, path = folder, seconds = 120, started = "2026-07-1" .. seed .. "T00:00:00Z",
      summary = summary,
      config = { text = "/data/a.txt", judge = "", seed = seed, steps = 8, warp = true }, defaults = { text = "x", judge = "", steps = 8,
        warp = true } }
    for key, value in pairs(config or {}) do run.config[key] = value end
    for key, value in pairs(more or {}) do run[key] = value end
    return run
  end

  it("have a row for each change, means over seeds, and held-out text first", function()
    local own <const> = { entropy_1 = 4, entropy_2 = 3, novel_4 = 0.25, words = 0.5, bits = 2, held_out_bits = 3, parameters = 1000,
      entropy_1_text = 4.5, entropy_2_text = 3.5, novel_4_text = 0.125, words_text = 0.75, bits_text = 1.5 }
    local function with(changes)
      local made = {}
      for key, value in pairs(own) do made[key] = value end
      for key, value in pairs(changes) do made[key] = value end
      return made
    end
    local judged <const> = { judge = "/runs/text_baseline/judge-1" }
    local list <const> = { run_of(1, own, judged), run_of(2, with { bits = 4, held_out_bits = 6 }, judged), run_of(1, { entropy_1 = 9 }),
      -- later, but without a judge
      run_of(1, with { words = false }, { warp = false }), run_of(3, own, nil, { status = "failed" }), run_of(4, { bits = 1 }), run_of(1, own,
        { text = 3 }),
      run_of(1, own, nil, { experiment = "toy" }), run_of(1, own, { text = "/b/a.txt" }, { experiment = "text_baseline" }) }
    local function both(...) return fm.mean_over_seeds({ ... }).text end
    local found, counted, others = parts.table_rows.of(list, 2)
    assert.same({ failed = 1, done = 1, ["made again"] = 1 }, others)
    assert.equal(4, #counted)
    assert.same({ "a.txt", "a.txt-2" }, { found[1].name, found[2].name })
    assert.same({ { "held-out text", "", "", "1.5", "3.5", "0.125", "0.75", "", "" }, { "text_baseline", "3", "", "2", "3", "0.25", "0.5", 1000,
      "2" } }, found[1].rows)
    assert.same({ { "held-out text", "", "", "1.5", "3.5", "0.125", "0.75", "", "" }, { "text_flow", both(3, 6), both(2, 4), both(2, 4), "3 ± 0",
      "0.25 ± 0",
      "0.5 ± 0", 1000, "2 ± 0" }, { "text_flow warp=false", "3", "2", "2", "3", "0.25", "", 1000, "2" } }, found[2].rows)
    -- held-out text is the same for every seed: a number, and no interval
    assert.same({ "held-out text", "", "", "1.5", "3.5", "0.125", "0.75", "", "" }, parts.table_rows.of({ run_of(1, own), run_of(2, own) }, 0)[1].rows[1])
    assert.same({ "fmrun -m experiments/text_flow.lua text=a.txt-2 judge=judge-1 seed=1,2",
      "fmrun -m experiments/text_flow.lua text=a.txt-2 warp=false seed=1" }, found[2].commands)
    assert.same({ "fmrun -m experiments/text_baseline.lua text=a.txt seed=1" }, found[1].commands)
    assert.equal(#parts.table_rows.columns, #found[1].rows[1])
    assert.same({}, (parts.table_rows.of({ run_of(1, { bits = 1 }) }, 2)))
    assert.same({}, (parts.table_rows.of({ run_of(1, { entropy_1 = "nan" }) }, 2)))
    local wordless <const> = parts.table_rows.of({ run_of(1, with { words = "nan" }), run_of(2, with { words = 0.25 }) }, 2)
    assert.equal("0.25", wordless[1].rows[2][7])
  end)

  it("count of runs alike the later, and one with a judge before any without", function()
    local function run(entropy, bits) return run_of(1, { entropy_1 = 4, entropy_2 = entropy, bits = bits }) end
    for wanted, list in pairs { [3] = { run(1), run(2), run(3) }, [5] = { run(4, 2), run(5, 2), run(6) }, [9] = { run(7), run(8), run(9, 2) } } do
      local found, counted, others = parts.table_rows.of(list, 0)
      assert.same({ tostring(wanted), { list[wanted == 5 and 2 or 3] }, { ["made again"] = 2 } }, { found[1].rows[2][5], counted, others })
    end
    -- those that count come in the order in which they were made, but those with a judge last
    local list <const> = { run_of(1, { entropy_1 = 1, bits = 1 }), run_of(2, { entropy_1 = 1 }), run_of(3, { entropy_1 = 1 }), run_of(4, { entropy_1 = 1,
      bits = 1 }) }
    local _, counted <const> = parts.table_rows.of(list, 0)
    assert.same({ 2, 3, 1, 4 }, { counted[1].seed, counted[2].seed, counted[3].seed, counted[4].seed })
  end)

  it("show the first samples as they were written", function()
    local own <const> = { entropy_1 = 4 }
    files.write(folder .. "/samples.csv", 'text\n"a ""b"", c"\nplain\nthird\n')
    local function samples(most) return parts.table_rows.of({ run_of(1, own) }, most)[1].samples end
    assert.same({ { "text_flow", 'a "b", c' }, { "text_flow", "plain" } }, samples(2))
    assert.equal(3, #samples(9))
    assert.same({}, samples(0))
    os.remove(folder .. "/samples.csv")
    assert.same({}, samples(2))
  end)

  it("measure samples beside as many held-out windows, with their bits under a judge", function()
    local text <const> = parts.texts(("ab cd ef gh\n"):rep(20), 6)
    local results, tables, lines = {}, {}, {}
    local run <const> = { summary = function(_, found) results = found end, table = function(_, name, what) tables[name] = what end,
      print = function(_, line) lines[#lines + 1] = line end }
    local ids <const> = text.windows[{ 1, 3 }]
    local function bits(rows) return fm.range(1, #rows) end
    local found <const> = parts.evaluation(run, text, bits)(fm.cat(ids, ids, 1))
    assert.equal(results, found)
    local n <const> = #text.windows
    assert.equal(4, n)
    assert.same({ 2.5, 2.5 }, { found.bits, found.bits_text }) -- of as many samples as there are windows
    local err <const> = math.sqrt(5 / 3 / 4)
    assert.near(err, found.bits_error, 1e-6)
    assert.near(err, found.bits_text_error, 1e-6)
    assert.same({ 0, 0, 0, 0 }, { found.novel_4, found.novel_8, found.novel_4_text, found.novel_8_text })
    for _, name in ipairs { "entropy_1", "entropy_2", "words" } do assert.truthy(found[name] and found[name .. "_text"], name) end
    assert.same({ "entropy of a character, bits", found.entropy_1, found.entropy_1_text }, tables.quality.rows[1])
    assert.same({ 6, { "bits per character under the judge", 2.5, 2.5 } }, { #tables.quality.rows, tables.quality.rows[6] })
    assert.same({ 4, "ab cd " }, { #tables.samples.rows, tables.samples.rows[1][1] })
    assert.truthy(tables.samples.rows[2][1]:find "↵", tables.samples.rows[2][1])
    assert.equal("--- sample 1 ---\nab cd ", lines[1])
    assert.equal(4 + 6, #lines)
    assert.equal("bits per character under the judge   2.5, held-out text 2.5", lines[10])
    results = {}
    parts.evaluation(run, text, "")(ids[{ 1, 1 }])
    assert.is_nil(results.bits)
    parts.evaluation(run, text, bits)(ids[{ 1, 1 }])
    assert.same({ 1, nil, 2.5 }, { results.bits, results.bits_error, results.bits_text })
    assert.equal(1, #tables.samples.rows)
  end)

  it("show twelve samples on a line each, print six, and have no number for what cannot be counted", function()
    local lines, tables, results = {}, {}, nil
    local run <const> = { summary = function(_, found) results = found end, table = function(_, name, what) tables[name] = what end,
      print = function(_, line) lines[#lines + 1] = line end }
    local text <const> = parts.texts(("ab cd\tef a\n"):rep(83), 6)
    assert.equal(15, #text.windows)
    local names = {}
    for i, name in ipairs(text.names) do names[name] = i end
    local function ids_of(rows)
      local list = {}
      for i, row in ipairs(rows) do
        list[i] = {}
        for c in row:gmatch "." do table.insert(list[i], names[c]) end
      end
      return fm.tensor(list)
    end
    local rows = {}
    for i = 1, 14 do rows[i] = i % 2 == 0 and " ab\tc " or "b cd\n " end
    parts.evaluation(run, text, nil)(ids_of(rows))
    assert.same({ 2 / 3, 1 }, { results.words, results.words_text }) -- ab and cd are known, c is not
    assert.near(5 / 6, results.novel_4, 1e-9)
    assert.same({ "new 4-grams", results.novel_4, 0 }, tables.quality.rows[3])
    assert.same({ "known words", 2 / 3, 1 }, tables.quality.rows[5])
    assert.equal(5, #tables.quality.rows)
    assert.same({ "", "samples", "held-out text" }, tables.quality.columns)
    assert.same({ "Samples beside held-out text", "Samples", { "text" } }, { tables.quality.title, tables.samples.title, tables.samples.columns })
    assert.equal(12, #tables.samples.rows)
    assert.same({ { "b cd ↵  " }, { " ab c " } }, { tables.samples.rows[1], tables.samples.rows[2] })
    assert.same({ 6 + 5, "--- sample 6 ---\n ab\tc ", "known words                          0.6667, held-out text 1" }, { #lines, lines[6], lines[11] })
    assert.truthy(lines[9]:find("^new 4%-grams                          0.8333, held%-out text 0$"), lines[9])

    -- where samples or the text have no words
    parts.evaluation(run, text, nil)(ids_of { "a    b", "  \t   " })
    assert.is_nil(results.words)
    local row = tables.quality.rows[5]
    assert.same({ "known words", true, 1 }, { row[1], row[2] ~= row[2], row[3] })
    text.spread = function(n) return ids_of { "a    b", "b    a" }[{ 1, n }] end
    parts.evaluation(run, text, nil)(ids_of { " ab  c", "  \t   " })
    row = tables.quality.rows[5]
    assert.same({ "known words", 1, true }, { row[1], row[2], row[3] ~= row[3] })
    text.windows = text.windows[{ 1, 2 }]
    local found <const> = parts.evaluation(run, text, function(some) return fm.range(1, #some) end)(ids_of { " ab  c", "  \t   " })
    assert.near(0.5, found.bits_error, 1e-6) -- of two rows
    assert.near(0.5, found.bits_text_error, 1e-6)
  end)

  it("name the processor where the runs were made here", function()
    local open <const>, _, host = io.open, fm.system.process()
    local closing <close> = setmetatable({}, { __close = function() rawset(io, "open", open) end })
    local path <const> = folder .. "/cpuinfo"
    rawset(io, "open", function(name, ...) return open(name == "/proc/cpuinfo" and path or name, ...) end)
    for text, model in pairs { ["a: b\nmodel name\t: A  Fast   One\nc: d\n"] = "A Fast One", ["a: b\n"] = "" } do
      files.write(path, text)
      for _, elsewhere in ipairs { false, true } do
        local runs <const> = { run_of(1, {}, nil, { host = host, seconds = 0.1 }), run_of(2, {}, nil, { host = elsewhere and "elsewhere" or host,
          seconds = 0.2 }) }
        assert(parts.result_file(folder .. "/r.json", { title = "T", command = "c", notes = {}, tables = { { title = "C", columns = {}, notes = {},
          rows = { {} } } } }, runs, {}))
        local written <const> = files.read(folder .. "/r.json")
        local made <const> = fm.json.decode(written)
        assert.same({ not elsewhere and model ~= "" and model or nil, 0.1 + 0.2 }, { made.machine.model, made.seconds })
        assert.truthy(written:find('{"title":"C",\n"columns":[],\n"notes":[],\n"rows":[\n[]]}', 1, true), written)
      end
    end
  end)

  it("go into a file with the machine, the seconds and which runs they are of", function()
    local path <const> = folder .. "/results.json"
    local what <const> = { title = "T", command = "c", notes = { "n" }, tables = { { title = "A", columns = { "x" }, notes = {}, rows = { { "a" },
      { 1.5 } } },
      { title = "B", columns = { "y" }, notes = { "m" }, rows = {} } } }
    local runs <const> = { run_of(3, {}, nil, { cores = 2, host = "elsewhere", versions = { fmrun = "1.2", real = "float", blas_core = "Haswell" } }),
      run_of(1, {}, nil, { cores = 4 }) }
    assert(parts.result_file(path, what, runs, { failed = 2 }))
    local text <const> = files.read(path)
    assert.same({ title = "T", command = "c", machine = { cores = 4, kernels = "Haswell", real = "float" }, seconds = 240,
      notes = { "2 runs, made from 2026-07-11 to 2026-07-13, by fmrun 1.2; left out: 2 failed.", "n" },
      tables = { { title = "A", columns = { "x" }, notes = {}, rows = { { "a" }, { 1.5 } } }, { title = "B", columns = { "y" }, notes = { "m" },
        rows = {} } } }, fm.json.decode(text))
    assert.truthy(text:find('"rows":[\n["a"],\n[1.5]]},\n', 1, true), text)
    assert(parts.result_file(path, what, { runs[1] }, {}))
    assert.equal("1 runs, made on 2026-07-13, by fmrun 1.2.", fm.json.decode(files.read(path)).notes[1])
    assert(parts.result_file(path, what, { runs[2] }, {}))
    assert.equal("1 runs, made on 2026-07-11, by fmrun ?.", fm.json.decode(files.read(path)).notes[1])
    local _, host <const> = fm.system.process()
    assert(parts.result_file(path, what, { run_of(1, {}, nil, { host = host, seconds = false }) }, {}))
    local made <const> = fm.json.decode(files.read(path))
    assert.same({ 0, 0 }, { made.seconds, made.machine.cores })
    assert.equal(io.open "/proc/cpuinfo" and files.read "/proc/cpuinfo":find "model name" and "string" or "nil", type(made.machine.model))
  end)

  it("know their parameters: those of any training, of flows, of ways, and one's own first", function()
    local params <const> = parts.params
    local function default(list, name)
      if type(list[name]) == "table" then return list[name][1] end
      return list[name]
    end
    local any <const>, flow <const> = params.training { steps = { 5 }, mine = 3 }, params.flow { euler = { 9 } }
    assert.same({ 5, 3, 128, 4, 3, 2e-3, 0.999 }, { default(any, "steps"), any.mine, default(any, "dim"), default(any, "heads"), default(any,
      "layers"), default(any, "lr"),
      default(any, "decay") })
    assert.same({ 8000, 112, 4e-3, 64, 32, 200, 9, "" }, { default(flow, "steps"), default(flow, "dim"), default(flow, "lr"), default(flow, "length"),
      default(flow, "batch"),
      default(flow, "samples"), default(flow, "euler"), default(flow, "judge") })
    assert.same({ true, 64, 2 }, { default(params.way(), "self_conditioning"), default(params.flow {}, "euler"), any.dim.min })
    assert.same({ true, false }, { default(params.way(), "warp"), default(params.way { self_conditioning = { false } }, "self_conditioning") })
    for _, name in ipairs { "dim", "heads", "layers", "steps", "length", "batch", "samples", "euler" } do
      local wanted <const> = name == "dim" and 2 or 1
      assert.equal(wanted, (name == "euler" and params.flow {} or flow)[name].min, name)
    end
  end)

  it("have two tokens of a known joint distribution", function()
    local two <const> = parts.two_tokens
    local p <const>, sum = { 0.30, 0.02, 0.05, 0.04, 0.22, 0.02, 0.10, 0.05, 0.20 }, 0
    for _, value in ipairs(p) do sum = sum - value * math.log(value, 2) / 2 end
    assert.near(sum, two.entropy, 1e-6)
    local x <const> = two.draw(20000, fm.rng(1))
    assert.truthy(two.total_variation(x) < 0.02)
    assert.near(0.7, two.total_variation(fm.full(100, 2, 1)), 1e-6)
    local shares = {}
    for i = 1, 9 do shares[i] = 0 end
    for _, row in ipairs(x:totable()) do
      local place = (row[1] - 1) * 3 + row[2] | 0
      shares[place] = shares[place] + 1 / 20000
    end
    for i, value in ipairs(p) do assert.near(value, shares[i], 0.015) end
    local best <const> = two.best { masks = true }
    local logits <const> = best(fm.tensor { { 4, 2 }, { 1, 4 }, { 4, 4 } }, fm.full(3, 0.5)):softmax()
    checks.near(logits[1][1], fm.tensor { 0.02, 0.22, 0.05 } / 0.29, 1e-5)
    checks.near(logits[2][2], fm.tensor { 0.30, 0.02, 0.05 } / 0.37, 1e-5)
    checks.near(logits[3][1], fm.tensor { 0.37, 0.28, 0.35 }, 1e-5)
    local noisy <const> = two.best { kept = function(_, t) return t end }(fm.tensor { { 1, 2 } }, fm.tensor { 0.4 }):softmax()
    local w = {}
    for i = 1, 3 do
      local other = 0
      for k = 1, 3 do other = other + p[(i - 1) * 3 + k] * ((k == 2 and 0.4 or 0) + 0.2) end
      w[i] = other * ((i == 1 and 0.4 or 0) + 0.2)
    end
    checks.near(noisy[1][1], fm.tensor(w) / (w[1] + w[2] + w[3]), 1e-5)
    checks.near(best(fm.tensor { { 4, 2 } }, fm.full(1, 0.5)):exp()[1][1], fm.tensor { 0.02, 0.22, 0.05 }, 1e-5)
    -- each row has a time of its own
    local kept <const> = two.best { kept = function(_, t) return t end }
    local both <const> = kept(fm.tensor { { 1, 2 }, { 3, 1 } }, fm.tensor { 0.4, 0.7 })
    checks.near(both[{ 1, 1 }], kept(fm.tensor { { 1, 2 } }, fm.tensor { 0.4 }), 1e-5)
    checks.near(both[{ 2, 2 }], kept(fm.tensor { { 3, 1 } }, fm.tensor { 0.7 }), 1e-5)
  end)

  it("leave no tensor", function()
    collectgarbage()
    collectgarbage()
    assert.truthy(fm.live_bytes() < 1000) -- the joint of the two tokens stays
  end)
end)

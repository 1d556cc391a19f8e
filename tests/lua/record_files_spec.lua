-- Files of runs, sweeps, cards and tables that others may have written: what is taken, what is
-- refused and with which words, to the limits of both.
local fm <const> = require "fm"
local lfs <const> = require "lfs"
local checks <const> = require "lua.checks"
local card_result <const> = require "fm.records.card_result"
local code_copies <const> = require "fm.records.code_copies"
local is_list <const> = require "fm.records.is_list"
local logged <const> = require "fm.records.logged"
local match <const> = require "fm.records.match"
local own_files <const> = require "fm.records.own_files"
local pareto <const> = require "fm.records.pareto"
local read_metrics <const> = require "fm.records.metrics"
local read_run <const> = require "fm.records.run_json"
local result_curves <const> = require "fm.records.result_curves"
local result_tables <const> = require "fm.records.result_tables"
local sweep_json <const> = require "fm.records.sweep_json"
local table_result <const> = require "fm.records.table_result"
local tensorboard <const> = require "fm.records.tensorboard"
local files <const> = dofile "tests/whole_files.lua" -- written without waiting for the disk
local text_of <const> = require "fm.records.text_of"
local with_path <const> = require "fm.records.with_path"

local folder

local function write(name, content)
  local path <const> = folder .. "/" .. name
  files.write(path, type(content) == "table" and fm.json.encode(content) or content)
  return path
end

--- A table with one field changed; the field's name may lead inwards: "rows.1.name". `nil` removes.
local function with(original, name, value)
  local copy <const> = fm.json.decode(fm.json.encode(original))
  local at, last = copy, nil
  for part in name:gmatch "[^.]+" do
    if last then at = at[last] end
    last = math.tointeger(tonumber(part)) or part
  end
  at[last] = value
  return copy
end

describe("a file of a run", function()
  checks.no_bytes_stay(setup, teardown)
  before_each(function()
    folder = os.tmpname()
    os.remove(folder)
    assert(lfs.mkdir(folder))
  end)
  after_each(function() os.execute("rm -rf " .. folder) end)

  it("run.json has fields of these types, or it is damaged", function()
    local whole <const> = { status = "done", seed = -3, seconds = 0, steps = 0, config = { a = 1, b = "x", c = false }, floors = { loss = 0.5 },
      outputs = { "a.png" }, curves = { ["q.csv"] = "xy" }, tables = { ["t.csv"] = { title = "", notes = { "n" } } },
      spikes = { loss = { count = 0 }, other = { count = 1, first = 3, worst = 20.5 } }, code = { { path = "x.lua", hash = "ab" } } }
    local function problem(name, value) return (select(2, read_run(write("run.json", with(whole, name, value))))) end
    assert.same(whole, read_run(write("run.json", whole)))
    for name, found in pairs { path = "p", name = "n", parts = {}, id = 1, sweep = "s", kind = "k", runs = {}, index = 1, label = "l", changed = {},
      class = "c",
      order = 1, group = {}, files = {} } do
      assert.is_nil(read_run(write("run.json", with(whole, name, found)))[name], name)
    end
    for name, wanted in pairs {
      experiment = "a text", arguments = "a list of texts", outputs = "a list of texts", script = "a text", command = "a text", directory = "a text",
      status = "a text", error = "a text", started = "a text", ended = "a text", host = "a text", boot = "a text", seed = "a whole number",
      seconds = "a number of seconds", steps = "a whole number >= 0", threads = "a whole number >= 0", cores = "a whole number >= 0",
      pid = "a whole number >= 0", shares = "a whole number >= 0", processes = "a whole number >= 0", resumed = "a whole number >= 0",
      peak_rss = "a whole number >= 0", step_peak_bytes = "a whole number >= 0", step_bytes = "a whole number >= 0", commit = "a text",
        pareto = "a text",
      dirty = "true or false", config = "names with plain values", defaults = "names with plain values", summary = "names with plain values",
      versions = "names with plain values", code = "a list of path and hash", data = "a list of path and hash", floors = "names with numbers",
      floor_errors = "names with numbers", curves = "names of files with axes", tables = "names of files with title and notes",
      spikes = "names with count, first and worst",
    } do
      local message <const> = problem(name, 0.5) or problem(name, "0.5")
      assert.equal(("run.json: %s: expected %s, found 0.5"):format(name, wanted), (message:gsub('"', "")))
      assert.equal(name == "status" and "run.json: it has no status" or nil, problem(name, fm.json.null))
    end
    for name, list in pairs { seconds = { -1, 1e12, "1" }, steps = { -1, 1.5 }, seed = { 1.0 + 0.5 }, arguments = { { 1 }, { x = "a" } },
      outputs = { { { "a" } } }, code = { { { path = "x" } }, { { hash = "x" } }, { { path = "", hash = "a" } }, { { path = "a\0b", hash = "a" } },
        { "x" } },
      config = { { a = {} } }, floors = { { a = "x" } }, curves = { { a = "z" }, { ["../a"] = "x" }, { ["a/../b"] = "x" }, { ["a\0"] = "x" } },
      tables = { { a = 1 }, { a = { title = 1, notes = {} } }, { a = { title = "" } }, { a = { title = "", notes = { 1 } } },
        { [".."] = { title = "", notes = {} } }, { ["\0"] = { title = "", notes = {} } } },
      spikes = { { a = 1 }, { a = { count = -1 } }, { a = { count = 0.5 } }, { a = { count = 1, first = 1 } }, { a = { count = 1, worst = 1 } },
        { a = { count = 1, first = 1.5, worst = 2 } } } } do
      for _, value in ipairs(list) do
        assert.truthy((problem(name, value) or ""):find("^run%.json: " .. name .. ": expected "), name .. " " .. fm.json.encode(value))
      end
    end
    assert.equal("run.json: it has no status", problem("status", nil))
    assert.equal(("run.json: config: expected names with plain values, found %s"):format(("[" .. ("1,"):rep(40)):sub(1, 40)),
      problem("config", fm.json.decode("[" .. ("1,"):rep(60) .. "1]")))
    assert.same({ nil, "none.json is missing" }, { read_run(folder .. "/none.json") })
  end)

  it("sweep.json is the plan of its runs, each with what it takes", function()
    local run <const> = { index = 1, folder = "0a1b2c3d", changed = { lr = 1 }, config = { lr = 1, note = "", on = true }, script = "x.lua",
      experiment = "x" }
    local plan <const> = { keys = { "lr" }, runs = { run, with(run, "index", 2) }, arguments = { "a" }, command = "fmrun", created = "2026",
      scripts = { { path = "x.lua", hash = "ab", commit = "c", dirty = false, code = { { path = "y.lua", hash = "d" } } } } }
    local function problem(name, value, index)
      write("sweep.json", with(plan, name, value))
      local _, message = sweep_json.read(folder, index)
      return message and message:sub(#folder + #"/sweep.json: " + 1)
    end
    write("sweep.json", plan)
    assert.same(plan, sweep_json.read(folder))
    for name, pair in pairs {
      keys = { 3, "keys: expected a list, found number" }, runs = { 3, "runs: expected a list, found number" }, ["keys.1"] = { 3,
        "keys[1]: expected a string, found number" },
      ["arguments.1"] = { false, "arguments[1]: expected a string, found boolean" }, arguments = { "a", "arguments: expected a list, found string" },
      scripts = { "a", "scripts: expected a list, found string" }, ["scripts.1.path"] = { "", "scripts[1]: expected path and hash" },
      ["scripts.1.hash"] = { 3, "scripts[1]: expected path and hash" }, ["scripts.1.dirty"] = { 3,
        "scripts[1]: commit and dirty: expected a string and true or false" },
      ["scripts.1.commit"] = { 3, "scripts[1]: commit and dirty: expected a string and true or false" },
      ["scripts.1.code.1.path"] = { 3, "scripts.code[1]: expected path and hash" }, command = { 3, "command: expected string, found number" },
      created = { 3, "created: expected string, found number" }, ["runs.1"] = { 3, "runs[1]: expected an object, found number" },
      ["runs.2.index"] = { 1.5, "runs[2].index: expected integer, found float" }, ["runs.1.folder"] = { "0a1b2c3",
        "runs[1].folder: expected the name of a run in the sweep's folder" },
      ["runs.1.changed"] = { 3, "runs[1].changed: expected table, found integer" }, ["runs.1.script"] = { 3,
        "runs[1].script: expected string, found number" },
      ["runs.2.experiment"] = { 3, "runs[2].experiment: expected string, found number" }, ["runs.1.changed.lr"] = { {},
        "runs[1].changed: lr has no plain value" },
      ["runs.2.config.note"] = { {}, "runs[2].config: note has no plain value" },
    } do
      assert.equal(pair[2], problem(name, pair[1]), name)
    end
    assert.equal("runs[1].folder: expected the name of a run in the sweep's folder", problem("runs.1.folder", "0a1b2c3d4"))
    assert.equal("it has no runs", problem("runs", {}))
    assert.is_nil(problem("runs.2.index", 1.5, 1)) -- only that run is checked
    assert.equal("runs[2].index: expected integer, found float", problem("runs.2.index", 1.5, 2))
    for _, name in ipairs { "arguments", "scripts", "command", "created", "runs.1.script" } do assert.is_nil(problem(name, nil), name) end
    assert.truthy(sweep_json.read_to_run(folder, 2))
    assert.same({ nil, folder .. "/sweep.json: runs[1] names no script" }, { sweep_json.read_to_run(folder) })
    assert.same({ nil, folder .. "/sweep.json: runs[1] names no script" }, { sweep_json.read_to_run(folder, 1) })
    for _, name in ipairs { "command", "scripts" } do
      write("sweep.json", with(plan, name, nil))
      assert.same({ nil, folder .. "/sweep.json: not the record of a sweep" }, { sweep_json.read_to_run(folder, 1) })
    end
  end)

  it("a result of tables has titles, columns and cells", function()
    local result <const> = { title = "T", command = "c", machine = "m", seconds = 1.5, notes = "n",
      tables = { { title = "A", columns = { "a", "b" }, rows = { { "x", 1 }, {}, { fm.json.null, "y" } }, notes = { "p", "q" } }, { columns = { "a" },
        rows = {} } } }
    local read_back <const> = assert(table_result(write("r.json", result)))
    assert.same({ { "n" }, { "p", "q" }, {} }, { read_back.notes, read_back.tables[1].notes, read_back.tables[2].notes })
    for name, pair in pairs {
      title = { 3, "title: expected a string, found number" }, command = { false, "command: expected a string, found boolean" },
      seconds = { "1", "seconds: expected a number, found string" }, tables = { 1, "tables: expected a table, found number" },
      machine = { 1, "machine: expected a text, found number" }, notes = { { 1 }, "notes: expected a text or a list of texts" },
      ["tables.2"] = { 1, "tables[2]: expected an object, found number" }, ["tables.1.title"] = { 1, "tables[1].title: expected a text, found number" },
      ["tables.1.columns"] = { {}, "tables[1].columns: expected a list of texts" }, ["tables.1.columns.1"] = { 1,
        "tables[1].columns: expected a list of texts" },
      ["tables.1.rows.1"] = { 1, "tables[1].rows: expected lists of texts and numbers" }, ["tables.1.rows.1.1"] = { {},
        "tables[1].rows: expected lists of texts and numbers" },
      ["tables.2.rows"] = { { { 1, 2 } }, "tables[2].rows[1]: 2 cells, and there are 1 columns" },
      ["tables.2.notes"] = { 1, "tables[2].notes: expected a text or a list of texts" },
    } do
      assert.same({ nil, "r.json: " .. pair[2] }, { table_result(write("r.json", with(result, name, pair[1]))) })
    end
    assert.same({}, table_result(write("r.json", with(result, "notes", nil))).notes)
    assert.truthy(table_result(write("r.json", with(result, "machine", { cores = 2 }))))
    assert.same({ nil, "none.json is missing" }, { table_result(folder .. "/none.json") })
  end)

  it("the result of a card is kept in lines, and read back with what is wrong in it", function()
    local run <const> = { seed = 1, seconds = 2.5, code = "a", data = "b", fmrun = "c", commit = "d", machine = "e", values = { w2 = 0.5 } }
    local result <const> = { kind = "card", name = "toy", title = "A toy", source = "s", script = "x.lua", digest = "d", command = "c", date = "2026",
      seconds = 0, seeds = 1,
      machine = {}, data = { digest = "q", shapes = {} }, protocol = { { "a", "b" } }, results = { { key = "w2", label = "l", better = "lower",
        floor = "f" } },
      rows = { { name = "r", params = {}, config = {}, published = { w2 = { 1, 0.5 } }, because = "so", runs = { run, with(run, "seed", 2) } } } }
    local path <const> = folder .. "/results/toy.json"
    assert(card_result.write(path, result))
    assert.same(result, card_result.read(path))
    local text <const> = fm.file.read(path)
    for line in text:gmatch "[^\n]+" do assert.truthy(#line <= 150, line) end
    assert.truthy(text:find '\n  "rows": %[\n    {"?' and text:find '"seeds": 1' and text:sub(-2) == "}\n", text)
    local lists <const> = { rows = "rows: expected a list, each with name, params, config, published and runs",
      results = "results: expected a list, each with key, label and better",
      protocol = "protocol: expected a list, each with a name and a text" }
    for name, pair in pairs {
      kind = { "cards", "not the result of a card" }, title = { 1, "title: expected a string, found number" }, source = { 1,
        "source: expected a string, found number" },
      script = { 1, "script: expected a string, found number" }, command = { 1, "command: expected a string, found number" }, date = { 1,
        "date: expected a string, found number" },
      data = { 1, "data: expected a table, found number" }, machine = { 1, "machine: expected a table, found number" }, ["data.digest"] = { 1,
        "data.digest: expected a text" },
      seconds = { -1, "seconds: expected a number >= 0" }, seeds = { 0, "seeds: expected a whole number >= 1" }, protocol = { 1,
        "protocol: expected a table, found number" },
      ["protocol.1"] = { { "a" }, lists.protocol }, ["protocol.1.2"] = { 1, lists.protocol }, ["results.1.key"] = { 1, lists.results },
        ["results.1.label"] = { 1, lists.results },
      ["results.1.better"] = { 1, lists.results }, ["results.1.floor"] = { 1, lists.results }, ["rows.1.name"] = { 1, lists.rows },
        ["rows.1.params"] = { 1, lists.rows },
      ["rows.1.config"] = { 1, lists.rows }, ["rows.1.published"] = { 1, lists.rows }, ["rows.1.because"] = { 1, lists.rows },
        ["rows.1.published.w2"] = { {}, lists.rows },
      ["rows.1.published.w2.1"] = { "1", lists.rows }, ["rows.1.runs"] = { 1, lists.rows }, ["rows.1.runs.1.seed"] = { 0, lists.rows },
      ["rows.1.runs.1.seconds"] = { -1, lists.rows }, ["rows.1.runs.1.values"] = { 1, lists.rows }, ["rows.1.runs.1.code"] = { 1, lists.rows },
      ["rows.1.runs.1.data"] = { 1, lists.rows }, ["rows.1.runs.1.fmrun"] = { 1, lists.rows }, ["rows.1.runs.1.commit"] = { 1, lists.rows },
      ["rows.1.runs.1.machine"] = { 1, lists.rows }, ["rows.1.runs.2.seed"] = { 1, "rows[1] (r): seed 1 is there twice" },
    } do
      write("c.json", with(result, name, pair[1]))
      assert.same({ nil, ("%s/c.json: %s"):format(folder, pair[2]) }, { card_result.read(folder .. "/c.json") }, name)
    end
    write("c.json", with(result, "seeds", 1.5))
    assert.same({ nil, folder .. "/c.json: seeds: expected a whole number >= 1" }, { card_result.read(folder .. "/c.json") })
    assert.same({ nil, folder .. "/none.json is missing", true }, { card_result.read(folder .. "/none.json") })
    write("c.json", with(result, "rows.1.runs.1.seconds", 0))
    assert.truthy(card_result.read(folder .. "/c.json"))
    for _, name in ipairs { "rows.1.because", "results.1.floor", "rows.1.runs.1.code", "rows.1.runs.1.machine" } do
      write("c.json", with(result, name, nil))
      assert.truthy(card_result.read(folder .. "/c.json"), name)
    end
  end)

  it("what follows from a card's runs: medians, counts, and the first word that differs", function()
    local function row(list, published, floor)
      local made = { name = "r", published = { w2 = published }, runs = {} }
      for i, value in ipairs(list) do made.runs[i] = { seed = i, seconds = value, values = { w2 = value, f = floor } } end
      return made
    end
    local rows <const> = { row({ 4, 1 }), row({ 9 }), row({ 2 }) }
    assert.same({ 3, 2, nil, 9 }, { card_result.median_seconds(rows), card_result.median_seconds { rows[1], rows[3] }, card_result.median_seconds {},
      card_result.median_seconds { rows[2] } })
    assert.same({ 4, 15 }, { card_result.count { rows = rows, seeds = 5 } })
    local column <const> = { key = "w2", label = "l", better = "lower", floor = "f" }
    local function differs(list, published) return card_result.differs({ seeds = 2, results = { column } }, row(list, published)) end
    assert.same({ "not reproduced", "better", "too uncertain", nil }, { differs({ 5, 5.1 }, { 1, 0.1 }), differs({ 5, 5.1 }, { 9, 0.1 }),
      differs({ -50, 70 }, { 1, 0.1 }), differs({ 1, 1 }, { 1 }) })
    local both <const> = { seeds = 2, results = { { key = "w2", better = "lower" }, { key = "v", better = "lower" } } }
    local mixed <const> = { published = { w2 = { 9, 0.1 }, v = { 1, 0.1 } }, runs = { { seed = 1, values = { w2 = 5, v = 5 } }, { seed = 2,
      values = { w2 = 5, v = 5.1 } } } }
    assert.equal("not reproduced", card_result.differs(both, mixed))
    assert.equal(0.25, card_result.cell({ seeds = 1 }, row({ 1 }, nil, 0.25), column).floor)
    assert.is_nil(card_result.cell({ seeds = 1 }, row({ 1 }, nil, 0.25), { key = "w2", better = "lower" }).floor)
  end)

  it("curves and tables of results have a head and numbers, or say the line", function()
    local function curve(text, log)
      write("q.csv", text)
      local list, problems = result_curves { path = folder, curves = { ["q.csv"] = log or "" } }
      return list[1], problems[1]
    end
    assert.same({ x = { 1, 2 }, y = { 0.5, 1 / 0 }, x_name = "n", y_name = "w,2", name = "q", file = "q.csv", log = "xy" },
      (curve('n,"w,2"\n1,0.5\n2,inf\n', "xy")))
    assert.same({ 0.25, nil }, { curve("a,b,floor\n1,2,0.25\n").floor, curve("a,b,floor\n1,2,inf\n").floor })
    for text, problem in pairs { [""] = "it has no numbers", ["a\n"] = "line 1: expected 2 or 3 names, found 1",
      ["a,b,c,d\n"] = "line 1: expected 2 or 3 names, found 4",
      ["a,b\n"] = "it has no numbers", ["a,b\n1,2\n3\n"] = "line 3: expected 2 numbers", ["a,b,c\n1,2\n"] = "line 2: expected 3 numbers",
        ["a,b\ninf,2\n"] = "line 2: expected 2 numbers",
      ["a,b\n1,x\n"] = "line 2: expected 2 numbers", ['"a,b\n'] = "line 1: a quote stays open", ['a,b\n"1\n'] = "line 2: a quote stays open" } do
      assert.same({ nil, "q.csv: " .. problem }, { curve(text) })
    end
    local function of_tables(text)
      write("t.csv", text)
      local list, problems = result_tables { path = folder, tables = { ["t.csv"] = { title = "T", notes = { "n" } } } }
      return list[1], problems[1]
    end
    assert.same({ name = "t", title = "T", notes = { "n" }, columns = { "a", "b", "c", "d" }, rows = { { "1", "", "x", "" }, { "nan", "2", "3", "" } },
      numeric = { true, true, false, false } }, (of_tables "a,b,c,d\n1,,x,\nnan,2,3,\n"))
    assert.same({ false }, of_tables("a\n").numeric)
    for text, problem in pairs { [""] = "it is empty", ["a,b\n1,2\n3\n"] = "line 3: expected 2 cells, found 1", ['"a\n'] = "line 1: a quote stays open",
      ['a\n1\n"2\n'] = "line 3: a quote stays open" } do
      assert.same({ nil, "t.csv: " .. problem }, { of_tables(text) })
    end
    for _, read in ipairs { result_curves, result_tables } do
      assert.same({ {}, { "none.csv: it is missing" } }, { read { path = folder, curves = { ["none.csv"] = "" }, tables = { ["none.csv"] = {} } } })
      assert.same({ {}, {} }, { read { path = folder } })
    end
    local limit <const> = 1 << 20
    assert.equal(("q.csv: it is %d bytes long, over the limit of %d"):format(limit + 1, limit), select(2, curve("a,b\n1,2\n" .. ("\n"):rep(limit - 7))))
    assert.equal("t.csv: line 3: expected 2 cells, found 1", select(2,
      of_tables("a,b\n1,2\n" .. ("x"):rep(limit - 8)))) -- as long as the limit: it is read
    assert.equal(("t.csv: it is %d bytes long, over the limit of %d"):format(limit + 1, limit), select(2,
      of_tables("a,b\n1,2\n" .. ("x"):rep(limit - 7))))
  end)

  it("metrics.jsonl is lines; steps count where they are no numbers, nulls do not", function()
    local path <const> = write("m.jsonl", '{"step":5,"a":1,"b":null}\n{"a":2}\n{"step":"inf","a":3}\n3\n\n{}\n["x"]\n{"step":9,"a":4')
    local curves, damaged = read_metrics(path)
    assert.same({ { a = { x = { 5, 2, 3 }, y = { 1, 2, 3 } } }, 3 }, { curves, damaged })
    assert.same({ b = { x = { 1, 2 }, y = { 1, 2 } } }, (read_metrics(write("o.jsonl", '{"step":"x","b":1,"c":true}\n{"step":true,"b":2,"d":"w"}\n'))))
    local rows, names = logged.rows(path)
    assert.same({ { { step = 5, a = 1 }, { a = 2 }, { step = 1 / 0, a = 3 }, {} }, { "a" } }, { rows, names })
    assert.same({}, logged.last(write("n.jsonl", '{"a":1}\n{}\n{"a":3')))
    local longest <const>, block <const> = 1 << 20, 1 << 16
    local function line(bytes) return ('{"a":"%s"}'):format(("x"):rep(bytes - 8)) end
    local seen = {}
    assert.equal(2, logged.each(write("l.jsonl", table.concat({ line(block), line(block - 1), line(longest), line(longest + 1 + block),
      line(longest + 2 * block), "{}" },
      "\n") .. "\n"), function(row) seen[#seen + 1] = row.a and #row.a + 8 or 0 end))
    assert.same({ block, block - 1, longest, 0 }, seen)
    local last = {}
    for i = 1, 300 do last[i] = ('{"step":%d,"a":"%s"}\n'):format(i, ("x"):rep(i)) end
    assert.equal(300, logged.last(write("k.jsonl", table.concat(last) .. '{"st')).step)
    assert.same({ 0, folder .. " is no file, it is a directory" }, { logged.each(folder, error) })
  end)

  it("tensorboard has the channels of a PNG by its kind, and numbers of any size", function()
    local function png(kind, more) return "\137PNG\r\n\26\n" .. ("x"):rep(8) .. (">I4I4BB"):pack(300, 2, 8, kind) .. ("y"):rep(more or 7) end
    for kind, channels in pairs { [0] = 1, [2] = 3, [3] = 3, [4] = 2, [6] = 4, [9] = 3 } do
      assert.truthy(tensorboard.picture(0, 1, "p", png(kind)):find("\8\2\16\xAC\2\24" .. string.char(channels) .. "\34\33\137PNG", 1, true), kind)
    end
    assert.is_nil(tensorboard.picture(0, 1, "p", png(2, 6)))
    assert.truthy(tensorboard.scalars(0, 128, { a = 1 }):find("\16\x80\1\42", 1, true))
    assert.truthy(tensorboard.scalars(0, 127, { a = 1 }):find("\16\x7f\42", 1, true))
    assert.truthy(tensorboard.scalars(0, 0, { a = 1 }):find("\16\0\42", 1, true))
    local both <const> = tensorboard.scalars(0, 1, { b = 2, a = 1 })
    assert.truthy(both:find("\1a", 1, true) < both:find("\1b", 1, true))
  end)

  it("pareto.json is what fmrun pareto writes, in its order", function()
    local found <const> = { identity = "x", step = 3, name = "w2", floor = 0.5, floor_deviation = 0.25, settings = {
      { method = "euler", steps = 8, nfe = 8, value = 1.0, seconds = 0.5, code = "ab" }, { method = "euler", steps = 4, nfe = 4, value = 1.0 },
      { method = "heun", steps = 4, nfe = 8, value = 0.75 }, { method = "dopri5", tolerance = 0.01, nfe = 8, value = 0.75 },
      { method = "dopri5", tolerance = 0.001, over = 40 }, { method = "dopri5", tolerance = 0.1, note = "it broke" }, { method = "rk4", steps = 2,
        nfe = 8, value = 2.0 },
      { method = "a", steps = 9, nfe = 16, value = 0.75 }, { method = "euler", steps = 32, nfe = 32, value = 0.5 } } }
    write("pareto.json", found)
    local read <const> = assert(pareto.read(folder))
    local said = {}
    for i, s in ipairs(read.settings) do said[i] = pareto.title(s) .. (s.dominated and " -" or "") end
    assert.same({ "euler 4", "dopri5 0.01", "heun 4", "euler 8 -", "rk4 2 -", "a 9 -", "euler 32", "dopri5 0.1 -", "dopri5 0.001 -" }, said)
    assert.same({ "it broke", "over 40 evaluations", nil }, { pareto.note(read.settings[8]), pareto.note(read.settings[9]),
      pareto.note(read.settings[1]) })
    assert.equal("floor 0.50 ± 0.25", pareto.floor_text(read))
    assert.equal("4 of 9 settings not dominated; floor 0.50 ± 0.25; model of step 3; 2 without a value", pareto.facts(read, read.settings))
    assert.equal("1 of 1 setting not dominated; model of step 3", pareto.facts({ step = 3 }, { read.settings[1] }))
    assert.is_nil(pareto.floor_text {})
    for name, value in pairs { name = 1, step = 0.5, floor = "x", floor_deviation = "x", settings = 1, ["settings.1"] = 1, ["settings.1.method"] = 1,
      ["settings.1.steps"] = 1.5,
      ["settings.4.tolerance"] = "x", ["settings.1.value"] = "nan", ["settings.1.nfe"] = 1.5, ["settings.5.over"] = 1.5, ["settings.1.seconds"] = "x",
      ["settings.6.note"] = 1, ["settings.1.code"] = 1, ["settings.6.nfe"] = 0.5 } do
      write("pareto.json", with(found, name, value))
      assert.same({ nil, "pareto.json: not what fmrun pareto writes" }, { pareto.read(folder) }, name)
    end
    for _, name in ipairs { "floor", "floor_deviation", "settings.1.seconds", "settings.1.code" } do
      write("pareto.json", with(found, name, nil))
      assert.truthy(pareto.read(folder), name)
    end
    assert.same({}, { pareto.read(folder .. "/none") })
    write("pareto.json", "{")
    assert.truthy(select(2, pareto.read(folder)):find "^pareto.json: ")
  end)

  it("is told by its path once, and taken only when it is a file and short enough", function()
    assert.same({ "/a/b.json: bad", "/a/b.json is missing", "/a/b.json: no" }, { with_path("/a/b.json", "/a/b.json: bad"), with_path("/a/b.json",
      "b.json is missing"),
      with_path("/a/b.json", "no") })
    assert.same({ "abc", nil, nil }, { text_of(write("x", "abc"), 3), text_of(folder .. "/x", 2), text_of(folder, 9) })
    local function is_text(value) return type(value) == "string" end
    assert.same({ true, true, false, false, false }, { is_list({ "a", "b" }, is_text), is_list({}, is_text), is_list({ "a", 1 }, is_text),
      is_list({ a = "a" }, is_text),
      is_list("a", is_text) })
    assert.same({ "0a/b", "sweep-0a/b", "x/y", "x/y" }, match.spellings({ { parts = { "z", "sweep-0a", "b" } }, { parts = { "b" } }, { parts = { "x",
      "y" } } }, 2))
  end)

  it("is the run's own by its name, or by what the record lists", function()
    local path <const> = folder .. "/20260101-000000-0a1b2c3d"
    for _, name in ipairs { "", "/code", "/frames", "/frames/step-3.png", "/sub" } do assert(lfs.mkdir(path .. name)) end
    local own <const> = { "state.json", "checkpoint-step-3.safetensors", "checkpoint.safetensors", ".fm-1-2.tmp", "report.html", "pareto.json",
      "pareto.csv", "pareto.png", "log.txt",
      "metrics.jsonl", "timing.jsonl", "config.json", "run.json", "lock" }
    for _, name in ipairs(own) do files.write(path .. "/" .. name, "") end
    local code <const> = fm.file.hash "return 1"
    local copy <const> = code_copies.name("a/toy.lua", code)
    assert.equal("toy-" .. code .. ".lua", copy)
    for name, text in pairs { ["code/" .. copy] = "return 1", ["code/toy-ab.lua"] = "damaged", ["notes.txt"] = "", ["mine.png"] = "",
      ["frames/step-12.png"] = "", ["frames/step-x.png"] = "",
      ["sub/.fm-3-4.tmp"] = "", ["a.csv"] = "", ["xrun.json"] = "", ["run.jsonx"] = "" } do
      files.write(path .. "/" .. name, text)
    end
    local function of(record) return own_files.of_run(path, record) end
    local known = { "code/" .. copy }
    table.move(own, 1, #own, 2, known)
    local function and_known(...)
      local list <const> = { ... }
      return table.move(known, 1, #known, #list + 1, list)
    end
    assert.same(and_known("a.csv", "frames/step-12.png", "sub/.fm-3-4.tmp"), of { outputs = { "a.csv", "frames/step-*.png", "../run.json", "/etc",
      "a//b", "./a.csv", "frames" } })
    assert.same(and_known("sub/.fm-3-4.tmp", "mine.png", "pareto.png"), of {})
    assert.same(and_known("sub/.fm-3-4.tmp", "mine.png", "pareto.png"), of { outputs = {}, status = "lost" })
    assert.same(and_known("sub/.fm-3-4.tmp"), of { outputs = {} })
    assert.is_true(own_files.any_of_run(path))
    assert.is_false(own_files.any_of_run(path .. "/frames"))
    for name, wanted in pairs { ["x/20260101-000000-0a"] = true, ["x/mine"] = false, ["sweep-0a/0a1b2c3d"] = true, ["sweep-0a/0a1b2c3d-2"] = true,
      ["sweep-0a/0a1b2c3"] = false,
      ["sweep/0a1b2c3d"] = false } do
      assert.equal(wanted, own_files.is_run("/r/" .. name, { status = "damaged" }) or false, name)
    end
    assert.is_true(own_files.is_run("/r/mine", { status = "done", experiment = "x", versions = { fmrun = "1" } }))
    for _, record in ipairs { { status = "damaged", experiment = "x", versions = { fmrun = "1" } }, { status = "done", versions = { fmrun = "1" } },
      { status = "done", experiment = "x" }, { status = "done", experiment = "x", versions = {} } } do
      assert.is_false(own_files.is_run("/r/mine", record))
    end
    assert.same({ "frames", "mine.png", "notes.txt", "run.jsonx", "xrun.json" }, (function()
      local left <const> = assert(own_files.remove(path, of { outputs = { "a.csv", "none.png" } }))
      local list = {}
      for _, name in ipairs(left) do if name ~= "code" then list[#list + 1] = name end end
      return list
    end)())
    assert.same({}, own_files.remove(path, { "notes.txt", "mine.png", "run.jsonx", "xrun.json", "code/toy-ab.lua", "frames/step-12.png",
      "frames/step-x.png", "frames/step-3.png" }))
    assert.is_nil(lfs.attributes(path))
  end)

  it("a copy of code is that of its digest, of the run before its sweep", function()
    local run <const> = folder .. "/0a1b2c3d"
    local file <const> = { path = "dir/toy.lua", hash = fm.file.hash "return 1" }
    for _, path in ipairs { run, run .. "/code", folder .. "/code" } do assert(lfs.mkdir(path)) end
    assert.same({ nil, run .. " keeps no copy of dir/toy.lua" }, { code_copies.read(run, file) })
    local name <const> = "/code/" .. code_copies.name(file.path, file.hash)
    files.write(folder .. name, "return 1")
    assert.is_nil((code_copies.read(run, file))) -- the folder above is no sweep
    files.write(folder .. "/sweep.json", "{}")
    assert.equal("return 1", code_copies.read(run, file))
    files.write(run .. name, "return 2")
    assert.equal("return 1", code_copies.read(run, file))
    assert.same({}, code_copies.list(run))
    assert.same({ name:sub(2) }, code_copies.list(folder))
    files.write(folder .. name, "return 3")
    assert.same({ nil, folder .. name .. " is damaged: its digest is not that of its name" }, { code_copies.read(run, file) })
    assert.same({ nil, folder .. ": no copy of x.lua" }, { code_copies.read(folder, { path = "x.lua", hash = "../a" }) })
    files.write(run .. name, "return 1")
    local copies <const> = assert(code_copies.read_all(run, { file }))
    assert.same({ ["dir/toy.lua"] = { text = "return 1", hash = file.hash } }, copies)
    assert.is_nil((code_copies.read_all(run, { file, { path = "y.lua", hash = "ab" } })))
    code_copies.add(copies, run, { { path = "y.lua", hash = "ab" }, { path = "z.lua", hash = file.hash } })
    assert.same({ text = "return 1", hash = file.hash }, copies["dir/toy.lua"])
    assert.is_nil(copies["y.lua"] or copies["z.lua"])
  end)

  --- A file of so many bytes, of which the disk holds none.
  local function hollow(name, bytes)
    local path <const> = folder .. "/" .. name
    local file <close> = assert(io.open(path, "wb"))
    file:seek("set", bytes - 1)
    file:write "\0"
    return path
  end

  it("that cannot be opened or is too large is said so", function()
    local open_regular <const> = require "fm.records.regular"
    local path <const> = write("metrics.jsonl", '{"step":1}\n')
    local function refuse(name, how) return nil, ("%s: not for you, %s"):format(name, how) end
    checks.during(io, "open", refuse, function()
      assert.same({ nil, path .. ": not for you, rb" }, { open_regular(path) })
      assert.same({ nil, nil }, { open_regular(folder .. "/none") })
      assert.same({ 0, path .. ": not for you, rb" }, { logged.each(path, error) })
      assert.is_nil((logged.last(path)))
    end)
    assert(lfs.mkdir(folder .. "/code"))
    local file <const> = { path = "toy.lua", hash = "ab" }
    local copy <const> = write("code/" .. code_copies.name(file.path, file.hash), "return 1")
    checks.during(io, "open", refuse, function() assert.same({ nil, copy .. ": not for you, rb" }, { code_copies.read(folder, file) }) end)
    local attributes <const> = lfs.attributes
    local function none(name, what) if name ~= copy then return attributes(name, what) end end
    checks.during(lfs, "attributes", none, function() -- it is gone since its name was looked at
      assert.same({ nil, copy .. ": no such file" }, { code_copies.read(folder, file) })
    end)
    local most <const>, most_of_lines <const> = 64 << 20, 1 << 30
    hollow("code/" .. code_copies.name(file.path, file.hash), most + 1)
    assert.same({ nil, ("%s: %d bytes, over the limit of %d"):format(copy, most + 1, most) }, { code_copies.read(folder, file) })
    assert(os.remove(copy))
    assert(lfs.link("/dev/null", copy, true))
    assert.same({ nil, copy .. ": no such file" }, { code_copies.read(folder, file) }) -- a link
    assert.same({}, code_copies.list(folder))
    hollow("metrics.jsonl", most_of_lines + 1)
    assert.same({ 0, ("%s is %d bytes long, over the limit of %d"):format(path, most_of_lines + 1, most_of_lines) }, { logged.each(path, error) })
    assert.same({ {}, {}, 0, ("%s is %d bytes long, over the limit of %d"):format(path, most_of_lines + 1, most_of_lines) }, { logged.rows(path) })
    local json <const> = require "fm.records.json_file"
    hollow("run.json", most + 1)
    assert.same({ nil, ("%s/run.json: is %d bytes long, over the limit of %d"):format(folder, most + 1, most) }, { json(folder .. "/run.json") })
    assert.same({ nil, "none.json is missing", true }, { json(folder .. "/none.json") })
    for text, wanted in pairs { ["[1]"] = "run.json: no object", ["3"] = "run.json: no object", ["{"] = "run.json: " } do
      local value, problem, missing = json(write("run.json", text))
      assert.same({ nil, wanted, nil }, { value, problem:sub(1, #wanted), missing })
    end
    assert.same({}, json(write("run.json", "{}")))
  end)

  it("that grows or shrinks while it is read is read to the size it had, or to its end", function()
    local path <const> = write("metrics.jsonl", '{"a":1}\n{"a":2}\n{"a":3}\n')
    local attributes <const> = lfs.attributes
    for size, wanted in pairs { [16] = { 1, 2 }, [15] = { 1, 2 }, [14] = { 1 }, [24] = { 1, 2, 3 }, [99] = { 1, 2, 3 } } do
      checks.during(lfs, "attributes", function(name, what) return what == "size" and size or attributes(name, what) end, function()
        local seen = {}
        assert.equal(0, (logged.each(path, function(row) seen[#seen + 1] = row.a end)))
        assert.same(wanted, seen)
      end)
    end
  end)

  it("is removed with its folder, or what stood in the way is said", function()
    assert.is_false(own_files.is_run("mine", { status = "damaged" }))
    assert(lfs.mkdir(folder .. "/sub"))
    write("sub/x", "")
    local left, problem = own_files.remove(folder, { "sub" })
    assert.is_nil(left)
    assert.truthy(problem:find(folder .. "/sub: ", 1, true), problem)
    assert.same({ nil, folder .. "/none: No such file or directory" }, { own_files.remove(folder .. "/none", {}) })
    assert.same({ "sub" }, (own_files.remove(folder, { "none", "none/x" })))
  end)

  it("of a sweep is its own by its name", function()
    local own <const> = { ".fm-1-2.tmp", "report.html", "slurm.sh", "slurm-12.log", "parallel.sh", "parallel.log", "sweep.json", "lock" }
    for _, name in ipairs(own) do write(name, "") end
    for _, name in ipairs { "notes.txt", "run.json", "slurm-x.log", "xlock", "sweep.jsonx", "metrics.jsonl" } do write(name, "") end
    assert(lfs.mkdir(folder .. "/code"))
    local copy <const> = "code/" .. code_copies.name("toy.lua", fm.file.hash "return 1")
    write(copy, "return 1")
    write("code/.fm-3-4.tmp", "")
    write("code/mine.lua", "")
    local list <const> = { copy, "code/.fm-3-4.tmp" }
    table.move(own, 1, #own, 3, list)
    assert.same(list, own_files.of_sweep(folder))
    assert.same({ "code", "metrics.jsonl", "notes.txt", "run.json", "slurm-x.log", "sweep.jsonx", "xlock" }, own_files.remove(folder, list))
  end)
end)

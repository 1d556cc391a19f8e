-- What the parts of reports draw, word for word, each beside its file: see drawn.lua. Pages as the
-- program writes them: tests/cli/transcripts_spec.lua.
local chart <const> = require "fm.report.chart"
local curves <const> = require "fm.report.curves"
local drawn <const> = dofile "tests/lua/drawn.lua"
local files <const> = dofile "tests/whole_files.lua"
local fm <const> = require "fm"
local lfs <const> = require "lfs"
local parallel <const> = require "fm.report.parallel"
local seeds <const> = require "fm.records.seeds"
local tables <const> = require "fm.report.runs_table"
local thin <const> = require "fm.report.thin"

local nan <const> = 0 / 0

--- Compares texts with a file; folders of the test are not always the same.
local function compare(name, folder, ...)
  local parts <const> = {}
  for i, text in ipairs { ... } do parts[i] = tostring(text):gsub("><", ">\n<"):gsub(folder and folder:gsub("%p", "%%%0") or "^$", "FOLDER") end
  drawn(name, table.concat(parts, "\n\n") .. "\n")
end

--- A run of a sweep, the best of which is the last.
local function run(index, changed, summary, more)
  local made = { index = index, changed = changed, summary = summary, config = changed, label = "run" .. index, class = "r" .. index, order = 10 - index,
    status = "done", path = "/p/" .. index, experiment = "toy" }
  for key, value in pairs(more or {}) do made[key] = value end
  return made
end

describe("drawn", function()
  it("charts", function()
    compare("charts.txt", nil,
      chart.svg({ { x = { 0, 1, 2.5 }, y = { -1, 3, nan }, class = "s1" }, { x = { 1 }, y = { 2 }, class = "s2 dashed" } }, { label = "l", x_name = "n" }),
      chart.svg({ { x = { 1, 10, 40 }, y = { 0.001, 1, 100000 }, low = { -1, 0.5, false }, high = { 0.1, 2, false }, titles = { "a", "b", "c" },
        class = "s1" } }, { label = "l", log = true, log_x = true, points = true, ticks = { 1, 10, 40 } }),
      chart.svg({ { x = { 3, 4, 9 }, y = { 5, 5, 5 }, class = "s1" } }, { label = "l", from = 0, to = 12 }),
      chart.svg({ { x = { 1e9, 2e9 }, y = { 1e-9, 3e-9 }, class = "s1" }, { x = { 1.5e9 }, y = { 2e-9 }, low = { 0 }, high = { 4e-9 }, titles = { "t" },
        class = "s2" } }, { label = "l", points = true }),
      chart.svg({ { x = { 1, 2 }, y = { 1e305, -1e305 }, class = "s1" } }, { label = "l" }), chart.svg({}, { label = "none" }),
      chart.svg({ { x = { 1e305, 2e305 }, y = { 1, 2 }, titles = { "a", "b" }, class = "s1" } }, { label = "l" }))
  end)

  it("parallel coordinates", function()
    local runs <const>, few <const> = {}, {}
    for i = 1, 9 do
      runs[i] = run(i, { ["a long name of a parameter"] = i == 9 and 100 or 2 ^ i, kind = i % 2 == 0 and "even" or "odd" }, { w2 = i == 3 and "nan" or i,
        nfe = 10 - i, w2_floor = i })
    end
    for i = 1, 3 do few[i] = run(i, { a = i }, { loss = 0.001 * i }) end
    compare("parallel.txt", nil, parallel({ keys = { "a long name of a parameter", "kind" }, runs = runs }, { name = "w2" }),
      parallel({ keys = { "a" }, runs = few }, { name = "loss" }))
  end)

  it("points of long curves", function()
    local said <const> = {}
    for n = 11, 23, 3 do
      local x, y = {}, {}
      for i = 1, n do x[i], y[i] = i, (i * 7) % 11 + i / 100 end
      for most = 4, 9 do said[#said + 1] = ("%d of %d: %s"):format(most, n, table.concat(thin.extremes(x, y, most), " ")) end
      local means <const> = thin.means(x, y, 1, n, 4)
      said[#said + 1] = ("means of %d: %.6g %.6g %.6g %.6g at %s"):format(n, means[1], means[2], means[3], means[4],
        table.concat(thin.middles(1, n, 4), " "))
    end
    compare("thin.txt", nil, table.concat(said, "\n"))
    assert.same({ 1e300, 1.5e300 }, thin.means({ 1, 2, 3, 4 }, { 5e299, 1.5e300, 1e300, 2e300 }, 1, 4, 2))
  end)

  it("curves of several runs, with and without floors, and what scripts get of them", function()
    local folder <const> = os.tmpname()
    os.remove(folder)
    assert(lfs.mkdir(folder))
    local runs <const> = {}
    for i = 1, 4 do
      local lines <const> = {}
      for step = 1, i < 4 and 2 or 34 do
        lines[step] = ('{"step":%d,"loss":%.4g,"late":%s}\n'):format(step, 20 / step + 0.1 * i, step > 1 and step or "null")
      end
      local path <const> = folder .. "/" .. i
      assert(lfs.mkdir(path))
      files.write(path .. "/metrics.jsonl", table.concat(lines))
      runs[i] = run(i, { lr = (i + 1) // 2, seed = i % 2 }, { w2 = i }, { path = path, floors = { loss = i < 4 and 0.1 or 0.2, late = i > 1 and 1 or nil } })
    end
    local metrics, damaged = curves.collect(runs)
    local groups <const> = seeds.groups(runs, { "lr", "seed" })
    for i, group in ipairs(groups) do group.class, group.label = "r" .. i, "arm " .. i end
    local alone <const> = curves.collect { runs[4] }
    compare("curves.txt", folder, damaged, curves.figures(metrics, groups), curves.figures(metrics), curves.json(metrics), curves.figures(alone),
      curves.legend_of_run(alone), curves.json(alone))
    os.execute("rm -r " .. folder)
  end)

  it("curves short enough for a page: 500 points each, 80000 in all, but never fewer than 40", function()
    local folder <const> = os.tmpname()
    os.remove(folder)
    assert(lfs.mkdir(folder))
    local function points(runs, lines)
      local text, list = {}, {}
      for step = 1, lines do text[step] = ('{"step":%d,"loss":%d}\n'):format(step, step % 2) end
      files.write(folder .. "/metrics.jsonl", table.concat(text))
      for i = 1, runs do list[i] = { index = i, path = folder } end
      local metric <const> = curves.collect(list)[1]
      return ("%d %d %d %d"):format(#metric.curves[1].x, #metric.grid, #metric.curves[1].means, #metric.wide_grid)
    end
    assert.equal("500 250 250 80", points(1, 501))
    assert.equal("500 250 250 80", points(1, 500))
    assert.equal("79 79 79 79", points(1, 79))
    assert.equal("500 250 250 80", points(160, 500))
    assert.equal("496 248 248 80", points(161, 500))
    assert.equal("40 20 20 20", points(2050, 41))
    os.execute("rm -r " .. folder)
  end)

  it("notes of several runs: the first three, and how many more", function()
    local folder <const> = os.tmpname()
    os.remove(folder)
    assert(lfs.mkdir(folder))
    files.write(folder .. "/metrics.jsonl", '{"step":1,"loss":"nan","up":1}\n{"step":2,"loss":2,"up":"-inf"}\n')
    local function notes(n)
      local list <const>, found = {}, {}
      for i = 1, n do
        list[i] = run(i, {}, {}, { path = folder, spikes = { loss = { count = 1, first = i, worst = 12.345 } } })
      end
      for text in tostring(curves.figures((curves.collect(list)))):gmatch '<p class="note">([^<]*)</p>' do found[#found + 1] = text end
      return table.concat(found, "\n")
    end
    local function spike(i) return ("run %03d, 1 spike, at step %d, 12.35 times the running median"):format(i, i) end
    assert.equal(table.concat({ "Not finite: run 001, nan at step 1; run 002, nan at step 1; run 003, nan at step 1.",
      ("%s; %s; %s."):format(spike(1), spike(2), spike(3)), "Not finite: run 001, -inf at step 2; run 002, -inf at step 2; run 003, -inf at step 2." }, "\n"),
      notes(3))
    assert.equal(table.concat({ "Not finite: run 001, nan at step 1; run 002, nan at step 1; run 003, nan at step 1 and 2 more.",
      ("%s; %s; %s and 2 more."):format(spike(1), spike(2), spike(3)), "Not finite: run 001, -inf at step 2; run 002, -inf at step 2; "
        .. "run 003, -inf at step 2 and 2 more." }, "\n"), notes(5))
    os.execute("rm -r " .. folder)
  end)

  it("tables of runs, of means and of differences", function()
    local runs <const> = {}
    for i = 1, 6 do
      runs[i] = run(i, { lr = (i + 1) // 2 / 10, seed = i % 2, note = i == 1 and "nan" or i }, { w2 = i == 4 and "nan" or i ^ 2 / 7, nfe = 100, text = "t" },
        { steps = 10 * i, seconds = i * 100.5, status = i == 6 and "failed" or "done", spikes = { loss = { count = i, first = 2, worst = 9 } } })
    end
    runs[6].summary = {}
    runs[2].experiment = "other"
    for _, experiments in ipairs { { "toy" }, { "toy", "other" } } do
      local sweep <const> = { runs = runs, keys = { "lr", "seed" }, experiments = experiments }
      local groups <const> = seeds.groups(runs, sweep.keys)
      for i, group in ipairs(groups) do group.class, group.label, group.experiment = "r" .. i, "arm " .. i, "toy" end
      compare(("tables_%d.txt"):format(#experiments), nil, tables.runs(sweep, { name = "w2" }, runs[1]), tables.runs(sweep, nil, nil),
        tables.means(sweep, groups), tables.paired(sweep, groups, groups[1], { name = "w2" }),
        tables.paired(sweep, groups, groups[2], { name = "w2", highest = true }))
    end
    local sweep <const> = { runs = runs, keys = { "lr" }, experiments = { "toy" } }
    local groups <const> = seeds.groups(runs, { "lr" }) or {}
    assert.is_nil(tables.paired(sweep, {}, groups[1], { name = "w2" }))
  end)

  it("curves and tables of results, and what fmrun pareto measured", function()
    local folder <const> = os.tmpname()
    os.remove(folder)
    assert(lfs.mkdir(folder))
    local runs <const>, groups <const> = {}, {}
    for i = 1, 6 do
      local path <const> = folder .. "/" .. i
      assert(lfs.mkdir(path))
      files.write(path .. "/q.csv", ("steps,w2,floor\n1,%g,0.5\n2,%g,0.5\n4,%g,0.5\n"):format(8 + i, 4 + i, i == 3 and nan or 2 + i))
      files.write(path .. "/r.csv", i == 2 and "broken" or ("n,acc\n0,%g\n%d,1\n"):format(i, i))
      files.write(path .. "/t.csv", "name,a,b\nx,1,2.50\ny,,nan\n")
      runs[i] = run(i, { lr = (i + 1) // 2, seed = i % 2 }, { w2 = i }, { path = path, curves = { ["q.csv"] = "xy", ["r.csv"] = i < 6 and "x" or nil },
        tables = { ["t.csv"] = { title = i == 1 and "A title" or "", notes = { "first", "second" } } } })
    end
    for i, group in ipairs(seeds.groups(runs, { "lr", "seed" })) do
      groups[i] = group
      group.label = "lr=" .. i
    end
    files.write(folder .. "/pareto.json", fm.json.encode { identity = "x", step = 3, name = "w2", floor = 0.5, floor_deviation = 0.25, settings = {
      { method = "euler", steps = 8, nfe = 8, value = 1.0 }, { method = "euler", steps = 4, nfe = 4, value = 1.0 }, { method = "heun", steps = 4, nfe = 8,
        value = 0.75 }, { method = "dopri5", tolerance = 0.01, over = 40 } } })
    local results <const>, pareto <const> = require "fm.report.result_curves", require "fm.report.pareto"
    local result_tables <const> = require "fm.report.result_tables"
    local with_floor <const> = pareto { path = folder, steps = 3 }
    files.write(folder .. "/pareto.json", fm.json.encode { identity = "x", step = 3, name = "score", settings = { { method = "euler", steps = 2, nfe = 2,
      value = -1.0 }, { method = "euler", steps = 4, nfe = 4, value = -3.0 } } })
    compare("results.txt", folder, results(runs, { groups[2], groups[1] }, groups), results({ runs[1] }), results({ runs[3], runs[4] }, { runs[4] }),
      result_tables(runs[1]), result_tables(runs[2]), with_floor, pareto { path = folder, steps = 3 })
    assert.is_nil(results { { index = 1, path = folder } })
    assert.is_nil(result_tables { path = folder })
    os.execute("rm -r " .. folder)
  end)

  it("curves of results of many arms and places, and those that are not read", function()
    local folder <const> = os.tmpname()
    os.remove(folder)
    assert(lfs.mkdir(folder))
    local runs <const> = {}
    for i = 1, 18 do
      local path <const>, lines <const> = folder .. "/" .. i, { i == 2 and "n,a,floor" or "n,a" }
      assert(lfs.mkdir(path))
      for k = 0, i == 1 and 10 or 1 do lines[#lines + 1] = i == 2 and ("%d,%d,1"):format(k, i + k) or ("%d,%d"):format(k, i + k) end
      files.write(path .. "/a.csv", table.concat(lines, "\n") .. "\n")
      files.write(path .. "/t.csv", i == 1 and "" or "x\n12345.678\n")
      runs[i] = run(i, { lr = i }, { w2 = i }, { path = path, curves = { ["a.csv"] = "xy" }, tables = { ["t.csv"] = { title = "", notes = {} }, ["u.csv"] = {
        title = "", notes = {} } } })
    end
    local results <const>, result_tables <const> = require "fm.report.result_curves", require "fm.report.result_tables"
    local few <const> = table.move(runs, 2, 11, 1, {})
    local ten <const> = results(table.move(runs, 2, 17, 1, {}))
    compare("many.txt", folder, tostring(results(runs)):gsub('<text.-</text>', ""), results(few), (tostring(ten):match '<p class="legend">.-</p>'),
      result_tables(runs[1]), result_tables(runs[2]))
    os.execute("rm -r " .. folder)
  end)

  --- A page without its style, its scripts and what says whether Chart.js is there.
  local function body_of(text)
    text = text:gsub("<style>.-</style>", "<style></style>"):gsub("<script>.-</script>", "<script></script>")
    return (text:gsub('<span class="no%-charts">.-</span>', ""))
  end

  it("the page of a run", function()
    local folder <const> = os.tmpname()
    os.remove(folder)
    assert(lfs.mkdir(folder))
    local page <const> = require "fm.report.run_page"
    local record <const> = { path = folder, name = "toy/x", id = "0a1b2c3d", experiment = "toy", status = "failed", error = "broken\nat <here>",
      script = "toy.lua", started = "2026-07-12T15:30:12Z", ended = "2026-07-12T15:31:12Z", seconds = 60, steps = 7, seed = 3, resumed = 1, peak_rss = 2048,
      host = "lab", pid = 12, threads = 2, cores = 4, command = "fmrun toy.lua lr=0.5", step_peak_bytes = 4096, step_bytes = 1024,
      versions = { fmrun = "1.0", real = "float", lua = "5.4", blas = "0.3", blas_core = "Haswell" }, config = { lr = 0.5, seed = 3, note = "a" },
      defaults = { lr = 0.1, seed = 0, note = "a" }, summary = { w2 = 0.123456789, nfe = 8, text = "long" }, code = { { path = "toy.lua", hash = "ab" } },
      data = { { path = "d.npy", hash = "cd" } }, spikes = { loss = { count = 2, first = 3, worst = 12 } } }
    files.write(folder .. "/metrics.jsonl", '{"step":1,"loss":2}\nbad\n{"step":2,"loss":1}\n{"step":3,"loss":40}\n')
    files.write(folder .. "/log.txt", "one\ntwo\n")
    files.write(folder .. "/a.png", "broken")
    local text, running = page(record, "NOW")
    assert.is_false(running)
    local bare <const> = { path = folder .. "/none", name = "toy/y", id = "y", experiment = "toy", status = "running", config = {}, summary = {},
      resumed = "x", peak_rss = "y" }
    local again, goes_on = page(bare, "NOW")
    assert.is_true(goes_on)
    compare("page_run.txt", folder, body_of(text), body_of(again))
    os.execute("rm -r " .. folder)
  end)

  it("the page of a sweep, with seeds, with many runs, with a highest objective, with nothing yet", function()
    local folder <const> = os.tmpname()
    os.remove(folder)
    assert(lfs.mkdir(folder))
    local page <const> = require "fm.report.sweep_page"
    local function sweep(n, more)
      local made = { path = folder, name = "toy/sweep-0a", id = "0a", command = "fmrun -m toy.lua", created = "2026-07-12T15:30:12Z", scripts = { {
        path = "toy.lua", hash = "ab" } }, keys = { "lr", "seed" }, runs = {}, experiments = { "toy" } }
      for i = 1, n do
        local own <const> = { index = i, path = folder .. "/" .. i, label = ("lr=%d seed=%d"):format((i + 1) // 2, i % 2), changed = { lr = (i + 1) // 2,
          seed = i % 2 }, status = "done", experiment = "toy", summary = { w2 = (i * 7) % 11 / 4, accuracy = i / 16 }, seconds = i, steps = 3,
          code = { { path = "toy.lua", hash = i == 1 and "ef" or "ab" } }, data = {}, command = "fmrun worker", script = "toy.lua" }
        own.config = { lr = own.changed.lr, seed = own.changed.seed }
        made.runs[i] = own
      end
      for key, value in pairs(more or {}) do made[key] = value end
      return made
    end
    local seeded <const> = sweep(6)
    seeded.runs[5].status, seeded.runs[5].error, seeded.runs[5].summary = "failed", "broken", {}
    seeded.runs[6].status, seeded.runs[6].summary = "waiting", {}
    local plain <const> = sweep(9, { keys = { "n" }, experiments = { "toy", "other" } })
    for i, own in ipairs(plain.runs) do
      own.changed, own.config, own.label, own.code = { n = i }, { n = i }, "n=" .. i, nil
      if i == 4 then own.status, own.summary = "diverged", { w2 = "nan" } end
    end
    local long <const> = sweep(51, { id = nil })
    local function text_of(made, given) return body_of((page(made, "NOW", given))) end
    assert(lfs.mkdir(folder .. "/1"))
    assert(lfs.mkdir(folder .. "/2"))
    for i = 1, 2 do files.write(("%s/%d/metrics.jsonl"):format(folder, i), '{"step":1,"loss":3}\n{"step":2,"loss":2}\n') end
    local order <const> = {}
    for id in text_of(long):gmatch '<section id="(%l+)">' do order[#order + 1] = id end
    local classes <const> = {}
    for _, own in ipairs(long.runs) do classes[#classes + 1] = ("%s %d"):format(own.class, own.order) end
    local empty <const> = sweep(2)
    for _, own in ipairs(empty.runs) do own.status, own.summary, own.code = "running", {}, nil end
    local text, running = page(empty, "NOW")
    assert.is_true(running)
    compare("page_sweep.txt", folder, text_of(seeded), text_of(plain, "accuracy:max"), text_of(sweep(6), "accuracy:max"):match '<header>.-</header>',
      table.concat(order, " "), table.concat(classes, ", "), body_of(text))
    os.execute("rm -r " .. folder)
  end)
end)

-- The parts of a report that are pure: markup, thinning, means over seeds, the best run, words.
-- Pages are tested in tests/cli.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local base64 <const> = require "fm.core".picture.base64
local chart <const> = require "fm.report.chart"
local html <const> = require "fm.report.html"
local run_words <const> = require "fm.records.describe"
local objective <const> = require "fm.records.objective"
local read_metrics <const> = require "fm.records.metrics"
local seeds <const> = require "fm.records.seeds"
local thin <const> = require "fm.report.thin"
local words <const> = require "fm.records.words"

local nan <const> = 0 / 0

describe("report", function()
  checks.no_bytes_stay(setup, teardown)

  describe("html", function()
    it("escapes what is not markup, in contents and attributes", function()
      local made = html.p { class = 'a"b', "1 < 2 & ", html.b { "<i>" }, { "x", nil, "y", n = 3 }, false }
      assert.equal('<p class="a&quot;b">1 &lt; 2 &amp; <b>&lt;i&gt;</b>xy</p>', tostring(made))
    end)

    it("sorts attributes, knows those without value, and elements without end", function()
      assert.equal('<input disabled id="f" type="search">', tostring(html.input { type = "search", id = "f", disabled = true, hidden = false }))
    end)

    it("mends what a page cannot hold", function()
      assert.equal("red\u{FFFD}\n\tline", html.clean "\27[31mred\27[0m\0\r\n\tline")
      assert.equal("\u{FFFD}b", html.clean "\xffb")
    end)
  end)

  describe("metrics.jsonl", function()
    local path
    before_each(function() path = os.tmpname() end)
    after_each(function() os.remove(path) end)

    it("gives curves, with nan and inf as numbers, without words and without a torn last line", function()
      assert(fm.file.write(path, '{"step":1,"loss":2.5,"note":"x"}\n{"step":2,"loss":"nan","up":"inf"}\n{"step":3,"loss":1,"up":"-inf"}\n{"step":4,"lo'))
      local curves, damaged = read_metrics(path)
      assert.equal(0, damaged)
      assert.same({ 1, 2, 3 }, curves.loss.x)
      assert.equal(2.5, curves.loss.y[1])
      assert.not_equal(curves.loss.y[2], curves.loss.y[2])
      assert.same({ math.huge, -math.huge }, curves.up.y)
      assert.is_nil(curves.note)
    end)

    it("counts a line that is damaged in the middle", function()
      assert(fm.file.write(path, '{"step":1,"a":1}\n\0\0\0\n{"step":3,"a":2}\n'))
      local curves, damaged = read_metrics(path)
      assert.equal(1, damaged)
      assert.same({ 1, 3 }, curves.a.x)
    end)

    it("is empty where there is none", function()
      assert.same({}, (read_metrics "/nowhere/metrics.jsonl"))
    end)
  end)

  describe("thinning", function()
    local x, y = {}, {}
    for i = 1, 10000 do x[i], y[i] = i, math.sin(i / 300) end
    y[4321], y[7000] = 50.0, -50.0

    it("keeps the ends and every peak, in order", function()
      local u, v = thin.extremes(x, y, 500)
      assert.truthy(#u <= 500 and #u > 400)
      assert.equal(1, u[1])
      assert.equal(10000, u[#u])
      local seen = {}
      for i = 1, #u do
        assert.truthy(i == 1 or u[i] > u[i - 1])
        seen[v[i]] = true
      end
      assert.truthy(seen[50.0] and seen[-50.0])
    end)

    it("leaves a short curve alone, and a gap a gap", function()
      assert.equal(x, (thin.extremes(x, y, 10000)))
      local gap = {}
      for i = 1, 1000 do gap[i] = i > 400 and i < 600 and nan or 1.0 end
      local _, v = thin.extremes(table.move(x, 1, 1000, 1, {}), gap, 100)
      local holes = 0
      for _, value in ipairs(v) do holes = holes + (value ~= value and 1 or 0) end
      assert.truthy(holes > 5)
    end)

    it("takes the mean of each stretch of the finite values", function()
      assert.same({ 2, 10 }, thin.means({ 0, 1, 9, 10 }, { 1, 3, 10, nan }, 0, 10, 2))
      local means = thin.means({ 0, 10 }, { 1, 2 }, 0, 10, 3)
      assert.not_equal(means[2], means[2])
      assert.same({ 2.5, 7.5 }, thin.middles(0, 10, 2))
    end)
  end)

  describe("means over seeds", function()
    local function run(index, lr, seed, w2, status)
      return { index = index, changed = { lr = lr, seed = seed }, summary = { w2 = w2 }, status = status or "done", experiment = "moons" }
    end

    it("groups runs that differ in the seed only", function()
      local runs = { run(1, 0.1, 1, 1.0), run(2, 0.1, 2, 3.0), run(3, 0.2, 1, 5.0), run(4, 0.2, 2, 9.0, "failed") }
      local groups = seeds.groups(runs, { "lr", "seed" })
      assert.equal(2, #groups)
      assert.equal(groups[1], runs[2].group)
      local mean, deviation, n = seeds.spread(seeds.values(groups[1], "w2"))
      assert.same({ 2.0, math.sqrt(2), 2 }, { mean, deviation, n })
      assert.same({ 5.0 }, seeds.values(groups[2], "w2")) -- what failed has no result
    end)

    it("counts a seed once, whatever folders its runs are from", function()
      local runs = { run(1, 0.1, 1, 1.0), run(2, 0.1, 1, 1.0), run(3, 0.1, 2, 4.0) }
      for _, one in ipairs(runs) do one.config = one.changed end
      assert.same({ 1.0, 4.0 }, seeds.values(seeds.groups(runs, { "lr", "seed" })[1], "w2"))
    end)

    it("has no groups where no two runs are alike", function()
      assert.is_nil(seeds.groups({ run(1, 0.1, 1, 1.0), run(2, 0.2, 1, 1.0) }, { "lr", "seed" }))
    end)

    it("has no deviation of one value", function()
      assert.same({ 3.0, nil, 1 }, { seeds.spread { 3.0, nan } })
    end)
  end)

  describe("the best run", function()
    local function run(index, summary, status)
      return { index = index, summary = summary, status = status or "done", config = { lr = 1 } }
    end

    it("has the lowest of a distance, never of the effort, a floor or a parameter", function()
      local runs = { run(1, { w2 = 0.3, nfe = 10, w2_floor = 0.1, lr = 5 }), run(2, { w2 = 0.2, nfe = 90, w2_floor = 0.2, lr = 9 }) }
      local chosen = objective.choose(runs)
      assert.equal("w2", chosen.name)
      assert.equal(2, objective.ranked(chosen, runs)[1].index)
      assert.is_nil(objective.choose { run(1, { nfe = 3, lr = 2, note = "x" }) })
    end)

    it("has a loss, never how uncertain its floor is", function()
      local spread = { moons_floor_error = 0.01, w2_floor_deviation = 0.02, moons_floor = 0.9 }
      assert.is_nil(objective.choose { run(1, spread) })
      spread.moons_loss = 0.97
      assert.equal("moons_loss", objective.choose({ run(1, spread) }).name)
    end)

    it("is not told by the error of another result, which comes after it", function()
      local names = { "a_standard_error", "bits_error", "a", "w2_deviation", "test_error", "bits", "w2", "test_loss" }
      assert.equal("w2 test_error test_loss a bits a_standard_error bits_error w2_deviation", table.concat(objective.sort(names), " "))
      assert.equal("bits", objective.choose({ run(1, { bits = 2, bits_error = 0.1 }) }).name)
      assert.equal("bits_error", objective.choose({ run(1, { bits_error = 0.1, nfe = 2 }) }).name)
    end)

    it("stands among names sorted by what they tell, numbers by their size", function()
      assert.same({ "w2", "w2_1", "w2_2", "w2_16", "a9", "a10", "nfe" }, objective.sort { "a10", "w2_16", "nfe", "w2_1", "a9", "w2_2", "w2" })
    end)

    it("has what was asked for", function()
      local runs = { run(1, { score = 0.3 }), run(2, { score = 0.9 }), run(3, { score = "nan" }), run(4, { score = 2.0 }, "failed") }
      assert.equal(2, objective.ranked(objective.choose(runs, "score:max"), runs)[1].index)
      local lowest = objective.ranked(objective.choose(runs, "score"), runs)
      assert.same({ 1, 2 }, { lowest[1].index, lowest[2].index })
    end)
  end)

  it("writes numbers as a person reads them", function()
    assert.same({ "300", "0.001", "0.3092", "1.5e-7", "3", "nan", '""', "true" }, { words.value(300), words.value(1e-3), words.value(0.30923969),
      words.value(1.5e-7), words.value(3.0), words.value "nan", words.value "", words.value(true) })
    assert.same({ "0.0776", " ± 0.0031" }, { words.spread(0.07758, 0.003072) })
    assert.same({ "0.012", " ± 0" }, { words.spread(0.012, 2e-18) })
    assert.equal("2026-07-12 15:30:12 UTC", words.time "2026-07-12T15:30:12Z")
    assert.equal("2026-07-12 15:30:12 UTC", words.time "2026-07-12T15:30:12.585Z")
  end)

  it("makes a run of a sweep again as a run of its own", function()
    local record = { sweep = "moons/sweep-1", script = "my moons.lua", command = "fmrun worker x", config = { lr = 3e-3, seed = 2, note = "it's" },
      defaults = { lr = 1e-3, seed = 2, note = "" } }
    assert.equal([[fmrun 'my moons.lua' lr=0.003 'note=it'\''s']], run_words.command(record))
    record.sweep = nil
    assert.equal("fmrun worker x", run_words.command(record))
  end)

  it("encodes base64 by RFC 4648", function()
    for text, code in pairs { [""] = "", f = "Zg==", fo = "Zm8=", foo = "Zm9v", foob = "Zm9vYg==", fooba = "Zm9vYmE=", foobar = "Zm9vYmFy" } do
      assert.equal(code, base64(text))
    end
    assert.equal("//79", base64 "\255\254\253")
  end)

  it("draws logarithmic what spans decades, and gaps where nothing is finite", function()
    assert.is_true(chart.wants_log { { y = { 1, 0.01 } } })
    assert.is_false(chart.wants_log { { y = { 1, 0.5 } } })
    assert.is_false(chart.wants_log { { y = { 0.01, 1 } } }) -- an accuracy
    assert.is_false(chart.wants_log { { y = { 100, 0 } } })
    local svg = tostring(chart.svg({ { x = { 1, 2, 3, 4 }, y = { 1, nan, 3, 4 }, class = "s1" } }, { label = "a < b" }))
    assert.truthy(svg:find('aria-label="a &lt; b"', 1, true))
    local _, starts = svg:match 'class="line s1" d="([^"]*)"':gsub("M", "")
    assert.equal(2, starts)
    assert.truthy(tostring(chart.svg({ { x = {}, y = {}, class = "s1" } }, { label = "empty" })):find "^<svg")
  end)

  describe("numbers at the ends of what a double holds", function()
    local extremes <const> = dofile "tests/lua/extremes.lua"

    for name, value in pairs(extremes) do
      it("in a chart: " .. name, function()
        local x, y, wild = {}, {}, {}
        for step = 1, 40 do
          x[step], y[step] = step, value(step)
          if y[step] - y[step] == 0 then wild[#wild + 1] = y[step] + 0.0 end
        end
        table.sort(wild)
        local lines = { { x = x, y = y, class = "s1" } }
        if #wild == 40 then lines[2] = { x = wild, y = y, class = "s1" } end -- steps far out
        for _, line in ipairs(lines) do
          local log = chart.wants_log { line }
          local text = tostring(chart.svg({ line }, { log = log, label = "x" }))
          assert.is_nil(text:match '"[^"]*%f[%a]nan%f[%A][^"]*"')
          assert.is_nil(text:match '"[^"]*%f[%a]inf%f[%A][^"]*"')
          local low, high = line.x[1], line.x[40]
          local means, middles = thin.means(line.x, y, low, high, 7), thin.middles(low, high, 7)
          for k = 1, 7 do
            assert.truthy(middles[k] >= low and middles[k] <= high)
            if name ~= "nan" and name ~= "inf" and line == lines[1] then assert.truthy(means[k] - means[k] == 0, name) end
          end
        end
      end)
    end

    it("means are those of the values", function()
      assert.same({ 0, 8e307 }, thin.means({ 1, 2, 3, 4 }, { -8e307, 8e307, 8e307, 8e307 }, 1, 4, 2))
      assert.same({ 1.5, 3.5 }, thin.means({ 1, 2, 3, 4 }, { 1, 2, 3, 4 }, 1, 4, 2))
      assert.same({ 1, 2 }, thin.means({ -1.7e308, 1.7e308 }, { 1, 2 }, -1.7e308, 1.7e308, 2))
    end)
  end)
end)

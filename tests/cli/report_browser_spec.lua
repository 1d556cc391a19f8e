-- Reports in a real browser: what a reader clicks, drags and points at. Skipped where no Chromium
-- works, with its message.
local chromium <const> = require "cli.chromium"
local folders <const> = require "cli.report_folders"
local fm <const> = require "fm"
local lfs <const> = require "lfs"
local shell <const> = require "cli.shell"
local read_metrics <const> = require "fm.records.metrics"

local browser <const>, why = chromium.start()

if not browser then
  pending("a browser shows reports: " .. why)
  return
end

describe("in a browser", function()
  local folder

  local function report(word, file, environment)
    local command = ("cd %s && %s %s report %s -o %s >/dev/null"):format(folder, environment or "", shell.fmrun, word, file)
    assert(os.execute(command))
    return folder .. "/" .. file
  end

  setup(function()
    shell.open()
    folder = shell.folder
    for _, name in ipairs { "/runs", "/runs/moons" } do assert(lfs.mkdir(folder .. name)) end
    folders.run { path = folder .. "/runs/moons/20260712-153012-7f3a1c2d", experiment = "moons", status = "done",
      config = { lr = 3e-3, hidden = 64, seed = 1, path = "linear" } }
    folders.sweep(folder .. "/runs/moons/sweep-7f3a0000")
    report("7f3a1c2d", "run.html")
    report("7f3a0000", "sweep.html")
    browser:call("Emulation.setDeviceMetricsOverride", { width = 1200, height = 900, deviceScaleFactor = 1, mobile = false })
  end)

  teardown(function()
    browser:close()
    shell.close()
  end)

  local function open(file)
    browser:call("Emulation.setScriptExecutionDisabled", { value = false })
    browser:evaluate "if (typeof report !== 'undefined') { report.state = {}; report.keep(); report.keep = () => {}; }" -- nothing stays from the last test
    browser:open(folder .. "/" .. file)
  end

  local function shown_runs()
    return browser:evaluate [[report.rows().filter((row) => !row.hidden).map((row) => row.dataset.run).join(" ")]]
  end

  --- The chart of the i-th figure, from 0, as a JavaScript expression.
  local function chart(i)
    return ([[Chart.getChart(document.querySelectorAll("figure.curve canvas")[%d])]]):format(i)
  end

  --- Gives a field, a slider or a choice a value, as a reader does.
  local function set(id, value, event)
    browser:evaluate(([[(() => { const it = document.getElementById(%q); it.value = %q; it.dispatchEvent(new Event(%q)); })()]]):format(id, value, event))
  end

  local function filter(text)
    set("filter", text, "input")
  end

  it("a run and a sweep complain of nothing and fetch nothing", function()
    for _, file in ipairs { "run.html", "sweep.html" } do
      open(file)
      assert.same({}, browser:complaints())
      assert.equal(2, browser:evaluate [[document.querySelectorAll("figure.curve canvas").length]])
      assert.equal("none", browser:evaluate [[getComputedStyle(document.querySelector("figure.curve svg")).display]])
    end
  end)

  it("a click on a head sorts, a second one the other way, runs without a value last", function()
    open "sweep.html"
    local ordered = [[(() => { const v = report.rows().map((row) => row.cells[6].dataset.value);
      return v.slice(20).join("") === "" && v.slice(0, 20).map(Number).every((x, i, v) => i === 0 || %s); })()]]
    browser:at('#run-table th[data-name="w2"] button', "click")
    assert.is_true(browser:evaluate(ordered:format "x >= v[i - 1]"))
    assert.equal("ascending", browser:evaluate [[document.querySelector('#run-table th[data-name="w2"]').ariaSort]])
    browser:at('#run-table th[data-name="w2"] button', "click")
    assert.is_true(browser:evaluate(ordered:format "x <= v[i - 1]"))
    assert.same({}, browser:complaints())
  end)

  it("a filter hides rows, curves and lines", function()
    open "sweep.html"
    filter "lr<0.005 hidden=256 seed>=3"
    assert.equal("7 8 15 16", shown_runs())
    assert.equal("4 of 24 runs", browser:evaluate [[document.getElementById("count").textContent]])
    assert.equal(20, browser:evaluate [[document.querySelectorAll("#parallel .line.dimmed").length]])
    assert.equal(2 * 3, browser:evaluate(chart(0) .. ".data.datasets.length")) -- two groups: mean and band
    filter "status=failed"
    assert.equal("5", shown_runs())
    filter "diverged"
    assert.equal("11", shown_runs())
    filter "lrr=3"
    assert.equal('no column "lrr"', browser:evaluate [[document.getElementById("count").textContent]])
    browser:at("#clear", "click")
    assert.equal("24 of 24 runs", browser:evaluate [[document.getElementById("count").textContent]])
    assert.same({}, browser:complaints())
  end)

  it("pointing at a curve shows its value", function()
    open "run.html"
    browser:at "figure.curve canvas"
    local tip = chart(0) .. ".tooltip"
    assert.equal(1, browser:evaluate(tip .. ".opacity"))
    local step, loss = browser:evaluate(("%s.title.concat(%s.body[0].lines).join('|')"):format(tip, tip)):match "^step (%d+)|loss  ([%d.]+)|smoothed  [%d.]+$"
    local logged = read_metrics(folder .. "/runs/moons/20260712-153012-7f3a1c2d/metrics.jsonl").loss.y[tonumber(step)]
    assert.truthy(math.abs(logged - tonumber(loss)) < 1e-3 * logged, step)
    open "sweep.html"
    browser:at "figure.curve canvas"
    local said = browser:evaluate(chart(0) .. ".tooltip.body[0].lines.join('|')")
    assert.truthy(said:find "^lr=[%d.]+ hidden=%d+  %(%d runs%)|loss  [%d.]+ ± [%d.e-]+$", said)
    assert.truthy(browser:evaluate [[document.querySelectorAll("#run-table tr.pointed").length]] >= 3)
    assert.same({}, browser:complaints())
  end)

  it("the log button changes the axis there and back", function()
    open "run.html"
    local kind = chart(0) .. ".options.scales.y.type"
    assert.equal("logarithmic", browser:evaluate(kind)) -- the loss spans decades
    browser:at("figure.curve .scale button", "click")
    assert.equal("linear", browser:evaluate(kind))
    browser:at("figure.curve .scale button", "click")
    assert.equal("logarithmic", browser:evaluate(kind))
    assert.equal("true", browser:evaluate [[document.querySelector("figure.curve .scale button").getAttribute("aria-pressed")]])
  end)

  it("smoothing makes a curve calmer, none shows what was logged", function()
    open "run.html"
    local roughness = chart(0) .. [[.data.datasets.at(-1).data.reduce((sum, p, i, all) => sum + (i ? Math.abs(p.y - all[i - 1].y) : 0), 0)]]
    local function with(strength)
      set("smooth", strength, "input")
      return browser:evaluate(roughness)
    end
    local none, some, much = with(0), with(30), with(80)
    assert.truthy(none > some and some > much, ("%g %g %g"):format(none, some, much))
    set("smooth", 0, "input")
    assert.equal(1, browser:evaluate(chart(0) .. ".data.datasets.length"))
  end)

  it("smoothing and spread are the means they say", function()
    open "run.html"
    assert.equal("3,3,3", browser:evaluate "report.smoothed([3, 3, 3], 50, false).map(report.number).join()")
    assert.equal("2,,4", browser:evaluate "report.smoothed([2, null, 4], 0, false).join()")
    assert.is_true(browser:evaluate "(([a, b, c]) => a < c && Math.abs(a + c - 2 * b) < 1e-9)(report.smoothed([1, 2, 3], 60, false))")
    assert.is_true(browser:evaluate "Math.abs(report.smoothed([1, 100], 99, true).reduce((a, b) => a * b) - 100) < 1e-9")
    assert.equal("2|1|3", browser:evaluate "(({ mean, low, high }) => [mean, low, high].join('|'))(report.spread([[1], [2], [3], [null]], 1))")
  end)

  it("every run or means over seeds, in the colors of a column", function()
    open "sweep.html"
    assert.equal(6 * 3, browser:evaluate(chart(0) .. ".data.datasets.length"))
    browser:at("#curve-controls button[aria-pressed=false]", "click")
    assert.equal(23, browser:evaluate(chart(0) .. ".data.datasets.length")) -- one never began
    set("color", "hidden", "change")
    assert.equal(2, browser:evaluate(("new Set(%s.data.datasets.map((set) => set.borderColor)).size"):format(chart(0))))
    assert.equal("hidden 64hidden 256", browser:evaluate [[document.getElementById("legend").textContent]])
    assert.equal(12, browser:evaluate [[document.querySelectorAll("#parallel .line.s2").length]])
  end)

  it("a drag on an axis selects, a click there selects all again", function()
    open "sweep.html"
    browser:evaluate [[document.getElementById("parallel").scrollIntoView({ block: "center" })]]
    local box = "document.querySelector('#parallel .axis .handle').getBoundingClientRect()"
    local x, y, height = table.unpack(browser:evaluate(("[%s.x + %s.width / 2, %s.y, %s.height]"):format(box, box, box, box)))
    browser:mouse(x, y + 1, "down")
    browser:mouse(x, y + height * 0.3, "drag")
    browser:mouse(x, y + height * 0.3, "up")
    assert.equal("17 18 19 20 21 22 23 24", shown_runs()) -- lr = 0.01 is at the head
    browser:mouse(x, y + height * 0.7, "click")
    assert.equal("24 of 24 runs", browser:evaluate [[document.getElementById("count").textContent]])
    assert.same({}, browser:complaints())
  end)

  it("a picture grows by a click, what was chosen stays over a reload", function()
    open "sweep.html"
    browser:at(".picture img", "click")
    assert.is_true(browser:evaluate [[document.querySelector(".picture").classList.contains("large")]])
    filter "seed=2"
    browser:open(folder .. "/sweep.html")
    assert.equal("2 6 10 14 18 22", shown_runs())
  end)

  it("numbers at the ends of what a double holds load at once and complain of nothing, whatever is clicked", function()
    assert(lfs.mkdir(folder .. "/runs/ends"))
    folders.extremes(folder .. "/runs/ends")
    for name, figures in pairs { ee000001 = 26, ee000002 = 12, ee000003 = 26 } do
      local began = fm.system.seconds()
      report(name, name .. ".html")
      open(name .. ".html")
      assert.truthy(fm.system.seconds() - began < 10) -- it hung
      assert.equal(figures, browser:evaluate [[document.querySelectorAll("figure.curve canvas").length]])
      assert.equal("", browser:evaluate [[[...document.querySelectorAll("svg *")].filter((e) => /NaN|\bnan|\binf/.test(
        ["d", "x", "y", "data-y"].map((name) => e.getAttribute(name)).join())).map((e) => e.outerHTML).join("")]])
      local labels = browser:evaluate [[[...document.querySelectorAll("figure.curve canvas")].map((canvas) => Chart.getChart(canvas).scales)
        .flatMap(({ x, y }) => [...x.ticks, ...y.ticks]).map((tick) => tick.label).join(" ")]]
      assert.is_nil(labels:find "NaN", labels)
      assert.is_nil(labels:find "Infinity", labels)
      if name == "ee000003" then assert.truthy(labels:find(" -5e307 0 5e307 ", 1, true), labels) end
      for _, strength in ipairs { 0, 50, 99 } do set("smooth", strength, "input") end
      for _, buttons in ipairs { "figure.curve .scale button", "figure.curve .scale button", "#curve-controls button" } do
        browser:evaluate(("for (const button of document.querySelectorAll(%q)) button.click()"):format(buttons))
      end
      assert.same({}, browser:complaints())
      assert.truthy(fm.system.seconds() - began < 20)
    end
  end)

  it("nothing is wider than the page, wide or narrow, light or dark", function()
    for _, width in ipairs { 1200, 390 } do
      browser:call("Emulation.setDeviceMetricsOverride", { width = width, height = 900, deviceScaleFactor = 1, mobile = false })
      for _, file in ipairs { "run.html", "sweep.html" } do
        open(file)
        assert.truthy(browser:evaluate "document.documentElement.scrollWidth" <= width, file)
      end
    end
    browser:call("Emulation.setDeviceMetricsOverride", { width = 1200, height = 900, deviceScaleFactor = 1, mobile = false })
    local seen = {}
    for _, mode in ipairs { "light", "dark" } do
      browser:call("Emulation.setEmulatedMedia", { features = { { name = "prefers-color-scheme", value = mode } } })
      seen[mode] = browser:evaluate "getComputedStyle(document.body).backgroundColor + report.color('s1')"
      assert.truthy(seen[mode]:find(browser:evaluate(chart(0) .. ".options.plugins.tooltip.bodyColor"), 1, true) == nil)
    end
    assert.not_equal(seen.light, seen.dark)
  end)

  it("all is there without scripts", function()
    browser:call("Emulation.setScriptExecutionDisabled", { value = true })
    browser:open(folder .. "/sweep.html")
    local root = browser:call("DOM.getDocument", { depth = 0 }).root.nodeId
    local function count(selector)
      return #browser:call("DOM.querySelectorAll", { nodeId = root, selector = selector }).nodeIds
    end
    assert.equal(24, count "#run-table tbody tr")
    assert.equal(2, count "figure.curve svg.chart")
    assert.equal(24, count "#parallel .line")
    assert.equal(0, count "canvas")
    assert.equal(0, count "html.scripted")
    local function height(selector) -- nil for what is not shown
      local node = browser:call("DOM.querySelector", { nodeId = root, selector = selector }).nodeId
      local ok, box = pcall(browser.call, browser, "DOM.getBoxModel", { nodeId = node })
      return ok and box.model.height or nil
    end
    assert.truthy(height "svg.chart" > 150)
    for _, selector in ipairs { "#filter", "#curve-controls", "button.copy" } do assert.is_nil(height(selector), selector) end
  end)

  it("no label of a chart is cut off", function()
    folders.extremes(folder .. "/runs/moons")
    for _, word in ipairs { "7f3a0000", "7f3a1c2d", "moons/ee000001", "moons/ee000002", "moons/ee000003" } do
      report(word, "labels.html", "FM_CHART_JS=/nowhere")
      open "labels.html"
      local cut = browser:evaluate [[[...document.querySelectorAll("svg text")].filter((text) => {
        const box = text.getBoundingClientRect(), room = text.closest("svg").getBoundingClientRect();
        return box.left < room.left - 1 || box.right > room.right + 1 || box.top < room.top - 1 || box.bottom > room.bottom + 1;
      }).map((text) => text.textContent).join(" | ")]]
      assert.equal("", cut, word)
    end
  end)

  it("charts stay as they are where Chart.js is not installed, tables still sort", function()
    report("7f3a0000", "plain.html", "FM_CHART_JS=/nowhere")
    open "plain.html"
    assert.same({}, browser:complaints())
    assert.equal("block", browser:evaluate [[getComputedStyle(document.querySelector("figure.curve svg")).display]])
    assert.equal("block", browser:evaluate [[getComputedStyle(document.querySelector(".no-charts")).display]])
    browser:at('#run-table th[data-name="seed"] button', "click")
    assert.truthy(shown_runs():find "^1 5 9 13 17 21 2 ")
  end)
end)

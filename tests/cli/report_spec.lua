-- fmrun report: the pages it writes. report_browser_spec.lua tests them in a browser.
local fm <const> = require "fm"
local folders <const> = require "cli.report_folders"
local lfs <const> = require "lfs"

local shell <const> = require "cli.shell"

local fmrun <const>, read <const> = shell.fmrun, shell.read
local folder

--- Runs fmrun report in the test's folder; returns exit code, stdout, stderr.
local function report(arguments, environment)
  return shell.run(("%s %s report %s"):format(environment or "", fmrun, arguments))
end

--- The page about a run or a sweep.
local function page_of(word, environment)
  local code, _, err = report(word .. " -o page.html", environment)
  assert.equal(0, code, err)
  return read(folder .. "/page.html")
end

local function make_run(o)
  lfs.mkdir(folder .. "/runs")
  lfs.mkdir(folder .. "/runs/moons")
  o.path, o.experiment = folder .. "/runs/moons/20260712-153012-7f3a1c2d", "moons"
  o.config = o.config or { lr = 3e-3, hidden = 64, seed = 1, path = "linear" }
  o.status = o.status or "done"
  folders.run(o)
  return o.path
end

local function make_sweep()
  lfs.mkdir(folder .. "/runs")
  lfs.mkdir(folder .. "/runs/moons")
  folders.sweep(folder .. "/runs/moons/sweep-7f3a0000")
  return folder .. "/runs/moons/sweep-7f3a0000"
end

local function has(page, text)
  assert.truthy(page:find(text, 1, true), text .. " is not in the page")
end

local function has_not(page, text)
  assert.falsy(page:find(text, 1, true), text .. " is in the page")
end

--- How long a page is without its pictures.
local function size_without_pictures(page)
  return #page:gsub('src="data:image[^"]*"', "")
end

describe("fmrun report", function()
  before_each(function()
    shell.open()
    folder = shell.folder
  end)

  after_each(shell.close)

  describe("of a run", function()
    it("goes into its folder, and says where", function()
      local path = make_run {}
      local code, out = report "@-1"
      assert.equal(0, code)
      assert.equal("runs/moons/20260712-153012-7f3a1c2d/report.html\n", out)
      assert.truthy(read(path .. "/report.html"):find "^<!DOCTYPE html>.*</html>\n$")
    end)

    it("tells the config and what differs from the defaults, command, environment, digests, summary", function()
      make_run {}
      local page = page_of "7f3a"
      has(page, '<tr class="differs"><th scope="row">lr</th><td title="0.003">0.003</td><td class="default">default 0.001</td></tr>')
      has(page, '<tr><th scope="row">path</th><td title="linear">linear</td>')
      for _, text in ipairs { "<code>fmrun -m moons.lua lr=1e-3,3e-3,1e-2</code>", "0.3.21 Haswell", "0123456789abcdef", "fedcba9876543210", "83.2 MB",
        '<span class="status done">done</span>', "<dt>w2</dt>", "2026-07-12 15:30:12 UTC" } do has(page, text) end
    end)

    it("shows curves and pictures without any script", function()
      make_run {}
      local page = page_of "7f3a"
      local _, charts = page:gsub('<svg aria%-label="[^"]*" class="chart"', "")
      assert.equal(2, charts)
      has(page, 'src="data:image/png;base64,iVBORw0KGgo')
    end)

    it("tells the error and the end of the log, as text", function()
      local log = {}
      for i = 1, 50 do log[i] = "line " .. i end
      local trick = "</pre></script><script>alert(1)</script>"
      make_run { status = "failed", error = "moons.lua:3: <b>bad</b> " .. trick, log = table.concat(log, "\n") .. "\n\27[31m\xff" .. trick .. "\n" }
      local page = page_of "7f3a"
      has(page, "&lt;b&gt;bad&lt;/b&gt; &lt;/pre&gt;")
      has(page, "last 20 lines of log.txt")
      has_not(page, "<script>alert")
      has_not(page, "\xff")
      assert.truthy(utf8.len(page))
    end)

    it("has no markup of names, values and files", function()
      local trick = "</script><img src=x onerror=alert(1)>"
      local path = make_run { config = { lr = 3e-3, hidden = 64, seed = 1, path = trick }, record = { experiment = trick, summary = { [trick] = trick } } }
      folders.write(path .. "/metrics.jsonl", fm.json.encode { step = 1, [trick] = 2.5 } .. "\n")
      os.rename(path .. "/samples.png", path .. "/<i>.png")
      local page = page_of "7f3a"
      has_not(page, "<img src=x")
      has_not(page, "<i>")
      local data = fm.json.decode(page:match '<script id="data" type="application/json">(.-)</script>')
      assert.equal(trick, data.metrics[1].name)
    end)

    it("knows nan, inf and a torn last line", function()
      local path = make_run {}
      folders.write(path .. "/metrics.jsonl", '{"step":1,"loss":1}\n{"step":2,"loss":"nan"}\n{"step":3,"loss":"-inf"}\n{"step":4,"loss":2}\n{"step":5,"lo')
      local page = page_of "7f3a"
      local data = fm.json.decode(page:match '<script id="data" type="application/json">(.-)</script>')
      assert.same({ 1, fm.json.null, fm.json.null, 2 }, data.metrics[1].curves[1].y)
      has(page, "Not finite: nan at step 2.")
      has_not(page, "could not be read")
    end)

    it("is there for a run that logged nothing, has no log and no picture", function()
      local path = make_run { status = "failed", error = "no" }
      os.remove(path .. "/metrics.jsonl")
      has(page_of "7f3a", "Nothing was logged.")
      os.remove(path .. "/run.json")
      has(page_of "7f3a", '<span class="status damaged">')
    end)

    it("stays below 500 kB and 500 points a curve, however long the run", function()
      local path, lines = make_run {}, {}
      for step = 1, 6000 do
        local v = 1 / step
        lines[step] = ('{"step":%d,"a":%.17g,"b":%.17g,"c":%.17g,"d":%.17g,"e":%.17g,"f":%.17g}'):format(step, v, v + 1, v * 7, -v, v * v, 3 - v)
      end
      folders.write(path .. "/metrics.jsonl", table.concat(lines, "\n"))
      local page = page_of "7f3a"
      assert.truthy(size_without_pictures(page) < 500e3, size_without_pictures(page))
      for _, metric in ipairs(fm.json.decode(page:match '<script id="data" type="application/json">(.-)</script>').metrics) do
        assert.truthy(#metric.curves[1].x <= 500)
      end
    end)

    it("loads itself again while the run goes on, and no longer", function()
      local path = make_run { status = "running" }
      local lock = assert(fm.system.lock(path .. "/lock"))
      local page = page_of "7f3a"
      has(page, 'http-equiv="refresh"')
      has(page, '<span class="status running">')
      lock:release()
      page = page_of "7f3a"
      has_not(page, 'http-equiv="refresh"')
      has(page, '<span class="status lost">')
      has(page, "no process does")
    end)
  end)

  it("follows a run to its end", function()
    local path = make_run { status = "running" }
    local lock = assert(fm.system.lock(path .. "/lock"))
    local followed = assert(io.popen(("cd %s && %s report -f 7f3a -o page.html"):format(folder, fmrun)))
    assert.equal("page.html", followed:read "l")
    has(read(folder .. "/page.html"), 'http-equiv="refresh"')
    folders.write(path .. "/run.json", (read(path .. "/run.json"):gsub('"running"', '"done"')))
    lock:release()
    assert.is_true(followed:close())
    local page = read(folder .. "/page.html")
    has(page, '<span class="status done">')
    has_not(page, 'http-equiv="refresh"')
  end)

  it("shows pictures of subfolders too, 9 before 10, and SVG as a picture", function()
    local path = make_run {}
    local png = read(path .. "/samples.png")
    lfs.mkdir(path .. "/steps")
    for _, name in ipairs { "steps/10.png", "steps/9.png" } do folders.write(path .. "/" .. name, png) end
    folders.write(path .. "/a.svg", '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>')
    local page = page_of "7f3a"
    local captions = {}
    for caption in page:gmatch '<figure class="picture[^"]*">.-<figcaption>(.-)</figcaption>' do captions[#captions + 1] = caption end
    assert.same({ "a", "samples", "steps/9", "steps/10" }, captions)
    has(page, 'src="data:image/svg+xml;base64,')
    has_not(page, "alert(1)")
  end)

  describe("of a sweep", function()
    it("has a row for every run, whatever became of it", function()
      make_sweep()
      local page = page_of "7f3a0000"
      local rows = page:match '<table class="sortable" id="run%-table">(.-)</table>'
      local _, n = rows:gsub("<tr data%-group", "")
      assert.equal(24, n)
      for status, count in pairs { done = 20, failed = 1, diverged = 1, lost = 1, waiting = 1 } do
        assert.equal(count, select(2, rows:gsub('class="status ' .. status .. '"', "")))
      end
    end)

    it("keeps a parameter of words in one line, also where the word is nan", function()
      local file = make_sweep() .. "/sweep.json"
      folders.write(file, (read(file):gsub('"hidden":256', '"hidden":"nan"'):gsub('"hidden":64', '"hidden":"x"')))
      local cells = 0
      for attributes in page_of "7f3a0000":gmatch "<td([^>]*)>nan</td>" do
        assert.is_nil(attributes:find "number")
        cells = cells + 1
      end
      assert.equal(12 + 3 + 2, cells) -- runs, means, differences to the best arm
    end)

    it("tells the best run, its pictures and how to make it again", function()
      local path = make_sweep()
      local records, best = require "fm.records.runs", nil
      for name in lfs.dir(path) do
        local record = name:find "^7f" and records.read(path .. "/" .. name, "moons/sweep-7f3a0000/" .. name)
        if record and record.summary.w2 and (not best or record.summary.w2 < best.summary.w2) then best = record end
      end
      local page = page_of "7f3a0000"
      has(page, "lowest w2")
      has(page, ("fmrun moons.lua hidden=256 lr=%s seed=%d"):format(fm.json.encode(best.config.lr), best.config.seed))
      has(page, 'src="data:image/png;base64,')
      assert.equal(1, select(2, page:gsub('class="number best"', "")))
    end)

    it("takes the metric that was asked for", function()
      make_sweep()
      has(page_of "7f3a0000 --metric w2:max", "highest w2")
      local code, _, err = report "7f3a0000 --metric w3"
      assert.equal(2, code)
      has(err, 'no result is called "w3"; did you mean "w2"?')
      has(select(3, report "7f3a0000 --metric w2:maximum"), "w2:maximum: expected NAME, NAME:min or NAME:max")
    end)

    it("has parallel coordinates, curves and means over seeds without any script", function()
      make_sweep()
      local page = page_of "7f3a0000"
      local parallel = page:match '<svg [^>]*id="parallel".-</svg>'
      assert.equal(24, select(2, parallel:gsub('data%-run="', "")))
      assert.equal(4, select(2, parallel:gsub('class="axis"', "")))
      assert.equal(2, select(2, page:gsub('class="chart"', "")))
      local means = page:match '<table class="sortable" id="mean%-table">(.-)</table>'
      assert.equal(6, select(2, means:gsub("<tr><td", "")))
      has(means, "3 of 4")
      has(means, " ± ")
    end)

    it("tells when the code changed on the way", function()
      local path = make_sweep()
      has_not(page_of "7f3a0000", "versions of the code")
      local record = read(path .. "/7f3a0001/run.json"):gsub("0123456789abcdef", "00000000deadbeef")
      folders.write(path .. "/7f3a0001/run.json", record)
      has(page_of "7f3a0000", "The runs were made by 2 versions of the code")
    end)

    it("does not call it a change of the code when a run read one more file", function()
      local path = make_sweep()
      local record = read(path .. "/7f3a0001/run.json"):gsub('"code":%[', '%0{"path":"only_here.lua","hash":"00000000deadbeef"},')
      folders.write(path .. "/7f3a0001/run.json", record)
      has(record, "only_here.lua")
      has_not(page_of "7f3a0000", "versions of the code")
    end)

    it("tells what went wrong", function()
      make_sweep()
      local page = page_of "7f3a0000"
      has(page, "moons.lua:24: add: [2, 3] and [4] do not broadcast")
      has(page, "note: &lt;b&gt;not bold&lt;/b&gt;")
      has(page, "moons.lua:31: loss is nan at step 60")
    end)

    it("stays below 3 MB for 100 runs of eight long curves", function()
      local path = folder .. "/runs/moons/sweep-7f3a0000"
      lfs.mkdir(folder .. "/runs")
      lfs.mkdir(folder .. "/runs/moons")
      folders.sweep(path, { lr = { 1e-3, 2e-3, 3e-3, 5e-3, 1e-2 }, hidden = { 64, 256 }, seed = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 }, pictures = false })
      local lines = {}
      for step = 1, 600 do
        local v = 1 / step
        lines[step] = ('{"step":%d,"a":%.9g,"b":%.9g,"c":%.9g,"d":%.9g,"e":%.9g,"f":%.9g,"g":%.9g,"h":%.9g}'):format(step, v, v + 1, v * 7, -v, v * v,
          3 - v, v - 9, math.sin(step))
      end
      for name in lfs.dir(path) do
        if name:find "^7f" then folders.write(path .. "/" .. name .. "/metrics.jsonl", table.concat(lines, "\n")) end
      end
      local page = page_of "7f3a0000"
      assert.truthy(#page < 3e6, #page)
      assert.equal(100, select(2, page:match '<svg [^>]*id="parallel".-</svg>':gsub('data%-run="', "")))
    end)

    it("reads what a real sweep leaves", function()
      local toy = lfs.currentdir() .. "/tests/cli/toy.lua"
      os.execute(("cd %s && %s -q -m %s lr=1e-3,1e-2 seed=1:2 steps=5 diverge_at=0,3 >out 2>err"):format(folder, fmrun, toy))
      local name
      for entry in lfs.dir(folder .. "/runs/toy") do name = entry:match "^sweep%-(%x+)$" or name end
      local page = page_of(name)
      assert.equal(8, select(2, page:gsub("<tr data%-group", "")))
      assert.equal(4, select(2, page:gsub('class="failure diverged"', "")))
    end)
  end)

  describe("of runs from anywhere", function()
    local function rows(page)
      return select(2, page:gsub("<tr data%-run", "")) + select(2, page:gsub("<tr data%-group", ""))
    end

    it("is of an experiment, of several sweeps, or of what fits a condition", function()
      make_sweep()
      make_run { config = { lr = 3e-3, hidden = 64, seed = 9, path = "linear" } }
      local code, out = report "moons"
      assert.equal(0, code)
      assert.equal("runs/moons/report.html\n", out)
      local page = read(folder .. "/runs/moons/report.html")
      assert.equal(24, rows(page)) -- 23 of the sweep, since one never began, and the other
      has(page, "<small>24 runs</small>")
      has(page, "report moons</code>")
      assert.equal(24, rows(page_of "7f3a0000 7f3a1c2d"))
      page = page_of "moons --where 'lr<2e-3' --where hidden=64"
      assert.equal(4, rows(page))
      has(page, "over seed<") -- the only key in which they differ
      code, out = report "7f3a0000 7f3a1c2d"
      assert.equal(0, code)
      assert.equal("runs/report.html\n", out)
      code, out = report "7f3a0000 --where hidden=64"
      assert.equal(0, code)
      assert.equal("runs/moons/sweep-7f3a0000/report.html\n", out)
    end)

    it("keeps runs of other code apart", function()
      local path = make_sweep()
      local record = read(path .. "/7f3a0001/run.json"):gsub("0123456789abcdef", "00000000deadbeef")
      folders.write(path .. "/7f3a0001/run.json", record)
      local page = page_of "moons --where 'lr<2e-3' --where hidden=64"
      has(page, "over seed, code<")
      local means = page:match '<table class="sortable" id="mean%-table">(.-)</table>'
      assert.equal(2, select(2, means:gsub("<tr><td", "")))
    end)
  end)

  it("tells the best arm by its mean over seeds before the best run, and arms against it seed by seed", function()
    lfs.mkdir(folder .. "/runs")
    lfs.mkdir(folder .. "/runs/moons")
    local path = folder .. "/runs/moons/sweep-7f3a0000"
    folders.sweep(path, { lr = { 1e-3, 3e-3 }, hidden = { 64, 256 }, seed = { 1, 2, 3 } })
    local w2 = { 1, 2, 6, 2, 2, 3, 4, 5, 9, 7, 7, 7 } -- arms of three seeds; the best run is in the first, the best mean in the second
    for i, value in ipairs(w2) do
      local name = ("%s/%08x/run.json"):format(path, 0x7f3a0000 + i)
      folders.write(name, (read(name):gsub('"w2":[%d.e-]+', '"w2":' .. value)))
    end
    local page = page_of "7f3a0000"
    local first = '<dt>lowest w2, mean over seeds</dt><dd title="2.33 ± 0.58">2.33 ± 0.58<small>lr=0.001 hidden=256, 3 seeds</small></dd>'
    local second = '<dt>lowest w2 of one run</dt><dd title="1">1<small>run 001, lr=0.001 hidden=64 seed=1</small></dd>'
    assert.truthy(page:find(first .. "</div><div>" .. second, 1, true), page:match '<dl class="tiles">.-</dl>')
    has(page, "The best arm and the best run")
    local paired = page:match '<table class="sortable" id="paired%-table">(.-)</table>'
    local found = {}
    for row in paired:match("<tbody>(.-)</tbody>"):gmatch "<tr>(.-)</tr>" do found[#found + 1] = row:gsub("<[^>]*>", " "):gsub("%s+", " ") end
    assert.same({ " 0.001 64 3 +0.7 ± 1.2 1 of 3 ", " 0.003 64 3 +3.7 ± 1.2 3 of 3 ", " 0.003 256 3 +4.67 ± 0.33 3 of 3 " }, found)
    has(page_of "7f3a0000 --metric w2:max", "highest w2, mean over seeds")
    -- pictures of every arm, of the first seed, the best first
    local gallery = page:match '<section id="samples">(.-)</section>'
    local captions = {}
    for caption in gallery:gmatch "<figcaption>(.-)</figcaption>" do captions[#captions + 1] = caption:gsub("<[^>]*>", "") end
    assert.same({ "lr=0.001 hidden=256 w2 2.33 ± 0.58, seed 1", "lr=0.001 hidden=64 w2 3.0 ± 2.6, seed 1", "lr=0.003 hidden=64 w2 6.0 ± 2.6, seed 1",
      "lr=0.003 hidden=256 w2 7 ± 0, seed 1" }, captions)
    -- a legend of the arms, and a name for the axis
    local legend = page:match '<p class="legend" id="legend">(.-)</p>'
    assert.equal(4, select(2, legend:gsub('class="key"', "")))
    has(page, '>step</text>')
  end)

  it("shows the charts before the table of more than 50 runs", function()
    lfs.mkdir(folder .. "/runs")
    lfs.mkdir(folder .. "/runs/moons")
    local path = folder .. "/runs/moons/sweep-7f3a0000"
    local grid = { lr = { 1e-3, 3e-3, 1e-2, 2e-2, 3e-2 }, hidden = { 64, 256 }, seed = { 1, 2, 3, 4, 5 }, pictures = false }
    folders.sweep(path, grid)
    local page = page_of "7f3a0000"
    assert.truthy(page:find('id="runs"', 1, true) < page:find('id="curves"', 1, true))
    os.execute("rm -r " .. path)
    table.insert(grid.seed, 6)
    folders.sweep(path, grid)
    page = page_of "7f3a0000"
    assert.truthy(page:find('id="runs"', 1, true) > page:find('id="curves"', 1, true))
  end)

  it("is one file that fetches nothing", function()
    make_run {}
    local page = page_of "7f3a"
    has(page, "default-src &#39;none&#39;")
    for attribute, value in page:gsub("<script.-</script>", ""):gsub("<style.-</style>", ""):gmatch '(%w+)="([^"]*)"' do
      if attribute == "src" or attribute == "href" then assert.truthy(value:find "^data:", value) end
    end
  end)

  it("has Chart.js inside, or says that it is not there", function()
    make_run {}
    local page = page_of("7f3a", "FM_CHART_JS=/nowhere")
    has_not(page, "Chart.js Contributors")
    has(page, "charts are static: Chart.js was not found")
    if lfs.attributes "/usr/share/javascript/chart.js/chart.min.js" then
      page = page_of "7f3a"
      has(page, "Chart.js Contributors")
      has_not(page, "charts are static")
    end
  end)

  it("refuses with one line what it cannot do", function()
    make_run {}
    local function refused(code, arguments, message)
      local found, out, err = report(arguments)
      assert.equal(code, found)
      assert.equal("", out)
      assert.truthy(err:find(message, 1, true), err)
    end
    refused(2, "", "expected runs, sweeps or experiments")
    refused(3, "nothere", 'no run is called "nothere"')
    refused(3, "moons --where 'lr>1'", "the one run there is does not fit")
    refused(2, "moons --where 'lrr>1'", '--where: no run has "lrr"; did you mean "lr"?')
    refused(2, "7f3a --metric w2", "--metric: only a sweep has a best run")
    refused(2, "7f3a --ouptut x", 'unknown option "--ouptut"; did you mean "--output"?')
    refused(1, "7f3a -o nowhere/page.html", "nowhere/page.html")
    lfs.mkdir(folder .. "/runs/moons/sweep-00000001")
    for text, message in pairs {
      ["{"] = "sweep.json: line 1",
      ["{}"] = "sweep.json: keys: expected a list, found nil",
      ['{"keys":[],"runs":[]}'] = "sweep.json: it has no runs",
      ['{"keys":["lr"],"runs":[{"index":1,"folder":7,"changed":{},"config":{}}]}'] = "runs[1].folder: expected string, found integer",
    } do
      folders.write(folder .. "/runs/moons/sweep-00000001/sweep.json", text)
      refused(1, "sweep-00000001", message)
    end
  end)

  it("is replaced in one step", function()
    make_run {}
    folders.write(folder .. "/page.html", "old")
    page_of "7f3a"
    for name in lfs.dir(folder) do assert.falsy(name:find "page%.html.+", name) end -- no rest of the way there
  end)
end)

-- The parts of reports at their limits: when an axis is logarithmic, which points stay of a long
-- curve, the end of a log, pictures in their order, what stands for an arm.
local checks <const> = dofile "tests/lua/checks.lua"
local fm <const> = require "fm"
local lfs <const> = require "lfs"
local files <const> = dofile "tests/whole_files.lua"
local arms <const> = require "fm.report.arms"
local chart <const> = require "fm.report.chart"
local curves <const> = require "fm.report.curves"
local html <const> = require "fm.report.html"
local parallel <const> = require "fm.report.parallel"
local parts <const> = require "fm.report.parts"
local pictures <const> = require "fm.report.pictures"
local thin <const> = require "fm.report.thin"

local nan <const>, inf <const> = 0 / 0, 1 / 0

describe("a chart", function()
  it("is logarithmic when most curves fall, all are positive, over more than a factor of 30", function()
    local function log(...)
      local list = {}
      for i, y in ipairs { ... } do list[i] = { y = y } end
      return chart.wants_log(list)
    end
    assert.same({ false, true, true }, { log { 30, 1 }, log { 30.5, 1 }, log { nan, 31, inf, 1, nan } })
    assert.same({ false, true, false }, { log({ 40, 1 }, { 1, 2 }), log({ 40, 1 }, { 2, 1 }, { 1, 2 }), log({ 40, 1 }, { 5, 0 }) })
    assert.same({ false, false, false }, { log { 40, 1, 40 }, log {}, log { nan } })
    assert.is_false(log({ 40, 1 }, { nan }))
  end)

  it("keeps the lowest and the highest point of each stretch, and the ends", function()
    local x, y = {}, {}
    for i = 1, 12 do x[i], y[i] = i * 10, ({ 0, 5, 1, 2, 3, 9, 4, 7, 6, 8, 2, 1 })[i] end
    local function kept(most)
      local u, v = thin.extremes(x, y, most)
      local list = {}
      for i = 1, #u do list[i] = ("%d:%g"):format(u[i], v[i]) end
      return table.concat(list, " ")
    end
    assert.equal("10:0 20:5 30:1 50:3 60:9 100:8 110:2 120:1", kept(8))
    assert.equal(12, #(thin.extremes(x, y, 12)))
    assert.equal("10:0 30:1 60:9 120:1", kept(4))
    assert.equal("10:0 120:1", kept(3))
  end)

  it("has means of equal stretches, the last value in the last one", function()
    assert.same({ 1, 2.5 }, thin.means({ 0, 5, 10 }, { 1, 2, 3 }, 0, 10, 2))
    assert.same({ 2 }, thin.means({ 5, 5, 5 }, { 1, 2, 3 }, 5, 5, 1))
    assert.same({ 1, 4 }, thin.means({ -5, 15 }, { 1, 4 }, 0, 10, 2)) -- what is outside belongs to the end
    assert.same({ 1.25, 3.75, 6.25, 8.75 }, thin.middles(0, 10, 4))
    assert.same({ 5 }, thin.middles(5, 5, 1))
  end)

  it("names what is not finite, and the values between which it lies", function()
    local folder <const> = os.tmpname()
    os.remove(folder)
    assert(lfs.mkdir(folder))
    files.write(folder .. "/metrics.jsonl",
      '{"step":1,"loss":2,"a":"nan","up":1}\n{"step":2,"loss":"-inf","a":"nan","up":"inf"}\nbad\n{"step":3,"loss":1,"a":"nan","up":5}\n')
    local run <const> = { index = 1, path = folder, floors = { loss = 0.5 } }
    local metrics, damaged = curves.collect { run, { index = 2, path = "/nowhere" } }
    assert.same({ 1, { "loss", "a", "up" } }, { damaged, { metrics[1].name, metrics[2].name, metrics[3].name } })
    local text <const> = tostring(curves.figures(metrics))
    for _, wanted in ipairs { "Not finite: -inf at step 2.", "Not finite: nan at step 1.", "Not finite: inf at step 2.",
      'aria-label="a by step: no finite value"',
      'aria-label="loss by step, between 1 and 2"', "Floor 0.5; the last tenth of the values is 1, 0.5 above it." } do
      assert.truthy(text:find(wanted, 1, true), wanted)
    end
    local json <const> = assert(fm.json.decode(curves.json(metrics)))
    assert.same({ name = "loss", log = false, grid = json[1].grid, floor = 0.5, curves = { { run = 1, x = { 1, 2, 3 }, y = { 2, fm.json.null, 1 },
      means = { 2, fm.json.null, 1 } } } }, json[1])
    assert.equal(fm.json.null, json[2].floor)
    os.execute("rm -r " .. folder)
    assert.is_nil(curves.legend_of_run { { curves = { { x = { 1 }, y = { 1 } } } } })
    local short, long = {}, {}
    for i = 1, 31 do short[i], long[i] = i < 31 and i or nil, i end
    assert.is_nil(curves.legend_of_run { { curves = { { x = short, y = short } } } })
    assert.truthy(tostring(curves.legend_of_run { { curves = { { x = long, y = long, wide_means = long } } } }):find "smoothed")
    assert.truthy(tostring(curves.legend_of_run { { floor = 1, curves = { { x = short,
      y = short } } } }):find '<i class="s1"></i>logged</span><span class="key"><i class="floor">')
  end)
end)

describe("a page", function()
  local folder <const> = checks.own_folder(before_each, after_each)

  it("has the last lines of a log, and says so when there are more", function()
    local function tail(text, most)
      files.write(folder .. "/log.txt", text)
      return parts.log_tail(folder, most)
    end
    assert.same({ "a\nb", nil }, { tail("a\nb\n", 2) })
    assert.same({ "b\nc", 2 }, { tail("a\nb\nc\n", 2) })
    assert.same({ "a\n\nb", nil }, { tail("a\n\nb", 3) })
    assert.same({}, { tail("", 5) })
    assert.same({}, { parts.log_tail("/nowhere", 5) })
    local line <const> = ("x"):rep(99) .. "\n"
    local text, shown = tail(line:rep(163) .. ("y"):rep(84), 200) -- 16,384 bytes: all of it
    assert.same({ 163 * 100 + 84, nil }, { #text, shown })
    text, shown = tail("z" .. line:rep(163) .. ("y"):rep(84), 200) -- one more: the first line may be cut
    assert.same({ 162 * 100 + 84, 163 }, { #text, shown })
  end)

  it("has pictures in the order of their numbers, of subfolders too, no links, nothing broken", function()
    local function png(width, height) return "\137PNG\r\n\26\n\0\0\0\13IHDR" .. (">I4I4"):pack(width, height) end
    assert(lfs.mkdir(folder .. "/frames"))
    for name, text in pairs { ["b.png"] = png(128, 50), ["a10.png"] = png(240, 100), ["a9.PNG"] = png(241, 100), ["frames/s.svg"] = "<?xml?><svg/>",
      ["no.svg"] = "text", ["short.png"] = png(1, 1):sub(1, 23),
      ["notes.txt"] = "x", [".hidden.png"] = "x" } do
      files.write(folder .. "/" .. name, text)
    end
    assert(lfs.link(folder .. "/b.png", folder .. "/link.png", true))
    assert.same({ "a9.PNG", "a10.png", "b.png", "frames/s.svg", "no.svg", "short.png" }, pictures.names(folder))
    local text <const> = tostring(pictures.block(folder, { ["b.png"] = true }))
    assert.truthy(text:find('<figure class="picture panorama"><img alt="a9.PNG" height="100" src="data:image/png;base64,', 1, true), text)
    assert.truthy(text:find('<figure class="picture"><img alt="a10.png" height="100"', 1, true), text)
    assert.truthy(text:find('<figure class="picture"><img alt="frames/s.svg" src="data:image/svg+xml;base64,', 1, true), text)
    assert.truthy(text:find("<figcaption>a10</figcaption>", 1, true) and not text:find('alt="b.png"', 1, true))
    for _, name in ipairs { "no.svg", "short.png" } do assert.truthy(text:find(name .. " is no picture.", 1, true)) end
    local figure, bytes = pictures.figure_of(folder, "b.png", 24, "said")
    assert.same({ 24, true }, { bytes, tostring(figure):find('class="small" height="50"', 1, true) ~= nil })
    assert.same({ nil, 24 }, { pictures.figure_of(folder, "b.png", 23, "said") })
    assert.same({}, { pictures.figure_of(folder, "none.png", 99, "said") })
    assert.is_nil((pictures.figure_of(folder, "no.svg", 99, "said")))
    assert.is_nil(pictures.block(folder .. "/none"))
  end)

  it("has one run for an arm, and words for both", function()
    local group <const> = { changed = { lr = 0.5 }, experiment = "toy", runs = { { status = "failed" }, { status = "done", n = 2 },
      { status = "done" } } }
    assert.equal(group.runs[2], arms.first_run(group))
    assert.equal(group.runs[1], arms.first_run { runs = { group.runs[1] } })
    assert.same({ "lr=0.5", "toy", "all runs" }, { arms.label(group, { "lr" }), arms.label(group, {}), arms.label({ changed = {} }, { "lr" }) })
  end)

  it("marks what differs from the default, and leaves out what is not known", function()
    local text <const> = tostring(parts.config { config = { a = 1, b = 2, c = 3 }, defaults = { a = 1, b = 5 } })
    assert.truthy(text:find('<tr><th scope="row">a</th><td title="1">1</td><td class="default"></td></tr><tr class="differs"><th scope="row">b</th>'
      .. '<td title="2">2</td><td class="default">default 5</td></tr><tr><th scope="row">c</th>', 1, true), text)
    assert.truthy(tostring(parts.config { config = {} }):find "No parameters are recorded")
    assert.is_nil(parts.section("id", "Title", nil, false))
    assert.equal('<section id="id"><h2>Title</h2>x</section>', tostring(parts.section("id", "Title", nil, "x")))
    assert.equal('<p class="facts"><span>a</span><span>c</span></p>', tostring(parts.facts { n = 3, "a", nil, "c" }))
    assert.is_nil(parts.tiles {})
    assert.is_nil(parts.command(nil))
    assert.is_nil(parts.digests({}, {}))
    assert.is_nil(parts.failure { status = "done", path = folder })
    assert.truthy(tostring(parts.failure { status = "lost", path = folder }):find("The run says it is running, but no process does", 1, true))
    assert.equal('<div class="failure failed"><p class="reason">why</p></div>', tostring(parts.failure { status = "failed", path = folder,
      error = "why" }))
    assert.equal("&lt;&amp;&#39;", html.escape "<&'")
  end)
end)

describe("parallel coordinates", function()
  local function run(index, changed, summary, order)
    return { index = index, changed = changed, summary = summary, config = changed, label = "run" .. index, class = "r0", order = order or index,
      status = "done" }
  end

  it("have an axis for what differs, equal steps for few values, the objective last", function()
    local runs <const> = { run(1, { lr = 0.1, kind = "b", same = 1 }, { w2 = 1, nfe = 5 }), run(2, { lr = 10, kind = "a", same = 1 }, { w2 = 3,
      nfe = 6 }),
      run(3, { lr = 1, kind = "b", same = 1 }, { w2 = "nan", nfe = 7 }) }
    local text <const> = tostring(parallel({ keys = { "lr", "kind", "same" }, runs = runs }, { name = "w2" }))
    local names = {}
    for name in text:gmatch '<text class="name"[^>]*>([^<]*)<' do names[#names + 1] = name end
    assert.same({ "lr", "kind", "nfe", "w2" }, names)
    local drawn = {}
    for index, places in text:gmatch 'data%-run="(%d)" data%-y="([^"]*)"' do drawn[#drawn + 1] = index .. ": " .. places end
    assert.equal("3: 163.0 44.0", drawn[1]:match "^3: %S+ %S+")
    assert.truthy(drawn[1]:find " %-$") -- no value of w2
    assert.equal("2: 44.0 282.0", drawn[2]:match "^2: %S+ %S+")
    assert.equal("1: 282.0 44.0", drawn[3]:match "^1: %S+ %S+")
    assert.is_nil(parallel({ keys = { "same" }, runs = { runs[1] } }, nil))
  end)
end)

--- A PNG of so many pixels and bytes.
local function png(width, height, bytes)
  local head <const> = "\137PNG\r\n\26\n\0\0\0\13IHDR" .. (">I4I4"):pack(width, height)
  return head .. ("x"):rep((bytes or 24) - #head)
end

--- Text of a page without the bytes of pictures, a line for each element.
local function lines_of(markup)
  return (tostring(markup):gsub(";base64,[^\"]*", ""):gsub("><", ">\n<"))
end

describe("a gallery", function()
  local folder
  local core <const> = require "fm.core"
  local base64 <const> = core.picture.base64
  before_each(function()
    folder = os.tmpname()
    os.remove(folder)
    assert(lfs.mkdir(folder))
    core.picture.base64 = function(bytes) return ("of %d bytes"):format(#bytes) end -- 24 MB in a page take seconds
  end)
  after_each(function()
    core.picture.base64 = base64
    os.execute("rm -r " .. folder)
  end)

  --- Arms with these files: { name = text } each.
  local function gallery(...)
    local list = {}
    for i, named in ipairs { ... } do
      local path <const> = ("%s/%d"):format(folder, i)
      assert(lfs.mkdir(path))
      for name, text in pairs(named) do files.write(path .. "/" .. name, text) end
      list[i] = { path = path, label = "arm " .. i, note = "w2 " .. i }
    end
    return require "fm.report.gallery"(list)
  end

  it("has what two arms or more have, samples first, the first one open", function()
    local both <const> = { ["late.png"] = png(2, 1), ["samples.png"] = png(2, 1), ["early.png"] = png(2, 1), ["samples_b.png"] = png(2, 1) }
    local more <const> = { ["own.png"] = png(2, 1), ["late.png"] = png(300, 100) }
    assert.equal([[
<details open>
<summary>samples</summary>
<div class="pictures arms">
<figure class="picture">
<img alt="samples.png" class="small" height="1" src="data:image/png" width="2">
<figcaption>
<b>arm 1</b> w2 1</figcaption>
</figure>
<figure class="picture">
<img alt="samples.png" class="small" height="1" src="data:image/png" width="2">
<figcaption>
<b>arm 2</b> w2 2</figcaption>
</figure>
</div>
</details>
<details>
<summary>samples_b</summary>
<div class="pictures arms">
<figure class="picture">
<img alt="samples_b.png" class="small" height="1" src="data:image/png" width="2">
<figcaption>
<b>arm 1</b> w2 1</figcaption>
</figure>
<figure class="picture">
<img alt="samples_b.png" class="small" height="1" src="data:image/png" width="2">
<figcaption>
<b>arm 2</b> w2 2</figcaption>
</figure>
</div>
</details>
<details>
<summary>early</summary>
<div class="pictures arms">
<figure class="picture">
<img alt="early.png" class="small" height="1" src="data:image/png" width="2">
<figcaption>
<b>arm 1</b> w2 1</figcaption>
</figure>
<figure class="picture">
<img alt="early.png" class="small" height="1" src="data:image/png" width="2">
<figcaption>
<b>arm 2</b> w2 2</figcaption>
</figure>
</div>
</details>
<details>
<summary>late</summary>
<div class="pictures arms">
<figure class="picture">
<img alt="late.png" class="small" height="1" src="data:image/png" width="2">
<figcaption>
<b>arm 1</b> w2 1</figcaption>
</figure>
<figure class="picture">
<img alt="late.png" class="small" height="1" src="data:image/png" width="2">
<figcaption>
<b>arm 2</b> w2 2</figcaption>
</figure>
<figure class="picture panorama">
<img alt="late.png" height="100" src="data:image/png" width="300">
<figcaption>
<b>arm 3</b> w2 3</figcaption>
</figure>
</div>
</details>
]], lines_of(gallery(both, both, more)) .. "\n")
  end)

  it("has none of one arm, nothing that is broken, and no note when all are shown", function()
    assert.is_nil(gallery({ ["a.png"] = png(1, 1) }, { ["b.png"] = png(1, 1) }))
    os.execute(("rm -r %s/1 %s/2"):format(folder, folder))
    assert.is_nil(gallery({ ["a.png"] = "broken" }, { ["a.png"] = "" }))
    os.execute(("rm -r %s/1 %s/2"):format(folder, folder))
    local one <const> = lines_of(gallery({ ["a.png"] = "broken" }, { ["a.png"] = png(1, 1) }))
    assert.truthy(one:find("<b>arm 2</b>", 1, true) and not one:find("<b>arm 1</b>", 1, true) and not one:find("note", 1, true))
  end)

  it("says what it leaves out: pictures beyond 8 MB, arms beyond 24", function()
    local big <const>, small <const> = { ["a.png"] = png(1, 1, 3999990) }, { ["a.png"] = png(1, 1, 21) }
    local list <const> = { big, big, small }
    list[1] = { ["a.png"] = png(1, 1, 3999976) }
    list[3] = { ["a.png"] = png(1, 1, 35) } -- one byte too many
    list[4] = { ["a.png"] = png(1, 1, 34) }
    local text = lines_of(gallery(table.unpack(list)))
    assert.equal(3, select(2, text:gsub("<img", "")))
    assert.truthy(text:find("<b>arm 4</b>", 1, true) and not text:find("<b>arm 3</b>", 1, true))
    assert.equal('<p class="note">1 picture more: a gallery has at most 8.0 MB.</p>', text:match '<p class="note">.*$')
    os.execute(("rm -r %s/*"):format(folder))
    for i = 1, 25 do list[i] = { ["a.png"] = png(1, 1) } end
    text = lines_of(gallery(table.unpack(list)))
    assert.equal(24, select(2, text:gsub("<img", "")))
    assert.equal('<p class="note">the best 24 of 25 are shown.</p>', text:match '<p class="note">.*$')
    os.execute(("rm -r %s/*"):format(folder))
    for i = 1, 2 do list[i] = big end
    list[3] = { ["a.png"] = png(1, 1, 99) }
    list[4] = list[3]
    text = lines_of(gallery(table.unpack(list)))
    assert.equal('<p class="note">the best 24 of 25 are shown; 22 pictures more: a gallery has at most 8.0 MB.</p>', text:match '<p class="note">.*$')
  end)

  it("of one run has at most 24 MB on a page, and says what cannot be read", function()
    for i = 1, 3 do files.write(("%s/%d.png"):format(folder, i), png(1, 1, 8000000 + (i == 2 and 1 or 0))) end
    files.write(folder .. "/4.png", png(1, 1, 7999999))
    local text = lines_of(pictures.block(folder))
    assert.equal(('<p class="note">1 picture more in %s: a page has at most 24.0 MB of them.</p>'):format(folder), text:match '<p class="note">.*$')
    assert.truthy(text:find('alt="4.png"', 1, true) and not text:find('alt="3.png"', 1, true))
    local read <const> = fm.file.read
    core.file.read = function(path, most)
      if path:find "4.png$" then return nil, path .. ": not for you" end
      return read(path, most)
    end
    local ok, found = pcall(function() return lines_of(pictures.block(folder)) end)
    core.file.read = read
    assert.is_true(ok)
    assert.equal(('<p class="note">%s/4.png: not for you</p>\n<p class="note">1 picture more in %s: a page has at most 24.0 MB of them.</p>'):format(folder,
      folder), found:match '<p class="note">.*$')
  end)
end)

describe("what a page draws of odd values", function()
  it("whiskers that reach below a logarithm end at the foot, others where they are", function()
    local function whiskers(log)
      local line <const> = { x = { 1, 2, 3 }, y = { 10, 100, 1000 }, low = { -5, 10, false }, high = { 20, 1000, 2000 }, titles = { "a", "b", "c" },
        class = "s1" }
      local list = {}
      for d in tostring(chart.svg({ line }, { log = log, points = true, label = "x" })):gmatch 'class="whisker s1" d="([^"]*)"' do
        list[#list + 1] = d
      end
      return list
    end
    local log <const>, plain <const> = whiskers(true), whiskers(false)
    assert.same({ 2, 2 }, { #log, #plain })
    assert.equal("206.0V", log[1]:match "%d+%.%dV")
    assert.truthy(tonumber(log[1]:match "V(.*)") < 206)
    assert.truthy(log[2]:match "M(%S+) (%S+)V" and tonumber(log[2]:match "M%S+ ([%d.]+)V") < 206)
    assert.truthy(tonumber(plain[1]:match "M%S+ ([%d.]+)V") < 206)
  end)

  it("axes have numbers before words, those by their size and these by the alphabet", function()
    local runs = {}
    for i, value in ipairs { "b", 10, "a", 9, true, 0.5 } do
      runs[i] = { index = i, changed = { v = value }, summary = { w2 = i }, config = {}, label = "", class = "r0", order = i, status = "done" }
    end
    local text <const> = tostring(parallel({ keys = { "v" }, runs = runs }, { name = "w2" }))
    local marks = {}
    for place, value in text:match('<g class="axis".-</g>'):gmatch 'class="value"[^>]* y="([%d.]+)">([^<]*)<' do marks[#marks + 1] = place .. " " .. value end
    assert.same({ "286.0 0.5", "238.4 9", "190.8 10", "143.2 a", "95.6 b", "48.0 true" }, marks)
  end)

  it("what fmrun pareto found without a value is a sentence, and no chart", function()
    local folder <const> = os.tmpname()
    os.remove(folder)
    assert(lfs.mkdir(folder))
    local pareto <const> = require "fm.report.pareto"
    files.write(folder .. "/pareto.json", fm.json.encode { identity = "x", step = 3, name = "w2", settings = { { method = "euler", steps = 4,
      note = "not finite" }, { method = "dopri5", tolerance = 0.1, over = 40 } } })
    local said <const> = "Measured by fmrun pareto. A setting is dominated when another one is no worse in both, and better in one."
      .. " Without a value: dopri5 0.1 (over 40 evaluations), euler 4 (not finite)."
    local section <const> = '<section id="pareto"><h2>Quality against evaluations</h2><p class="note">%s</p></section>'
    local function text(steps) return tostring(pareto { path = folder, steps = steps }) end
    assert.equal(section:format(said), text(3))
    assert.equal(section:format(said), text(nil))
    assert.equal(section:format("The model of step 3. " .. said), text(4))
    files.write(folder .. "/pareto.json", "[]")
    assert.equal(section:format "Not read: pareto.json: not what fmrun pareto writes", text(3))
    os.remove(folder .. "/pareto.json")
    assert.is_nil(pareto { path = folder })
    os.remove(folder)
  end)

  it("a result called spikes has its own column, and there is no second one", function()
    local tables <const> = require "fm.report.runs_table"
    local function heads(summary)
      local run <const> = { index = 1, order = 1, class = "r0", path = "p", status = "done", label = "", changed = {}, config = {}, summary = summary,
        spikes = { loss = { count = 2, first = 1, worst = 9 } } }
      local sweep <const> = { runs = { run }, keys = {}, experiments = { "toy" } }
      local _, n = tostring(tables.runs(sweep)):gsub('data%-name="spikes"', "")
      local _, m = tostring(tables.means(sweep, { { changed = {}, runs = { run } } })):gsub('data%-name="spikes"', "")
      return { n, m }
    end
    assert.same({ 1, 1 }, heads { spikes = 5 })
    assert.same({ 1, 1 }, heads { w2 = 5 })
  end)

  it("many runs without an objective have colors that no legend explains; without curves there is no section", function()
    local folder <const> = os.tmpname()
    os.remove(folder)
    assert(lfs.mkdir(folder))
    files.write(folder .. "/metrics.jsonl", '{"step":1,"loss":1}\n{"step":2,"loss":2}\n')
    local function page(n, path)
      local sweep <const> = { path = folder, name = "toy/sweep-0a", id = "0a", scripts = {}, keys = { "lr" }, runs = {}, experiments = { "toy" } }
      for i = 1, n do
        sweep.runs[i] = { index = i, path = path, label = "lr=" .. i, changed = { lr = i }, config = { lr = i }, status = "done", summary = { note = "x" },
          experiment = "toy" }
      end
      return (require "fm.report.sweep_page"(sweep, "NOW"))
    end
    local nine <const>, eight <const> = page(9, folder), page(8, folder)
    assert.truthy(nine:find('<p class="legend" id="legend"></p>', 1, true), nine)
    assert.truthy(eight:find('<p class="legend" id="legend"><span class="key"><i class="r7"></i>lr=1</span>', 1, true))
    assert.is_nil(page(9, folder .. "/none"):find('id="curves"', 1, true))
    os.execute("rm -r " .. folder)
  end)

  it("is one file with its scripts, with Chart.js where it is installed", function()
    local page <const> = require "fm.report.page"
    local path <const>, getenv <const> = os.tmpname(), os.getenv
    local function text_of(library, refresh)
      files.write(path, library)
      rawset(os, "getenv", function(name) return name == "FM_CHART_JS" and path or getenv(name) end)
      local ok, text = pcall(page.text, { title = "T", json = '{"a":"</script>"}', body = { html.p { "b" } }, made = "NOW", refresh = refresh })
      rawset(os, "getenv", getenv)
      assert(ok, text)
      return text
    end
    local with <const> = text_of("/* Chart.js */ '</script><SCRIPT></SCRIPT>'", true)
    assert.truthy(with:find("<script>/* Chart.js */ '<\\/script><SCRIPT><\\/script>'</script>", 1, true))
    assert.truthy(with:find('<script id="data" type="application/json">{"a":"\\u003c/script>"}</script>', 1, true))
    assert.is_nil(with:find("no-charts", 1, true))
    assert.truthy(with:find('<meta content="5" http-equiv="refresh">', 1, true))
    assert.truthy(with:find("<footer><span>fmrun report, NOW</span><span>the run goes on: this page loads itself again every 5 seconds</span></footer>", 1,
      true))
    local _, scripts = with:gsub("<script", "")
    local without <const> = text_of("another file", false)
    assert.truthy(without:find('<footer><span>fmrun report, NOW</span><span class="no-charts">charts are static: Chart.js was not found when this page was '
      .. 'made (Debian: libjs-chart.js)</span></footer>', 1, true))
    assert.equal(scripts - 1, select(2, without:gsub("<script", "")))
    assert.is_nil(without:find('http-equiv="refresh"', 1, true))
    os.remove(path)
  end)
end)

-- The parts of reports at their limits: when an axis is logarithmic, which points stay of a long
-- curve, the end of a log, pictures in their order, what stands for an arm.
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
  local folder
  before_each(function()
    folder = os.tmpname()
    os.remove(folder)
    assert(lfs.mkdir(folder))
  end)
  after_each(function() os.execute("rm -r " .. folder) end)

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

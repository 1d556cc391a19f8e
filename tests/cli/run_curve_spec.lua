-- run:curve: the file that it leaves, and who shows it.
local fm <const> = require "fm"
local stopping <const> = require "cli.stopping"

local call <const>, experiment <const>, read <const>, record <const> = stopping.call, stopping.experiment, stopping.read, stopping.record

local function has(text, ...)
  for _, part in ipairs { ... } do assert.truthy(text:find(part, 1, true), ("%q is not in:\n%s"):format(part, text:sub(1, 2000))) end
end

local function count(text, pattern)
  return select(2, text:gsub(pattern, ""))
end

describe("a curve of results", function()
  before_each(stopping.open)
  after_each(stopping.close)

  it("is a CSV file, named in run.json, told by show and drawn in the page", function()
    experiment("x.lua", [[
      print(run:curve("quality", { x = { 1, 2, 4 }, y = fm.tensor { 3, 0.5, 0.25 }, xlabel = "model, evaluations", ylabel = 'the "W2" <b>', floor = 0.25,
        log = "yx" }))
      run:curve("sub/plain", { x = fm.tensor { 0, 10 }, y = { 1 / 0, fm.tensor { 2 } } })]])
    local code, out, err = call "x.lua --folder r"
    assert.equal(0, code, err)
    has(out, "r/quality.csv")
    assert.equal('"model, evaluations","the ""W2"" <b>",floor\n1,3,0.25\n2,0.5,0.25\n4,0.25,0.25\n', read "r/quality.csv")
    assert.equal("x,sub/plain\n0,inf\n10,2\n", read "r/sub/plain.csv")
    assert.same({ ["quality.csv"] = "xy", ["sub/plain.csv"] = "" }, record "r".curves)
    assert.same({ "quality.csv", "sub/plain.csv" }, record "r".outputs)
    local _, shown = call "show r"
    has(shown, '1: 3  2: 0.5  4: 0.25', '(the "W2" <b> by model, evaluations, floor 0.25)', "sub/plain   0: inf  10: 2  (sub/plain by x)")
    assert.equal(0, (call "report r"))
    local page = read "r/report.html"
    has(page, "<h2>Curves of results</h2>", "the &quot;W2&quot; &lt;b&gt;, logarithmic", 'class="line floor"', "floor 0.25",
      "<title>model, evaluations 2: 0.5</title>", ">model, evaluations</text>")
    assert.equal(4, count(page, 'class="point s1"')) -- inf is a gap
    assert.equal(0, (call "rm -f r"))
  end)

  it("is drawn for all arms of a sweep in one picture, means with deviations, the best arm first", function()
    experiment("x.lua", [[
      local y = { p.a + p.seed, p.a + 2 * p.seed, p.seed == 2 and 0 / 0 or 5 }
      run:summary { w2 = -p.a }
      run:curve("quality", { x = { 1, 2, 3 }, y = y, xlabel = "nfe", floor = p.seed })]], "a = 1,")
    local code, _, err = call "-q -m x.lua a=1,5 seed=1:3 -o o"
    assert.equal(0, code, err)
    assert.equal(0, (stopping.shell "$FMRUN report o/x/sweep-* -o page.html"))
    local page = read "page.html"
    assert.equal(1, count(page, '<figure class="result"'))
    has(page, "<title>a=1, nfe 1: 3.0 ± 1.0 (3 runs)</title>", "<title>a=5, nfe 2: 9.0 ± 2.0 (3 runs)</title>",
      "<title>a=5, nfe 3: 5 ± 0 (2 runs)</title>", '<i class="s1"></i>a=5', '<i class="s2"></i>a=1', "floor 2")
    assert.equal(6, count(page, 'class="whisker '))
    local first = page:match '<table class="sortable" id="mean%-table">.-<tbody><tr>(.-)</tr>'
    assert.truthy(first and first:find(">5</td>", 1, true), first) -- so does the table of means
  end)

  it("draws each run of a sweep that has no two seeds, and gaps where it has nothing", function()
    experiment("x.lua", [[
      if p.a < 3 then run:curve("few", { x = { p.a }, y = { 0 / 0 }, log = "xy", floor = 1 }) end
      if p.a > 1 then run:curve("negative", { x = { -p.a, 0 }, y = { -1, 1 }, log = "xy" }) end]], "a = 1,")
    local code, _, err = call "-q -m x.lua a=1,2,3 -o o"
    assert.equal(0, code, err)
    assert.equal(0, (stopping.shell "$FMRUN report o/x/sweep-* -o page.html"))
    local page = read "page.html"
    assert.equal(2, count(page, '<figure class="result"'))
    has(page, "<title>a=2, x 0: 1</title>")
    assert.falsy(page:find("nan", 1, true) or page:find("inf,", 1, true))
  end)

  it("is stated again by a run that goes on, and its file is written once", function()
    experiment("x.lua", [[
      run:curve("before", { x = { 1 }, y = { fm.version and 2 } })
      run:keeps { n = { 0 } }
      for step in run:steps(p.steps) do
        if step == p.at and not os.getenv "CALM" then kill "KILL" end
      end
      run:curve("after", { x = { 1 }, y = { 2 }, log = "x" })]], "at = 33,")
    assert.equal(137, (call "-q x.lua --folder r --checkpoint-every 10"))
    assert.same({ ["before.csv"] = "" }, record "r".curves)
    local code, _, err = stopping.shell "CALM=1 $FMRUN -q resume r"
    assert.equal(0, code, err)
    assert.same({ ["before.csv"] = "", ["after.csv"] = "x" }, record "r".curves)
    assert.equal("x,after\n1,2\n", read "r/after.csv")
  end)

  it("is refused at the script's line when it is no curve", function()
    stopping.refused(experiment, {
      ["run:curve()"] = "curve: expected the name of a file, found nil",
      ["run:curve('a')"] = "curve: expected a table with x and y, found nil",
      ["run:curve('a', { 1 })"] = 'curve: unknown option "1"',
      ["run:curve('a', { x = { 1 } })"] = "curve: y: expected a list of numbers or a tensor [n], found nil",
      ["run:curve('a', { x = {}, y = {} })"] = "curve: x: expected at least one number, found none",
      ["run:curve('a', { x = { 1 }, y = { 1, 2 } })"] = "curve: expected as many x as y, found 1 and 2",
      ["run:curve('a', { x = { 1, 'b' }, y = { 1, 2 } })"] = 'curve: x: entry 2: expected a number, found "b"',
      ["run:curve('a', { x = { 1, nil, 3 }, y = { 1, nil, 3 } })"] = "curve: x: entry 2 is missing",
      ["run:curve('a', { x = { 1, 2 }, y = { 1, 2, best = 1 } })"] = 'curve: y: expected a list, found the key "best"',
      ["run:curve('a', { x = { 0 / 0 }, y = { 1 } })"] = "curve: x: entry 1: expected a finite number",
      ["run:curve('a', { x = fm.zeros(2, 2), y = { 1 } })"] = "curve: x: expected a list of numbers or a tensor [n], found a tensor [2, 2]",
      ["run:curve('a', { x = { 1 }, y = { 1 }, xlabel = 3 })"] = "curve: xlabel: expected a text, found 3",
      ["run:curve('a', { x = { 1 }, y = { 1 }, ylabel = 'a\\nb' })"] = "curve: ylabel: expected a text on one line",
      ["run:curve('a', { x = { 1 }, y = { 1 }, floor = 1 / 0 })"] = "curve: floor: expected a finite number",
      ["run:curve('a', { x = { 1 }, y = { 1 }, log = 'z' })"] = 'curve: log: unknown name "z"',
      ["run:curve('a', { x = { 1 }, y = { 1 }, logs = 'x' })"] = 'curve: unknown option "logs"; did you mean "log"?',
      ["run:curve('../a', { x = { 1 }, y = { 1 } })"] = "curve: expected the name of a file inside the run's folder",
      ["run:curve('a', { x = { 1 }, y = { 1 } }, 3)"] = "curve: unexpected argument 3",
    })
  end)

  it("that was damaged is named, and hurts nothing else", function()
    experiment("x.lua", "for _, n in ipairs { 'a', 'b', 'c', 'd', 'e' } do run:curve(n, { x = { 1 }, y = { 2 }, floor = 0 }) end")
    assert.equal(0, (call "-q x.lua --folder r"))
    stopping.write("r/a.csv", '"x,a\n1,2\n')
    stopping.write("r/b.csv", "x,b\n1,2\n1,z\n")
    stopping.write("r/c.csv", "")
    stopping.shell "rm r/d.csv; mkdir r/d.csv"
    local _, shown = call "show r"
    has(shown, "a.csv: line 1: a quote stays open", "b.csv: line 3: expected 2 numbers", "c.csv: it has no numbers", "d.csv is no file", "e           1: 2")
    assert.equal(0, (call "report r"))
    has(read "r/report.html", "Not read: b.csv: line 3: expected 2 numbers")
    for bad, message in pairs { ['{"a.csv":"z"}'] = "curves: expected names of files with axes", ['{"../a.csv":""}'] = "curves: expected names of files" } do
      local text = fm.json.encode(record "r".curves)
      stopping.write("r/run.json", (read "r/run.json":gsub(text:gsub("%p", "%%%0"), bad)))
      _, shown = call "show r"
      has(shown, "run.json: " .. message)
      stopping.write("r/run.json", (read "r/run.json":gsub(bad:gsub("%p", "%%%0"), text)))
    end
  end)
end)

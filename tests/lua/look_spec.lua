-- The pure parts of looking at runs: conditions and orders, short descriptions, tables within a
-- width.
local fm <const> = require "fm"
local csv <const> = require "fm.records.csv"
local describe_run <const> = require "fm.records.describe"
local filter <const> = require "fm.records.filter"
local layout <const> = require "fm.cli.terminal.layout"
local logged <const> = require "fm.records.logged"
local parameters <const> = require "fm.run.parameters"
local trial_values <const> = require "fm.cli.trial_values"
local sparkline <const> = require "fm.cli.terminal.sparkline"

local function record(config, summary, more)
  local made = { config = config, summary = summary, status = "done", parts = { "toy", "20260712-153012-7f3a1c2d" }, id = "7f3a1c2d", started = "" }
  for key, value in pairs(more or {}) do made[key] = value end
  return made
end

describe("filter", function()
  local list = {
    record({ lr = 1e-3, note = "x" }, { w2 = 0.5 }), record({ lr = 1e-2, note = "12" }, { w2 = "nan" }),
    record({ lr = 0.1, fast = true }, { w2 = 0.2, lr = 7 }),
  }

  local function kept(condition)
    local marks = {}
    for i, r in ipairs(list) do marks[i] = #filter.apply({ r }, { assert(filter.parse(condition)) }) end
    return table.concat(marks)
  end

  it("compares numbers as numbers and texts as texts", function()
    assert.equal("110", kept "lr < 0.05")
    assert.equal("110", kept "lr<=1e-2")
    assert.equal("100", kept "note=x")
    assert.equal("010", kept "note==12")
    assert.equal("001", kept "fast=true")
    assert.equal("010", kept "note != x")
    assert.equal("001", kept "summary.lr>1")
    assert.equal("101", kept "w2<1")
    assert.equal("000", kept "w2=nan")
    assert.equal("111", kept "status=done")
    assert.equal("000", kept "absent=1")
  end)

  it("knows age and time, with units", function()
    local old = record({}, {}, { started = "2020-01-01T00:00:00Z", seconds = 90 })
    for condition, count in pairs { ["age>1d"] = 1, ["age<2h"] = 0, ["time=1.5m"] = 1, ["time<90s"] = 0, ["time>=90"] = 1 } do
      assert.equal(count, #filter.apply({ old }, { assert(filter.parse(condition)) }), condition)
    end
  end)

  it("refuses what is no condition", function()
    for _, text in ipairs { "lr", "<3", "lr=<3", "", "lr<", "lr< " } do
      assert.truthy(select(2, filter.parse(text)):find("expected NAME<VALUE", 1, true), text)
    end
    assert.same({ name = "note", relation = "=", text = "" }, filter.parse "note=")
    assert.equal('no run has "lrr"; did you mean "lr"?', filter.unknown(list, "lrr"))
    assert.is_nil(filter.unknown(list, "config.lr"))
  end)

  it("sorts upwards and downwards, what has no value last", function()
    local function order(key)
      local words = {}
      for i, r in ipairs(filter.sort({ list[1], list[2], list[3] }, key)) do words[i] = tostring(r.config.lr) end
      return table.concat(words, " ")
    end
    assert.equal("0.1 0.001 0.01", order "w2")
    assert.equal("0.001 0.1 0.01", order "-w2")
    assert.equal("0.01 0.001 0.1", order "note")
    assert.equal("0.1 0.01 0.001", order "-config.lr")
  end)
end)

describe("describe", function()
  it("reads times as UTC", function()
    assert.equal(0, describe_run.epoch "1970-01-01T00:00:00Z")
    assert.equal(951782400, describe_run.epoch "2000-02-29T00:00:00Z")
    assert.near(1784215812.5, describe_run.epoch "2026-07-16T15:30:12.500Z", 1e-6)
    assert.is_nil(describe_run.epoch "yesterday")
  end)

  it("says age and time", function()
    local began = describe_run.epoch "2026-07-12T00:00:00Z"
    for seconds, text in pairs { [0] = "0s", [59] = "59s", [60] = "1m", [7199] = "1h", [172800] = "2d" } do
      assert.equal(text, describe_run.age(record({}, {}, { started = "2026-07-12T00:00:00Z" }), began + seconds))
    end
    assert.equal("", describe_run.age(record({}, {}), began))
    assert.equal("5.0s", describe_run.took(record({}, {}, { status = "running", started = "2026-07-12T00:00:00Z" }), began + 5))
    assert.equal("1m05s", describe_run.took(record({}, {}, { seconds = 65 }), began))
  end)

  it("names what was changed, or the seed", function()
    assert.equal("lr=0.1", describe_run.changed(record({ lr = 0.1, n = 3 }, {}, { defaults = { lr = 0.2, n = 3 }, seed = 4 })))
    assert.equal("seed=4", describe_run.changed(record({ n = 3 }, {}, { defaults = { n = 3 }, seed = 4 })))
    assert.equal("toy.lua:3: bad", describe_run.results(record({}, { w2 = 1 }, { error = "/a/b/toy.lua:3: bad\nstack" })))
  end)

  it("gives short names that tell runs apart", function()
    local one, two = record({}, {}), record({}, {}, { parts = { "toy", "20260712-153013-7f3a1c2d" } })
    local three = record({}, {}, { id = "0a0a0a0a", sweep = "toy/sweep-11111111", parts = { "toy", "sweep-11111111", "0a0a0a0a" } })
    assert.same({ "7f3a1c2d", "11111111/0a0a0a0a" }, describe_run.short_names { one, three })
    assert.same({ "20260712-153012-7f3a1c2d", "20260712-153013-7f3a1c2d" }, describe_run.short_names { one, two })
  end)
end)

describe("logged", function()
  it("reads rows, the names in them, the last, and counts what is damaged", function()
    local path = os.tmpname()
    assert(fm.file.write(path, '{"step":1,"loss":0.5}\n[1]\n{"step":2,"loss":"nan","lr":1}\n{"step":3'))
    local rows, names, damaged = logged.rows(path)
    assert.same({ { step = 1, loss = 0.5 } }, { rows[1] })
    assert.truthy(rows[2].loss ~= rows[2].loss)
    assert.same({ "loss", "lr" }, names)
    assert.same({ 2, 1 }, { #rows, damaged })
    local last = logged.last(path)
    assert.truthy(last.step == 2 and last.loss ~= last.loss and last.lr == 1)
    os.remove(path)
    assert.same({ {}, {}, 0 }, { logged.rows(path) })
    assert.is_nil(logged.last(path))
  end)
end)

describe("layout", function()
  it("aligns columns and cuts the flexible ones to the page", function()
    local columns = { { title = "A" }, { title = "N", right = true }, { title = "TEXT", flexible = true } }
    local rows = { { "é", "7", "short" }, { "bb", "100", "a text that is too long for it" } }
    assert.same({ "A     N  TEXT", "é     7  short", "bb  100  a text that is too long for it" }, layout.table(columns, rows, {}))
    assert.same({ "A     N  TEXT", "é     7  short", "bb  100  a text th…" }, layout.table(columns, rows, { columns = 19 }))
    local painted = layout.table(columns, { { { text = "x", color = "red" }, "1", "y" } }, { paint = function(color, text)
      return color == "red" and "<" .. text .. ">" or text
    end })
    assert.equal("<x>  1  y", painted[2])
  end)

  it("leaves columns out by rank where the page is too narrow, and says which", function()
    local columns = { { title = "RUN" }, { title = "lr", rank = 2 }, { title = "name", flexible = true, rank = 1 }, { title = "w2" },
      { title = "nfe", rank = 3 } }
    local rows = { { "7f3a", "0.001", "a long name", "0.25", "100" } }
    local function at(width)
      local lines, left_out = layout.table(columns, rows, { columns = width })
      return lines[2], table.concat(left_out, " ")
    end
    assert.same({ "7f3a  0.001  a long name  0.25  100", "" }, { at(nil) })
    assert.same({ "7f3a  0.001  a long name  0.25  100", "" }, { at(35) })
    assert.same({ "7f3a  0.001  a long na…  0.25  100", "" }, { at(34) })
    assert.same({ "7f3a  0.001  a long …  0.25  100", "" }, { at(32) })
    assert.same({ "7f3a  0.001  a long name  0.25", "nfe" }, { at(31) })
    assert.same({ "7f3a  0.001  a long …  0.25", "nfe" }, { at(27) })
    assert.same({ "7f3a  a long name  0.25", "lr nfe" }, { at(26) })
    assert.same({ "7f3a  a long …  0.25", "lr nfe" }, { at(20) })
    assert.same({ "7f3a  0.25", "lr name nfe" }, { at(19) })
    assert.same({ "7f3a  0.25", "lr name nfe" }, { at(3) }) -- these stay
  end)

  it("shows the items of a cell that fit and counts the others", function()
    local columns = { { title = "A", flexible = true } }
    local function at(width, ...)
      return layout.table(columns, { { { items = { ... } } } }, { columns = width })[2]
    end
    assert.equal("lr=0.1 seed=2 n=30", at(nil, "lr=0.1", "seed=2", "n=30"))
    assert.equal("lr=0.1 seed=2 n=30", at(18, "lr=0.1", "seed=2", "n=30"))
    assert.equal("lr=0.1 seed=2 +1", at(17, "lr=0.1", "seed=2", "n=30"))
    assert.equal("lr=0.1 seed=2 +1", at(16, "lr=0.1", "seed=2", "n=30"))
    assert.equal("lr=0.1 +2", at(15, "lr=0.1", "seed=2", "n=30"))
    assert.equal("lr=0.1 …", at(8, "lr=0.1", "seed=2", "n=30"))
    assert.equal("a text …", at(8, "a text that is too long"))
    assert.equal("", at(8) or "")
    local many <const> = { "abcdef" }
    for i = 2, 10 do many[i] = "bb" end
    assert.equal("abcdef +9", at(9, table.unpack(many)))
    assert.equal("abcdef +…", at(9, "abcdef", table.unpack(many)))
    assert.equal("a\\x1b b", at(9, "a\27", "b")) -- b takes less room than +1
    assert.equal("a\\x1bcdef +1", at(12, "a\27cdef", "bbb"))
  end)

  it("knows the page of a terminal, else what the environment says, else 80", function()
    if fm.system.columns(0) then return pending "this one is a terminal" end
    local getenv <const> = os.getenv
    for text, columns in pairs { ["70"] = 70, ["7.5"] = 80, x = 80, [""] = 80 } do
      os.getenv = function(name) return name == "COLUMNS" and text or getenv(name) end -- luacheck: ignore 122
      local found <const> = layout.page(0)
      os.getenv = getenv -- luacheck: ignore 122
      assert.equal(columns, found)
    end
    if not fm.system.is_terminal(1) then assert.is_nil(layout.columns()) end
  end)

  it("wraps between words and clips by characters", function()
    assert.same({ "one two", "  three" }, layout.wrap("one two  three", 8, "", "  "))
    assert.same({ "one two" }, layout.wrap("one two", 7))
    assert.same({ "one", "two" }, layout.wrap("one two", 6))
    assert.same({ "a b  c", "d" }, layout.wrap({ "a b", "c", "d" }, 6))
    assert.same({ "> longer", "  than" }, layout.wrap("longer than", 3, "> ", "  "))
    assert.same({ "" }, layout.wrap("", 3))
    assert.equal("äö…", layout.clip("äöüäöü", 3))
    assert.equal("äöü", layout.clip("äöü", 3))
  end)
end)

describe("sparkline", function()
  it("shows shape and gaps in at most that width", function()
    assert.equal("▁▂▃▄▅▆▇█", sparkline({ 1, 2, 3, 4, 5, 6, 7, 8 }, 20))
    assert.equal("▁▅█", sparkline({ 1, 10, 100 }, 20)) -- logarithms
    assert.equal("▁·█", sparkline({ 1, 0 / 0, 2 }, 20))
    assert.equal(10, utf8.len(sparkline({ 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 }, 10)))
    assert.equal("", sparkline({}, 5))
    assert.equal("▁▁", sparkline({ 3, 3 }, 5))
  end)
end)

describe("csv", function()
  it("quotes what needs it and keeps all digits", function()
    assert.equal('a,"b,c","d""e",,0.1,3,1e+300\n', csv.line({ "a", "b,c", 'd"e', nil, 0.1, 3, 1e300 }, 7))
    assert.equal(1 / 3, tonumber((csv.line({ 1 / 3 }, 1):gsub("\n", ""))))
    assert.equal("nan,nan,inf,-inf\n", csv.line({ 0 / 0, -(0 / 0), math.huge, -math.huge }, 4))
  end)

  it("reads what it wrote", function()
    assert.same({ "a", "b,c", 'd"e', '"', "", "0.1", "" }, csv.cells(csv.line({ "a", "b,c", 'd"e', '"', nil, 0.1, "" }, 7)))
    assert.same({ "1", "2" }, csv.cells "1,2\r\n")
    assert.same({ nil, "a quote stays open" }, { csv.cells '"a,b\n' })
  end)
end)

describe("the values of a trial", function()
  local declared = parameters.declare {
    steps = 4000, eval_steps = 100, batch = { 256, min = 4 }, batch_size = 64, samples = { 5000, min = 4000 }, epochs = 1, stepsize = 9, lr = 0.1, points = 300,
    target = { "steps", choices = { "steps" } },
  }

  it("makes counts small within their limits, and leaves what was given", function()
    local values, made = trial_values.of(declared, { points = 200 })
    assert.same({ steps = 2, eval_steps = 2, batch = 8, batch_size = 8, samples = 4000, epochs = 1, stepsize = 9, lr = 0.1, points = 200, target = "steps",
      seed = 0 }, values)
    local by_name = {}
    for _, m in ipairs(made) do by_name[m.name] = m end
    assert.same({ name = "samples", from = 5000, to = 4000, least = true }, by_name.samples)
    assert.is_nil(by_name.epochs)
  end)
end)

describe("looking", function()
  it("holds no tensor", function()
    collectgarbage()
    assert.equal(0, fm.live_bytes())
  end)
end)

describe("numbers at the ends of what a double holds", function()
  local extremes <const> = dofile "tests/lua/extremes.lua"
  local seeds <const>, short <const>, words <const> = require "fm.records.seeds", require "fm.parts.short", require "fm.records.words"

  for name, value in pairs(extremes) do
    it("in a line: " .. name, function()
      local y = {}
      for step = 1, 40 do y[step] = value(step) end
      for _, width in ipairs { 1, 7, 40, 100 } do assert.equal(math.min(width, 40), utf8.len(sparkline(y, width))) end
      local mean, deviation, count = seeds.spread(y)
      assert.truthy(count == 0 or mean - mean == 0, name)
      if mean then
        local text = table.concat { words.spread(mean, deviation) }
        assert.is_nil(text:find "nan", text)
        for _, v in ipairs(y) do assert.is_nil((words.value(v) .. short.number(v)):find "-nan") end
      end
    end)
  end

  it("have their mean and deviation", function()
    local function about(wanted, found) assert.truthy(math.abs(found / wanted - 1) < 1e-9, ("%g %g"):format(wanted, found)) end
    for _, unit in ipairs { 1e-300, 1e-150, 1, 1e150, 1e300, 1e307 } do
      local mean, deviation = seeds.spread { 1 * unit, 3 * unit, 5 * unit, 1 / 0 }
      about(3 * unit, mean)
      about(2 * unit, deviation)
    end
    local mean, deviation = seeds.spread { 8e307, -8e307 }
    assert.equal(0, mean)
    about(8e307 * 2 ^ 0.5, deviation)
    assert.same({ 1e-310, 0, 2 }, { seeds.spread { 1e-310, 1e-310 } })
  end)

  it("draw their heights", function()
    assert.equal("▁█▁█", sparkline({ -1.7e308, 1.7e308, -1.7e308, 1.7e308 }, 4))
    assert.equal("▁▅█", sparkline({ 5e-324, 1e-323, 1.5e-323 }, 3))
    assert.equal("▁▅█", sparkline({ 1e-300, 1, 1e300 }, 3)) -- of their logarithms
  end)

  it("and times", function()
    for seconds, text in pairs { [1e308] = "3e+304h", [1 / 0] = "infh", [3.6e9] = "1e+06h", [3599] = "59m59s" } do
      assert.equal(text, short.duration(seconds))
    end
    assert.is_nil(describe_run.epoch "2026-07-12T15:30:1.2.3Z")
    assert.equal(describe_run.epoch "2026-07-12T15:30:12Z" + 0.5, describe_run.epoch "2026-07-12T15:30:12.5Z")
  end)
end)

describe("a locale with a decimal comma", function()
  local former = os.setlocale()
  before_each(function() os.setlocale "de_DE.UTF-8" end)
  after_each(function() os.setlocale(former) end)

  it("changes no file", function()
    if ("%.1f"):format(0.5) ~= "0,5" then return pending "there is none here, or it changes no number" end
    assert.equal("0.5,-1e-07,3,x\n", csv.line({ 0.5, -1e-7, 3, "x" }, 4))
    assert.equal("0,5", ("%.1f"):format(0.5)) -- as the script has chosen
    local path = os.tmpname()
    for _, picture in ipairs {
      fm.plot.curve({ { 0.25, 0.5 } }, { limits = { 0.5, 1.5, 0.1, 0.9 } }), fm.plot.curve({ { 0.25, 500 } }, { log = "y" }),
      fm.plot.scatter(fm.tensor { { 0.5, 0.25 }, { 1.5, 2.5 } }), fm.plot.filmstrip { fm.ones(2, 2), fm.ones(2, 2), fm.ones(2, 2) },
    } do
      assert(picture:save(path .. ".svg"))
      local text = assert(fm.file.read(path .. ".svg"))
      assert.is_nil(text:match "%d,%d")
      assert.truthy(text:find ">%d%.%d+<" or text:find ">t = 0%.50<" or text:find ">500<", text)
    end
    os.remove(path)
    os.remove(path .. ".svg")
  end)
end)

describe("what a terminal would obey", function()
  local printable <const> = require "fm.parts.printable"

  it("comes as escapes", function()
    for text, wanted in pairs {
      ["plain é 漢 👩‍🔬 "] = "plain é 漢 👩‍🔬 ", ["a\nb\tc\rd"] = "a\\nb\\tc\\rd", ["\27[31mred\27[0m"] = "\\x1b[31mred\\x1b[0m",
      ["\27]0;title\7\0\127"] = "\\x1b]0;title\\a\\x00\\x7f", ["\u{9b}31m \u{85}"] = "\\u{9b}31m \\u{85}", ["\x9b31m \xff\xc3"] = "\\x9b31m \\xff\\xc3",
      ["\u{202e}evil\u{2066}\u{200f}\u{61c}"] = "\\u{202e}evil\\u{2066}\\u{200f}\\u{61c}",
      ["\u{2028}\u{feff}\u{e0041}"] = "\\u{2028}\\u{feff}\\u{e0041}",
      ["\xed\xa0\x80 \xf4\x90\x80\x80 \xc0\x9b"] = "\\xed\\xa0\\x80 \\xf4\\x90\\x80\\x80 \\xc0\\x9b", [""] = "",
    } do
      assert.equal(wanted, printable.line(text))
      assert.equal(wanted, printable.line(printable.line(text)))
    end
    assert.equal("a\nb\tc\\rd\\x1b", printable.lines "a\nb\tc\rd\27")
    assert.equal("12", printable.line(12))
  end)

  it("never leaves a table, a paragraph or a value", function()
    local all = {}
    for byte = 0, 255 do all[#all + 1] = string.char(byte) .. "[2J" end
    local text = table.concat(all, " ")
    local columns, rows = { { title = text }, { title = "b", flexible = true } }, { { text, { text = text, color = "red" } } }
    for _, line in ipairs(layout.table(columns, rows, { columns = 300 })) do
      assert.is_nil(line:find "[\0-\31\127]")
      assert.truthy(utf8.len(line))
    end
    for _, words in ipairs { text, { text, text } } do
      for _, line in ipairs(layout.wrap(words, 80, "", "")) do assert.is_nil(line:find "[\0-\31\127]") end
    end
    assert.is_nil(describe_run.value(text):find "[\0-\31\127]")
    assert.equal('"a\\nb"', describe_run.value "a\nb")
    assert.equal("s=a\\x1b[0m", require "fm.parts.short".results { s = "a\27[0m" })
  end)
end)

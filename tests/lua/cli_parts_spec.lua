-- The pure parts of the command line: how words are read and refused, the command line as it can be
-- typed again, what a card says in words, of which machine a result is, bars and lines of curves.
local fm <const> = require "fm"
local checks <const> = require "lua.checks"
local files <const> = dofile "tests/whole_files.lua"
local card_words <const> = require "fm.cli.card_words"
local command_line <const> = require "fm.cli.command_line"
local hint <const> = require "fm.cli.parameter_hint"
local layout <const> = require "fm.cli.terminal.layout"
local machine <const> = require "fm.cli.machine"
local option_reader <const> = require "fm.cli.option_reader"
local run_screen <const> = require "fm.cli.terminal.run_screen"
local selection <const> = require "fm.cli.selection"
local sparkline <const> = require "fm.cli.terminal.sparkline"
local threads <const> = require "fm.cli.threads"

--- f(...) raises { usage = message }.
local function refused(message, f, ...)
  local ok, problem = pcall(f, ...)
  assert.same({ false, message }, { ok, type(problem) == "table" and problem.usage or problem })
end

describe("words", function()
  checks.no_bytes_stay(setup, teardown)
  local options <const> = { { "-a", "--all", name = "all", help = "all of it" }, { "-n", "--number", name = "number", value = "N",
    help = "how many of them there should be" },
    { "-w", "--where", name = "where", value = "C", many = true, help = "w" }, { "-e", name = "chunk", value = "S", action = true, help = "e" },
    { "--kind", name = "kind", value = "K", choices = { "one", "two", "three" }, help = "k" }, { "--only", name = "only", value = "K",
      choices = { "this" }, help = "o" },
    { "--secret", name = "secret", value = "X", internal = true, help = "s" }, advice = "see elsewhere" }
  local function read(...) return option_reader.read(options, { ... }) end

  it("are options with their values in every spelling, and the rest", function()
    assert.same({ words = { "x", "-", "y" }, extra = { "--all", "z" }, actions = { { "chunk", "1" }, { "chunk", "" } }, all = true, number = "3",
      where = { "a<1", "b" }, kind = "two" },
      read("x", "-a", "-n3", "-", "-w", "a<1", "--where=b", "-e1", "-e", "", "--kind=two", "y", "--", "--all", "z"))
    assert.equal("7", read("--number", "7").number)
    assert.equal("-7", read("-n", "-7").number)
    assert.equal("=7", read("-n=7").number)
    assert.equal("q", read("--secret", "q").secret)
    local seen = {}
    local result <const> = option_reader.read(options, { "x", "-a", "y", "-n", "2" }, function(_, word, place)
      seen[#seen + 1] = word .. place
      return word == "y"
    end)
    assert.same({ { "x1", "y3" }, {}, true, nil }, { seen, result.words, result.all, result.number })
  end)

  it("are refused with the nearest option, what it takes, or what goes wrong", function()
    for message, argv in pairs { ['unknown option "--al"; did you mean "--all"?; see elsewhere'] = { "--al" },
      ['unknown option "-z"; see elsewhere'] = { "-z" },
      ['unknown option "--nummer=3"; did you mean "--number"?; see elsewhere'] = { "--nummer=3" },
        ['unknown option "--all=3"; did you mean "--all"?; see elsewhere'] = { "--all=3" },
      ["--number needs a value: N"] = { "--number" }, ["-n needs a value: N"] = { "-n", "" }, ["--number given twice"] = { "-n", "1", "--number", "2" },
      ['--kind: expected one, two or three, found "twoo"; did you mean "two"?'] = { "--kind", "twoo" },
        ['--only: expected this, found "x"'] = { "--only=x" } } do
      refused(message, read, table.unpack(argv))
    end
    assert.same({ true, { "a", "b" } }, { read("-a", "-a").all, read("-w", "a", "-w", "b").where })
    assert.equal(6, #option_reader.listed(options))
  end)

  it("give whole numbers from a least one on", function()
    assert.same({ 3, 0, nil }, { option_reader.whole("--n", "3", 3), option_reader.whole("--n", "0", 0), option_reader.whole("--n", nil, 0) })
    for _, text in ipairs { "2", "-3", "3.0", "x", "" } do refused(('--n: expected a whole number >= 3, found "%s"'):format(text), option_reader.whole,
      "--n", text, 3) end
    refused('--n: expected a whole number >= 1, found "99999999999999999999"', option_reader.whole, "--n", "99999999999999999999", 1)
    local said
    option_reader.whole("--n", "1", 2, function(message) said = message end)
    assert.equal('--n: expected a whole number >= 2, found "1"', said)
  end)

  it("have help, aligned and wrapped, without what is internal", function()
    local lines <const> = option_reader.help { options[1], { "-n", name = "n", value = "NUMBER", help = ("word "):rep(20) }, options[7] }
    assert.same({ "  -a, --all  all of it", "  -n NUMBER  word word word word word word word word word word word word word",
      "             word word word word word word word" }, lines)
    local long <const> = { "-l", name = "l", help = ("word "):rep(30) }
    local all <const> = option_reader.help { long, long, options[1] }
    assert.same({ 7, "  -l         " .. ("word "):rep(13):sub(1, -2), "  -a, --all  all of it" }, { #all, all[4], all[7] })
  end)

  it("of fmrun are options, scripts, words for them, or a command", function()
    local function parse(...)
      local line <const> = command_line.parse { ... }
      return table.concat({ table.concat(line.scripts, ","), table.concat(line.words, ","), line.command or "-",
        tostring(line.command_place or line.script_place),
        table.concat(line.extra, ",") }, "|")
    end
    assert.equal("a.lua|lr=1,@t.csv,x|-|2|z", parse("-q", "a.lua", "lr=1", "@t.csv", "x", "--", "z"))
    assert.equal("a.lua,b.lua|lr=1|-|2|", parse("lr=1", "a.lua", "b.lua"))
    assert.equal("||ls|1|", parse("ls", "x", "--", "y"))
    assert.equal("./a||-|1|", parse "./a")
    assert.equal("-||-|1|", parse "-")
    assert.equal("a/b=c||-|1|", parse "a/b=c")
    assert.equal("|=3|-|nil|", (parse("=3"):gsub("^||=3|1|", "|=3|-|nil|")))
    local line <const> = command_line.parse { "a.lua", "lr=1", "word", "@t", "-m", "--seed", "3", "-o", "x", "--timeout", "3s", "-q" }
    assert.same({ "lr=1", "@t", "--runs", "--multirun", "--timeout" }, command_line.for_experiments(line))
    assert.equal("fmrun -m a.lua 'note=a b' ''", command_line.text { [0] = "fmrun", "-m", "a.lua", "note=a b", "" })
    assert.equal("lua5.4 -W a.lua x", command_line.text { [-2] = "lua5.4", [-1] = "-W", [0] = "a.lua", "x" })
    assert.same({ "mine", "runs" }, { command_line.runs { runs = "mine" }, os.getenv "FM_RUNS" and "runs" or command_line.runs {} })
    assert.same({ well = 0, failed = 1, usage = 2, nothing = 3, internal = 4, saved = 75 }, command_line.exit)
  end)

  it("that are options of a script are known by its params", function()
    local path <const> = os.tmpname() .. ".lua"
    files.write(path, 'local x = 3\nreturn fm.experiment { params = { steps = 3, batch_size = { 4, help = "steps" }, n == 1 }, run = f }\n')
    local function of(...) return hint({ ... }, 1) end
    for text, words in pairs { ["steps=10"] = { "--steps=10", path }, ["steps=12"] = { "--steps", "12", path }, ["steps=..."] = { "--steps", path },
      ["batch_size=2"] = { "--batch-size=2", path },
      ["'steps=a b'"] = { "--steps=a b", path } } do
      assert.equal(text, of(table.unpack(words)))
    end
    assert.equal("steps=...", of("--steps", "-q", path))
    for _, words in ipairs { { "--step=1", path }, { "--n=1", path }, { "-s", path }, { "--steps=1", "--", path }, { "--steps=1", "none.lua" },
      { "--steps=1" } } do
      assert.is_nil(of(table.unpack(words)))
    end
    os.remove(path)
    os.remove((path:gsub("%.lua$", "")))
  end)

  it("choose runs, or say which of them do not fit", function()
    local list <const> = { { config = { lr = 1 }, summary = {} }, { config = { lr = 2 }, summary = {} } }
    local line <const> = { refuse = option_reader.refuse }
    assert.same({ list, { list[2] } }, { selection.choose(list, line), selection.choose(list, { where = { "lr>1", "lr<3" }, refuse = line.refuse }) })
    refused('--where: no run has "lrr"; did you mean "lr"?', selection.choose, list, { where = { "lrr=1" }, refuse = line.refuse })
    refused('--where: expected NAME<VALUE (also <= > >= = !=), found "lr"', selection.choose, list, { where = { "lr" }, refuse = line.refuse })
    assert.same({ "the one run there is does not fit", "none of the 2 runs fits", "none of the 0 runs fits" }, { selection.none { 1 },
      selection.none(list), selection.none {} })
  end)

  it("set threads, 1 to 256", function()
    local before <const> = fm.system.threads()
    for text, n in pairs { ["1"] = 1, ["3"] = 3 } do
      threads.set(text)
      assert.equal(n, fm.system.threads())
    end
    threads.set("auto", 2)
    assert.equal(2, fm.system.threads())
    threads.set(nil, 1)
    assert.equal(1, fm.system.threads())
    for _, text in ipairs { "0", "257", "x", "1.5",
      "-1" } do refused(('--threads: expected a whole number in 1..256, or auto, found "%s"'):format(text), threads.set, text) end
    fm.system.threads(before)
  end)
end)

describe("a folder", function()
  it("is removed with all in it, its links not followed, or as far as that goes", function()
    local lfs <const>, remove <const> = require "lfs", require "fm.cli.remove_folder"
    local place <const> = os.tmpname()
    os.remove(place)
    local function make()
      for _, name in ipairs { "", "/in", "/in/deep", "/kept" } do lfs.mkdir(place .. name) end
      for _, name in ipairs { "/a", "/in/deep/.b", "/kept/c" } do files.write(place .. name, "x") end
      lfs.link(place .. "/kept", place .. "/in/link", true)
    end
    make()
    assert.is_true(remove(place .. "/in"))
    assert.same({ "file", "file" }, { lfs.attributes(place .. "/a", "mode"), lfs.attributes(place .. "/kept/c", "mode") })
    assert.is_nil(lfs.attributes(place .. "/in"))
    make()
    local real <const> = os.remove
    function os.remove(path) -- luacheck: ignore 122
      if path:find "%.b$" then return nil, "it stays" end
      return real(path)
    end
    local result = table.pack(remove(place .. "/in"))
    os.remove = real -- luacheck: ignore 122
    assert.same({ nil, "it stays", n = 2 }, result)
    assert.equal("file", lfs.attributes(place .. "/in/deep/.b", "mode"))
    assert.is_true(remove(place))
    assert.is_nil(lfs.attributes(place))
    assert.is_nil((remove(place)))
  end)
end)

describe("a machine", function()
  it("is that of all runs: the most cores, all kernels, the model where they were made here", function()
    local _, host <const> = fm.system.process()
    local found <const> = machine.of_records { { cores = 2, host = host, versions = { blas_core = "Zen", real = "float" } }, { cores = 4,
      host = "elsewhere", versions = { blas_core = "Haswell" } },
      { host = host, versions = { blas_core = "Zen" } }, { host = host } }
    assert.same({ cores = 4, kernels = "Haswell and Zen", real = "float" }, found)
    assert.equal(machine.here().model, machine.of_records({ { host = host } }).model)
    assert.same({ 0, "" }, { machine.of_records({}).cores, machine.of_records({}).kernels })
    assert.equal(fm.real, machine.here().real)
    for text, value in pairs { ["as it is"] = "as it is", ["Intel, 2 cores, kernels Zen, float"] = { model = "Intel", cores = 2, kernels = "Zen",
      real = "float" },
      ["an unknown processor, 1 core"] = { cores = 1 }, ["an unknown processor"] = { model = "", cores = 1.5, kernels = "", real = 3 } } do
      assert.equal(text, machine.text(value))
    end
  end)
end)

describe("a card in words", function()
  it("has published numbers as they were published", function()
    for text, pair in pairs { ["0.072 ± 0.025"] = { 0.072, 0.025 }, ["1.0 ± 0.5"] = { 1, 0.5 }, ["0.50 ± 0.25"] = { 0.5, 0.25 }, ["3"] = { 3 },
      ["1e-07"] = { 1e-7 },
      ["1e-07 ± 0.5"] = { 1e-7, 0.5 }, ["0.5 ± 1e-07"] = { 0.5, 1e-7 }, ["2.143 ± 1.990"] = { 2.143, 1.99 } } do
      assert.equal(text, card_words.published(pair))
    end
    assert.equal("", card_words.published(nil))
    assert.same({ "", "3", "2.00 ± 0.12" }, { card_words.measured { measured = {} }, card_words.measured { measured = { mean = 3.0 } },
      card_words.measured { measured = { mean = 2.0, half = 0.12 } } })
    assert.same({ "", "0.012", "1.2e-7", "12" }, { card_words.rough(nil), card_words.rough(0.0123), card_words.rough(1.234e-7),
      card_words.rough(12.3) })
  end)

  it("has a verdict, or how many seeds there are", function()
    local function of(cell) return card_words.verdict { done = cell[1], wanted = cell[2], bad = cell[3], verdict = cell[4], why = cell[5],
      published = cell[6] } end
    assert.same({ "1 of 2 seeds", "one seed", "", "better (no number in 1)", "reproduced (~)", "reproduced", "too uncertain" },
      { of { 1, 2, 0, "better" }, of { 1, 1, 0, nil, nil, { 1 } }, of { 1, 1, 0 }, of { 2, 2, 1, "better" }, of { 2, 2, 0, "reproduced",
        "intervals overlap" },
        of { 2, 2, 0, "reproduced", "mean inside the error bar" }, of { 3, 2, 0, "too uncertain", "x" } })
  end)

  it("tells of its runs: other texts, versions, what they cost", function()
    local result <const> = { digest = "d", seconds = 100, machine = "here", seeds = 1, rows = { { runs = { { code = "d", fmrun = "1", data = "q",
      seconds = 10 }, { code = "e", fmrun = "2", seconds = 20,
      machine = "there" } } }, { runs = { { seconds = 60, fmrun = "2", machine = "here" } } } } }
    local function mark(text) return "<" .. text .. ">" end
    assert.equal("The script of 2 runs had another text then.", card_words.versions(result))
    assert.equal("", card_words.versions { digest = "d", rows = { { runs = { { code = "d" } } } } })
    assert.equal("fmrun 1 (1 run), 2 (2 runs); digest of the data: <q> (1 run), not known (2 runs)", card_words.origin(result, mark))
    result.rows[1].runs[1].commit = "c"
    assert.equal("fmrun 1 (1 run), 2 (2 runs); digest of the data: <q> (1 run), not known (2 runs); commit: <c> (1 run), not known (2 runs)",
      card_words.origin(result, mark))
    assert.equal("fmrun not known; digest of the data: not known", card_words.origin({ rows = {} }, mark))
    assert.equal("3 runs, 1m40s in all, median 20s a run; here; 1 of them on there", card_words.cost(result))
    result.rows[2].runs[1].machine = "afar"
    assert.equal("3 runs, 1m40s in all, median 20s a run; here; 2 of them on afar, and on there", card_words.cost(result))
    assert.is_nil(card_words.cost { rows = {}, seeds = 1 })
    assert.equal("the distance (w2, lower is better)", card_words.column { label = "the distance", key = "w2", better = "lower" })
    assert.truthy(card_words.legend({ seeds = 1 }):find("over 1 seed (Student's t)", 1, true))
  end)
end)

describe("a line", function()
  it("has a bar as long as what is done", function()
    assert.same({ "[                    ]", "[>                   ]", "[==========>         ]", "[===================>]", "[====================]",
      "[====================]" },
      { (run_screen.bar(0, 20):gsub(">", " ")), run_screen.bar(0, 20), run_screen.bar(10, 20), run_screen.bar(19, 20), run_screen.bar(20, 20),
        run_screen.bar(30, 20) })
    assert.equal("[==>                 ]", run_screen.bar(14, 100))
    assert.equal("[====================]", run_screen.bar(0, 0))
  end)

  it("says how far a loop is, how fast, and how long it will take", function()
    local screen <const> = run_screen.new { quiet = true }
    screen:begin("toy", 2000, 800, 10)
    assert.equal("step 1800/2000  90%  loss=0.5  2.0k/s  eta 0.1s", screen:describe(1800, "loss=0.5", 10.5))
    assert.equal("step 850/2000  42%  100/s  eta 12s", screen:describe(850, "", 10.5))
    assert.equal("step 800/2000  40%", screen:describe(800, "", 10))
    assert.equal("step 1299/2000  64%  998/s  eta 0.7s", screen:describe(1299, "", 10.5))
    screen:begin("toy", 0, 0, 10, "setting")
    assert.equal("setting 0/0  0%", screen:describe(0, "", 11))
    screen:begin("toy", 9000, 0, 10)
    assert.equal("step 1000/9000  11%  1.0k/s  eta 8.0s", screen:describe(1000, "", 11))
    assert.equal("step 999/9000  11%  999/s  eta 8.0s", screen:describe(999, "", 11))
    for _, options in ipairs { { {}, 10, io.stdout }, { { json = true }, 1, io.stderr } } do
      local made <const> = run_screen.new(options[1])
      if not fm.system.is_terminal(2) then assert.same({ options[2], options[3] }, { made.interval, made.out }) end
      made:begin("toy", 10, 0, 5)
      assert.same({ made.interval + 5, "step" }, { made.next_time, made.unit })
    end
  end)

  it("is clipped by characters, or by bytes where it is no UTF-8", function()
    assert.same({ "abc", "ab…", "…", "a\xff…" }, { layout.clip("abc", 3), layout.clip("abcd", 3), layout.clip("abcd", 1), layout.clip("a\xffcd", 3) })
    assert.same({ 2, 3 }, { layout.width "äö", layout.width "a\xff\xfe" })
  end)

  it("of a curve has eight heights, logarithms over more than a decade, its floor below", function()
    assert.equal("▁▂▃▄▅▆▇█", sparkline({ 0, 1, 2, 3, 4, 5, 6, 7 }, 8))
    assert.equal("▁▁█", sparkline({ 1, 2, 10 }, 3)) -- ten times is no more than a decade
    assert.equal("▁▃█", sparkline({ 1, 2, 10.5 }, 3))
    assert.equal("▁▂█", sparkline({ -1, 2, 20 }, 3))
    assert.equal("▃█", sparkline({ 2, 5 }, 2, 1))
    assert.equal("▁█", sparkline({ 2, 5 }, 2, 3))
    assert.equal("▁█", sparkline({ 2, 5 }, 2, 1e300))
    assert.equal("▁█", sparkline({ 1, 3, 5, 7 }, 2)) -- means of equal parts
    assert.equal("▁·█", sparkline({ 1, 1, 0 / 0, 1 / 0, 5, 5 }, 3))
    assert.equal("▁█", sparkline({ 1, 0 / 0, 5, 5 }, 2))
    assert.equal("█▁", sparkline({ 4, 2, 2 }, 2)) -- of one, and of two
    assert.equal("█▁", sparkline({ 1.7e308, 1.7e308, 1.7e308, 1e308, 1e308, 1e308 }, 2)) -- their sums are beyond a double
    assert.equal("▁█", sparkline({ -1.7e308, -1.7e308, -1.7e308, -1e308, -1e308, -1e308 }, 2))
    assert.equal("▁█", sparkline({ 2, 5 }, 2, -1e300))
  end)
end)

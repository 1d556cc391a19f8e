-- What a person sees of a run and of a sweep, line by line; the streams are tables here.
local checks <const> = require "lua.checks"
local events <const> = require "fm.cli.events"
local layout <const> = require "fm.cli.terminal.layout"
local run_screen <const> = require "fm.cli.terminal.run_screen"
local sweep_screen <const> = require "fm.cli.terminal.sweep_screen"

local in_order <const> = package.preload["fm.core"] ~= nil

describe("on the screen", function()
  checks.no_bytes_stay(setup, teardown)
  local said, told, page, tell, stderr, stdout

  before_each(function()
    said, told, page, tell, stderr, stdout = {}, {}, layout.page, events.tell, io.stderr, io.stdout
    local function stream(mark)
      return { write = function(_, ...)
        for _, text in ipairs { ... } do said[#said + 1] = mark .. tostring(text) end
      end }
    end
    io.stderr, io.stdout = stream "", stream "out:" -- luacheck: ignore 122
    function layout.page() return 70 end
    function events.tell(fields) told[#told + 1] = fields end
  end)
  after_each(function()
    layout.page, events.tell, io.stderr, io.stdout = page, tell, stderr, stdout -- luacheck: ignore 122
  end)

  --- What was said since the last call, escapes as ^.
  local function text()
    local result <const> = table.concat(said):gsub("\27", "^"):gsub("\r", "<")
    said = {}
    return result
  end

  local function new(options, terminal)
    local screen <const> = run_screen.new(options)
    screen.terminal = terminal or false
    return screen
  end

  it("a run begins, goes on, stops and ends", function()
    local screen <const> = new { color = "never" }
    local about <const> = { experiment = "toy", path = "runs/a b", seed = 3, config = { lr = 1 }, step = 0 }
    screen:started(about)
    assert.equal("", text())
    about.step = 1
    screen:started(about)
    screen:done_before "runs/x\27"
    screen:refused "it is locked"
    screen:warn "careful"
    screen:print "words"
    screen:unrecorded "nothing"
    for _, signal in ipairs { "INT", "TERM" } do
      for _, saves in ipairs { true, false } do screen:stopping(signal, saves) end
    end
    local finishing <const> = "fmrun: finishing the step"
    assert.equal("toy goes on from step 1\nruns/x\\x1b is done\nfmrun: it is locked\nfmrun: careful\nout:wordsout:\n" .. finishing
      .. ", writing a checkpoint (Ctrl-C again to stop now)\n" .. finishing .. " (Ctrl-C again to stop now)\n" .. finishing .. ", writing a checkpoint\n"
      .. finishing .. "\n", text())

    local record <const> = { status = "killed", experiment = "toy", steps = 5, seconds = 65, summary = { w2 = 0.5 }, error = "SIGINT after step 5" }
    for words, how in pairs { ["to go on: "] = { saved = true, keeps = true }, ["no checkpoint was written yet; to begin again: "] = { keeps = true },
      ["nothing is kept (see run:keeps); to begin again: "] = {} } do
      how.path = "runs/a b"
      screen:ended(how, record)
      assert.equal("fmrun: SIGINT after step 5\nkilled  toy  step 5  1m05s  w2=0.5  runs/a b\n" .. words .. "fmrun resume 'runs/a b'\n", text())
    end
    screen.again = function(path) return "again in " .. path end
    screen:ended({ path = "p", saved = true }, record)
    assert.equal("fmrun: SIGINT after step 5\nkilled  toy  step 5  1m05s  w2=0.5  p\nto go on: again in p\n", text())
    record.status, record.error, record.summary = "do\27ne", nil, {}
    screen:ended({ path = "p\27" }, record)
    assert.equal("do\\x1bne  toy  step 5  1m05s  p\\x1b\n", text())
    record.status = "done"
    screen:ended({ path = "p" }, record)
    assert.equal("done  toy  step 5  1m05s  p\n", text())
    local colored <const> = new { color = "always" }
    colored:ended({ path = "p" }, record)
    record.status = "failed"
    colored:ended({ path = "p" }, record)
    assert.equal("^[32mdone^[0m  toy  step 5  1m05s  ^[2mp^[0m\n^[31mfailed^[0m  toy  step 5  1m05s  ^[2mp^[0m\n", text())
    local quiet <const> = new { quiet = true }
    record.error = "it broke"
    quiet:started(about)
    quiet:done_before "p"
    quiet:ended({ path = "p" }, record)
    assert.equal("fmrun: it broke\n", text())
    assert.same({}, told)
  end)

  it("a run tells events with --json", function()
    local screen <const> = new { json = true, quiet = true }
    screen:started { experiment = "toy", path = "p", seed = 3, config = { lr = 1 }, step = 0 }
    screen:done_before "p"
    screen:begin("toy", 10, 0, 5)
    screen:show(5, "loss=1", 6)
    screen:ended({ path = "p" }, { status = "failed", experiment = "toy", steps = 5, seconds = 65, summary = { w2 = 0.5 }, error = "e" })
    assert.same({ { event = "run_start", experiment = "toy", run = "p", seed = 3, config = { lr = 1 }, step = 0 }, { event = "run_skipped", run = "p",
      status = "done" }, { event = "progress", step = 5, steps = 10, text = "step 5/10  50%  loss=1  5/s  eta 1.0s" }, { event = "run_end", experiment = "toy",
      run = "p", status = "failed", error = "e", seconds = 65, summary = { w2 = 0.5 } } }, told)
    assert.equal("fmrun: e\n", text())
  end)

  it("a loop has a line that moves on a terminal, and one now and then elsewhere", function()
    local screen <const> = new { color = "never" }
    screen:begin("toy", 10, 0, 5)
    screen:show(5, "a\nb", 6)
    assert.same({ "toy  step 5/10  50%  a\\nb  5/s  eta 1.0s\n", 16 }, { text(), screen.next_time })
    local moving <const> = new({ color = "never" }, true)
    moving:begin("toy", 10, 0, 5)
    moving:show(5, ("x"):rep(30), 6)
    moving:note "beside"
    moving:note "again"
    assert.equal(("<toy [==========>         ] step 5/10  50%%  %s…^[K<^[Kbeside\nagain\n"):format(("x"):rep(25)), text())
    moving.quiet = true
    moving:show(5, "x", 6)
    assert.equal("", text())
    new { quiet = true }:note "no"
    assert.equal("", text())
  end)

  --- Tasks as fm.sweep.folder describes them.
  local function tasks_of(n)
    local tasks = {}
    for i = 1, n do
      tasks[i] = { index = i, label = "lr=0." .. i, path = "runs/toy/sweep-0123abcd/" .. i, changed = { lr = i }, config = { lr = i },
        record = { status = "missing" } }
    end
    return tasks
  end

  local function outcome(status, more)
    local made <const> = { status = status, seconds = 1, lines = {} }
    for key, value in pairs(more or {}) do made[key] = value end
    return made
  end

  it("a sweep tells of each run, of failures again, the best run and what is next", function()
    if not in_order then return pending "a sweep is fmrun's" end
    local tasks <const> = tasks_of(20)
    local screen <const> = sweep_screen.new({ color = "never" }, { tasks = tasks, path = "runs/toy/sweep-0123abcd", base = "runs",
      name = "toy/sweep-0123abcd" })
    screen.terminal = false
    screen:begin({ jobs = 2, threads = 1 }, 0)
    screen:begin({ jobs = 1, threads = 3 }, 4)
    screen:started(tasks[1])
    screen:tick(5)
    screen:interrupted(false)
    screen:interrupted(true)
    assert.equal("sweep runs/toy/sweep-0123abcd   20 runs, 2 parallel x 1 thread\nsweep runs/toy/sweep-0123abcd   20 runs, 1 parallel x 3 threads, "
      .. "4 done before\n  run   001 lr=0.1\neach run finishes its step and saves (again: stop now)\nstopped\n", text())
    for i, made in ipairs { outcome("done", { summary = { w2 = 0.5, kind = "a\nb" }, seconds = 65 }), outcome("failed", { error = "toy.lua:3: bad\nmore",
      lines = { "1", "2", "3", "fmrun: toy.lua:3: bad", "4", "5", "6\27" } }), outcome("killed", { error = "SIGINT after step 3" }), outcome "busy",
      outcome("diverged", { error = "nan", lines = { "x" } }), outcome("done", { summary = { w2 = 0.25 } }) } do
      tasks[i].outcome = made
      screen:ended(tasks[i])
    end
    local failed <const> = "  FAIL  002 lr=0.2     1.0s  toy.lua:3: bad\n          | 2\n          | 3\n          | 4\n          | 5\n          | 6\\x1b\n"
    local diverged <const> = "  FAIL  005 lr=0.5     1.0s  nan\n          | x\n"
    assert.equal("  ok    001 lr=0.1    1m05s  kind=a\\nb w2=0.5\n" .. failed .. "  stop  003 lr=0.3     1.0s  SIGINT after step 3\n"
      .. "  busy  004 lr=0.4     1.0s  \n" .. diverged .. "  ok    006 lr=0.6     1.0s  w2=0.25\n", text())
    screen:sum_up(tasks, { counts = { done = 2, failed = 2, killed = 1, busy = 1, waiting = 14 }, seconds = 100 }, "fmrun -m x.lua")
    assert.equal(failed .. diverged .. "2 ok, 2 failed, 1 stopped, 1 running elsewhere, 14 not started in 1m40s    best w2 0.25  006 lr=0.6\n"
      .. "next: fmrun -m x.lua   |   fmrun report 0123abcd\n", text())
    for i = 7, 20 do tasks[i].outcome = outcome("failed", { error = "e" .. i }) end
    screen:sum_up(tasks, { counts = { done = 20, failed = 0, killed = 0, busy = 0, waiting = 0 }, seconds = 100 }, "again")
    local long = text()
    local best <const> = "in 1m40s    best w2 0.25  006 lr=0.6\nnext: fmrun report 0123abcd\n"
    assert.truthy(long:find("\n  FAIL  014 lr=0.14    1.0s  e14\n  and 6 more that failed\n20 ok " .. best, 1, true), long)
    for i = 15, 20 do tasks[i].outcome = nil end
    screen:sum_up(tasks, { counts = { done = 2, failed = 10, killed = 0, busy = 0, waiting = 8 }, seconds = 100 })
    long = text()
    assert.truthy(long:find("\n  FAIL  014 lr=0.14    1.0s  e14\n2 ok, 10 failed, 8 not started " .. best, 1, true), long)
    screen:sum_up({}, { counts = { done = 0, failed = 0, killed = 0, busy = 0, waiting = 0 }, seconds = 100 }, "again")
    assert.equal("nothing is left to do    best w2 0.25  006 lr=0.6\nnext: fmrun report 0123abcd\n", text())
    screen:sum_up({ tasks[2] }, { counts = { done = 0, failed = 1, killed = 0, busy = 0, waiting = 0 }, seconds = 1 }, "again")
    assert.equal("0 ok, 1 failed in 1.0s    best w2 0.25  006 lr=0.6\nnext: again   |   fmrun report 0123abcd\n", text()) -- it was told a line above
    assert.same({}, told)
  end)

  it("a sweep has a line for each job that moves, sixteen at most, cut to the page", function()
    if not in_order then return pending "a sweep is fmrun's" end
    local tasks <const> = tasks_of(18)
    tasks[3].label = "note=" .. ("é"):rep(60)
    local screen <const> = sweep_screen.new({ color = "always" }, { tasks = tasks, path = "a b/toy/sweep-0123abcd", base = "a b", name = "toy/sweep-0123abcd" })
    screen.terminal = true
    for _, task in ipairs(tasks) do screen:started(task) end
    assert.equal("", text())
    tasks[2].progress = { step = 5, steps = 10, text = "step 5/10 x\27" }
    screen:tick(1)
    local drawn <const> = text()
    local lines <const> = {}
    for line in drawn:gmatch "[^\n]+" do lines[#lines + 1] = line end
    assert.same({ 16, "  run   001 lr=0.1" .. (" "):rep(44) .. "starts", "  run   002 lr=0.2" .. (" "):rep(44) .. "[=====…",
      "  run   003 note=" .. ("é"):rep(51) .. "…", "  run   016 lr=0.16" .. (" "):rep(43) .. "starts" }, { #lines, lines[1], lines[2], lines[3], lines[16] })
    screen:tick(1.19)
    assert.equal("", text())
    screen:tick(1.2)
    assert.equal("^[16A^[J" .. drawn, text())
    tasks[2].outcome = outcome("failed", { error = "bad" })
    screen:ended(tasks[2])
    assert.equal("^[16A^[J  ^[31mFAIL^[0m  002 lr=0.2" .. (" "):rep(42) .. "    1.0s  bad\n" .. drawn:gsub("  run   002 [^\n]*\n", "") .. "  run   017 lr=0.17"
      .. (" "):rep(43) .. "starts\n", text())
    tasks[1].outcome = outcome("done", { summary = { w2 = 1 } })
    screen:sum_up({ tasks[1] }, { counts = { done = 1, failed = 0, killed = 0, busy = 0, waiting = 0 }, seconds = 1 }, "again")
    assert.equal("^[16A^[J1 ok in 1.0s\nnext: FM_RUNS='a b' fmrun report 0123abcd\n", text()) -- of one run that is done none is the best
  end)

  it("a sweep shows nothing that a terminal would obey, and where more of a failure lies", function()
    if not in_order then return pending "a sweep is fmrun's" end
    local lfs <const> = require "lfs"
    local place <const> = os.tmpname() .. " x"
    assert(lfs.mkdir(place))
    local tasks <const> = tasks_of(3)
    local screen <const> = sweep_screen.new({ color = "never" }, { tasks = tasks, path = "a\27 b", base = "runs", name = "toy" })
    screen.terminal = false
    screen:begin({ jobs = 1, threads = 1 }, 1)
    tasks[1].path, tasks[1].outcome = place, outcome("failed", { error = "b\27d", lines = { "l\27ne", "fmrun: b\27d" } })
    screen:ended(tasks[1])
    tasks[2].outcome = outcome("done", { summary = { w2 = 0.123456789 } })
    tasks[3].label, tasks[3].outcome = "note=\27", outcome("done", { summary = { w2 = 0.0123456789 } })
    screen:sum_up(tasks, { counts = { done = 2, failed = 1, killed = 0, busy = 0, waiting = 0 }, seconds = 1 })
    local told_once <const> = ("  FAIL  001 lr=0.1    1.0s  b\\x1bd\n          | l\\x1bne\n          fmrun log '%s'\n"):format(place)
    assert.equal("sweep a\\x1b b   3 runs, 1 parallel x 1 thread, 1 done before\n" .. told_once:rep(2)
      .. "2 ok, 1 failed in 1.0s    best w2 0.01235  003 note=\\x1b\nnext: fmrun report 'a\\x1b b'\n", text())
    assert(lfs.rmdir(place) and os.remove((place:gsub(" x$", ""))))
    local moving <const> = sweep_screen.new({ color = "never" }, { tasks = tasks, path = "p", name = "toy" })
    moving.terminal = true
    tasks[1].progress = { step = 20, steps = 10, text = "\27" }
    moving:started(tasks[1])
    moving:tick(0)
    assert.equal("  run   001 lr=0.1  [====================] \\x1b\n", text())
    moving:note "beside"
    moving:note "again"
    assert.equal("^[1A^[Jbeside\nagain\n", text())
  end)

  it("a sweep is quiet, and tells events, when it is asked to", function()
    if not in_order then return pending "a sweep is fmrun's" end
    local tasks <const> = tasks_of(2)
    local screen <const> = sweep_screen.new({ quiet = true, json = true }, { tasks = tasks, path = "p q", name = "toy" })
    screen:begin({ jobs = 2, threads = 1 }, 1)
    screen:started(tasks[1])
    tasks[1].outcome = outcome("failed", { error = "e\nmore", code = 1, signal = "SIGSEGV", peak = 7, summary = { a = 1 } })
    screen:ended(tasks[1])
    screen:sum_up(tasks, { counts = { done = 1, failed = 2, killed = 3, busy = 4, waiting = 5 }, seconds = 9 }, "again")
    assert.equal(("  FAIL  001 lr=0.1    1.0s  e\n"):rep(2), text())
    assert.same({ { event = "sweep_start", sweep = "p q", runs = 2, done = 1, jobs = 2 },
      { event = "run_start", sweep_index = 1, run = "runs/toy/sweep-0123abcd/1", changed = { lr = 1 } },
      { event = "run_end", sweep_index = 1, run = "runs/toy/sweep-0123abcd/1", status = "failed", exit = 1, signal = "SIGSEGV", error = "e\nmore", seconds = 1,
        summary = { a = 1 }, peak_rss = 7 }, { event = "sweep_end", sweep = "p q", ok = 1, failed = 2, stopped = 3, not_started = 5, seconds = 9 } }, told)
  end)
end)

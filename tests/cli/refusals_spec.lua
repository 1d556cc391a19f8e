-- What fmrun refuses, word for word: a command and what it says, and records that name what is no
-- longer there, or never was a script.
local fm <const> = require "fm"
local lfs <const> = require "lfs"
local shell <const> = require "cli.shell"

local toy <const> = shell.here .. "/toy.lua"
local call <const>, read <const>, write <const> = shell.call, shell.read, shell.write

--- A command ends with this code, and says this and nothing else.
local function says(command, code, wanted)
  local found, out, err = shell.run(command)
  assert.same({ code, "", wanted }, { found, out, err }, command)
end

--- fmrun ends with 2: the message, and where to look.
local function refused(arguments, message)
  local word <const> = message:match "^(%l+): " or ""
  says(shell.fmrun .. " " .. arguments, 2, ("fmrun: %s\ntry: fmrun %s--help\n"):format(message, word == "" and "" or word .. " "))
end

--- fmrun ends with 1 and this message.
local function fails(arguments, message)
  says(shell.fmrun .. " " .. arguments, 1, "fmrun: " .. message .. "\n")
end

--- Changes a file of the test's folder, at one place.
local function change(name, from, to)
  local text <const>, count = read(shell.folder .. "/" .. name):gsub(from, to, 1)
  assert.equal(1, count, from)
  write(name, text)
end

describe("fmrun refuses", function()
  before_each(shell.open)
  after_each(shell.close)

  it("words of its own", function()
    for arguments, message in pairs {
      ["x.lua --checkpoint-every x"] = '--checkpoint-every: expected a number >= 0, found "x"',
      ["x.lua --checkpoint-every 1.5"] = '--checkpoint-every: expected a number >= 0, found "1.5"',
      ["x.lua --keep-last=-1"] = '--keep-last: expected a number >= 0, found "-1"',
      ["x.lua --checkpoint-seconds 1e3"] = '--checkpoint-seconds: expected a number >= 0, found "1e3"',
      ["x.lua --shares 0"] = '--shares: expected a whole number >= 1, found "0"',
      ["-m x.lua n=1,2 --folder q"] = "--folder is for one run; a sweep has a folder of its own",
      ["-m x.lua n=1,2 --ranks 2"] = "--ranks goes with --emit slurm; for one run: mpirun -n N fmrun SCRIPT",
      ["-m x.lua n=1,2 --emit parallel --ranks 2"] = "--ranks goes with --emit slurm; for one run: mpirun -n N fmrun SCRIPT",
      ["-m x.lua n=1,2 --emit slurm --ranks 0"] = '--ranks: expected a whole number >= 1, found "0"',
      ["x.lua --timeout 1s"] = "--timeout is for the runs of a sweep", ["n=2"] = "there is no script for n=2",
      ["-e '' @x.csv"] = "there is no script for @x.csv", ["-m x.lua n=1:2 --timeout 0"] =
        '--timeout: expected a time such as 90s, 30m or 2h, found "0"',
      ["-m x.lua n=1:2 --timeout 1.2.3s"] = '--timeout: expected a time such as 90s, 30m or 2h, found "1.2.3s"',
      ["-m x.lua n=1:2 --timeout 3w"] = '--timeout: expected a time such as 90s, 30m or 2h, found "3w"',
      ["--seed 0x1 x.lua"] = '--seed: expected a whole number >= 0, found "0x1"',
      ["--seed 1e3 -e ''"] = '--seed: expected a whole number >= 0, found "1e3"', ["-m x.lua n=1:2 --max-runs 0"] =
        '--max-runs: expected a whole number >= 1, found "0"',
      ["-m x.lua n=1:2 --random 1 --sweep-seed=-1"] = '--sweep-seed: expected a whole number >= 0, found "-1"',
    } do
      write("x.lua", 'return require "fm".experiment { params = { n = 1 }, run = function() end }')
      refused(arguments, message)
      assert.is_nil(lfs.attributes(shell.folder .. "/runs"), arguments)
    end
    for _, words in ipairs { "--checkpoint-every 0", "--checkpoint-seconds 0.5", "--checkpoint-every 1.0 --keep-last 0" } do
      assert.same({ 0, "", "" }, { call("-q x.lua " .. words) })
    end
  end)

  it("words of a command", function()
    for arguments, message in pairs {
      ["check x.lua n=x"] = 'check: n: expected an integer, found "x"', ["check x.lua n="] = "check: n: empty value",
      ["check x.lua preset=bgi"] = 'check: preset: expected one of big, found "bgi"; did you mean "big"?',
      ["check --into d x.lua x.lua"] = "check: --into is for one script", ["check --into d --parent 0 x.lua"] =
        'check: --parent: expected a whole number >= 1, found "0"',
      ["params"] = "params: expected one script, found 0", ["params x.lua x.lua"] = "params: expected one script, found 2",
      ["resume"] = "resume: expected runs", ["log"] = "log: expected one run, found 0", ["log a b"] = "log: expected one run, found 2",
      ["path a b"] = "path: expected one run, found 2", ["diff a b c"] = "diff: expected two runs, found 3",
      ["pareto"] = "pareto: expected one run, found 0", ["pareto x --nfe 0"] = 'pareto: --nfe: expected a whole number >= 1, found "0"',
      ["pareto x --solvers ,"] = "pareto: --solvers: expected names, as in euler,rk4", ["show a --json --code"] = "show: --json or --code, not both",
      ["show a b"] = "show: expected one run, found 2", ["show --code"] = "show: expected one run, found 0",
      ["show --code a b c"] = "show: expected one run, found 3", ["worker"] = "worker: expected the folder of a sweep",
      ["worker a b"] = "worker: expected the folder of a sweep", ["worker a --task 0"] = 'worker: --task: expected a whole number >= 1, found "0"',
      ["worker a --events 77"] = "worker: --events: descriptor 77 is not a pipe", ["verify --rows 1024 paths"] = "verify: --rows: 1024 is no channel",
      ["verify --rows 2 paths"] = 'verify: --rows: expected a whole number >= 3, found "2"',
      ["verify --rows 77 paths"] = "verify: --rows: descriptor 77 is not a pipe", ["verify --rows 1023 paths"] =
        "verify: --rows: descriptor 1023 is not a pipe",
      ["verify --rows 77"] = "verify: --rows is for one case", ["completion"] = 'completion: expected bash, zsh or fish, found ""',
      ["completion bash zsh"] = 'completion: expected bash, zsh or fish, found "bash zsh"',
    } do
      write("x.lua", 'return require "fm".experiment { params = { n = 1 }, presets = { big = { n = 9 } }, run = function() end }')
      refused(arguments, message)
    end
    for _, arguments in ipairs { "check --into d --parent 4194304 x.lua", "worker a --parent 4194304", "verify --rows 77 --parent 4194304 paths" } do
      says(shell.fmrun .. " " .. arguments, 1, "") -- its parent is gone
    end
    assert.is_nil(lfs.attributes(shell.folder .. "/d"))
  end)

  it("LUA_INIT that does not load or fails, and goes no further", function()
    write("init.lua", 'print "a file"')
    write("torn.lua", "x = =")
    local function with(init, code, out, err)
      assert.same({ code, out, err }, { shell.run(init .. " " .. shell.fmrun .. " -e 'print(1)'") })
    end
    with("LUA_INIT=@init.lua", 0, "a file\n1\n", "")
    with("LUA_INIT=@none.lua", 1, "", "fmrun: cannot open none.lua: No such file or directory\n")
    with("LUA_INIT=@torn.lua", 1, "", "fmrun: torn.lua:1: unexpected symbol near '='\n")
    with("LUA_INIT='x = ='", 1, "", "fmrun: LUA_INIT:1: unexpected symbol near '='\n")
    with("LUA_INIT_5_4='x = ='", 1, "", "fmrun: LUA_INIT_5_4:1: unexpected symbol near '='\n")
    with("LUA_INIT='print(5)' LUA_INIT_5_4='print(54)'", 0, "54\n1\n", "")
    with("LUA_INIT='error [[no]]'", 1, "", "fmrun: LUA_INIT:1: no\nstack traceback:\n\tLUA_INIT:1: in main chunk\n")
  end)

  it("a statement or a module that fails, and what comes after it", function()
    local version <const> = select(2, call "--version")
    assert.same({ 0, version .. "1\n", "" }, { call "-v -e 'print(1)'" })
    assert.same({ 0, version, "" }, { call "-v" })
    assert.same({ 1, "", "fmrun: (command line):1: unexpected symbol near <eof>\n" }, { call "-e 'x =' -e 'print(1)'" })
    local code, out, err = call "-l none -e 'print(1)'"
    assert.same({ 1, "", "fmrun: module 'none' not found:" }, { code, out, err:match "^[^\n]*" })
    write("mine.lua", "return { x = 3 }")
    assert.same({ 0, "3\t3\n", "" }, { call "-l mine -l other=mine -e 'print(mine.x, other.x)'" })
  end)

  it("a command of the user's that refuses or fails, as one of its file", function()
    assert(lfs.mkdir(shell.folder .. "/fm") and lfs.mkdir(shell.folder .. "/fm/command"))
    local function own(name, run)
      write("fm/command/" .. name .. ".lua", ("return { help = 'of mine', usage = 'fmrun %s', run = function(line) %s end }"):format(name, run))
    end
    own("chosen", 'error({ message = "I end", exit = 7 }, 0)')
    own("meant", 'error({ usage = "not so", try = "meant" }, 0)')
    own("refusing", 'line.refuse "not this"')
    own("broken", 'local x = nil; return x.y')
    own("well", "print(#line.words, line.argv[1]) return 5")
    own("text", 'return "no number"')
    write("fm/command/none.lua", "return 3")
    local fmrun <const> = ("LUA_PATH='%s/?.lua;;' %s "):format(shell.folder, shell.fmrun)
    says(fmrun .. "chosen", 7, "fmrun: I end\n")
    says(fmrun .. "meant", 2, "fmrun: not so\ntry: fmrun meant --help\n")
    says(fmrun .. "refusing", 2, "fmrun: refusing: not this\ntry: fmrun refusing --help\n")
    local code, out, err = shell.run(fmrun .. "broken")
    assert.same({ 1, "" }, { code, out })
    shell.has(err, ("fmrun: %s/fm/command/broken.lua:1: attempt to index a nil value (local 'x') (fm/command/broken.lua:1)\nstack traceback:\n"):format(
      shell.folder))
    assert.is_nil(err:find("lua/fm/cli", 1, true), err)
    assert.same({ 5, "1\twell\n", "" }, { shell.run(fmrun .. "well a") })
    assert.same({ 0, "", "" }, { shell.run(fmrun .. "text") })
    says(fmrun .. "none", 1, ("fmrun: %s/fm/command/none.lua: expected { help = text, usage = text, run = function }\n"):format(shell.folder))
    shell.has(select(2, shell.run(fmrun .. "help")), "\n  none        " .. shell.folder .. "/fm/command/none.lua: expected {", "\n  well        of mine\n")
  end)

  it("what mpirun started and cannot be one training, by the words of its environment", function()
    local as <const> = "OMPI_COMM_WORLD_SIZE=%d OMPI_COMM_WORLD_RANK=%d "
    write("x.lua", 'return require "fm".experiment { params = { n = 1 }, run = function() end }')
    local code, out, err = shell.run(as:format(2, 0) .. shell.fmrun .. " x.lua")
    assert.same({ true, "" }, { code == 1 or code == 2, out })
    assert.truthy(err:find "^fmrun: [^\n]*MPI[^\n]*\n" or err:find "ASan", err) -- another MPI, or none
    says(as:format(1, 0) .. shell.fmrun .. " -m x.lua n=1,2", 2,
      "fmrun: mpirun is for one run of many processes: start a sweep without it, or let --emit slurm --ranks N write a script for it\ntry: fmrun --help\n")
    assert.equal(0, (shell.run(as:format(1, 0) .. shell.fmrun .. " -q x.lua --folder r")))
    says(as:format(2, 1) .. shell.fmrun .. " path", 1, "") -- the first one says it
    says(as:format(2, 0) .. shell.fmrun .. " path", 2, "fmrun: path: expected one run, found 0\ntry: fmrun path --help\n")
    local stock <const> = ("LUA_PATH='%s/lua/?.lua;%s/lua/?/init.lua;;' LUA_CPATH='%s/?.so;;' OPENBLAS_NUM_THREADS=1 lua5.4 x.lua"):format(lfs.currentdir(),
      lfs.currentdir(), assert(os.getenv "FM_MODULE"))
    says(as:format(2, 0) .. stock, 2, "fmrun: many processes for one training are for fmrun: mpirun -n N fmrun SCRIPT\n")
    assert.equal(0, (shell.run(as:format(1, 0) .. stock .. " -q")))
    says(stock .. " n=1,2", 2, 'fmrun: x.lua: n: expected an integer, found "1,2"; lists and ranges need -m\n')
    write("x.lua", 'return require "fm".experiment { params = { n = 1 }, run = function() os.remove "x.lua" end }')
    says(stock .. " -n", 2, "fmrun: sweeps, lists of runs and scripts for schedulers are made by fmrun\n")
  end)

  it("an error of its own as one that is fmrun's: 4", function()
    write("x.lua", 'package.loaded["fm.cli.launch"].plan = function() error "it slipped" end return require "fm".experiment { run = function() end }')
    local code, _, err = call "x.lua"
    assert.equal(4, code)
    shell.has(err, "fmrun: internal error: x.lua:1: it slipped\nstack traceback:\n")
    assert.is_nil(err:find("try: ", 1, true))
  end)
end)

describe("a record that cannot be called again", function()
  before_each(function()
    shell.open()
    write("mine.lua", read(toy))
    assert.equal(0, (call "-q mine.lua steps=2 --folder r"))
    change("r/run.json", '"status":"done"', '"status":"failed"')
  end)
  after_each(shell.close)

  it("has no config that can be read, or one of another script", function()
    local begun <const> = "r: its script is mine.lua\nfmrun: "
    local function resumed(message) says(shell.fmrun .. " resume r", 1, begun .. message .. "\n") end
    assert(os.remove(shell.folder .. "/r/config.json"))
    assert.equal(0, (call "-q resume r")) -- run.json has it too
    change("r/run.json", '"status":"done"', '"status":"failed"')
    for text, message in pairs { ["[1"] = "r/config.json: line 1 col 3: the text ends (expected ',' or ']')", ["3"] = "r/config.json: expected an object",
      ['{"other":1}'] = 'r: config.json: unknown key "other"' } do
      write("r/config.json", text)
      resumed(message)
    end
    assert(os.remove(shell.folder .. "/r/config.json") and lfs.mkdir(shell.folder .. "/r/config.json"))
    resumed "r/config.json: is a folder"
  end)

  it("names no script, or one that has no name for a file", function()
    local text <const> = read(shell.folder .. "/r/run.json")
    for script, message in pairs { ["-"] = "r: its script was read from stdin: fmrun - --folder r <SCRIPT",
      ["a\\u0000b"] = "r: the name of its script has a NUL byte", ["r/own.lua"] =
        "r: its script lies in the folder itself: r/own.lua\nto run that file, name it: fmrun r/own.lua --folder r" } do
      write("r/own.lua", "return 1")
      write("r/run.json", (text:gsub('"script":"[^"]*"', function() return ('"script":"%s"'):format(script) end)))
      fails("resume r", message)
      fails("resume -f r", message)
    end
    write("r/run.json", (text:gsub('"script":"[^"]*",', "")))
    fails("resume r", "r: run.json names no script")
    write("r/run.json", (text:gsub('"script":"[^"]*"', '"script":3')))
    fails("resume r", "r: run.json: script: expected a text, found 3")
  end)

  it("names a script that is gone, has changed, or gives no experiment any more", function()
    local was <const> = shell.json(shell.folder .. "/r/run.json").code[1].hash
    local kept <const> = "fmrun resume --kept-code r calls the copies of these files in r/code instead"
    write("mine.lua", "")
    fails("resume r", ("r: its files are not what they were:\n  mine.lua: was %s, is now %s\nfmrun resume --force r goes on nevertheless, "
      .. "--anew begins again\n%s"):format(was, fm.file.hash "", kept))
    says(shell.fmrun .. " resume -f r", 1, "r: its script is mine.lua\nfmrun: mine.lua gives no experiment\n")
    assert(os.remove(shell.folder .. "/mine.lua"))
    says(shell.fmrun .. " resume r", 1, ("r: its script is mine.lua\nfmrun: cannot open mine.lua: No such file or directory; the run was started in %s\n%s\n")
      :format(shell.folder, kept))
    assert.same({ 0, "note:\t\n", "r: its script is the copy that it keeps of mine.lua\n" }, { shell.run(shell.fmrun
      .. " resume --kept-code r 2>err.1; code=$?; head -1 err.1 >&2; exit $code") })
    change("r/run.json", '"status":"done"', '"status":"failed"')
    os.execute(("rm -r %s/r/code"):format(shell.folder))
    says(shell.fmrun .. " resume r", 1, ("r: its script is mine.lua\nfmrun: cannot open mine.lua: No such file or directory; the run was started in %s\n")
      :format(shell.folder))
    fails("resume --kept-code r", "r keeps no copy of mine.lua")
  end)
end)

describe("a worker", function()
  local sweep, json

  before_each(function()
    shell.open()
    write("mine.lua", 'if os.getenv "NOTHING" then return end\n' .. read(toy))
    assert.equal(0, (call "-q -m mine.lua steps=2 seed=1,2 --emit parallel"))
    sweep = "runs/toy/" .. shell.names(shell.folder .. "/runs/toy")[1]
    json = read(shell.folder .. "/" .. sweep .. "/sweep.json")
  end)
  after_each(shell.close)

  local function with(from, to, message)
    write(sweep .. "/sweep.json", json)
    change(sweep .. "/sweep.json", from, to)
    fails(("worker %s --task 1"):format(sweep), message)
  end

  it("refuses a task that the sweep, its script and the parameters do not agree on", function()
    local command <const> = shell.fmrun .. " -q -m mine.lua steps=2 seed=1,2 --emit parallel"
    local hash <const> = shell.json(shell.folder .. "/" .. sweep .. "/sweep.json").scripts[1].hash
    with(('"hash":"%s"'):format(hash), '"hash":"01234567"',
      "mine.lua has changed since the sweep was made; the command that made it takes the change up: " .. command)
    with('"steps":2', '"stepz":2', sweep .. '/sweep.json: run 1: unknown key "stepz"; did you mean "steps"?')
    with('"script":"mine.lua"', '"script":"other.lua"', sweep .. "/sweep.json: run 1: other.lua is not one of its scripts")
    write(sweep .. "/sweep.json", json)
    fails(("worker %s --task 3"):format(sweep), sweep .. " has 2 runs, there is no run 3")
    says(("NOTHING=1 %s worker %s --task 1"):format(shell.fmrun, sweep), 1, "fmrun: mine.lua: gives no experiment any more\n")
    says(("%s worker %s --task 2 --parent 4194304"):format(shell.fmrun, sweep), 1, "")
    assert.same({}, shell.names(shell.folder .. "/" .. sweep, "^%x+$"))
  end)

  it("says what it has done, or another process does", function()
    assert.equal(0, (call(("worker -q %s --task 1"):format(sweep))))
    local run <const> = sweep .. "/" .. shell.names(shell.folder .. "/" .. sweep, "^%x+$")[1]
    says(("%s worker %s// --task 1"):format(shell.fmrun, sweep), 0, ("fmrun: %s: done before\n"):format(run))
    says(("%s worker -q %s --task 1"):format(shell.fmrun, sweep), 0, "")
    local code, out = call(("worker --json %s --task 1"):format(sweep))
    assert.same({ 0, { event = "run_skipped", run = run, status = "done", schema = 1 } }, { code, fm.json.decode(out) })
    local other <const> = sweep .. "/" .. shell.json(shell.folder .. "/" .. sweep .. "/sweep.json").runs[2].folder
    assert(lfs.mkdir(shell.folder .. "/" .. other))
    local closing <close> = assert(fm.system.lock(shell.folder .. "/" .. other .. "/lock"))
    says(("%s worker %s --task 2"):format(shell.fmrun, sweep), 0, ("fmrun: %s: another process writes this run\nfmrun: %s: another process runs it\n"):format(
      other, other))
  end)
end)

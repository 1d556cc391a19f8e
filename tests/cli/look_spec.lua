-- Commands that look at runs, as a user calls them. FMRUN names the binary.
local fm <const> = require "fm"
local lfs <const> = require "lfs"
local shell <const> = require "cli.shell"

local toy <const> = shell.here .. "/toy.lua"
local call <const>, read <const>, write <const> = shell.call, shell.read, shell.write

local function train(arguments)
  local code, _, err = call(("-q %s steps=3 %s"):format(toy, arguments or ""))
  assert.equal(0, code, err)
end

--- Starts slow.lua beside the shell, as $slow, and waits until its run is there.
local started_slow <const> = ("{ %s -q slow.lua >/dev/null 2>&1 & } ; slow=$!; until ls runs/slow/*/run.json; do sleep 0.02; done >/dev/null 2>&1; ")
  :format(shell.fmrun)

local function refused(arguments, wanted_code, message)
  local code, out, err = call(arguments)
  assert.equal(wanted_code, code)
  assert.equal("", out)
  assert.truthy(err:find(message, 1, true), err)
end

describe("fmrun COMMAND", function()
  before_each(shell.open)
  after_each(shell.close)

  it("is a file of its name; another word is refused with the nearest", function()
    local code, out = call "help"
    assert.equal(0, code)
    assert.truthy(out:find "\n  path +print the folder of a run")
    refused("hlep", 2, 'unknown command "hlep"; did you mean "help"?')
    refused("nothing", 2, 'unknown command "nothing"; see fmrun help, and a script')
    os.execute("touch " .. shell.folder .. "/train.lua")
    refused("train", 2, 'unknown command "train"; did you mean "train.lua"?')
    refused("../path", 1, "cannot open ../path")
  end)

  it("prints its help, and refuses options it does not have", function()
    local code, out = call "path --help"
    assert.equal(0, code)
    assert.truthy(out:find("usage: fmrun path RUN\n", 1, true))
    assert.truthy(out:find("  -o, --runs DIR  folder of the runs", 1, true))
    assert.equal(out, (select(2, call "help path")))
    refused("path --rnus x", 2, 'path: unknown option "--rnus"; did you mean "--runs"?\ntry: fmrun path --help')
    refused("--threads 2 path x", 2, 'path: unknown option "--threads"')
    refused("path", 2, "path: expected one run, found 0")
    train()
    for _, word in ipairs { "show", "ls", "compare", "resume", "report", "rm -f" } do
      refused(word .. " ''", 2, "expected the name of a run, found an empty word")
    end
    for _, word in ipairs { "params", "check" } do refused(word .. " ''", 1, "cannot open a script without a name") end
  end)

  it("names what is wrong in how it is called", function()
    for arguments, wanted in pairs {
      ["ls --status dne"] = { 2, 'ls: --status: expected done, running, failed, diverged, killed, lost or damaged, found "dne"; did you mean "done"?' },
      ["ls --where"] = { 2, "ls: --where needs a value: CONDITION" }, ["ls --jsno"] = { 2, 'ls: unknown option "--jsno"; did you mean "--json"?' },
      ["show"] = { 2, "show: expected one run, found 0" }, ["show a b"] = { 2, "show: expected one run, found 2" },
      ["show --jsn x"] = { 2, 'show: unknown option "--jsn"; did you mean "--json"?' },
      ["log --folow x"] = { 2, 'log: unknown option "--folow"; did you mean "--follow"?' }, ["log x"] = { 3, 'no run is called "x": there are none in runs' },
      ["diff a"] = { 2, "diff: expected two runs, found 1" }, ["compare"] = { 2, "compare: expected the runs to compare" },
      ["compare --metrc w2 x"] = { 2, 'compare: unknown option "--metrc"; did you mean "--metric"?' },
      ["rm"] = { 2, "rm: expected the runs to remove" }, ["rm --forc x"] = { 2, 'rm: unknown option "--forc"; did you mean "--force"?' },
      ["report"] = { 2, "report: expected runs, sweeps or experiments" }, ["report -o"] = { 2, "report: -o needs a value: FILE" },
      ["export x"] = { 2, "export: say --to csv or --to tensorboard" }, ["export"] = { 2, "export: expected the runs to export" },
      ["export --to tensorbord x"] = { 2, 'export: --to: expected csv or tensorboard, found "tensorbord"; did you mean "tensorboard"?' },
      ["doctor --jsn"] = { 2, 'doctor: unknown option "--jsn"; did you mean "--json"?' },
      ["help lgo"] = { 3, 'no command is called "lgo"; did you mean "log"?' },
      ["help fm.plot.scater"] = { 3, 'the reference has no "fm.plot.scater"; did you mean "fm.plot.scatter"?' },
    } do
      refused(arguments, wanted[1], wanted[2])
    end
  end)

  describe("path", function()
    it("prints the folder, options before and after", function()
      train()
      train "-o there"
      local code, out = call "path @-1"
      assert.equal(0, code)
      assert.truthy(out:find "^runs/toy/%d+%-%d+%-%x+\n$", out)
      assert.truthy(select(2, call "-o there path @-1"):find "^there/toy/")
      assert.truthy(select(2, call "path -othere toy"):find "^there/toy\n")
      refused("path @-2", 3, "fmrun: @-2: there is one run in runs\n")
    end)
  end)

  describe("ls", function()
    before_each(function()
      train "seed=1 lr=1e-3"
      train "seed=2 lr=2e-3 note=long"
      call("-q " .. toy .. " steps=3 fail_at=2")
    end)

    it("shows status, changes and results, the newest last, without colour in a file", function()
      local code, out = call "ls"
      assert.equal(0, code)
      local rows = {}
      for row in out:gmatch "[^\n]+" do rows[#rows + 1] = row end
      assert.equal(4, #rows)
      assert.truthy(rows[1]:find "^RUN +STATUS +AGE +TIME +CHANGED +RESULTS$", rows[1])
      assert.truthy(rows[2]:find "^%x%x%x%x%x%x%x%x  done +%ds +%d.%ds  seed=1 steps=3 +lr=0.001 rest=inf steps=3$", rows[2])
      assert.truthy(rows[3]:find("lr=0.002 note=long seed=2 steps=3", 1, true), rows[3])
      assert.truthy(rows[4]:find "failed .* fail_at=2 steps=3 +toy.lua:6: add: shapes", rows[4])
      assert.falsy(out:find "\27")
      assert.truthy(select(2, call "ls --color always"):find("\27[31mfailed\27[0m", 1, true))
    end)

    it("chooses and sorts", function()
      local function seeds(arguments)
        local found = {}
        for row in select(2, call("ls --json " .. arguments)):gmatch "[^\n]+" do found[#found + 1] = tostring(assert(fm.json.decode(row)).seed) end
        return table.concat(found, " ")
      end
      assert.equal("1 2 0", seeds "toy")
      assert.equal("2", seeds "--where 'lr>1e-3'")
      assert.equal("2 1", seeds "--where 'summary.rest=inf' --sort -lr")
      assert.equal("1 0", seeds "--where lr=0.001 --where 'note!=long'")
      assert.equal("0", seeds "--failed")
      assert.equal("0", seeds "--status failed")
      assert.equal("0 1 2", seeds "--sort seed")
      assert.equal("2", seeds "@-2")
    end)

    it("says what it does not know, and when nothing fits", function()
      refused("ls --where 'lrr<1'", 2, 'ls: --where: no run has "lrr"; did you mean "lr"?\ntry: fmrun ls --help')
      refused("ls --where lr", 2, "ls: --where: expected NAME<VALUE")
      refused("ls --sort note.x", 2, 'no run has "note.x"')
      refused("ls --status dnoe", 2, 'found "dnoe"; did you mean "done"?')
      refused("ls --where 'lr>1'", 3, "none of the 3 runs fits")
      refused("ls toi", 3, 'no run is called "toi"; did you mean "toy"?')
      refused("ls -o empty", 3, "there are no runs in empty")
    end)

    it("goes on beside torn and strange folders", function()
      local torn = "toy/20260101-000000-00000000"
      os.execute(("cd %s/runs && mkdir -p %s toy/junk odd && echo x >odd/file && echo '{\"status\"' >%s/run.json"):format(shell.folder, torn, torn))
      local code, out = call "ls"
      assert.equal(0, code)
      assert.truthy(out:find "\n00000000  damaged +%d+d +run.json: line 2", out)
      assert.truthy(select(2, call "ls --json --status damaged"):find '"error":"run.json: line')
    end)
  end)

  it("params: what a script declares, also as JSON Schema; what it prints stays out", function()
    local code, out = call("params " .. toy)
    assert.equal(0, code)
    assert.truthy(out:find "\nsteps +integer +20 +1%.%.1000000 +optimizer steps\n", out)
    assert.truthy(out:find '\nnote +string +""\n', out)
    assert.truthy(out:find "\npath +string +linear +linear|straight\n", out)
    local schema = assert(fm.json.decode((select(2, call("params --json " .. toy)))))
    assert.same({ type = "integer", default = 20, description = "optimizer steps", minimum = 1, maximum = 1000000 }, schema.properties.steps)
    assert.same({ "linear", "straight" }, schema.properties.path.enum)
    assert.is_false(schema.additionalProperties)
    write("loud.lua", 'print "one" io.write "two" return require "fm".experiment { run = print, params = { n = 1 }, presets = { big = { n = 9 } } }')
    local _, text, err = call "params --json loud.lua"
    assert.equal("loud", assert(fm.json.decode(text)).title)
    assert.equal("one\ntwo", err)
    assert.truthy(select(2, call "params loud.lua"):find("\npreset=big  n=9\n", 1, true))
    write("plain.lua", "return 1")
    refused("params plain.lua", 1, "plain.lua returns no experiment")
    refused("params nowhere.lua", 1, "cannot open nowhere.lua")
    refused("params plane.lua", 1, 'cannot open plane.lua: No such file or directory; did you mean "plain.lua"?')
  end)

  it("show: one run on a page", function()
    train "seed=2 'note=a b'"
    local code, out = call "show @-1"
    assert.equal(0, code)
    assert.truthy(out:find "^toy/%d+%-%d+%-%x+\nfolder +runs/toy/", out)
    assert.truthy(out:find "\nstatus +done at step 3 after ", out)
    assert.truthy(out:find('changed     note="a b" (default "")  seed=2 (default 0)  steps=3 (default 20)', 1, true), out)
    assert.truthy(out:find "\nloss +[▁-█]+ +[%d.]+ %-> [%d.]+\n", out)
    assert.truthy(out:find "\nmemory +at most [%d.]+ MB in all\n", out)
    assert.truthy(out:find "\ntrain step +tensors of at most [%d.]+ kB, [%d.]+ kB of it for the step alone\n", out)
    assert.truthy(out:find "\ncode +/[^\n]*/tests/cli/toy.lua\n", out)
    assert.truthy(out:find "\nfiles +checkpoint.safetensors %(.* kB%)", out)
    local plain = assert(fm.json.decode((select(2, call "show --json @-1"))))
    assert.equal("done", plain.status)
    assert.equal("checkpoint.safetensors", plain.files[1].name)
    assert.truthy(0 < plain.step_bytes and plain.step_bytes < plain.step_peak_bytes and plain.step_peak_bytes < plain.peak_rss * 1024)
    call("-q " .. toy .. " steps=3 fail_at=2")
    assert.truthy(select(2, call "show @-1"):find "\nerror +/.-\n +stack traceback:")
    refused("show", 2, "show: expected one run, found 0")
    refused("show zz", 3, 'no run is called "zz"')
  end)

  it("log: what was printed; -f goes on until the run ends", function()
    write("slow.lua", [[return require "fm".experiment { name = "slow", run = function(run)
      for step in run:steps(4) do
        print("at " .. step)
        run:log { loss = step }
        local until_then = os.clock() + 0.15
        while os.clock() < until_then do end
      end
    end }]])
    assert.equal(0, (shell.run(started_slow .. shell.fmrun .. " log slow -f")))
    assert.equal("at 1\nat 2\nat 3\nat 4\n", read(shell.folder .. "/out"))
    assert.truthy(read(shell.folder .. "/err"):find "^slow/.*: done\n$")
    assert.equal("at 1\nat 2\nat 3\nat 4\n", (select(2, call "log @-1")))
    assert.equal("at 1\nat 2\nat 3\nat 4\n", (select(2, call "log @-1 -f")))
  end)

  it("diff: what two runs differ in", function()
    train "seed=1"
    train "seed=2 lr=2e-3"
    local code, out = call "diff @-2 @-1"
    assert.equal(0, code)
    assert.truthy(out:find "\nconfig\n  lr +0.001  0.002 +%+0.001\n  seed +1 +2 +%+1\n", out)
    assert.truthy(out:find("\ncode: the same\n", 1, true))
    local plain = assert(fm.json.decode((select(2, call "diff @-2 @-1 --json"))))
    assert.same({ lr = { a = 1e-3, b = 2e-3 }, seed = { a = 1, b = 2 } }, plain.config)
    assert.same({}, plain.code)
    refused("diff @-1", 2, "diff: expected two runs, found 1")
  end)

  it("compare: parameters that differ and results, over seeds", function()
    for _, lr in ipairs { "1e-3", "1e-2" } do
      for seed = 1, 2 do train(("lr=%s seed=%d"):format(lr, seed)) end
    end
    for _, how in ipairs { "min", "mean:5" } do
      refused("compare toy --metric steps:" .. how, 2,
        ('--metric: "steps" is one result of a run, and not logged at each step; write it without ":%s"'):format(how))
    end
    local code, out = call "compare toy --metric loss --sort -lr"
    assert.equal(0, code)
    assert.truthy(out:find "^RUN +lr +loss\n2 seeds +0.01 +[%d.]+ ± [%d.]+\n2 seeds +0.001 +[%d.]+ ± [%d.]+\n$", out)
    local losses = {}
    for row in select(2, call "compare toy --each --metric loss --json"):gmatch "[^\n]+" do
      losses[#losses + 1] = assert(fm.json.decode(row)).summary.loss
    end
    local first = assert(fm.json.decode((select(2, call "compare @-4 @-3 --metric loss --json"))))
    assert.near((losses[1] + losses[2]) / 2, first.summary.loss, 1e-12)
    assert.near(math.abs(losses[1] - losses[2]) / math.sqrt(2), first.deviation.loss, 1e-12)
    local lines = {}
    for row in select(2, call "compare toy --csv"):gmatch "[^\n]+" do lines[#lines + 1] = row end
    assert.equal("run,experiment,status,seeds,lr,lr,lr_deviation,rest,rest_deviation,steps,steps_deviation", lines[1])
    assert.equal("2 seeds,toy,2 done,2,0.001,0.001,0,inf,,3,0", lines[2])
    train "lr=1e-2 seed=2" -- once more is no third seed
    local again = assert(fm.json.decode((select(2, call "compare @-3 @-2 @-1 --metric loss --json"))))
    assert.same({ 2, 3 }, { again.seeds, #again.runs })
    assert.near(math.abs(losses[3] - losses[4]) / math.sqrt(2), again.deviation.loss, 1e-12)
    refused("compare toy --metric losss", 2, 'no run has "losss"; did you mean "loss"?')
    refused("compare toy --sort lrr", 2, 'no run has "lrr"; did you mean "lr"?')
    refused("compare", 2, "compare: expected the runs to compare")
  end)

  it("compare: values of what was logged: the least, the largest, the last, means", function()
    write("logs.lua", [[return require "fm".experiment { run = function(run)
      for i in run:steps(4) do run:log { loss = ({ 4, 1, 2, 3 })[i] } end
      run:summary { loss = 7 }
    end }]])
    assert.equal(0, (call "-q logs.lua"))
    local path = shell.folder .. "/" .. select(2, call "path @-1"):gsub("\n", "") .. "/metrics.jsonl"
    local text, count = shell.read(path):gsub('"loss":2[.0]*', '"loss":"nan"')
    assert.equal(1, count)
    local file <close> = assert(io.open(path, "w"))
    file:write(text)
    file:close()
    local words = "--metric loss --metric loss:last --metric loss:min --metric loss:max --metric loss:mean --metric loss:mean:2 --metric loss:mean:9"
    local row = assert(fm.json.decode((select(2, call("compare @-1 --json " .. words)))))
    assert.same({ loss = 7, ["loss:last"] = 3, ["loss:min"] = 1, ["loss:max"] = 4, ["loss:mean"] = 8 / 3, ["loss:mean:2"] = 3,
      ["loss:mean:9"] = 8 / 3 }, row.summary)
    assert.truthy(select(2, call("compare @-1 " .. words)):find "RUN +loss +loss:last +loss:min")
    refused("compare @-1 --metric los:min", 2, 'no run has logged "los"; did you mean "loss"?')
    for _, bad in ipairs { "loss:mn", "loss:least", "loss:mean:0", "loss:mean:x", "loss:mean:-1", "loss:min:3", "loss:mean:", "loss:" } do
      refused("compare @-1 --metric " .. bad, 2, "--metric: " .. bad)
    end
  end)

  it("ls fits a narrow terminal, and says which columns it has left out", function()
    train()
    train "-o runs seed=2" -- of the same values, they could have long names
    local sets = ("script -qec 'stty cols %%d; %s ls --color never' /dev/null </dev/null"):format(shell.fmrun)
    for columns, left_out in pairs { [34] = "AGE, TIME, CHANGED", [200] = false } do
      local code, out = shell.run(sets:format(columns))
      assert.equal(0, code)
      for line in out:gsub("\r", ""):gmatch "[^\n]+" do assert(utf8.len(line) <= columns, line) end
      local told = out:gsub("%s+", " "):match "left out: (.-) %("
      assert.equal(left_out or nil, told)
    end
  end)

  it("ls, compare, show, rm: a run with a folder of its own directly below runs", function()
    train "--folder runs/mine seed=3"
    train "seed=4"
    local _, out = call "ls"
    assert.truthy(out:find "\nmine +done")
    assert.equal(shell.folder .. "/runs/mine\n", (select(2, call "path mine")):gsub("^runs", shell.folder .. "/runs"))
    assert.equal(0, (call "show mine"))
    assert.equal(0, (call "compare mine @-1"))
    assert.equal(0, (call "rm -f mine"))
    assert.is_nil(lfs.attributes(shell.folder .. "/runs/mine/run.json"))
    assert.falsy(select(2, call "ls"):find "mine")
  end)

  it("compare: runs of other code are no seeds of one row", function()
    local function script(scale)
      write("odd.lua", ([[return require "fm".experiment { run = function(run) run:summary { loss = %s * run.seed } end }]]):format(scale))
    end
    for scale = 1, 2 do
      script(scale)
      assert.equal(0, (call "-q -m odd.lua seed=1:3"))
    end
    local code, out = call "compare odd"
    assert.equal(0, code)
    assert.truthy(out:find "^RUN +CODE +loss\n3 seeds +%x%x%x%x%x%x%x%x +2.0 ± 1.0\n3 seeds +%x%x%x%x%x%x%x%x +4.0 ± 2.0\n$", out)
    assert.truthy(select(2, call "compare odd --csv"):find "^run,experiment,status,code,seeds,loss,loss_deviation\n3 seeds,odd,3 done,%x+,3,2,1\n")
    local rows = shell.lines((select(2, call "compare odd --json")))
    assert.not_equal(fm.json.decode(rows[1]).code, fm.json.decode(rows[2]).code)
  end)

  it("rm: only what was meant, and nothing that runs", function()
    train "seed=1"
    train "seed=2"
    refused("rm @-1", 2, "rm: it would remove 1 run; without a terminal to ask on, say -f")
    assert.truthy(select(3, call "rm @-1 @-1"):find("it would remove 1 run;", 1, true))
    assert.equal(0, (call "rm -f @-1 @-1"))
    assert.equal("1", (select(2, call "ls --json"):match '"seed":(%d)'))
    assert.equal(0, (call "rm -f toy"))
    assert.is_nil(lfs.attributes(shell.folder .. "/runs/toy"))
    refused("rm -f @-1", 3, "@-1: there are 0 runs")
    assert.equal(0, (call("-m -q " .. toy .. " steps=3 seed=1:2")))
    train()
    assert.equal(0, (call "rm -f toy"))
    assert.is_nil(lfs.attributes(shell.folder .. "/runs/toy"))
    assert.equal(0, (call("-m -q " .. toy .. " steps=3 seed=1:2")))
    local sweep = select(2, call "ls"):match "\n(%x+)/%x+"
    assert.truthy(select(3, call("rm -f " .. sweep)):find("removed runs/toy/sweep-" .. sweep, 1, true))
    assert.is_nil(lfs.attributes(shell.folder .. "/runs/toy"))
    write("slow.lua", [[return require "fm".experiment { name = "slow", run = function(run)
      for _ in run:steps(1e9 // 1 | 0) do run:log { loss = 1 } end
    end }]])
    local _, out, err = shell.run(("%s %s rm -f slow; echo code $?; kill -9 $slow; wait $slow; %s ls"):format(started_slow, shell.fmrun, shell.fmrun))
    assert.truthy(err:find("is running; --running removes it all the same", 1, true), err)
    assert.truthy(out:find "^code 1\n.*lost", out)
    assert.equal(0, (call "rm -f slow"))
  end)

  it("obeys no record, file or name, on a terminal or not", function()
    local bad <const> = "\27[31m\27]0;title\7\rx\127\u{9b}1m\u{202e}"
    train()
    os.execute(("mv %s/runs/toy '%s/runs/%s'"):format(shell.folder, shell.folder, bad))
    local run = select(2, call "path @-1"):gsub("\n", "")
    assert.truthy(run:find(bad, 1, true)) -- data for a program is as it is
    local function plant(value) -- in every text
      if type(value) == "string" then return value .. bad end
      if type(value) ~= "table" then return value end
      local made = setmetatable({}, getmetatable(value))
      for key, inner in pairs(value) do
        made[key] = plant(inner)
        if type(key) == "string" and (value.lr or value.rest) then made[key .. bad] = plant(inner) end
      end
      return made
    end
    local record = shell.json(shell.folder .. "/" .. run .. "/run.json")
    local planted = plant(record)
    planted.status, planted.started, planted.error = "failed", record.started, "it fails" .. bad .. "\nat a line" .. bad
    local function put(name, text)
      local file <close> = assert(io.open(shell.folder .. "/" .. run .. "/" .. name, "wb"))
      file:write(text)
    end
    put("run.json", fm.json.encode(planted))
    put("config.json", fm.json.encode(planted.config))
    put("metrics.jsonl", fm.json.encode { step = 1, ["loss" .. bad] = 1, note = bad } .. "\n" .. fm.json.encode { step = 2, ["loss" .. bad] = 2 } .. "\n")
    put("log.txt", "said " .. bad .. "\n\tand\xff more")
    put("odd" .. bad .. ".png", "no picture")
    train "seed=2"
    local checked = 0
    local function check(text, what)
      checked = checked + #text
      assert.is_nil(text:find "[\0-\8\11-\31\127]", what)
      assert.is_nil(text:find "\u{9b}", what)
      assert.is_nil(text:find "\u{202e}", what)
      assert.truthy(utf8.len(text), what)
    end
    for _, command in ipairs { "ls", "ls --json", "ls --sort lrr", "ls --where 'not=1'", "show @-2", "show --json @-2", "log @-2", "log -f @-2", "diff @-2 @-1",
      "diff @-1 @-2 --json",
      "compare @-1 @-2", "compare --each @-1 @-2", "compare @-1 @-2 --metric lss", "report @-2 -o page.html", "report @-2 --metric x",
      "resume @-2", "rm @-2", "show '\27[31m'", "completion --line 'fmrun show '", "completion --line 'fmrun ls '", "\27[31m", "params \27[31m.lua" } do
      local _, out, err = call(command)
      check(out .. err, command)
    end
    if os.execute "script --version >/dev/null 2>&1" then
      for _, command in ipairs { "path @-2", "export @-2 --to csv", "compare @-1 @-2 --csv", "export @-2 --to tensorboard", "log @-2",
        "show --color never @-2" } do
        local _, out = shell.run(('script -qec "%s %s" /dev/null'):format(shell.fmrun, command))
        check(out:gsub("\r\n", "\n"), command)
      end
    end
    assert.truthy(checked > 8000)
    assert.truthy(select(2, call "log @-2"):find "^said \\x1b%[31m\\x1b%]0;title\\a\\rx\\x7f\\u{9b}1m\\u{202e}\n\tand\\xff more$")
    write("bad.lua", ("local bad = %q\n"):format(bad) .. [[return require "fm".experiment { params = { note = bad }, run = function(run, p)
      run:log { loss = 1, note = bad }
      for _ in run:steps(1) do run:log { other = bad } end
      run:summary { note = bad }
      if p.note == bad then error(bad) end
    end }]])
    for _, command in ipairs { "bad.lua", "bad.lua note=x", "params bad.lua", "check bad.lua", "-m bad.lua note=a,\27[31mb,",
      "-n -m bad.lua note=a,\27[31mb" } do
      local _, out, err = call(command)
      check(out .. err, command)
    end
  end)

  describe("rm", function()
    local function there(path) return lfs.symlinkattributes(shell.folder .. "/" .. path, "mode") end
    local function run_folder() return (select(2, call "path @-1"):gsub("\n", "")) end

    it("leaves what no run made, and says so; links are not followed", function()
      train()
      local run = run_folder()
      os.execute(("cd %s && mkdir kept %s/own && echo x >kept/file && ln -s $PWD/kept %s/link && touch %s/notes.md %s/photo.png %s/own/last.npy")
        :format(shell.folder, run, run, run, run, run))
      local code, out, err = call "rm -f @-1"
      assert.same({ 0, "" }, { code, out })
      assert.equal(("removed the run in %s; what it did not make stays:\n  link\n  notes.md\n  own\n  photo.png\n"):format(run), err)
      assert.same({ "link", "notes.md", "own", "photo.png" }, shell.names(shell.folder .. "/" .. run))
      assert.equal("x\n", read(shell.folder .. "/kept/file"))
      assert.equal("file", there(run .. "/own/last.npy"))
      refused("ls", 3, "there are no runs in runs") -- what is left is no run
    end)

    it("takes what the run said it writes, wherever, after an interruption too", function()
      write("saves.lua", [[local fm = require "fm"
        return fm.experiment { name = "saves", params = { many = 3 }, run = function(run, p)
          run:save("deep/down/last.npy", fm.ones(2))
          for i = 1, p.many do run:save("few/" .. i .. ".txt", "x") end
          local file <close> = io.open(run:path "own/by hand.txt", "w")
          run:picture("a", fm.plot.scatter(fm.rng(1):normal(9, 2)))
        end }]])
      for _, words in ipairs { "", "--folder mine", "many=70", "many=70 --folder mine" } do
        assert.equal(0, (call("-q saves.lua " .. words)))
        local run = words:find "mine" and "mine" or run_folder()
        os.execute(("touch %s/%s/few/notes.txt"):format(shell.folder, run))
        assert.equal(0, (call("rm -f " .. run)))
        assert.same({ "notes.txt" }, shell.names(shell.folder .. "/" .. run .. "/few"))
        assert.same({ "few" }, shell.names(shell.folder .. "/" .. run))
        os.execute(("rm -r %s/%s"):format(shell.folder, run))
      end
    end)

    it("takes many that were written before the run was stopped, and what a killed process wrote", function()
      write("frames.lua", [[local fm = require "fm"
        return fm.experiment { name = "frames", params = {}, run = function(run)
          run:keeps { n = { 0 } }
          for step in run:steps(75) do
            run:save("frames/" .. step .. ".txt", "x")
            local again = io.open("again")
            if step == 70 and not again then os.execute("kill -TERM " .. fm.system.process()) end
            if step == 72 and again and again:read() == "kill" then os.execute("kill -KILL " .. fm.system.process()) end
          end
        end }]])
      assert.equal(75, (call "-q frames.lua --folder mine"))
      write("again", "kill\n")
      assert.equal(137, (call "-q resume mine --checkpoint-every 1"))
      write("again", "\n")
      assert.equal(0, (call "-q resume mine"))
      assert.equal(75, #shell.names(shell.folder .. "/mine/frames"))
      assert.equal(0, (call "rm -f mine"))
      assert.is_nil(there "mine")
    end)

    it("of an experiment takes a sweep that has no runs, and none of several scripts", function()
      assert.equal(0, (call("-q -m " .. toy .. " seed=1,2")))
      os.execute(("rm -r %s/runs/toy/sweep-*/????????"):format(shell.folder))
      refused("rm toy", 2, "rm: it would remove 1 sweep without runs; without a terminal to ask on, say -f")
      assert.equal(0, (call "rm -f toy"))
      assert.is_nil(there "runs/toy")
      write("other.lua", [[return require "fm".experiment { name = "sweep", params = {}, run = function() end }]])
      assert.equal(0, (call("-q -m " .. toy .. " other.lua seed=1")))
      assert.equal(0, (call "rm -f sweep"))
      local _, left = call "ls toy"
      assert.truthy(left:find("done", 1, true), left)
    end)

    it("of a folder that is no run's takes nothing", function()
      for _, text in ipairs { "{}", "[]", "x", '{"status":"ok"}', '{"status":"done","experiment":"x","versions":{"other":"1"}}' } do
        os.execute(("mkdir -p %s/work && touch %s/work/log.txt %s/work/a.png"):format(shell.folder, shell.folder, shell.folder))
        write("work/run.json", text)
        for _, word in ipairs { "work", "./work/", shell.folder .. "/work", "." } do
          local code, _, err = shell.run(("cd %s && %s rm -f %s"):format(word == "." and "work" or ".", shell.fmrun, word))
          assert.equal(1, code, err)
          assert.truthy(err:find("nothing was removed: ", 1, true), err)
        end
        assert.same({ "a.png", "log.txt", "run.json" }, shell.names(shell.folder .. "/work"))
      end
      for _, word in ipairs { "/", "..", ".", "//", "/etc", "~" } do
        local code, _, err = call("rm -f " .. word)
        assert.equal(3, code, err)
      end
      refused("rm -f ''", 2, "found an empty word")
    end)

    it("is not led out of the folder by what run.json says", function()
      train()
      local run = shell.folder .. "/" .. run_folder()
      os.execute(("cd %s && mkdir kept && touch kept/a kept/b.png && ln -s $PWD/kept %s/in && ln -s $PWD/kept/a %s/a")
        :format(shell.folder, run, run))
      local record = shell.json(run .. "/run.json")
      record.outputs = { "../../../kept/a", "in/a", "a", "/etc/hostname", shell.folder .. "/kept/a", "x/../../../../kept/a", "", ".", "..", "in", "*",
        "kept\0" }
      write(run_folder() .. "/run.json", fm.json.encode(record))
      assert.equal(0, (call "rm -f @-1"))
      assert.same({ "a", "b.png" }, shell.names(shell.folder .. "/kept"))
      assert.is_nil(there(run:sub(#shell.folder + 2) .. "/a")) -- a link with the name of an output goes itself
    end)

    it("of a link in the place of a run takes the link", function()
      train "--folder elsewhere"
      os.execute(("cd %s && mkdir -p runs/toy && ln -s ../../elsewhere runs/toy/20260712-153012-7f3a1c2d"):format(shell.folder))
      assert.equal(0, (call "rm -f 7f3a"))
      assert.is_nil(there "runs/toy/20260712-153012-7f3a1c2d")
      assert.equal("file", there "elsewhere/run.json")
    end)

    it("of a sweep leaves what no run made", function()
      assert.equal(0, (call("-m -q " .. toy .. " steps=3 seed=1:2")))
      local sweep = "runs/toy/" .. shell.names(shell.folder .. "/runs/toy")[1]
      os.execute(("cd %s/%s && touch plan.txt && mkdir odd && echo '{}' >odd/run.json"):format(shell.folder, sweep))
      local code, _, err = call("rm -f " .. sweep)
      assert.equal(0, code)
      assert.truthy(err:find("what it did not make stays:\n  odd\n  plan.txt\n", 1, true), err)
      assert.same({ "odd", "plan.txt" }, shell.names(shell.folder .. "/" .. sweep))
    end)
  end)

  it("export: CSV on stdout, event files in a folder", function()
    train "seed=1"
    train "seed=2"
    local code, out = call "export @-1 --to csv"
    assert.equal(0, code)
    local rows = {}
    for row in out:gmatch "[^\n]+" do rows[#rows + 1] = row end
    assert.equal("step,loss,luck", rows[1])
    assert.equal(4, #rows)
    local last = assert(fm.json.decode((read(shell.folder .. "/" .. select(2, call "path @-1"):sub(1, -2) .. "/metrics.jsonl"):match "\n([^\n]*)\n$")))
    local step, loss, luck = rows[4]:match "^(.-),(.-),(.-)$"
    assert.same({ last.step, last.loss, last.luck }, { tonumber(step), tonumber(loss), tonumber(luck) })
    assert.truthy(select(2, call "export toy --to csv"):find "^run,step,loss,luck\ntoy/[^\n]*,1,")
    local paths
    code, paths = call "export toy --to tensorboard --into events"
    assert.equal(0, code)
    for path in paths:gmatch "[^\n]+" do
      assert.truthy(path:find "^events/toy/[%w-]+/events%.out%.tfevents%.%d+%.fmrun$", path)
      assert.truthy(read(shell.folder .. "/" .. path):find("summary/steps", 1, true))
    end
    refused("export @-1", 2, "export: say --to csv or --to tensorboard")
    refused("export @-1 --to tensorbord", 2, 'found "tensorbord"; did you mean "tensorboard"?')
    write("taken", "a file")
    refused("export @-1 --to tensorboard --into taken", 1, "taken: cannot make the folder")
  end)

  describe("completion", function()
    --- What bash would offer at the end of a line, as its completion function leaves it.
    local function offered(line)
      local words = {}
      for word in line:gmatch "%S+" do words[#words + 1] = "'" .. word .. "'" end
      if line:find "%s$" then words[#words + 1] = "''" end
      write("complete.sh", ([[
        PATH=%s:$PATH
        source <(fmrun completion bash)
        COMP_LINE='%s' COMP_WORDS=(%s) COMP_CWORD=%d
        COMP_POINT=${#COMP_LINE}
        _fmrun
        printf '%%s\n' "${COMPREPLY[@]}"]]):format(shell.fmrun:match "^(.*)/", line, table.concat(words, " "), #words - 1))
      assert.truthy(os.execute(("cd %s && bash complete.sh >out 2>err </dev/null"):format(shell.folder)))
      assert.equal("", read(shell.folder .. "/err"))
      return (read(shell.folder .. "/out"):gsub("\n", " "))
    end

    it("knows commands, options and their values", function()
      assert.equal("log ls ", offered "fmrun l")
      assert.equal("--status ", offered "fmrun ls --st")
      assert.equal("damaged diverged done ", offered "fmrun ls --status d")
      assert.equal("--seed ", offered "fmrun --se")
      assert.equal("bash fish zsh ", offered "fmrun completion ")
      assert.equal("fm.ode.solve ", offered "fmrun help fm.ode.s")
    end)

    it("knows runs, scripts and parameters", function()
      train "seed=1"
      local id = select(2, call "path @-1"):match "(%x+)\n$"
      local names = { id, "@-1", "toy" }
      table.sort(names)
      assert.equal(table.concat(names, " ") .. " ", offered "fmrun show ")
      assert.equal(id .. " ", offered("fmrun log " .. id:sub(1, 5)))
      os.execute(("cp %s %s/mine.lua"):format(toy, shell.folder))
      assert.equal("mine.lua ", offered "fmrun mi")
      assert.equal("mine.lua ", offered "fmrun params mi")
      assert.equal("diverge_at= ", offered "fmrun mine.lua d")
      assert.equal("rest resumed ", offered "fmrun ls --sort re")
      assert.equal(id .. " ", offered("fmrun --runs=runs log " .. id:sub(1, 5)))
      assert.equal("steps= ", offered "fmrun check seed=1 mine.lua st")
      assert.equal("steps= ", offered "fmrun check mine.lua steps=3 st")
      assert.equal("linear straight ", offered "fmrun mine.lua path=") -- readline has "path=" already
      assert.equal("true ", offered "fmrun mine.lua shout=t")
      write("plain.lua", "io.open('was_run', 'w'):close()")
      assert.equal(" ", offered "fmrun plain.lua st")
      assert.is_nil(lfs.attributes(shell.folder .. "/was_run"))
    end)

    it("is a script each shell reads", function()
      for _, name in ipairs { "bash", "zsh", "fish" } do
        if os.execute("command -v " .. name .. " >/dev/null") then
          assert.equal(0, (call("completion " .. name .. " >script && " .. name .. " -n script")), name)
        end
      end
      refused("completion tcsh", 2, 'completion: expected bash, zsh or fish, found "tcsh"')
    end)
  end)

  it("check: tries a script and keeps nothing", function()
    local code, out = call("check " .. toy)
    assert.equal(0, code)
    assert.truthy(out:find("made small  steps=2 instead of 20\n", 1, true), out)
    assert.truthy(out:find "\n  logged +2 lines: loss [%d.]+ %-> [%d.]+, luck", out)
    assert.truthy(out:find "\n  checkpoint +%d+ tensors, read back\n", out)
    assert.truthy(out:find "\n  it works %(.*%); nothing was kept\n$", out)
    assert.is_nil(lfs.attributes(shell.folder .. "/runs"))
    local err
    code, out, err = call("check fail_at=1 " .. toy)
    assert.equal(1, code)
    assert.truthy(out:find("it does not work; nothing was kept", 1, true))
    assert.truthy(err:find("toy.lua:6: add: shapes", 1, true))
    refused("check " .. toy .. " stepz=1", 2, 'check: unknown key "stepz"; did you mean "steps"?')
    refused("check", 2, "check: expected a script")
    write("two.lua", [[return require "fm".experiment { params = {}, run = function(run)
      for step in run:steps(2) do
        run:log { loss = 4 / step }
        run:log { valid = step }
      end
    end }]])
    local _, two = call "check two.lua" -- no line has all names
    assert.truthy(two:find("4 lines: loss 4 -> 2, valid 1 -> 2\n", 1, true), two)
  end)

  it("doctor: tells what is there, and 1 when something is wrong", function()
    local code, out = call "doctor"
    assert.equal(0, code, out)
    assert.truthy(out:find "ok  training  a small network learns", out)
    assert.is_nil(lfs.attributes(shell.folder .. "/runs"))
    write("taken", "a file")
    code, out = call "doctor -o taken --json"
    assert.equal(1, code)
    assert.truthy(out:find('"name":"disk","ok":false,"text":"taken', 1, true), out)
  end)

  it("help: the reference by name", function()
    assert.truthy(select(2, call "help fm.ode.solve"):find "^fm.ode.solve%(field, x0, options%)\n")
    assert.truthy(select(2, call "help tensor:sum"):find "^tensor:sum")
    assert.truthy(select(2, call "help run"):find "^fm.Run\n")
    refused("help fm.ode.slove", 3, 'the reference has no "fm.ode.slove"; did you mean "fm.ode.solve"?')
    refused("help lz", 3, 'no command is called "lz"; did you mean "ls"?')
  end)

  it("goes on over damaged records and logs, whatever it looks at", function()
    train "seed=1"
    train "seed=2"
    local run = shell.folder .. "/" .. select(2, call "path @-2"):sub(1, -2)
    local record = read(run .. "/run.json")
    for _, damage in ipairs {
      { record:sub(1, 200) }, { "" }, { record:gsub('"config":%b{}', '"config":[1,{"a":[]}]') }, { record:gsub('"summary":%b{}', '"summary":{"w2":[1]}') },
      { record:gsub('"started":"[^"]*"', '"started":"2026-13-99T99:99:99Z"') }, { record:gsub('"note":""', '"note":"\\u001b[31m\\n"') },
      { record:gsub('"code":%b[]', '"code":[{"path":[]}]') },
    } do
      write(run:sub(#shell.folder + 2) .. "/run.json", damage[1])
      write(run:sub(#shell.folder + 2) .. "/metrics.jsonl", '{"step":"x","loss":{}}\n[1,2]\n{"loss":"inf"}\n{"lo')
      for _, command in ipairs {
        "ls", "ls --json --sort seed", "show " .. run, "show --json " .. run, "log " .. run, "diff @-1 " .. run, "compare toy",
        "compare --csv --metric loss toy",
        "export toy --to csv", "export toy --to tensorboard", "completion --line 'fmrun show '",
      } do
        local code, out, err = call(command)
        assert(code == 0, command .. "\n" .. err)
        assert.falsy(not command:find "csv" and out:find "\27%[31m", command)
      end
    end
    assert.truthy(select(3, call "export toy --to csv"):find "1 damaged line of metrics.jsonl left out")
  end)

  it("the prompt explains names after ?", function()
    write("asks", "?fm.ode.solve\n1 + 1\n?fm.ode.slove\n?\n")
    local _, out, err = shell.run(shell.fmrun .. " -q -i <asks")
    assert.truthy(out:find "fm.ode.solve%(field, x0, options%)\n  Solves")
    assert.truthy(out:find("2\n", 1, true))
    assert.truthy(out:find("?fm.ode.solve explains a name of fm", 1, true))
    assert.equal('the reference has no "fm.ode.slove"; did you mean "fm.ode.solve"?\n', err)
  end)
end)

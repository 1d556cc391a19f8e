-- The real binary, as a user calls it. FMRUN names it.
local fm <const> = require "fm"
local lfs <const> = require "lfs"

local base <const> = require "cli.shell"

local fmrun <const>, here <const>, read <const>, json <const>, lines <const> = base.fmrun, base.here, base.read, base.json, base.lines
local shell <const>, call <const> = base.run, base.call
local toy <const> = here .. "/toy.lua"
local folder

local function write(name, text)
  base.write(name, text)
  return folder .. "/" .. name
end

--- The folders of runs of an experiment, oldest name first.
local function run_folders(experiment, runs)
  local parent = ("%s/%s/%s"):format(folder, runs or "runs", experiment)
  local list = base.names(parent)
  for i, name in ipairs(list) do list[i] = parent .. "/" .. name end
  return list
end

describe("fmrun", function()
  before_each(function()
    base.open()
    folder = base.folder
  end)

  after_each(base.close)

  describe("as lua", function()
    it("runs statements in order and loads modules", function()
      local code, out = call [[-e 'x = 2' -lm=math -e 'print(x * m.floor(1.5))' -e 'print(arg[0] ~= nil)']]
      assert.equal(0, code)
      assert.equal("2\ntrue\n", out)
    end)

    it("gives 1 and the script's line for an error", function()
      local code, _, err = call [[-e 'error "boom"']]
      assert.equal(1, code)
      assert.truthy(err:find("(command line):1: boom", 1, true))
    end)

    it("runs a plain script with its arguments, first line #! or not", function()
      write("plain.lua", '#!/usr/bin/env fmrun\nprint(arg[0], arg[1], arg[2], arg[-1] ~= nil, select("#", ...))')
      local code, out = call "plain.lua one -- k=2"
      assert.equal(0, code)
      assert.equal("plain.lua\tone\tk=2\ttrue\t2\n", out)
      assert.equal("plain.lua\t-q\tnil\ttrue\t1\n", (select(2, call "plain.lua -- -q")))
    end)

    it("says what only an experiment takes, after a plain script; other words and options are its own", function()
      write("plain.lua", 'print(arg[1], arg[2])')
      for words, unused in pairs { ["k=2"] = "k=2", ["one @trials.csv"] = "@trials.csv", ["--folder q"] = "--folder",
        ["-o q -j 2 -x one"] = "--runs, --jobs, --fail-fast", ["--checkpoint-every 3 seed=1"] = "seed=1, --checkpoint-every" } do
        local code, out, err = call("plain.lua " .. words)
        assert.same({ 3, 1, "fmrun: no script returned an experiment, so there are no runs, and nothing takes " .. unused
          .. " (words for a script itself go after --)\n" }, { code, #lines(out), err })
      end
      for _, words in ipairs { "", "one two", "-- k=2 --folder q", "--seed 3 --threads 1 -q one" } do
        local code, _, err = call("plain.lua " .. words)
        assert.same({ 0, "" }, { code, err })
      end
    end)

    it("says that an experiment was made and not returned, or that something else was", function()
      local made = [[require "fm".experiment { name = "m", params = { steps = 1 }, run = function() end }]]
      write("lib.lua", "return function() local e = " .. made .. " return e end")
      for text, message in pairs {
        [made] = "returns no experiment, though it makes one: write return fm.experiment { ... }",
        ["local e = " .. made] = "returns no experiment, though it makes one",
        ["return 5"] = "returns no experiment, but a number: write return fm.experiment { ... }",
        ["return { name = 'm', run = function() end }"] = "returns no experiment, but a table",
        ["return false"] = "returns no experiment, but a boolean",
      } do
        write("x.lua", text)
        for _, words in ipairs { "x.lua", "x.lua steps=2", "-m x.lua steps=1,2", "check x.lua", "params x.lua" } do
          local code, _, err = call(words)
          assert.equal(1, code, words)
          assert.truthy(err:find("fmrun: x.lua " .. message, 1, true), err)
        end
        write("again.lua", "return " .. made)
        assert.equal(1, (call "-q x.lua again.lua")) -- the other one runs
        assert.equal(2, #run_folders "m" + #base.names(folder .. "/runs", "^m$"))
        shell "rm -r runs"
        assert.equal(1, (shell(fmrun .. " - <x.lua")))
      end
      write("tail.lua", "return function() return " .. made .. " end")
      for _, text in ipairs { 'require "lib"()', 'local function test() assert(require "tail"()) end test()', 'require "tail"()' } do
        write("x.lua", text)
        assert.same({ 0, "", "" }, { call "x.lua" }) -- a script that tests them, say
      end
    end)

    it("reads stdin for - and for a pipe", function()
      assert.equal("5\n", (select(2, shell("echo 'print(2 + 3)' | " .. fmrun .. " -"))))
      assert.equal("5\n", (select(2, shell("echo 'print(2 + 3)' | " .. fmrun))))
    end)

    it("finds modules beside the script", function()
      lfs.mkdir(folder .. "/deep")
      write("deep/near.lua", "return { answer = 42 }")
      write("deep/main.lua", 'print(require "near".answer)')
      assert.equal("42\n", (select(2, call "deep/main.lua")))
    end)

    it("has a prompt: expressions, several lines, errors that do not end it", function()
      local code, out, err = shell(([[printf 'x = 20\nx + 1\nfor i = 1, 2 do\nprint(i)\nend\nerror("no")\n= \n7, 8\n' | %s -i]]):format(fmrun))
      assert.equal(0, code)
      assert.truthy(out:find("> 21\n", 1, true))
      assert.truthy(out:find(">> >> 1\n2\n", 1, true))
      assert.truthy(out:find("7\t8\n", 1, true))
      assert.truthy(err:find("stdin:1: no", 1, true))
      assert.truthy(err:find("unexpected symbol near '='", 1, true))
    end)

    it("goes on with a prompt after a script and keeps its globals", function()
      write("sets.lua", "answer = 42")
      assert.truthy((select(2, shell("echo answer | " .. fmrun .. " -i sets.lua"))):find("> 42\n", 1, true))
    end)

    it("comes back to the prompt after Ctrl-C", function()
      local _, out, err = shell(([[(echo 'while true do end'; sleep 1.5; echo '1 + 1') | timeout --foreground -s INT --preserve-status 1 %s -i]]):format(fmrun))
      assert.truthy(err:find("interrupted!", 1, true), err)
      assert.truthy(out:find("> 2\n", 1, true), out)
    end)

    it("tells its version and its options", function()
      assert.truthy((select(2, call "--version")):find("^fmrun %d+%.%d+%.%d+ %(%a+%)  Lua 5%.4%.%d+  OpenBLAS"))
      local code, out = call "--help"
      assert.equal(0, code)
      assert.truthy(out:find("--threads N", 1, true))
    end)

    it("heeds LUA_INIT, unless -E", function()
      assert.equal("init\n", (select(2, shell("LUA_INIT='print(\"init\")' " .. fmrun .. " -e ''"))))
      assert.equal("", (select(2, shell("LUA_INIT='print(\"init\")' " .. fmrun .. " -E -e ''"))))
    end)

    it("turns warnings on with -W", function()
      assert.equal("", (select(3, call [[-e 'warn("careful")']])))
      assert.equal("Lua warning: careful\n", (select(3, call [[-W -e 'warn("care", "ful")']])))
    end)
  end)

  describe("is the same every time", function()
    it("walks tables in order", function()
      write("walk.lua", [[
        local t = { z = 1, a = 1, [3] = 1, [1] = 1, [-2] = 1, [2.5] = 1, [true] = 1, [false] = 1, ["10"] = 1 }
        local seen = {}
        for k in pairs(t) do seen[#seen + 1] = tostring(k) end
        print(table.concat(seen, " "))
        for k in pairs(t) do t[k] = nil end
        print(next(t))
        local own = setmetatable({}, { __pairs = function() return function(_, k) return not k and 1 or nil end end })
        for k in pairs(own) do print("own", k) end
        print(pcall(function() for _ in pairs(nil) do end end))]])
      local _, out = call "walk.lua"
      assert.equal("-2 1 2.5 3 10 a z false true\nnil\nown\t1\nfalse\twalk.lua:9: bad argument #1 to 'for iterator' (table expected, got nil)\n",
        (out:gsub("\n%s+", "\n")))
    end)

    it("walks objects as keys in the same order in every process", function()
      write("objects.lua", [[
        local t, order = {}, {}
        for i = 1, 40 do t[{}] = i end
        for _, i in pairs(t) do order[#order + 1] = i end
        print(table.concat(order, " "))]])
      local _, first = call "objects.lua"
      for _ = 1, 5 do assert.equal(first, (select(2, call "objects.lua"))) end
    end)

    it("draws math.random from the seed", function()
      local draw = [[-e 'print(math.random(), math.random(100), math.random(0), math.random(-9, 9))']]
      local _, first = call("--seed 3 " .. draw)
      assert.equal(first, (select(2, call("--seed 3 " .. draw))))
      assert.not_equal(first, (select(2, call("--seed 4 " .. draw))))
      local _, out = call [[-e 'local seen, n = {}, 0
        for _ = 1, 2000 do
          local x, i = math.random(), math.random(3, 5)
          assert(x >= 0 and x < 1 and i >= 3 and i <= 5 and math.type(i) == "integer")
          if not seen[x] then n = n + 1 end
          seen[x], seen[i] = true, true
        end
        print(n, seen[3] and seen[4] and seen[5], pcall(math.random, 2, 1))']]
      assert.truthy(out:find("^2000\ttrue\tfalse\t.*interval is empty"), out)
    end)

    it("takes text chunks only", function()
      assert.equal("nil\tattempt to load a binary chunk (mode is 't')\tnil\n",
        (select(2, call [[-e 'local f, m = load("\27Lua"); print(f, m, string.dump)']])))
      write("compiled.lua", "\27Lua")
      assert.equal(1, (call "compiled.lua"))
      assert.equal(1, (call [[-e 'require "compiled"']]))
    end)

    it("loads no library from the working folder", function()
      for _, name in ipairs { "libz.so.1", "liblua5.4.so.0" } do write(name, "no library") end
      local code, out, err = call "-e 'print(1)'"
      assert.same({ 0, "1\n", "" }, { code, out, err })
    end)

    it("pins BLAS to one thread", function()
      local count = [[-e 'for line in io.lines "/proc/self/status" do if line:find "^Threads" then print(line) end end']]
      local _, out = shell("OPENBLAS_NUM_THREADS=4 OMP_NUM_THREADS=4 " .. fmrun .. " " .. count)
      assert.equal("Threads:\t1\n", out)
      assert.equal("Threads:\t1\n", (select(2, shell("env -u OPENBLAS_NUM_THREADS -u OMP_NUM_THREADS " .. fmrun .. " " .. count))))
    end)
  end)

  describe("refuses", function()
    local function refused(arguments, message)
      local code, _, err = call(arguments)
      assert.equal(2, code)
      assert.truthy(err:find(message, 1, true), err)
      assert.equal(0, #run_folders "toy")
    end

    it("unknown options and commands", function()
      refused("--sead 3", 'unknown option "--sead"; did you mean "--seed"?')
      refused("nothing", 'unknown command "nothing"')
      refused("-o", "-o needs a value: DIR")
      refused("-o '' " .. toy, "-o needs a value: DIR")
      refused("--folder= " .. toy, "--folder needs a value: DIR")
      assert.equal(0, (call "-e ''"))
      refused("--threads 0 " .. toy, '--threads: expected a whole number in 1..256, or auto, found "0"')
      refused("--seed -1 " .. toy, "seed")
      refused("--color blue " .. toy, '--color: expected auto, always or never, found "blue"')
    end)

    it("keys that are not declared, with the nearest", function()
      refused(toy .. " stepz=3", 'unknown key "stepz"; did you mean "steps"?')
      refused(toy .. " lr.x=1", "lr is a number, it has no field x")
      refused(toy .. " __index=1", 'unknown key "__index"')
    end)

    it("a parameter that is written as an option, with the word that sets it; the script is not called for that", function()
      write("x.lua", [[io.stderr:write "called"
        return require "fm".experiment { params = { steps = { 3, "n" }, note = "", batch_size = 2 }, run = function(run, p) local other = 3 end }]])
      for words, meant in pairs { ["x.lua --steps=10"] = "steps=10", ["x.lua --steps 10"] = "steps=10", ["--steps=10 x.lua"] = "steps=10",
        ["x.lua --steps"] = "steps=...", ["--steps x.lua"] = "steps=...", ["x.lua --note='a b'"] = "'note=a b'", ["x.lua --note="] = "note=",
        ["-m x.lua --batch-size=1,2"] = "batch_size=1,2" } do
        refused(words, ('"; did you mean %s?\n'):format(meant))
        assert.is_nil(read(folder .. "/err"):find("called", 1, true))
      end
      refused("check x.lua --steps=10", 'check: unknown option "--steps=10"; did you mean steps=10?\n')
      refused("x.lua --step=10", 'unknown option "--step=10"; did you mean "--seed"?; words for the script itself go after --')
      refused("x.lua --other=10", 'unknown option "--other=10"')
      refused("--steps=10 nowhere.lua", 'unknown option "--steps=10"')
      assert.is_nil(read(folder .. "/err"):find("steps=10?", 1, true))
    end)

    it("words that say nothing", function()
      refused(toy .. " lr", 'expected key=value, found "lr"')
      refused(toy .. " lr=", "lr: empty value")
      refused(toy .. " lr=1 lr=2", "lr given twice")
      refused("--seed 1 " .. toy .. " seed=2", "seed given twice")
    end)

    it("values of the wrong type or beyond their limits", function()
      for _, bad in ipairs { "1.5", "1e3", "0x10", "abc", "nan", "99999999999999999999" } do
        refused(toy .. " steps=" .. bad, ('steps: expected an integer, found "%s"'):format(bad))
      end
      for _, bad in ipairs { "abc", "nan", "inf", "1e999", "0x10", "1,5", "=1", ".", "1.2.3" } do
        refused(toy .. " lr=" .. bad, ('lr: expected a finite number, found "%s"'):format(bad))
      end
      refused(toy .. " shout=yes", 'shout: expected true or false, found "yes"')
      refused(toy .. " steps=0", "steps: must be >= 1")
      refused(toy .. " steps=1000001", "steps: must be <= 1000000")
      refused(toy .. " path=liner", 'path: expected one of linear, straight, found "liner"; did you mean "linear"?')
    end)

    it("a wrong key of the second script before the first runs", function()
      write("other.lua", 'return require "fm".experiment { name = "other", run = function() end }')
      refused(toy .. " other.lua lr=1", 'other.lua: unknown key "lr"')
    end)
  end)

  describe("runs an experiment", function()
    it("into a folder of plain files", function()
      local code, out, err = call(toy .. " steps=7 lr=2e-3 'note=a=b, c' shout=true")
      assert.equal(0, code, err)
      assert.equal("note:\ta=b, c\n", out)
      local list = run_folders "toy"
      assert.equal(1, #list)
      assert.truthy(list[1]:find "/%d%d%d%d%d%d%d%d%-%d%d%d%d%d%d%-%x%x%x%x%x%x%x%x$")
      local config = json(list[1] .. "/config.json")
      assert.same({ diverge_at = 0, fail_at = 0, lr = 2e-3, note = "a=b, c", path = "linear", seed = 0, shout = true, steps = 7 }, config)
      local record = json(list[1] .. "/run.json")
      assert.equal("done", record.status)
      assert.same(config, record.config)
      assert.same({ 1e-3, 20, "", false }, { record.defaults.lr, record.defaults.steps, record.defaults.note, record.defaults.shout })
      assert.same({ steps = 7, lr = 2e-3, rest = "inf" }, record.summary)
      assert.equal(0, record.seed)
      assert.equal(toy, record.script)
      assert.equal(fm.version, record.versions.fmrun)
      assert.truthy(record.versions.blas_core)
      local metrics = lines(read(list[1] .. "/metrics.jsonl"))
      assert.equal(7, #metrics)
      assert.equal(7, assert(fm.json.decode(metrics[7])).step)
      assert.equal("note:\ta=b, c\n", read(list[1] .. "/log.txt"))
      local tensors, metadata = assert(fm.load(list[1] .. "/checkpoint.safetensors"))
      assert.truthy(tensors["model.net.0.weight"])
      assert.equal("7", metadata["opt.steps"])
      assert.equal(3, assert(fm.npy.load(list[1] .. "/last.npy")):count())
      tensors = nil -- luacheck: ignore 311
    end)

    it("in a folder inside of the runs, whatever its script is called", function()
      local text = [[local made = require "fm".experiment { run = function() end } made.name = os.getenv "NAME" return made]]
      for _, name in ipairs { "..lua", "...lua", ".lua", "-a b.lua", ("x"):rep(200) .. ".lua" } do
        write(name, text)
        local code, _, err = call("-q './" .. name .. "'")
        assert.equal(0, code, err)
      end
      assert.same({ "_", "_.", "_a_b", "script", ("x"):rep(64) }, base.names(folder .. "/runs"))
      for _, name in ipairs { "..", "a/b", ("x"):rep(65), "" } do
        local code, _, err = shell(("NAME='%s' %s -q ..lua"):format(name, fmrun))
        assert.equal(1, code)
        assert.truthy(err:find("..lua: experiment: name: expected up to 64 letters", 1, true), err)
      end
      assert.equal(5, #base.names(folder .. "/runs"))
    end)

    it("where -o or FM_RUNS says", function()
      assert.equal(0, (call(toy .. " steps=1 -o here/there")))
      assert.equal(1, #run_folders("toy", "here/there"))
      assert.equal(0, (shell("FM_RUNS=env " .. fmrun .. " " .. toy .. " steps=1")))
      assert.equal(1, #run_folders("toy", "env"))
      assert.equal(0, #run_folders "toy")
    end)

    it("three times in one second, in three folders", function()
      assert.equal(0, (shell(("for i in 1 2 3; do %s -q %s steps=1 & done; wait"):format(fmrun, toy))))
      assert.equal(3, #run_folders "toy")
    end)

    it("with the same bytes for the same seed, whatever the threads", function()
      for i, arguments in ipairs { "--seed 5", "seed=5", "--seed 5 --threads 2", "--seed 5 --threads 4", "--seed 6" } do
        assert.equal(0, (call(("-q %s %s -o %d"):format(toy, arguments, i))))
      end
      local names = { "metrics.jsonl", "checkpoint.safetensors", "last.npy" }
      local first = run_folders("toy", "1")[1]
      for _, name in ipairs(names) do
        for i = 2, 4 do assert.equal(read(first .. "/" .. name), read(run_folders("toy", tostring(i))[1] .. "/" .. name), name) end
        assert.not_equal(read(first .. "/" .. name), read(run_folders("toy", "5")[1] .. "/" .. name), name)
      end
    end)

    it("with the same bytes whatever the machine's settings", function()
      assert.equal(0, (call("-q " .. toy .. " -o plain")))
      local names = { "metrics.jsonl", "checkpoint.safetensors", "last.npy", "log.txt", "config.json" }
      local function settings(words, i) return ("%s %s -q %s -o o%d"):format(words, fmrun, toy, i) end
      for i, words in ipairs { "TZ=Asia/Tokyo LC_ALL=de_DE.UTF-8 LANG=de_DE.UTF-8", "umask 077; nice", "setarch -R", "env -i HOME=/ PATH=/usr/bin:/bin",
        "PAD=" .. ("x"):rep(9000), "mkdir deeper; cd deeper; FM_RUNS=." } do
        assert.equal(0, (shell(settings(words, i))), words)
        local run = run_folders("toy", "o" .. i)[1] or run_folders("toy", "deeper/o" .. i)[1]
        for _, name in ipairs(names) do assert.is_true(read(run_folders("toy", "plain")[1] .. "/" .. name) == read(run .. "/" .. name), words .. name) end
      end
    end)

    it("quietly, and as events", function()
      assert.equal("", (select(3, call("-q " .. toy .. " steps=1"))))
      local _, out = call("--json " .. toy .. " steps=1")
      local events = lines(out)
      assert.equal(2, #events)
      assert.equal("run_start", assert(fm.json.decode(events[1])).event)
      local last = assert(fm.json.decode(events[2]))
      assert.equal("done", last.status)
      assert.equal(1, last.schema)
    end)

    it("whose results are odd in one line, whatever they hold", function()
      write("odd.lua", [[return require "fm".experiment { run = function(run) run:summary { x = -(0 / 0), s = "a\nb\27[31m" } end }]])
      assert.truthy(select(3, call "odd.lua"):find "^done  odd  step 0  [^\n\27]*  s=a\\nb\\x1b%[31m x=nan  [^\n]+\n$")
    end)

    it("in colour only when asked", function()
      assert.falsy((select(3, call(toy .. " steps=1"))):find "\27")
      assert.truthy(select(3, shell(("FORCE_COLOR=1 %s %s steps=1"):format(fmrun, toy))):find "\27%[32mdone")
      assert.falsy(select(3, shell(("NO_COLOR=1 FORCE_COLOR=1 %s %s steps=1"):format(fmrun, toy))):find "\27")
      assert.truthy((select(3, call("--color=always " .. toy .. " steps=1"))):find "\27%[32mdone")
    end)

    it("to its divergence, with the step", function()
      local code, _, err = call(toy .. " diverge_at=4")
      assert.equal(1, code)
      assert.truthy(err:find("toy.lua:25: loss is nan at step 4", 1, true), err)
      local run = run_folders "toy"[1]
      local record = json(run .. "/run.json")
      assert.equal("diverged", record.status)
      assert.equal(4, record.steps)
      local metrics = lines(read(run .. "/metrics.jsonl"))
      assert.equal(4, #metrics)
      assert.equal("nan", assert(fm.json.decode(metrics[4])).loss)
      assert.falsy(lfs.attributes(run .. "/checkpoint.safetensors"))
    end)

    it("to its error, with the lines of the script and none of fm's", function()
      local code, _, err = call(toy .. " fail_at=2")
      assert.equal(1, code)
      assert.truthy(err:find("toy.lua:6: add: ", 1, true), err)
      assert.truthy(err:find("toy.lua:24: in field 'run'", 1, true) or err:find("toy.lua:24: in function", 1, true), err)
      assert.falsy(err:find("lua/fm", 1, true), err)
      assert.falsy(err:find("[C]", 1, true), err)
      local record = json(run_folders "toy"[1] .. "/run.json")
      assert.equal("failed", record.status)
      assert.truthy(record.error:find("toy.lua:6: add", 1, true))
    end)

    it("that another one before it does not stop or touch", function()
      write("bad.lua", 'leak = 1\nreturn require "fm".experiment { name = "bad", run = function() error "on purpose" end }')
      write("broken.lua", "x = = 1")
      write("clean.lua", 'return require "fm".experiment { name = "clean", run = function(run) run:summary { seen = tostring(leak) } end }')
      local code, _, err = call "bad.lua missing.lua broken.lua clean.lua"
      assert.equal(1, code)
      assert.truthy(err:find("bad.lua:2: on purpose", 1, true))
      assert.truthy(err:find("cannot open missing.lua", 1, true))
      assert.truthy(err:find("broken.lua:1: unexpected symbol", 1, true))
      assert.truthy(err:find("1 ok, 1 failed", 1, true))
      local sweep = run_folders "sweep"[1]
      local entries = json(sweep .. "/sweep.json").runs
      assert.equal("failed", json(("%s/%s/run.json"):format(sweep, entries[1].folder)).status)
      local record = json(("%s/%s/run.json"):format(sweep, entries[2].folder))
      assert.equal("done", record.status)
      assert.equal("nil", record.summary.seen)
    end)

    it("that misuses the run, with an error at its line", function()
      for body, message in pairs {
        ["run:path '../x'"] = "inside the run's folder",
        ["run:path '/etc/x'"] = "inside the run's folder",
        ["run:log { loss = {} }"] = "expected a number, a string or a boolean, found table",
        ["run:keeps { model = 3 }"] = "keeps: model has no state()",
        ["run:steps 'x'"] = "steps: expected a whole number >= 0",
        ["for _ in run:steps(3, function() end) do end"] = "the batches ended at step 1",
        ["run:save('x.zip', 1)"] = "no format ends in .zip",
        ["run.log { loss = 1 }"] = "log: call it with a colon, run:log(...)",
        ["run.path 'x'"] = "path: call it with a colon, run:path(...)",
        ["run:picture('a', 3)"] = "picture: expected a picture of fm.plot, found number",
        ["run:save('x', 3)"] = "save: .safetensors is for a model or a table of tensors, found number",
        ["run:save('x', require 'fm'.zeros(2))"] = "save: .safetensors is for a model or a table of tensors, found a tensor",
        ["run:save('x.npy', 3)"] = "save: .npy is for a tensor, found number",
        ["run:save('x.txt', {})"] = "save: .txt is for a text, found table",
        ["run:save(3, 3)"] = "expected the name of a file",
        ["run:picture({}, 3)"] = "expected the name of a file",
        ["run:validation(3)"] = "validation: expected a function, found number",
        ["run:summary(3)"] = "expected values by name, found number",
        ["run:log(3)"] = "expected values by name, found number",
        ["os.exit(0)"] = "os.exit was called inside the run",
      } do
        write("misuse.lua", ('return require "fm".experiment { name = "misuse", run = function(run)\n%s\nend }'):format(body))
        local code, _, err = call "misuse.lua"
        assert.equal(1, code)
        assert.truthy(err:find(message, 1, true), err)
        assert.truthy(err:find("fmrun: misuse.lua:2: ", 1, true), err)
      end
    end)

    it("whose declaration is wrong as an error that names the script", function()
      for declaration, message in pairs {
        ["run = 1"] = "run: expected a function, found number",
        ["name = 'a/b', run = print"] = "name: expected up to 64 letters",
        ["parms = {}, run = print"] = 'unknown field "parms"; did you mean "params"?',
        ["params = { a = { 1, 'h', mni = 2 } }, run = print"] = 'unknown field "mni"; did you mean "min"?',
        ["params = { a = { 1, 'h', min = 2 } }, run = print"] = "the default 1: must be >= 2",
        ["params = { a = { {} } }, run = print"] = "the default must be a number, a string or a boolean",
        ["params = { a = { 'x', choices = { 'y' } } }, run = print"] = "expected one of y",
      } do
        write("wrong.lua", ('local fm = require "fm"\nreturn fm.experiment { %s }'):format(declaration))
        local code, _, err = call "wrong.lua"
        assert.equal(1, code)
        assert.truthy(err:find("^fmrun: wrong%.lua: "), err)
        assert.truthy(err:find(message, 1, true), err)
      end
    end)

    it("whose folder cannot be made: one line, exit 1", function()
      write("taken", "a file")
      local code, _, err = call(toy .. " -o taken")
      assert.equal(1, code)
      assert.equal(1, #lines(err))
      assert.truthy(err:find("taken", 1, true))
    end)

    it("under stock lua too", function()
      local stock = ("LUA_PATH='%s/lua/?.lua;%s/lua/?/init.lua;;' LUA_CPATH='%s/?.so;;' OPENBLAS_NUM_THREADS=1 lua5.4 "):format(lfs.currentdir(),
        lfs.currentdir(), assert(os.getenv "FM_MODULE"))
      assert.equal(0, (shell(stock .. toy .. " seed=5 -q")))
      assert.equal(0, (call(toy .. " seed=5 -q -o other")))
      local mine, other = run_folders "toy"[1], run_folders("toy", "other")[1]
      assert.equal(read(other .. "/metrics.jsonl"), read(mine .. "/metrics.jsonl"))
      assert.equal(("lua5.4 %s seed=5 -q"):format(toy), json(mine .. "/run.json").command)
      assert.equal(2, (shell(stock .. toy .. " lrr=5")))
      local code, _, err = shell(stock .. toy .. " -m seed=1,2")
      assert.same({ 2, "fmrun: sweeps, lists of runs and scripts for schedulers are made by fmrun\n" }, { code, err })
      assert.equal(0, (shell "mkdir sub"))
      write("sub/half.lua", "return { order = 1, step = function(f, t, x, h) return x + f(x, t) * h end }")
      write("sub/plain.lua", [[local fm = require "fm"
        print((fm.ode.solve(function(x) return x end, fm.ones(1), { method = "half", steps = 1 }))[1])]])
      for _, run in ipairs { stock, fmrun .. " " } do -- a solver beside the script, wherever it is called from
        assert.same({ 0, "2.0\n" }, { (shell(run .. "sub/plain.lua")), read(folder .. "/out") })
      end
    end)
  end)
end)

-- Hostile surroundings: files in the working folder with the names of fm's own, folders of runs
-- from elsewhere, scripts that raise, recurse and never end.
local fm <const> = require "fm"
local lfs <const> = require "lfs"
local shell <const> = require "cli.shell"

local call <const>, run <const>, write <const>, read <const> = shell.call, shell.run, shell.write, shell.read
local here <const> = lfs.currentdir()

local has <const> = shell.has

local function exists(name)
  return lfs.attributes(shell.folder .. "/" .. name) ~= nil
end

--- An experiment "odd" whose run does what `body` says with run, p.
local function write_odd(body, params)
  write("odd.lua", ([[
    local fm = require "fm"
    return fm.experiment { name = "odd", params = { n = 1, %s }, run = function(run, p)
      %s
      run:summary { loss = p.n / 8 }
    end }]]):format(params or "", body))
end

local function stopping(at)
  return ([[run:keeps { t = { 1 } }
    for step in run:steps(6) do
      run:log { loss = 1 / step }
      if step == %d and not io.open "calm" then os.execute("kill -TERM " .. io.open("/proc/self/stat"):read "n") end
    end]]):format(at)
end

describe("files of strangers in the working folder and in a run's", function()
  before_each(shell.open)
  after_each(shell.close)

  local names <const> = { "lfs", "luv", "argparse", "fm", "json", "init", "cjson", "fm/init", "fm/core", "fm/by_name", "fm/parts/by_name", "fm/cli/command/ls",
    "fm/cli/commands",
    "fm/command/ls", "fm/command/init",
    "fm/command/evil", "fm/cli/main", "fm/cli/events", "fm/run/run", "fm/records/runs", "fm/data/moons", "fm/parts/short" }

  local function plant(folder)
    local rooms <const> = { "fm", "fm/cli", "fm/cli/command", "fm/command", "fm/run", "fm/records", "fm/data", "fm/parts" }
    for _, room in ipairs(rooms) do lfs.mkdir(folder .. "/" .. room) end
    for _, name in ipairs(names) do
      local file <close> = assert(io.open(("%s/%s.lua"):format(folder, name), "w"))
      file:write(('io.open("%s/EXECUTED", "a"):write("%s\\n") '):format(shell.folder, name))
      file:write "return setmetatable({}, { __index = function() return print end })"
    end
  end

  it("are not run: by no command, completion, sweep, worker or resume, whatever LUA_PATH says", function()
    write_odd(stopping(0))
    plant(shell.folder)
    local words = { "odd.lua n=7", "ls", "show @-1", "log @-1", "path @-1", "compare @-1", "diff @-1 @-1", "report @-1", "export @-1 --to csv",
      "export @-1 --to tensorboard", "params odd.lua", "check odd.lua", "help", "help ls", "help evil", "help fm.ode.solve", "completion bash",
      "completion --line 'fmrun '", "completion --line 'fmrun show '", "completion --line 'fmrun evil '", "completion --line 'fmrun odd.lua '", "--help",
      "--version", "-m odd.lua n=1:2 -j2", "-m -n odd.lua n=1:3", "resume @-1", "evil", "evil --help", "worker nowhere", "doctor", "-e ''" }
    for _, path in ipairs { "unset LUA_PATH LUA_CPATH", "export LUA_PATH='./?.lua;?/init.lua;;' LUA_CPATH='./?.so;;'" } do
      for _, word in ipairs(words) do
        local code, _, err = run(("%s; %s %s"):format(path, shell.fmrun, word))
        assert.truthy(code <= 3, word .. "\n" .. err)
        assert.is_false(exists "EXECUTED", word)
      end
      local sweep = shell.names(shell.folder .. "/runs/odd", "^sweep")[1]
      plant(("%s/runs/odd/%s"):format(shell.folder, sweep))
      for _, word in ipairs { "ls", "show .", "report .", "resume .", "log .", "help", "export . --to csv", "worker ." } do
        assert.truthy(run(("%s; cd runs/odd/%s && %s %s"):format(path, sweep, shell.fmrun, word)) <= 3)
        assert.is_false(exists "EXECUTED", word)
      end
    end
  end)

  it("are found by a script that asks for them by a name that is not fmrun's", function()
    write("near.lua", "return 42")
    lfs.mkdir(shell.folder .. "/deep")
    write("deep/near.lua", "return 43")
    write("deep/script.lua", "print(require 'near')")
    assert.equal("43\tdeep/near.lua\n", (select(2, call "deep/script.lua")))
    assert.equal("42\t./near.lua\n", (select(2, call "-e 'print(require [[near]])'")))
    local code, _, err = call "-e 'require [[fm.nothing]]'"
    assert.equal(1, code)
    has(err, "module 'fm.nothing' not found")
  end)

  it("do not replace what fmrun has, of any kind, in the working folder or beside a script, under stock lua neither", function()
    local stock = ("LUA_PATH='%s/lua/?.lua;%s/lua/?/init.lua;;' LUA_CPATH='%s/?.so;;' lua5.4 "):format(here, here, assert(os.getenv "FM_MODULE"))
    write("named.lua", [[local fm = require "fm"
      local x, rng = fm.ones(1, 2), fm.rng(1, "s")
      fm.ode.solve(function(y) return y end, x, { method = "euler", steps = 1 })
      fm.sde.solve({ drift = function(y) return y end, diffusion = 1 }, x, { method = "heun", steps = 1, rng = rng })
      fm.flow.path "vp"
      fm.flow.coupling "ot"
      assert(fm.data.moons and fm.nn.linear and fm.optim.adam and fm.metrics.mmd and fm.plot.curve and fm.flow.exact.gaussian)
      print(pcall(fm.ode.solve, function(y) return y end, x, { method = "only_here", steps = 1 }))]])
    local things <const> = { "ode/euler", "ode/only_here", "sde/heun", "flow/path/vp", "flow/coupling/ot", "data/moons", "nn/linear", "optim/adam",
      "metrics/mmd", "plot/curve", "flow/exact/gaussian" }
    run "mkdir elsewhere; for d in ode sde flow/path flow/coupling data nn optim metrics plot flow/exact; do mkdir -p fm/$d; done"
    for _, name in ipairs(things) do write(("fm/%s.lua"):format(name), ('error "%s of strangers"'):format(name)) end
    for _, command in ipairs { shell.fmrun .. " named.lua", "cd elsewhere; " .. shell.fmrun .. " ../named.lua", stock .. "named.lua", stock .. "./named.lua",
      "cd elsewhere; " .. stock .. "../named.lua" } do
      local code, out, err = run(command)
      assert.equal(0, code, command .. "\n" .. err)
      has(out, 'there is no method "only_here"')
    end
  end)

  it("are no commands, but those in a folder of LUA_PATH are: run, listed and completed", function()
    lfs.mkdir(shell.folder .. "/mine")
    lfs.mkdir(shell.folder .. "/mine/fm")
    lfs.mkdir(shell.folder .. "/mine/fm/command")
    write("mine/fm/command/hello.lua", [[return { help = "says hello", usage = "fmrun hello WORD", run = function(line)
      if line.words[1] == "boom" then error "on purpose" end
      print("hello", line.words[1])
    end }]])
    write("mine/fm/command/broken.lua", "x = = 1")
    write("mine/fm/command/three.lua", "return 3")
    local mine = ("LUA_PATH='%s/mine/?.lua;;' %s "):format(shell.folder, shell.fmrun)
    assert.same({ 0, "hello\tyou\n" }, { run(mine .. "hello you"), read(shell.folder .. "/out") })
    local _, listed = run(mine .. "help")
    has(listed, "  hello       says hello\n", "  broken  ", "  three  ")
    assert.equal("hello\tsays hello\n", (select(2, run(mine .. "completion --line 'fmrun hell'"))))
    for word, message in pairs { ["hello boom"] = "hello.lua:2: on purpose", broken = "broken.lua:1: unexpected symbol",
      three = "three.lua: expected { help = text" } do
      local code, _, err = run(mine .. word)
      assert.equal(1, code)
      has(err, message)
      assert.is_nil(err:find("internal error", 1, true), err)
    end
    local code, _, err = run("cd mine; LUA_PATH='./?.lua;;' " .. shell.fmrun .. " hello")
    assert.equal(2, code)
    has(err, 'unknown command "hello"')
  end)
end)

describe("resume", function()
  before_each(shell.open)
  after_each(shell.close)

  local evil <const> = 'io.open("EXECUTED", "w"):close() return dofile "odd.lua"'

  local function change(name, from, to)
    local text = read(shell.folder .. "/" .. name)
    assert.truthy(text:find(from, 1, true))
    write(name, (text:gsub(from:gsub("%p", "%%%0"), (to:gsub("%%", "%%%%")))))
  end

  it("calls no script that the run was not started with, or that lies in its folder, and says which one it calls", function()
    write_odd(stopping(3))
    write("evil.lua", evil)
    assert.equal(75, (call "-q odd.lua --folder r"))
    assert.equal(0, (run "cp -r r named; cp -r r inside; cp evil.lua inside; cp -r r edited; touch calm"))
    change("named/run.json", '"script":"odd.lua"', '"script":"evil.lua"')
    local code, _, err = call "resume named"
    assert.equal(1, code)
    has(err, "evil.lua: not the script it was started with", "fmrun resume --force named goes on nevertheless")
    assert.is_false(exists "EXECUTED")

    change("inside/run.json", '"odd.lua"', '"inside/evil.lua"')
    change("inside/run.json", fm.file.hash_file(shell.folder .. "/odd.lua"), fm.file.hash_file(shell.folder .. "/evil.lua"))
    for _, option in ipairs { "", "--force ", "--anew " } do
      code, _, err = call("resume " .. option .. "inside")
      assert.equal(1, code)
      has(err, "inside: its script lies in the folder itself: inside/evil.lua\nto run that file, name it: fmrun inside/evil.lua --folder inside")
      assert.is_false(exists "EXECUTED")
    end

    local odd = read(shell.folder .. "/odd.lua")
    write("odd.lua", 'io.open("EXECUTED", "w"):close()\n' .. odd)
    code, _, err = call "resume edited"
    assert.equal(1, code)
    has(err, "odd.lua: was ", "fmrun resume --force edited goes on nevertheless")
    assert.is_false(exists "EXECUTED")
    write("odd.lua", odd)
    code, _, err = call "resume r"
    assert.equal(0, code)
    has(err, "r: its script is odd.lua\nodd goes on from step 3\n")
  end)

  it("of a sweep too, and its workers", function()
    write_odd ""
    write("evil.lua", evil)
    assert.equal(0, (call "-q -m odd.lua n=1:2"))
    local sweep = "runs/odd/" .. shell.names(shell.folder .. "/runs/odd")[1]
    run("rm -r " .. sweep .. "/*/")
    local whole = read(("%s/%s/sweep.json"):format(shell.folder, sweep))
    for _, text in ipairs { (whole:gsub("odd%.lua", "evil.lua")), (whole:gsub('"code":%[.-%],', "")), (whole:gsub('"script":"odd.lua"', '"script":"evil.lua"')),
      (whole:gsub('"folder":"', '"folder":"../')), (whole:gsub('"runs":%[', '"runs":[3,')) } do
      assert.not_equal(whole, text)
      write(sweep .. "/sweep.json", text)
      for _, words in ipairs { "resume ", "worker ", "worker --task 1 " } do
        local code, _, err = call(words .. sweep)
        assert.equal(1, code, words .. text)
        assert.is_nil(err:find("stack traceback", 1, true), err)
        assert.is_false(exists "EXECUTED")
        assert.same({}, shell.names(shell.folder .. "/" .. sweep, "^%x+$"))
      end
    end
    write(sweep .. "/sweep.json", whole)
    has(select(3, call("resume " .. sweep)), sweep .. ": its script is odd.lua\n", "2 ok in ")
  end)
end)

describe("a script that", function()
  before_each(shell.open)
  after_each(shell.close)

  it("throws whatever it likes has failed, with a text to read", function()
    write_odd([[
      local kinds = { stop = { stop = "done" }, exit = { message = "m", exit = 4 }, usage = { usage = "u" }, no = false, f = print, io = io.stdout,
        raises = setmetatable({}, { __tostring = function() error "no" end }), wrong = setmetatable({}, { __tostring = function() return 3 end }),
        nice = setmetatable({}, { __tostring = function() return "nice" end }), locked = setmetatable({}, { __metatable = "x" }),
        index = setmetatable({}, { __index = function() error "idx" end }), inherited = setmetatable({}, { __index = { stop = "killed", exit = 0 } }),
        huge = ("x"):rep(1e7), bytes = "caf\xe9\0\27[31m", tensor = fm.ones(2), number = 3 }
      error(kinds[p.k])]], 'k = "stop"')
    for k, said in pairs {
      stop = '{ stop = "done" }', exit = '{ exit = 4, message = "m" }', usage = '{ usage = "u" }', no = "a boolean value", f = "a function value",
      io = "file (0x", raises = "a table value", wrong = "3\n", nice = "nice\n", locked = "a table value", index = "a table value", number = "3\n",
      inherited = "a table value", huge = "xxx... (100000", bytes = "caf\\xe9\\x00\\x1b[31m", tensor = "a userdata value", nothing = "a nil value",
    } do
      local code, _, err = call(("-q odd.lua k=%s --folder %s"):format(k, k))
      assert.equal(1, code, k .. err:sub(1, 500))
      has(err, said)
      assert.truthy(err:find "^fmrun: " and #err < 10000, k)
      assert.equal("failed", shell.json(("%s/%s/run.json"):format(shell.folder, k)).status)
    end
    for _, words in ipairs { "-e 'error { usage = 1 }'", "-e 'error { stop = 1 }'", "-e 'error()'" } do
      local code, _, err = call(words)
      assert.equal(1, code)
      has(err, "fmrun: (")
    end
    write("plain.lua", "error { usage = 'u', message = 'm', exit = 0 }")
    local code, _, err = call "plain.lua"
    assert.equal(1, code)
    has(err, 'fmrun: (a table was thrown) { exit = 0, message = "m", usage = "u" }', "plain.lua:1: in main chunk")
  end)

  it("never comes back shows both ends of its stack, soon", function()
    write_odd([[
      local deep, turn
      function deep() return 1 + (p.k == "C" and turn(deep) or deep()) end
      function turn(f) return (("x"):gsub("x", f)) end
      if p.k == "pcall" then deep = function() local ok, e = pcall(deep) if not ok then error(e, 0) end end end
      if p.k == "wrap" then deep = function() return coroutine.wrap(deep)() end end
      deep()]], 'k = "lua"')
    for k, said in pairs { lua = "stack overflow", C = "C stack overflow", pcall = "C stack overflow", wrap = "C stack overflow" } do
      local began = fm.system.seconds()
      local code, _, err = call("-q odd.lua k=" .. k)
      assert.equal(1, code, k)
      has(err, said, "in field 'run'")
      if k == "lua" then assert.truthy(err:find "\n\t%.%.%. %(%d+ more calls%)\n") end
      assert.truthy(#err < 10000 and fm.system.seconds() - began < 60, k) -- it took minutes
    end
  end)

  it("gets at nothing of debug but traceback and getinfo", function()
    local _, out = call [[-e 'for k in pairs(debug) do print(k) end print(require "debug" == debug, debug.getinfo(1, "S").what)']]
    assert.equal("getinfo\ntraceback\ntrue\tmain\n", out)
  end)

  it("gives the iterator of pairs what is no table gets an error", function()
    assert.equal("false\n", (select(2, call [[-e 'local f = pairs { a = 1, b = 2 } print((pcall(f, 3)))']])))
    assert.equal("true\n", (select(2, call [[-e 'local t = setmetatable({}, { __mode = "k" })
      for i = 1, 3000 do t[{}], t["k" .. i] = i, i end
      for i = 1, 50 do for k in pairs(t) do local _ = ("x"):rep(100) .. i end end print(true)']])))
  end)

  it("closes coroutines that close coroutines gets an error, not a crash", function()
    write("close.lua", [[
      local function chain(n, close)
        local before
        for _ = 1, n do
          local inner = before
          before = coroutine.create(function()
            local last <close> = setmetatable({}, { __close = function() if inner then assert(close(inner)) end end })
            coroutine.yield()
          end)
          coroutine.resume(before)
        end
        return close(before)
      end
      local function by_wrap(co)
        return coroutine.wrap(function()
          local _ <close> = setmetatable({}, { __close = function() coroutine.close(co) end })
          error "x"
        end)()
      end
      print(chain(1000, coroutine.close))
      local ok, message = chain(20000, coroutine.close)
      print(ok, message:sub(-16))
      print(pcall(chain, 20000, function(co) return pcall(by_wrap, co) end))
      print(pcall(coroutine.close, coroutine.running()))
      local f = coroutine.wrap(function(...) local x = coroutine.yield(...) error("lost " .. x, 0) end)
      print(f(1, 2), pcall(f, 3))
      print(coroutine.resume(coroutine.create(function(...) return select("#", ...) end), nil, nil))
      print(pcall(coroutine.wrap, 3))]])
    for _, stack in ipairs { "", "ulimit -s 1024; " } do
      local code, out, err = run(stack .. shell.fmrun .. " close.lua")
      assert.equal(0, code, err)
      local lines = shell.lines(out)
      if stack == "" then assert.equal("true", lines[1]) end
      assert.equal("false\tC stack overflow", lines[2])
      assert.same({ "false\tcannot close a running coroutine", "1\tfalse\tlost 3", "true\t2" }, { lines[4], lines[5], lines[6] })
    end
  end)

  it("asks for another locale changes no number", function()
    if not os.execute(("localedef -i de_DE -f UTF-8 %s/de_DE.UTF-8 2>/dev/null"):format(shell.folder)) then return pending "localedef cannot make a locale" end
    write_odd([[run:log { x = 1.5 } run:summary { t = ("%.2f"):format(0.5) }]])
    local odd = read(shell.folder .. "/odd.lua")
    write("odd.lua", 'print(os.setlocale "de_DE.UTF-8", os.setlocale("de_DE.UTF-8", "numeric"), ("%g"):format(1.5), os.date("%A", 0))\n' .. odd)
    local code, out, err = run(("LOCPATH=%s %s odd.lua"):format(shell.folder, shell.fmrun))
    assert.equal(0, code, err)
    assert.truthy(out:find "^LC_[^\t]+\tnil\t1%.5\tDonnerstag\n", out)
    has(err, "t=0.50")
    code, out = run(("LOCPATH=%s %s -q -m odd.lua n=1,2 && LOCPATH=%s %s -n -m odd.lua n=1,2"):format(shell.folder, shell.fmrun, shell.folder, shell.fmrun))
    assert.equal(0, code)
    has(out, "001 n=1   (done)\n002 n=2   (done)\n")
  end)
end)

describe("too little", function()
  before_each(shell.open)
  after_each(shell.close)

  it("address space is one line and exit 1, and enough of it works", function()
    if run("ulimit -v 4000000; " .. shell.fmrun .. " -e ''") ~= 0 then return pending "this build needs more address space than a limit leaves" end
    local stock = ("LUA_PATH='%s/lua/?.lua;%s/lua/?/init.lua;;' LUA_CPATH='%s/?.so;;' lua5.4"):format(here, here, assert(os.getenv "FM_MODULE"))
    local script = [[-e 'local fm = require "fm" local a = fm.ones(300, 300) print(a:matmul(a):sum():item())']]
    local worked = 0
    for _, limit in ipairs { 30000, 60000, 100000, 150000, 170000, 180000, 200000, 300000, 400000, 600000 } do
      for i, program in ipairs { shell.fmrun, "env -u OPENBLAS_NUM_THREADS -u OMP_NUM_THREADS " .. stock } do
        local code, out, err = run(("ulimit -v %d; timeout 20 %s %s"):format(limit, program, script))
        if code == 0 then
          assert.equal("27000000.0\n", out)
          worked = worked + 1
        else
          assert.equal(1, code, limit .. err)
          if i == 1 then assert.equal(1, #shell.lines(err), err) end
          has(err, "OpenBLAS")
        end
      end
    end
    assert.truthy(worked >= 4)
  end)
end)

describe("export", function()
  before_each(shell.open)
  after_each(shell.close)

  it("writes inside of its folder, also for a run that is named by a path from elsewhere", function()
    write_odd "run:log { x = 1 }"
    assert.equal(0, (call "-q odd.lua"))
    assert.equal(0, (run("mkdir -p a/b && cd a/b && " .. shell.fmrun .. " export ../../runs/odd/* --to tensorboard --into 'two words'")))
    local _, out, err = run "find . -name 'events.*'; cat err >&2"
    assert.truthy(out:find "^%./a/b/two words/runs/odd/[^/]+/events[^/]+\n$", out)
    assert.is_nil(err:find("--logdir two words", 1, true))
  end)
end)

describe("check", function()
  before_each(shell.open)
  after_each(shell.close)

  it("leaves nothing behind, whatever becomes of the script, and tries the next", function()
    write_odd([[for _ in run:steps(p.steps) do
      if p.how == "exit" then EXIT(p.n) end
      if p.how ~= "well" then os.execute(("kill -%s %d"):format(p.how, io.open("/proc/self/stat"):read "n")) end
    end]], 'how = "well", steps = 50')
    write("odd.lua", "EXIT = os.exit " .. read(shell.folder .. "/odd.lua"))
    for how, said in pairs { well = "it works", KILL = "killed by SIGKILL", TERM = "it does not work", exit = "it ended in the middle" } do
      local code, out, err = run(("mkdir -p tmp; export TMPDIR=$PWD/tmp; %s check odd.lua odd.lua how=%s n=0"):format(shell.fmrun, how))
      assert.equal(how == "well" and 0 or 1, code, err)
      assert.equal(2, select(2, out:gsub(said, "")), out)
      assert.same({}, shell.names(shell.folder .. "/tmp"))
    end
    local code, _, err = call "check odd.lua odd.lua hov=1"
    assert.same({ 2, 'fmrun: check: unknown key "hov"; did you mean "how"?\ntry: fmrun check --help\n' }, { code, err })
  end)
end)

it("leaves no tensors", function()
  collectgarbage()
  assert.equal(0, fm.live_bytes())
end)

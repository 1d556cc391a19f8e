-- Sweeps, as a user types them.
local fm <const> = require "fm"
local shell <const> = require "cli.shell"

local call <const>, toy <const> = shell.call, shell.here .. "/toy.lua"

--- The only sweep of an experiment: its path and its sweep.json.
local function sweep_of(experiment)
  local names = shell.names(("%s/runs/%s"):format(shell.folder, experiment), "^sweep%-")
  assert.equal(1, #names)
  local path = ("%s/runs/%s/%s"):format(shell.folder, experiment, names[1])
  return path, shell.json(path .. "/sweep.json")
end

local function status_of(path, entry)
  return shell.json(path .. "/" .. entry.folder .. "/run.json").status
end

local has <const> = shell.has

--- An experiment "odd" whose run does what `body` says with run, p (parameters: n, mode).
local function write_odd(body)
  shell.write("odd.lua", ([[
    local fm = require "fm"
    return fm.experiment { name = "odd", params = { n = 1, mode = "well" }, run = function(run, p)
      %s
      run:summary { loss = p.n / 8 }
    end }]]):format(body))
end

describe("a sweep", function()
  before_each(shell.open)
  after_each(shell.close)

  it("is listed by -n, and nothing is made", function()
    local code, out, err = call("-m -n " .. toy .. " lr=1e-3,3e-3 seed=1:2")
    assert.equal(0, code)
    assert.equal("001 lr=0.001 seed=1\n002 lr=0.001 seed=2\n003 lr=0.003 seed=1\n004 lr=0.003 seed=2\n", out)
    has(err, "4 runs in runs/toy/sweep-", "4 to do")
    assert.same({}, shell.names(shell.folder, "^runs$"))
    local one, words, told = call("-n " .. toy .. " steps=3 note=a,b")
    assert.same({ 0, "001 note=a,b steps=3\n", "1 run, in a folder of its own below runs/toy\n" }, { one, words, told })
    has(select(3, call("-m -n " .. toy .. " lr=1,1e-2:1e-2")), "2 runs in")
    shell.write("trials.csv", "lr,seed\n1e-3,4\n")
    assert.equal("001 lr=0.001 seed=4\n", (select(2, call("-n @trials.csv " .. toy))))
    assert.equal('001 note=a,b lr=16777217.5\n002 note=a,b lr=16777218.5\n003 note="c ""d" lr=16777217.5\n004 note="c ""d" lr=16777218.5\n',
      (select(2, call("-m -n " .. toy .. [[ 'note="a,b",c "d' lr=16777217.5:16777218.5]]))))
    assert.equal("001 note=a,b\n", (select(2, call("-m -n " .. toy .. [[ 'note="a,b"']]))))
    shell.write("nul.csv", "note\na\0b\n")
    assert.same({ 2, 'fmrun: ' .. toy .. ": nul.csv: line 2: a NUL byte; expected text in UTF-8\ntry: fmrun --help\n" },
      { (call("-n @nul.csv " .. toy)), shell.read(shell.folder .. "/err") })
    local events = shell.lines((select(2, call("-n --json " .. toy .. " steps=3"))))
    assert.same({ 1, 3 }, { #events, assert(fm.json.decode(events[1])).config.steps })
  end)

  it("runs every combination in a process of its own and tells of each", function()
    local code, out, err = call("-m -j 2 " .. toy .. " steps=3 lr=1e-3,3e-3 seed=1:2")
    assert.equal(0, code, err)
    assert.equal("", out)
    has(err, "sweep runs/toy/sweep-", "   4 runs, 2 parallel x 1 thread\n", "  run   001 lr=0.001 seed=1", "  ok    004 lr=0.003 seed=2", "4 ok in ",
      "next: fmrun report ")
    local path, record = sweep_of "toy"
    assert.same({ "lr", "seed" }, record.keys)
    assert.same({ lr = 3e-3, seed = 1 }, record.runs[3].changed)
    for i, entry in ipairs(record.runs) do
      local run = shell.json(path .. "/" .. entry.folder .. "/run.json")
      assert.same({ i, "done", 3 }, { entry.index, run.status, run.steps })
      assert.same(entry.config, run.config)
    end
  end)

  it("again runs only what is missing, also when its grid has grown", function()
    assert.equal(0, (call("-m -q " .. toy .. " steps=3 seed=1:2")))
    local path, before = sweep_of "toy"
    local started = shell.json(path .. "/" .. before.runs[2].folder .. "/run.json").started
    local code, _, err = call("-m " .. toy .. " steps=3 seed=1:2")
    assert.equal(0, code)
    has(err, "2 runs, ", ", 2 done before\nnothing is left to do")
    assert.equal(0, (call("-m -q " .. toy .. " steps=3 seed=0:3")))
    local _, after = sweep_of "toy"
    assert.equal(4, #after.runs)
    assert.same({ before.runs[1], before.runs[2] }, { after.runs[1], after.runs[2] })
    assert.equal(started, shell.json(path .. "/" .. before.runs[2].folder .. "/run.json").started)
    assert.equal(before.created, after.created)
  end)

  it("goes on beside a run that fails, shows its last lines at once and again, and repeats only that one", function()
    write_odd [[if p.n == 2 and not io.open "mended" then print "so far" error "on purpose" end]]
    local code, _, err = call "-m -j 1 odd.lua n=1:3"
    assert.equal(1, code)
    local first, last = err:find("FAIL  002 n=2", 1, true), nil
    has(err, "  ok    003 n=3", "odd.lua:3: on purpose", "          | so far", "2 ok, 1 failed in ", "best loss 0.125  001 n=1", "next: " .. shell.fmrun)
    assert.truthy(first < err:find("ok    003", 1, true))
    last = err:find("FAIL  002 n=2", err:find("ok    003", 1, true), true)
    assert.truthy(last)
    shell.write("mended", "")
    code, _, err = call "-m odd.lua n=1:3"
    assert.equal(0, code)
    has(err, "1 parallel x 1 thread, 2 done before", "  ok    002 n=2")
  end)

  it("tells of a run that crashes, by signal and last step", function()
    write_odd [[for step in run:steps(5) do
      run:log { x = step }
      if step == 4 and p.n == 2 then
        run:flush(0)
        os.execute("kill -SEGV " .. io.open("/proc/self/stat"):read "n")
      end
    end]]
    local code, _, err = shell.run("ASAN_OPTIONS=$ASAN_OPTIONS:handle_segv=0 " .. shell.fmrun .. " -m odd.lua n=1:3")
    assert.equal(1, code)
    has(err, "FAIL  002 n=2", "killed by SIGSEGV after step 4", "2 ok, 1 failed")
    local path, record = sweep_of "odd"
    local run = shell.json(path .. "/" .. record.runs[2].folder .. "/run.json")
    assert.equal("failed", run.status)
    has(run.error, "killed by SIGSEGV after step 4")
  end)

  it("tells of a run whose process ends in the middle", function()
    write_odd [[if p.n == 2 then exit(0) end]]
    shell.write("odd.lua", "local exit = os.exit\n" .. shell.read(shell.folder .. "/odd.lua"))
    local code, _, err = call "-m odd.lua n=1:3"
    assert.equal(1, code)
    has(err, "FAIL  002 n=2", "exit code 0", "2 ok, 1 failed")
    has(select(2, call "-n -m odd.lua n=1:3"), "002 n=2   (failed)")
  end)

  it("tells why a run could not begin, or not be recorded, and no log that is not there", function()
    write_odd [[os.remove "odd.lua"]]
    local code, _, err = call "-m -j 1 odd.lua n=1,2"
    assert.equal(1, code)
    has(err, "  ok    001 n=1", "FAIL  002 n=2", "cannot open odd.lua: No such file or directory")
    assert.is_nil(err:find("fmrun log", 1, true), err)
    write_odd [[os.execute "rm -rf runs"]]
    err = select(3, call "-m -j 1 odd.lua n=3:3")
    assert.truthy(err:find "FAIL  001 n=3 +[%d.]+s  [^\n]+: No such file or directory", err)
  end)

  it("takes for text whatever a script prints, and keeps little of it", function()
    write_odd [[local big, events = ("x"):rep(1 << 20), { '{"event":"run_skipped","status":"busy"}', '{"event":"progress","step":[],"steps":-1,"text":3}',
        '{"event":"run_failed","error":"fake"}', '{"event":"progress"}', "[[[", "fmrun: fake" }
      for _, out in ipairs { io.stdout, io.stderr } do
        if p.mode == "long" then for _ = 1, 100 do out:write(big) end end
        if p.mode == "bar" then for i = 1, 200000 do out:write(("\r[====] step %d"):format(i)) end end
        if p.mode == "lines" then for i = 1, 200000 do out:write(i, "\n") end end
        if p.mode == "nul" then for _ = 1, 20 do out:write(("\0"):rep(1 << 20), ("\0\xff\27\n"):rep(1 << 18)) end end
        if p.mode == "events" then for _, event in ipairs(events) do out:write(event, "\n") end end
      end
      io.stderr:write "\n"
      print "so far"
      if p.n == 2 then error "on purpose" end]]
    for _, mode in ipairs { "long", "bar", "lines", "nul", "events" } do
      local began = fm.system.seconds()
      local code, _, err = call("-m -j2 odd.lua n=1:3 mode=" .. mode)
      assert.equal(1, code, err:sub(1, 500))
      has(err, "  ok    001 n=1", "  ok    003 n=3", "odd.lua:", ": on purpose", "          | so far", "2 ok, 1 failed in ")
      assert.truthy(#err < 10000 and fm.system.seconds() - began < 20, mode)
      assert.is_nil(err:find("[%z\27]"), mode)
      local path, record = sweep_of "odd"
      for _, entry in ipairs(record.runs) do
        local log = shell.read(("%s/%s/log.txt"):format(path, entry.folder))
        assert.equal("so far\n", log:sub(1, 7))
      end
      os.execute("rm -r " .. path)
    end
  end)

  it("has a channel that nothing else holds open", function()
    write_odd [[os.execute "ls -l /proc/self/fd >fds" os.execute "sleep 30 & echo $! >sleeping"]]
    local began = fm.system.seconds()
    assert.equal(0, (call "-q -m odd.lua n=1:1"))
    assert.truthy(fm.system.seconds() - began < 10)
    os.execute("kill $(cat " .. shell.folder .. "/sleeping)")
    for _, words in ipairs { "9", "x", "0" } do assert.equal(2, (call("worker nowhere --events " .. words))) end
  end)

  it("ends a run that takes too long", function()
    write_odd [[for _ in run:steps(p.n == 2 and 100000 or 1) do os.execute "sleep 0.01" end]]
    local code, _, err = call "-m --timeout 0.4s odd.lua n=1:3"
    assert.equal(1, code)
    has(err, "FAIL  002 n=2", "over --timeout 0.4s", "2 ok, 1 failed")
  end)

  it("gives each run its threads, and the bytes stay", function()
    for threads = 1, 2 do
      local code, _, err = call(("-m -j 2 -o %d --threads %d %s steps=3 seed=1,2"):format(threads, threads, toy))
      assert.equal(0, code)
      has(err, ("2 runs, 2 parallel x %d thread"):format(threads))
    end
    assert.equal(0, (shell.run "for f in 1/toy/*/*/checkpoint.safetensors; do cmp $f 2/${f#1/} || exit 1; done"))
    assert.equal(2, (shell.run [=[ls 2/toy/*/*/run.json | xargs grep -h '"threads":2' | wc -l | grep -qx 2 && exit 2]=]))
  end)

  it("starts no more after a failure with -x, after N with --maxfail N", function()
    write_odd [[error "on purpose"]]
    local code, _, err = call "-m -x -j 1 odd.lua n=1:9"
    assert.equal(1, code)
    has(err, "0 ok, 1 failed, 8 not started in ")
    has(select(3, call "-m --maxfail 3 -j 1 odd.lua n=1:9"), "0 ok, 3 failed, 6 not started in ")
  end)

  it("is of several scripts too: each one's runs, and a script that cannot be read is told", function()
    shell.write("one.lua", 'return require "fm".experiment { name = "one", run = function() end }')
    shell.write("two.lua", 'return require "fm".experiment { name = "two", run = function() error "no" end }')
    local code, _, err = call "one.lua missing.lua two.lua"
    assert.equal(1, code)
    has(err, "cannot open missing.lua", "sweep runs/sweep/sweep-", "ok    001 one", "FAIL  002 two", "1 ok, 1 failed")
  end)

  it("has a line that moves for each job on a terminal", function()
    write_odd [[for _ in run:steps(26) do run:log { x = 0.5 } os.execute "sleep 0.05" end]]
    local _, out = shell.run(("script -qec '%s -m -j 2 odd.lua n=1:2' /dev/null"):format(shell.fmrun))
    has(out, "\27[2A\27[J", "  run   001 n=1  [=", "] step ", "/26  ", "x=0.5", "2 ok in ")
    assert.falsy((select(3, call "-m odd.lua n=1:2")):find "\27")
  end)

  it("is a stream of events with --json, and silent with -q", function()
    local _, out, err = call("--json -q -m " .. toy .. " steps=2 seed=1:2")
    assert.equal("", err)
    local seen = {}
    for _, line in ipairs(shell.lines(out)) do
      local event = assert(fm.json.decode(line))
      assert.equal(1, event.schema)
      seen[event.event] = (seen[event.event] or 0) + 1
      if event.event == "run_end" then assert.same({ "done", 0, 2 }, { event.status, event.exit, event.summary.steps }) end
    end
    assert.same({ sweep_start = 1, run_start = 2, run_end = 2, sweep_end = 1 }, seen)
  end)

  it("has the same bytes whatever -j and the order", function()
    local contents = {}
    for i, how in ipairs { "-j 1 seed=1:4", "-j 2 seed=1:4", "-j 4 seed=1:4", "-j 3 seed=3,1,4,2" } do
      assert.equal(0, (call(("-q -m -o %d %s steps=5 lr=1e-4,1e-3,1e-2 path=linear,straight %s"):format(i, toy, how))))
      local sweep = ("%s/%d/toy/"):format(shell.folder, i)
      sweep = sweep .. shell.names(sweep, "^sweep%-")[1]
      contents[i] = {}
      for _, run in ipairs(shell.names(sweep, "^%x+$")) do
        for _, file in ipairs(shell.names(sweep .. "/" .. run)) do
          local text = shell.read(("%s/%s/%s"):format(sweep, run, file))
          if file == "run.json" then
            local record = fm.json.decode(text)
            for _, key in ipairs { "started", "ended", "seconds", "pid", "host", "boot", "command", "peak_rss", "step_peak_bytes", "step_bytes" } do
              record[key] = nil
            end
            text = fm.json.encode(record)
          end
          if file ~= "timing.jsonl" and file ~= "lock" then contents[i][run .. "/" .. file] = text end
        end
      end
    end
    assert.truthy(#shell.names(shell.folder .. "/1/toy/" .. shell.names(shell.folder .. "/1/toy")[1], "^%x+$") == 24)
    for i = 2, 4 do assert.same(contents[1], contents[i]) end
  end)
end)

describe("a sweep refuses", function()
  before_each(shell.open)
  after_each(shell.close)

  it("wrong words, in one line, before anything is made", function()
    for words, message in pairs {
      ["'note=\"a'"] = 'note: "a: a quote stays open',
      ["'note=\"a\"b,c'"] = 'note: "a"b,c: expected a comma after the quote that closes, found "b"',
      ["seed=1:1000000000"] = "sweep has 1000000000 runs, over the limit of 10000 (--max-runs N)",
      ["seed="] = "seed: empty list",
      ["seed=1,1"] = "runs 1 and 2 are identical",
      ["sed=1,2"] = 'unknown key "sed"; did you mean "seed"?',
      ["seed=1,x"] = 'seed: expected an integer, found "x"',
      ["seed=1,2 -j 0"] = '-j: expected a whole number >= 1 or auto, found "0"',
      ["seed=1,2 --timeout soon"] = '--timeout: expected a time such as 90s, 30m or 2h, found "soon"',
      ["seed=1,2 --random x"] = '--random: expected a whole number >= 1, found "x"',
      ["seed=1,2 --maxfail 0"] = '--maxfail: expected a whole number >= 1, found "0"',
    } do
      local code, _, err = call(("-m %s %s"):format(toy, words))
      assert.equal(2, code)
      local lines = shell.lines(err)
      assert.same({ 2, "try: fmrun --help" }, { #lines, lines[2] })
      has(lines[1], message)
      assert.same({}, shell.names(shell.folder, "^runs$"))
    end
    for _, options in ipairs { "-m", "-n", "--random 3", "-m -j 2", "--emit slurm" } do
      local code, _, err = call(options)
      assert.same({ 2, "fmrun: there is no script to run\ntry: fmrun --help\n" }, { code, err })
    end
    shell.write("plain.lua", "local x = 3")
    for options, flag in pairs { ["-m"] = "--multirun", ["-n"] = "--dry-run", ["--random 3"] = "--random", ["--emit slurm"] = "--emit" } do
      local code, _, err = call(options .. " plain.lua seed=1,2")
      assert.same({ 3, ("fmrun: no script returned an experiment, so there are no runs, and nothing takes seed=1,2, %s "
        .. "(words for a script itself go after --)\n"):format(flag) }, { code, err })
    end
    assert.equal(3, (call "plain.lua seed=1,2"))
    has(select(3, call(toy .. " seed=1,2")), 'seed: expected an integer, found "1,2"; lists and ranges need -m')
    assert.equal(2, (call(toy .. " --timeout 1s")))
    assert.equal(2, (shell.run(("cat %s | %s -m - seed=1,2"):format(toy, shell.fmrun))))
  end)

  it("a folder that cannot be made, in one line", function()
    shell.write("taken", "a file")
    local code, _, err = call("-m -o taken " .. toy .. " seed=1,2")
    assert.equal(1, code)
    assert.equal(1, #shell.lines(err))
    has(err, "taken")
    assert.equal("a file", shell.read(shell.folder .. "/taken"))
  end)

  it("a disk that cannot be written or is full, in a line each, and keeps what is there", function()
    if not os.execute "unshare -rm true 2>/dev/null" then return pending "no user namespaces: a full disk needs one" end
    local function on_disk(options, words)
      return shell.run(([[mkdir -p d && unshare -rm sh -c 'mount -t tmpfs -o %s t d && %s -m -j 1 -o d %s steps=2 %s; code=$?
        find d -name run.json -exec grep -l done {} + | wc -l; exit $code']]):format(options, shell.fmrun, toy, words))
    end
    local code, out, err = on_disk("ro", "seed=1:2")
    assert.same({ 1, "0\n", "fmrun: d/toy: cannot make the folder: Read-only file system\n" }, { code, out, err })
    local few, _, told = on_disk("size=4k", "seed=1:100")
    assert.same({ 1, 1 }, { few, #shell.lines(told) })
    has(told, "d/toy/sweep-", "/sweep.json: cannot write: No space left on device")
    code, out, err = on_disk("size=130k", "seed=1:5")
    assert.equal(1, code)
    has(err, "  ok    001 seed=1", "FAIL  005 seed=5", "No space left on device")
    local done, failed = err:match "\n(%d) ok, (%d) failed in "
    assert.same({ out, 5 }, { done .. "\n", done + failed }) -- and what was done stayed
    err = select(3, on_disk("size=100k", "seed=1:15")) -- the last ones have no room for a run.json
    has(err, "FAIL  015 seed=15", "run.json: cannot write: No space left on device")
    for _, noise in ipairs { "is missing", "folder.lua", "fmrun: " } do assert.is_nil(err:find(noise, 1, true), err) end
  end)
end)

describe("several processes", function()
  before_each(shell.open)
  after_each(shell.close)

  local wait_for = [[wait_for() { for i in $(seq 100); do eval "$1" && return; sleep 0.05; done; echo "never: $1" >&2; }; ]]

  it("a second fmrun on the same sweep is refused, and named", function()
    write_odd [[while not io.open "go" do os.execute "sleep 0.02" end]]
    local code, _, err = shell.run(([[%s %s -q -m odd.lua n=1:2 & first=$!
      wait_for 'ls runs/odd/sweep-*/*/run.json >/dev/null 2>&1'
      %s -m odd.lua n=1:2; code=$?
      touch go; wait $first && echo "pid $first " >&2; exit $code]]):format(wait_for, shell.fmrun, shell.fmrun))
    assert.equal(1, code)
    local lines = shell.lines(err)
    assert.same(2, #lines, err)
    has(lines[1], "/sweep-", ": fmrun (" .. lines[2]:match "pid %d+", "is at work on this sweep")
  end)

  --- Starts a sweep of two runs with steps of `pause` seconds that keep a model, signals its fmrun
  --- once both have logged, and waits. Returns its exit code and stderr.
  local function interrupted(pause, signals)
    write_odd(([[local opt = fm.optim.adam(fm.nn.linear(2, 2), { lr = 0.1 })
      run:keeps { opt = opt }
      for step in run:steps(40) do
        run:log { x = run.rng:normal(1):item() }
        run:flush(0)
        if not io.open "go" then os.execute "sleep %g" end
      end]]):format(pause))
    local code, _, err = shell.run(([=[%s %s -m -j 2 odd.lua n=1:2 & first=$!
      wait_for '[ $(ls runs/odd/sweep-*/*/metrics.jsonl 2>/dev/null | wc -l) = 2 ]'
      %s
      wait $first]=]):format(wait_for, shell.fmrun, signals))
    return code, err
  end

  it("that keep nothing are said to be stopped, not saved", function()
    write_odd [[for _ in run:steps(200) do
      run:log { x = 1 }
      run:flush(0)
      os.execute "sleep 0.05"
    end]]
    local _, _, err = shell.run(([=[%s %s -m -j 2 odd.lua n=1:2 & first=$!
      wait_for '[ $(ls runs/odd/sweep-*/*/metrics.jsonl 2>/dev/null | wc -l) = 2 ]'
      kill -INT $first
      wait $first]=]):format(wait_for, shell.fmrun))
    has(err, "  stop  001 n=1", "stopped after step ")
  end)

  it("save and end at the first Ctrl-C, and go on later as if nothing had been", function()
    local code, err = interrupted(0.05, "kill -INT $first")
    assert.equal(75, code, err)
    has(err, "each run finishes its step and saves", "  stop  001 n=1", "saved after step ", "0 ok, 2 stopped in ", "next: ")
    local path, record = sweep_of "odd"
    for _, entry in ipairs(record.runs) do assert.equal("killed", status_of(path, entry)) end
    shell.write("go", "")
    local wrong, _, why = call "resume odd"
    assert.same({ 2, 'fmrun: resume: "odd" is an experiment: name one of its runs or sweeps\ntry: fmrun resume --help\n' }, { wrong, why })
    local well, _, told = call("resume -j 2 " .. path:match "sweep%-%x+$")
    assert.equal(0, well, told)
    has(told, "2 ok in ")
    assert.equal(0, (call "-q -m -o other odd.lua n=1:2"))
    for _, entry in ipairs(record.runs) do
      for _, file in ipairs { "metrics.jsonl", "checkpoint.safetensors" } do
        local name = ("%s/%s/%s"):format(path, entry.folder, file)
        assert.equal(shell.read((name:gsub("/runs/", "/other/", 1))), shell.read(name))
      end
    end
  end)

  it("end at once at the second", function()
    local code, err = interrupted(30, "kill -INT $first; sleep 0.3; kill -INT $first")
    assert.equal(130, code, err)
    has(err, "2 stopped in ")
  end)

  it("end soon whatever they do: print, run in a coroutine, or do not listen", function()
    write_odd [[io.open("began." .. p.n, "w"):close()
      if p.mode == "print" then while true do io.stderr:write(("x"):rep(1 << 16)) end end
      if p.mode == "coroutine" then coroutine.wrap(function() while true do end end)() end
      while true do pcall(function() while true do end end) end]]
    for mode, expected in pairs { print = { "INT", 75, 5 }, coroutine = { "TERM", 75, 5 }, deaf = { "TERM", 75, 15 } } do
      local began = fm.system.seconds()
      local code, _, err = shell.run(([=[%s rm -f began.*; %s -m -j 2 odd.lua n=1:2 mode=%s & first=$!
        wait_for '[ $(ls began.* 2>/dev/null | wc -l) = 2 ]'
        kill -%s $first; wait $first]=]):format(wait_for, shell.fmrun, mode, expected[1]))
      assert.equal(expected[2], code, err)
      has(err, "2 stopped in ")
      assert.truthy(fm.system.seconds() - began < expected[3], mode)
    end
  end)

  it("die with the one that started them", function()
    write_odd [[run:log { x = 1 } run:flush(0) while not io.open "go" do os.execute "sleep 0.1" end]]
    local code, _, err = shell.run(([=[%s %s -q -m -j 2 odd.lua n=1:2 & first=$!
      wait_for '[ $(ls runs/odd/sweep-*/*/metrics.jsonl 2>/dev/null | wc -l) = 2 ]'
      children=$(pgrep -P $first); kill -9 $first; sleep 1
      for child in $children; do grep '^State:.[^Z]' /proc/$child/status >&2; done 2>&1 | grep State >&2
      [ $(echo $children | wc -w) = 2 ]]=]):format(wait_for, shell.fmrun))
    assert.equal(0, code)
    assert.equal("", err)
    has(select(2, call "-n -m odd.lua n=1:2"), "001 n=1   (lost)\n002 n=2   (lost)\n")
    shell.write("go", "")
    has(select(3, call "-m odd.lua n=1:2"), "2 ok in ")
  end)

  it("workers do a run by its number, or whatever is left, together", function()
    write_odd [[os.execute "sleep 0.02" if p.n > 6 and not io.open "mended" then error "on purpose" end]]
    assert.equal(1, (call "-q -m -x -j 1 odd.lua n=7,1,2,3,4,5,6,8,9,10,11,12"))
    local path, record = sweep_of "odd"
    local sweep = path:sub(#shell.folder + 2)
    local code, _, err = call(("worker %s --task 3"):format(sweep))
    assert.equal(0, code, err)
    assert.equal("done", status_of(path, record.runs[3]))
    has(select(3, call(("worker %s/ --task 3"):format(sweep))), "done before")
    code, _, err = call(("worker %s --task 13"):format(sweep))
    assert.equal(1, code)
    has(err, "has 12 runs, there is no run 13")
    code, _, err = call(("worker %s"):format(sweep))
    assert.equal(1, code)
    has(err, "5 ok, 4 failed, 2 not started") -- three in a row are enough
    shell.write("mended", "")
    code, _, err = shell.run(("%s worker -q %s & %s worker -q %s; wait $!"):format(shell.fmrun, sweep, shell.fmrun, sweep))
    assert.equal(0, code, err)
    for _, entry in ipairs(record.runs) do assert.equal("done", status_of(path, entry)) end
  end)

  it("workers do not wait for each other's runs while others are left", function()
    -- each run waits for another to begin: in the other worker, or in vain
    write_odd [[os.execute(("touch began.%d; i=0; while [ $(ls | grep -c ^began) -lt 2 ] && [ $i -lt 300 ]; do sleep 0.05; i=$((i + 1)); done; "
      .. "ls | grep -c ^began >>seen"):format(p.n))]]
    assert.equal(0, (call "-q --emit parallel -m odd.lua n=1:8"))
    local sweep = sweep_of "odd":sub(#shell.folder + 2)
    local code, _, err = shell.run(("%s worker -q %s & %s worker -q %s; wait $!"):format(shell.fmrun, sweep, shell.fmrun, sweep))
    assert.equal(0, code, err)
    local seen = shell.read(shell.folder .. "/seen")
    assert.same({ 8, nil }, { #shell.lines(seen), seen:match "^1\n" or seen:match "\n1\n" })
  end)

  it("a worker refuses a script that has changed, and what is no sweep", function()
    write_odd ""
    assert.equal(0, (call "-q -m odd.lua n=1:2"))
    local path = sweep_of "odd"
    write_odd "print(1)"
    os.execute(("rm -r %s/*/"):format(path))
    local code, _, err = call(("worker %s --task 1"):format(path))
    assert.equal(1, code)
    has(err, "odd.lua: was ", "the command that made the sweep takes the change up: ")
    assert.equal(1, (call "worker nowhere"))
    assert.equal(2, (call "worker"))
    assert.equal(2, (call(("worker %s --task x"):format(path))))
  end)
end)

it("leaves no tensors", function()
  collectgarbage()
  assert.equal(0, fm.live_bytes())
end)

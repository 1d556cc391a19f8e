-- Tasks of a sweep as processes of fmrun that only say something and end: what is heard of them, in
-- which order they run, and how they are stopped. Whole sweeps: tests/cli/sweep_spec.lua.
local checks <const> = dofile "tests/lua/checks.lua"
local execute <const> = require "fm.sweep.execute"
local files <const> = dofile "tests/whole_files.lua"
local fm <const> = require "fm"
local lfs <const> = require "lfs"
local pools <const> = require "fm.sweep.pool"
local uv <const> = require "luv"

describe("a pool of processes", function()
  local folder <const> = checks.own_folder(before_each, after_each)

  --- Runs pieces of Lua, each a process; `tell(text)` there writes to the channel of events.
  --- Returns the tasks, the result, and what the listener heard.
  local function run(codes, settings)
    local tasks, heard = {}, {}
    for i, code in ipairs(codes) do tasks[i] = { n = i, code = code, path = ("%s/%d"):format(folder, i), folder = "toy/" .. i } end
    local all <const> = { jobs = 1, timeout_text = "0.3s", saved = 75, arguments = function(task, channel)
      return { "-e", ("local c; local function tell(text) c = c or require 'fm'.system.channel(%d) c:write(text) c:flush() end %s"):format(
        channel, task.code) }
    end }
    for key, value in pairs(settings or {}) do all[key] = value end
    local result = execute(tasks, all, { tick = function() end, interrupted = function(_, at_once) heard[#heard + 1] = "interrupted " .. tostring(at_once) end,
      started = function(_, task) heard[#heard + 1] = "started " .. task.n end,
      ended = function(_, task) heard[#heard + 1] = ("ended %d %s"):format(task.n, task.outcome.status) end })
    return tasks, result, table.concat(heard, ", ")
  end

  it("starts so many at a time, in order, and counts how they ended", function()
    assert(lfs.mkdir(folder .. "/2"))
    files.write(folder .. "/2/run.json", '{"status":"done","experiment":"toy","summary":{"w2":1}}')
    local tasks, result, heard = run { "os.exit(3)", "", "os.exit(75)", "error 'broken'" }
    assert.equal("started 1, ended 1 failed, started 2, ended 2 done, started 3, ended 3 killed, started 4, ended 4 failed", heard)
    assert.same({ done = 1, failed = 2, killed = 1, busy = 0, waiting = 0 }, result.counts)
    assert.truthy(result.seconds > 0 and not result.interrupted and not result.killed)
    assert.same({ "run.json is missing", 3, 0, 1 }, { tasks[1].outcome.error, tasks[1].outcome.code, #tasks[1].outcome.lines, tasks[2].outcome.summary.w2 })
    assert.truthy(tasks[4].outcome.lines[1]:find("broken", 1, true), tasks[4].outcome.lines[1])
    assert.equal(tasks[4].outcome.lines[#tasks[4].outcome.lines], tasks[4].outcome.error)
    heard = select(3, run({ "os.execute 'sleep 0.3'", "", "" }, { jobs = 2 }))
    assert.equal("started 1, started 2, ended 2 done, started 3, ended 3 failed, ended 1 failed", heard)
  end)

  it("hears events that have what they must have, and ignores all other lines", function()
    local tasks <const> = run { [[tell '{"event":"progress","step":3,"steps":9,"text":"loss=1\\u001b[31m"}\n']] .. "tell 'no json\\n3\\n[]\\n{}\\n'"
      .. [[tell '{"event":"progress","step":4.5,"steps":9,"text":"x"}\n{"event":"progress","step":4,"steps":9}\n{"event":"other"}\n{"event":3}\n']]
      .. [[tell '{"event":"progress","step":5,"steps":9,"text":1}\n{"event":"run_failed","error":7}\n{"event":"run_skipped"}\n']]
      .. [[tell '{"event":"progress","step":"5","steps":9,"text":"x"}\n']], [[tell '{"event":"run_failed","error":"its own\\u001b word"}\n' os.exit(1)]],
      [[tell '{"event":"run_skipped","status":"busy"}\n' os.exit(1)]], [[tell '{"event":"run_skipped","status":"done"}\n' os.exit(1)]],
      [[tell '{"event":"run_failed","err' tell 'or":"in two"}\n{"event":"run_failed","error":"no end"}']] }
    assert.same({ event = "progress", step = 3, steps = 9, text = "loss=1\\x1b[31m" }, tasks[1].progress)
    assert.same({ nil, nil }, { tasks[1].failure, tasks[1].busy })
    assert.equal("its own\\x1b word", tasks[2].outcome.error)
    assert.same({ true, "busy", "another process runs it" }, { tasks[3].busy, tasks[3].outcome.status, tasks[3].outcome.error })
    assert.same({ false, "failed" }, { tasks[4].busy, tasks[4].outcome.status })
    assert.equal("in two", tasks[5].failure)
  end)

  it("drops an event of more than 65536 bytes, and hears the next one", function()
    local line <const> = '{"event":"run_failed","error":"%s"}'
    local function told(length)
      local code <const> = ("tell((%q):format(('x'):rep(%d)) .. '\\n' .. %q .. '\\n')"):format(line, length - #line + 2,
        '{"event":"progress","step":1,"steps":2,"text":"t"}')
      local task <const> = run({ code })[1]
      assert.equal(1, task.progress.step)
      return task.failure and #task.failure + #line - 2
    end
    assert.equal(1 << 16, told(1 << 16))
    assert.is_nil(told((1 << 16) + 1))
  end)

  it("keeps the last 20 lines that a process printed, as a terminal would show them", function()
    local function lines(code) return run({ code })[1].outcome.lines end
    assert.same({ "c", "last" }, lines [[io.write "a\rb\rc\r\n\nlast"]])
    assert.same({ "out", "err" }, lines [[io.stderr:write "err\n" io.write "out\n"]])
    assert.same({ ("y"):rep(500), "a\\ab" }, lines [[io.write("x" .. ("y"):rep(500) .. "\na\ab")]])
    local twenty <const> = lines [[for i = 1, 21 do print(i) end]]
    assert.same({ 20, "2", "21" }, { #twenty, twenty[1], twenty[20] })
    local much <const> = lines [[for i = 1, 300 do io.write(("z"):rep(999), "\n") io.stdout:flush() end print "end"]]
    assert.same({ 20, 500, "end" }, { #much, #much[1], much[20] })
    local one <const> = lines [[for i = 1, 30 do io.write(("w"):rep(9999)) io.stdout:flush() end io.write "end"]]
    assert.same({ 1, ("w"):rep(497) .. "end" }, { #one, one[1] })
  end)

  it("waits 0.2 seconds for the last words of one that has ended, though another still may say some", function()
    local tasks <const>, result <const> = run { "print 'own words' io.stdout:flush() os.execute 'sleep 3 &'" }
    assert.truthy(result.seconds >= 0.2 and result.seconds < 2.9, result.seconds)
    assert.same({ "own words" }, tasks[1].outcome.lines)
  end)

  it("stops after so many failures, in a row if that is asked", function()
    assert(lfs.mkdir(folder .. "/2"))
    files.write(folder .. "/2/run.json", '{"status":"done","experiment":"toy"}')
    local codes <const> = { "os.exit(1)", "", "os.exit(1)", "os.exit(1)", "os.exit(1)" }
    local function last(settings)
      local _, result, heard = run(codes, settings)
      return ("%d %d %s"):format(result.counts.failed, result.counts.waiting, heard:match "started (%d)[^s]*$")
    end
    assert.equal("4 0 5", last {})
    assert.equal("1 4 1", last { maxfail = 1 })
    assert.equal("2 2 3", last { maxfail = 2 })
    assert.equal("3 1 4", last { maxfail = 2, in_a_row = true })
    assert.equal("4 0 5", last { maxfail = 4, in_a_row = true })
  end)

  it("asks one that takes too long to end, and says after how long", function()
    local tasks, result = run({ "os.execute 'exec sleep 30'" }, { timeout = 0.3 })
    assert.same({ "failed", "over 0.3s" }, { tasks[1].outcome.status, tasks[1].outcome.error })
    assert.truthy(tasks[1].outcome.seconds >= 0.3 and tasks[1].outcome.seconds < 5)
    assert.same(1, result.counts.failed)
    assert.truthy(tasks[1].outcome.peak > 1000)
  end)

  it("passes on the first signal to all, and kills them at the second", function()
    local self <const> = fm.system.process()
    local wait <const> = "os.execute 'exec sleep 30'"
    local tasks, result, heard = run({ wait, ("os.execute 'sleep 0.2; kill -USR1 %d; sleep 30'"):format(self), "" }, { jobs = 2 })
    assert.same({ "sigusr1", nil, 2, 1 }, { result.interrupted, result.killed, result.counts.killed, result.counts.waiting })
    assert.truthy(heard:find "^started 1, started 2, interrupted false, ended %d killed, ended %d killed$", heard)
    assert.equal("stopped before its first step", tasks[1].outcome.error)
    local deaf <const> = "fm = require 'fm' fm.system.catch_signals(function() end) while true do end"
    tasks, result, heard = run({ deaf, ("os.execute 'trap \"\" TERM; sleep 0.3; kill -HUP %d; sleep 0.5; kill -TERM %d; sleep 30'"):format(self, self) },
      { jobs = 2 })
    assert.same({ "sighup", "sigterm" }, { result.interrupted, result.killed })
    assert.truthy(heard:find("started 1, started 2, interrupted false, ", 1, true) and heard:find("interrupted true, ", 1, true), heard)
    assert.same({ "killed", "stopped at once" }, { tasks[1].outcome.status, tasks[1].outcome.error })
  end)

  it("has a job that has ended when no process can be started", function()
    local spawn <const> = uv.spawn
    uv.spawn = function() return nil, "EAGAIN: resource temporarily unavailable" end
    local ok, tasks = pcall(run, { "", "" })
    uv.spawn = spawn
    assert.is_true(ok)
    for i = 1, 2 do
      assert.same({ "failed", "cannot start a process: EAGAIN: resource temporarily unavailable", 4, 0 }, { tasks[i].outcome.status,
        tasks[i].outcome.error, tasks[i].outcome.code, tasks[i].outcome.seconds })
    end
  end)

  it("takes first what no other process has, from another place after it met one", function()
    local taken <const> = { [1] = true, [3] = true }
    local heard = select(3, run({ "", "", "", "" }, { is_taken = function(task) return taken[task.n] end }))
    assert.equal("2 4 1 3", table.concat((function()
      local list = {}
      for n in heard:gmatch "started (%d)" do list[#list + 1] = n end
      return list
    end)(), " "))
    local process <const> = fm.system.process
    local function order(pid)
      fm.system.process = function() return pid end
      local pool <const> = pools.new { jobs = 1 }
      local waiting, list = { 1, 2, 3, 4, 5 }, {}
      list[1] = pool:take(waiting)
      pool:scatter()
      while #waiting > 0 do list[#list + 1] = pool:take(waiting) end
      fm.system.process = process
      return table.concat(list, " ")
    end
    assert.equal("1 2 3 4 5", order(0))
    assert.equal("1 3 2 5 4", order(9))
    local pool <const> = pools.new { jobs = 1, is_taken = function() return true end }
    pool:scatter()
    assert.equal(1, pool:take { 1, 2, 3 })
    assert.same({ "SIGSEGV", "SIGKILL", "signal 99" }, { pools.signal_name(11), pools.signal_name(9), pools.signal_name(99) })
  end)
end)

-- Runs that do not end when they should, or end before the others: what a sweep does then, and what
-- a run that goes on knows of the time before.
local fm <const> = require "fm"
local shell <const> = require "cli.shell"

local call <const>, has <const> = shell.call, shell.has

--- An experiment "odd" whose run does what `body` says with run and p.n.
local function write_odd(body)
  shell.write("odd.lua", ([[
    local fm = require "fm"
    local function stop_now() io.popen("kill -TERM " .. fm.system.process()):close() end
    return fm.experiment { name = "odd", params = { n = 1 }, run = function(run, p)
      %s
      run:summary { loss = p.n / 8 }
    end }]]):format(body))
end

--- The run.json of the runs of the only sweep, by n.
local function records()
  local folder, list = shell.folder .. "/runs/odd/" .. shell.names(shell.folder .. "/runs/odd", "^sweep%-")[1], {}
  for _, entry in ipairs(shell.json(folder .. "/sweep.json").runs) do list[entry.config.n] = shell.json(("%s/%s/run.json"):format(folder, entry.folder)) end
  return list
end

--- Whether a process whose id a file holds is still there, and no zombie.
local function is_alive(name)
  local pid = shell.read(shell.folder .. "/" .. name):match "%d+"
  local file <close> = io.open(("/proc/%s/stat"):format(pid))
  return file ~= nil and not file:read "a":find "%) [ZX] "
end

local deaf <const> = [[os.execute "sleep 300 & echo $! >grandchild" io.open("began", "w"):close()
  while true do pcall(os.execute, "sleep 0.1") end]]
local wait_for_began <const> = "i=0; while [ ! -e began ] && [ $i -lt 200 ]; do sleep 0.05; i=$((i + 1)); done;"

describe("a sweep", function()
  before_each(shell.open)
  after_each(shell.close)

  it("goes on when one run stops by itself, says so, and takes it up the next time", function()
    write_odd [[for step in run:steps(4) do
      run:log { x = step }
      if p.n == 2 and step == 3 and not io.open "calm" then stop_now() end
    end]]
    local code, _, err = call "-m -j 1 odd.lua n=1:3"
    assert.equal(1, code)
    has(err, "stop  002 n=2", "stopped after step 3", "ok    003 n=3", "2 ok, 1 stopped in ")
    local found = records()
    assert.same({ "done", "killed", "done" }, { found[1].status, found[2].status, found[3].status })
    assert.same({ 3, "SIGTERM after step 3" }, { found[2].steps, found[2].error })
    shell.write("calm", "")
    code, _, err = call "-m -j 1 odd.lua n=1:3"
    assert.equal(0, code)
    has(err, "2 done before", "1 ok in ")
    assert.same({ "done", 4 }, { records()[2].status, records()[2].steps })
  end)

  it("kills a run that does not listen some time after its timeout, and what the run has started", function()
    write_odd("if p.n == 1 then " .. deaf .. " end")
    local began = fm.system.seconds()
    local code, _, err = shell.run(("timeout 60 %s -m -j 2 --timeout 0.5s odd.lua n=1:2"):format(shell.fmrun))
    assert.equal(1, code)
    has(err, "FAIL  001 n=1", "over --timeout 0.5s", "ok    002 n=2", "1 ok, 1 failed")
    local took = fm.system.seconds() - began
    assert.is_true(took > 10 and took < 60, took)
    assert.same({ "failed", "done" }, { records()[1].status, records()[2].status })
    assert.is_false(is_alive "grandchild")
  end)

  it("kills at the second Ctrl-C what does not listen, and what that has started", function()
    write_odd(deaf)
    local began = fm.system.seconds()
    local code, _, err = shell.run(("%s -m -j 1 odd.lua n=1:2 & first=$!; %s kill -INT $first; sleep 0.4; kill -INT $first; wait $first"):format(
      shell.fmrun, wait_for_began))
    assert.equal(130, code, err)
    assert.is_true(fm.system.seconds() - began < 60)
    assert.is_false(is_alive "grandchild")
    assert.equal(0, (shell.run "[ $(ls runs/odd/*/*/run.json | wc -l) = 1 ]")) -- the other was not begun
  end)

  it("of just --max-runs runs is made, of one more refused", function()
    write_odd ""
    local code, out = call "-m -n odd.lua n=1:3 --max-runs 3"
    assert.same({ 0, "001 n=1\n002 n=2\n003 n=3\n" }, { code, out })
    local _, message
    code, _, message = call "-m -n odd.lua n=1:4 --max-runs 3"
    assert.equal(2, code)
    has(message, "sweep has 4 runs, over the limit of 3 (--max-runs N)")
    code, out = call "-m -n odd.lua n=1:100 seed=1:100"
    assert.same({ 0, 10000 }, { code, #shell.lines(out) })
    assert.equal(2, (call "-m -n odd.lua n=1:10001"))
  end)
end)

describe("a run that goes on", function()
  before_each(shell.open)
  after_each(shell.close)

  it("counts logs without a gain from before too: it stops early at the step of a run that was not interrupted", function()
    local body <const> = [[
      local kept = { steps = 0 }
      run:keeps { kept = kept } -- else it begins again
      run:stop_when { metric = "m", patience = 5 }
      local values = { 5, 2, 4, 3, 3, 6, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4 }
      for step in run:steps(16) do
        kept.steps = kept.steps + 1
        run:log { m = values[step] }
        if step == p.n and not io.open "calm" then stop_now() end
      end]]
    for at = 1, 6 do
      write_odd(body)
      assert.equal(75, (call(("-q odd.lua --folder r%d n=%d"):format(at, at))))
      shell.write("calm", "")
      assert.equal(0, (call(("-q resume r%d"):format(at))))
      os.remove(shell.folder .. "/calm")
      local record = shell.json(("%s/r%d/run.json"):format(shell.folder, at))
      assert.same({ "done", 7 }, { record.status, record.steps }, "stopped after step " .. at)
    end
  end)

  it("adds its seconds to those from before, in run.json and in timing.jsonl", function()
    write_odd [[run:keeps { kept = {} }
    for step in run:steps(4) do
      os.execute "sleep 0.25"
      run:log { x = step }
      run:flush()
      if step == 2 and not io.open "calm" then stop_now() end
    end]]
    assert.equal(75, (call "-q odd.lua --folder r"))
    local before = shell.json(shell.folder .. "/r/run.json").seconds
    shell.write("calm", "")
    assert.equal(0, (call "-q resume r"))
    local after = shell.json(shell.folder .. "/r/run.json").seconds
    assert.is_true(before >= 0.5 and before < 60, before)
    assert.is_true(after >= 1 and after < 60, after) -- four times a quarter of a second, two of them before
    local lines = shell.lines(shell.read(shell.folder .. "/r/timing.jsonl"))
    local last = fm.json.decode(lines[#lines])
    assert.equal(4, last.step)
    assert.is_true(last.seconds >= 1 and last.seconds < after + 0.1, last.seconds)
  end)
end)

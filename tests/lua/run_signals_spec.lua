-- Signals to a run, in one process and in one of several, and what several processes tell each
-- other while they run: with signals and messages of the test's own.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local ending <const> = require "fm.run.ending"
local executed <const> = dofile "tests/lua/executed.lua"
local processes <const> = require "fm.parts.processes"
local shares <const> = require "fm.parts.shares"
local signals <const> = require "fm.run.signals"
local together <const> = require "fm.run.together"

local bare <const> = require "fm.core".processes

--- f while signals are what the test sends: send(name, count) is what f gets.
local function with_signals(f)
  local own <const>, handler = fm.system.catch_signals, nil
  function fm.system.catch_signals(g) handler = g end
  local ok, problem = pcall(f, function(...) return handler(...) end, function() return handler end)
  fm.system.catch_signals = own
  if not ok then error(problem, 0) end
end

describe("a signal to a run", function()
  checks.no_bytes_stay(setup, teardown)
  before_each(executed.open)
  after_each(executed.close)

  it("ends it after its step, with a checkpoint; the second one at once", function()
    with_signals(function(send, handler)
      local function ended(list, keeps, at)
        local status, said, signal = executed.run(function(o)
          o:checkpoints { seconds = 0 }
          if keeps then o:keeps { t = { n = 1 } } end
          if at == 0 then for i, name in ipairs(list) do send(name, i) end end
          for step in o:steps(4) do
            if step == at then
              for i, name in ipairs(list) do send(name, i) end
              o:print "still here"
            end
          end
          if at == 5 then for i, name in ipairs(list) do send(name, i) end end
        end, {}, { anew = true })
        assert.is_nil(handler())
        local record <const> = executed.record()
        assert.equal(status, record.status)
        return record.error, signal, said, executed.read "state.json" ~= nil
      end
      for _, name in ipairs { "INT", "TERM", "HUP", "USR1" } do
        local problem, signal, said, saved = ended({ name }, true, 2)
        assert.same({ ("SIG%s after step 2"):format(name), { name = name, again = false, alone = false }, true }, { problem, signal, saved })
        assert.truthy(said:find(("\nstopping %s true\nprint still here\nended "):format(name), 1, true), said)
        problem, signal, said, saved = ended({ name }, false, 3)
        assert.same({ ("SIG%s after step 3"):format(name), false }, { problem, saved })
        assert.truthy(said:find(("\nstopping %s false\nprint still here\nended "):format(name), 1, true), said)
        problem, signal, said, saved = ended({ "TERM", name }, true, 2)
        if name == "USR1" then
          assert.same({ "SIGTERM after step 2", { name = "TERM", again = false, alone = false }, true }, { problem, signal, saved })
        else
          assert.same({ ("SIG%s after step 2, for the second time"):format(name), { name = name, again = true, alone = false }, false }, { problem, signal,
            saved })
          assert.is_nil(said:find("still here", 1, true))
        end
        problem, signal = ended({ name }, true, 0)
        assert.same({ ("SIG%s before step 1"):format(name), { name = name, again = false, alone = false } }, { problem, signal })
        problem, signal = ended({ name }, true, 5)
        assert.same({ ("SIG%s after step 4"):format(name), { name = name, again = false, alone = false } }, { problem, signal })
      end
      assert.is_nil(executed.read "log.txt") -- what is killed has no line there
    end)
  end)

  it("that the script catches ends it before the next step, and one at its end nothing", function()
    with_signals(function(send)
      local steps = 0
      local status = executed.run(function(o)
        pcall(send, "TERM", 1)
        for _ in o:steps(3) do steps = steps + 1 end
      end, {})
      assert.same({ "killed", 0, "SIGTERM before step 1" }, { status, steps, executed.record().error })
      local flush <const> = require "fm.run.logging".flush
      require "fm.run.logging".flush = function(...)
        send("INT", 1)
        send("INT", 2)
        return flush(...)
      end
      local ok, problem = pcall(function() assert.equal("done", (executed.run(function() end, {}, { anew = true }))) end)
      require "fm.run.logging".flush = flush
      assert(ok, problem)
    end)
  end)
end)

describe("one of several processes", function()
  local own, real, own_shares, log

  before_each(function()
    own, real, own_shares, log = {}, {}, {}, {}
    for name, value in pairs(processes) do own[name] = value end
    for name, value in pairs(bare) do real[name] = value end
    for name, value in pairs(shares) do own_shares[name] = value end
    function bare.send(to, kind, what)
      log[#log + 1] = { to, kind, what }
      return true
    end
  end)
  after_each(function()
    for name, value in pairs(own) do processes[name] = value end
    for name, value in pairs(real) do bare[name] = value end
    for name, value in pairs(own_shares) do shares[name] = value end
  end)

  local function new_run(step, in_loop)
    local run <const> = { name = "x", said = {}, signals = signals.new(), loop = { step = step, thread = in_loop or false }, saving = { kept = { 1 } } }
    run.listener = { stopping = function(_, ...) run.said[#run.said + 1] = { ... } end, note = function(_, text) run.said[#run.said + 1] = text end }
    return run
  end

  it("waits for the others when a signal comes in a loop; outside of one rank 0 ends the run", function()
    processes.size = 2
    with_signals(function(send)
      for rank = 0, 1 do
        processes.rank = rank
        local run = new_run(3, true)
        local unwatch <const> = signals.watch(run)
        send("TERM", 1)
        assert.same({ {}, "TERM", nil }, { run.said, run.signals.waiting, run.signals.came })
        run.signals.may_raise = true
        send("USR1", 2)
        assert.same({ { { "USR1", true } }, "TERM" }, { run.said, run.signals.waiting })
        local ok, problem = pcall(send, "INT", 2)
        assert.same({ false, { status = "killed", message = "SIGINT after step 3, for the second time", signal = { name = "INT", again = true,
          alone = true } } }, { ok, ending.of(problem) })
        run = new_run(0, false)
        run.signals.may_raise = true
        signals.watch(run)
        ok, problem = pcall(send, "HUP", 1)
        if rank == 0 then
          assert.same({ false, { status = "killed", message = "SIGHUP before step 1", signal = { name = "HUP", again = false, alone = true } } },
            { ok, ending.of(problem) })
        else
          assert.is_true(ok)
          assert.same({ "HUP", {} }, { run.signals.waiting, run.said })
        end
        unwatch()
        assert.is_false((pcall(send, "HUP", 1))) -- nobody listens
      end
    end)
  end)

  it("agrees with the others on the step, the signal and the end", function()
    local numbers <const> = { INT = 1, TERM = 2, HUP = 3, USR1 = 4 }
    local function agreed(rank, waiting, stopping, others)
      processes.rank, processes.size = rank, rank == 0 and #others + 1 or 2
      log = {}
      function bare.receive(from)
        return rank == 0 and others[from] or others
      end
      local run <const> = new_run(5, true)
      run.signals.waiting, run.loop.stopping = waiting, stopping
      together.between_steps(run)
      return run.signals.came, run.loop.stopping, log[1][3]
    end
    local function told(step, signal, stops) return string.pack("<i8i4i4", step, signal, stops) end
    local function answer(signal, stops) return string.pack("<i4i4", signal, stops) end
    for name, number in pairs(numbers) do
      assert.same({ name, nil, answer(number, 0) }, { agreed(0, name, nil, { told(5, 0, 0) }) })
      assert.same({ name, nil, answer(number, 0) }, { agreed(0, nil, nil, { told(5, 0, 0), told(5, number, 0) }) })
      assert.same({ name, nil, told(5, 0, 0) }, { agreed(1, nil, nil, answer(number, 0)) })
      assert.same({ "INT", nil, told(5, number, 0) }, { agreed(1, name, nil, answer(1, 0)) })
    end
    assert.same({ "TERM", nil, answer(2, 0) }, { agreed(0, "TERM", nil, { told(5, 1, 0) }) }) -- its own first
    assert.same({ "TERM", nil, answer(2, 0) }, { agreed(0, nil, nil, { told(5, 2, 0), told(5, 1, 0) }) })
    assert.same({ nil, "it is flat", answer(0, 1) }, { agreed(0, nil, "it is flat", { told(5, 0, 0) }) })
    assert.same({ nil, nil, answer(0, 0) }, { agreed(0, nil, nil, { told(5, 0, 1) }) }) -- rank 0 says
    assert.same({ nil, "rank 0 stops", told(5, 0, 0) }, { agreed(1, nil, nil, answer(0, 1)) })
    assert.same({ nil, "mine", told(5, 0, 1) }, { agreed(1, nil, "mine", answer(0, 1)) })
    assert.same({ nil, nil, told(5, 0, 1) }, { agreed(1, nil, "mine", answer(0, 0)) })
    local ok, problem = pcall(agreed, 0, nil, nil, { told(5, 0, 0), told(4, 0, 0) })
    assert.same({ false, "rank 2: it is at step 4, rank 0 is at step 5: the processes took different decisions. One that depends on the clock, "
      .. "on chance or on the machine must be the same for all: see run:agreed" }, { ok, problem })
    processes.size, log = 1, {}
    together.between_steps(new_run(5, true))
    assert.same({}, log)
  end)

  it("cuts its steps into the run's shares, says once when one cuts nothing, and ends with another's failure", function()
    local run <const> = new_run(7, true)
    local part <const> = together.begin(run, 6)
    assert.equal(6, shares.count)
    local ok, problem = pcall(processes.trouble, "rank 1 is gone")
    assert.same({ false, { status = "failed", message = "rank 1 is gone" } }, { ok, ending.of(problem) })
    run.loop.thread = false
    shares.uncut()
    assert.same({}, run.said)
    run.loop.thread = true
    shares.uncut()
    shares.uncut()
    assert.same({ 'x: step 7: its closure cuts no batch, so each process computes all of it: see "share" in fmrun help cluster' }, run.said)
    part()
    assert.equal(1, shares.count)
    assert.same({ own.trouble, own_shares.uncut }, { processes.trouble, shares.uncut })
  end)

  it("tells rank 0 of a failure, and of nothing that all know", function()
    processes.rank, processes.size = 1, 2
    local function told(...)
      processes.agreed_end, log = true, {}
      together.tell(...)
      return log[1] and log[1][3], processes.agreed_end
    end
    assert.same({ nil, true }, { told "done" })
    assert.same({ nil, true }, { told("killed", "SIGTERM", { name = "TERM" }) })
    assert.same({ nil, true }, { told("killed", "SIGTERM") })
    assert.same({ "again", false }, { told("killed", "again", { again = true }) })
    assert.same({ "alone", false }, { told("killed", "alone", { alone = true }) })
    assert.same({ "why", false }, { told("failed", "why") })
    assert.same({ "diverged", false }, { told "diverged" })
  end)

  it("has for a value what rank 0 has", function()
    local agreed <const> = together.methods.agreed
    for _, value in ipairs { 1, 0.1, -1 / 0, "a\n\0b", true, false } do
      assert.equal(value, agreed(nil, value))
      processes.rank, processes.size, log = 0, 2, {}
      function bare.receive() return "" end
      assert.equal(value, agreed(nil, value))
      local text <const> = log[1][3]
      processes.rank = 1
      function bare.receive() return text end
      assert.equal(value, agreed(nil, "mine"))
      processes.rank, processes.size = 0, 1
    end
    assert.is_nil(agreed(nil, nil))
    for value, name in pairs { [print] = "a function", [{}] = "a table" } do
      checks.raises_text("agreed: expected a number, a text, a boolean or nil, found " .. name, agreed, nil, value)
    end
    checks.raises_text("agreed: unexpected argument 2, a number: it takes 1", agreed, nil, 1, 2)
  end)

  it("opens a run as rank 0 does, and writes nothing", function()
    local function open() return { path = "p" }, { done = true, former = { steps = 3 }, shares = 4 } end
    assert.equal("p", together.open(open).path)
    processes.rank, processes.size = 0, 2
    function bare.receive() return "" end
    local folder, plan = together.open(open)
    assert.same({ "p", true, "" }, { folder.path, plan.done, log[1][3] })
    local text <const> = log[2][3]
    processes.rank, log = 1, {}
    local replies = { "", text }
    function bare.receive() return table.remove(replies, 1) end
    folder, plan = together.open(error)
    assert.same({ "p", { done = true, former = { steps = 3 }, shares = 4 } }, { folder.path, plan })
    assert.is_true(folder.mute)
    assert.equal("p/a", folder:file "a")
    for _, name in ipairs { "write_json", "add_line", "flush", "settle", "cut", "remove", "remove_temporary", "empty" } do
      assert.is_nil(folder[name](folder))
    end
    do local _ <close> = folder.lock end
    folder.lock:release()
    processes.rank, log = 0, {}
    function bare.receive() return "" end
    assert.same({ nil, "no", "busy" }, { together.open(function() return nil, "no", "busy" end) })
    replies = { "", log[2][3] }
    processes.rank = 1
    function bare.receive() return table.remove(replies, 1) end
    assert.same({ nil, "no", "busy" }, { together.open(error) })
  end)

  it("gets the tensors of the checkpoint in the order of their names", function()
    local a <const>, b <const> = fm.tensor { 1, 2 }, fm.tensor { { 3 } }
    local replay <const> = require "fm.run.replay"
    local plan <const> = { slot = { step = 3 }, replay = replay.new({ step = 3 }, { b = b, a = a }, { w = { 1 } }, { code = {} }, "advice") }
    processes.rank, processes.size = 0, 2
    function bare.receive() return "" end
    together.open(function() return { path = "p" }, plan end)
    assert.same({ a, b }, { log[3][3], log[4][3] })
    local replies = { "", log[2][3] }
    processes.rank = 1
    function bare.receive(_, _, tensor)
      if not tensor then return table.remove(replies, 1) end
      tensor:copy(tensor:rank() == 1 and a or b)
      return tensor
    end
    local _, got = together.open(error)
    assert.same({ { 1, 2 }, { { 3 } }, 3, { w = { 1 } }, { code = {} }, "advice", 3 }, { got.replay.tensors.a:totable(), got.replay.tensors.b:totable(),
      got.slot.step, got.replay.values, got.replay.past, got.replay.advice, got.replay.slot.step })
  end)
end)

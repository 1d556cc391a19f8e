-- How a run ends, and what is as it was afterwards: numbers that are not finite, os.exit, what the
-- script still holds; and what a record has beside the run's own words.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local diverged <const> = require "fm.parts.diverged"
local executed <const> = dofile "tests/lua/executed.lua"
local step_memory <const> = require "fm.parts.step_memory"

local run <const>, read <const> = executed.run, executed.read

--- The status of f and the first line of its error, without its place, which must be in this file.
local function ended(f, how)
  local status <const>, message = run(f, {}, how or { anew = true }), executed.record().error
  if not message then return status end
  local rest <const> = message:match "^tests/lua/run_ends_spec.lua:%d+: ([^\n]*)"
  return status, rest or "no place: " .. message
end

describe("the end of a run", function()
  checks.no_bytes_stay(setup, teardown)
  before_each(executed.open)
  after_each(executed.close)

  it("is diverged at once, or after the step, when numbers are not finite", function()
    local raise <const>, note <const> = diverged.raise, diverged.note
    assert.same({ "diverged", "a gradient is nan at step 2; the update was left out" }, { ended(function(o)
      for step in o:steps(3) do
        if step == 2 then diverged.raise("a gradient is nan", "the update was left out", 99) end
      end
    end) })
    assert.equal(2, executed.record().steps)
    local function noting(at, more)
      return function(o)
        for step in o:steps(3) do
          if step == at then
            diverged.note("loss is nan", "it was given back", 99)
            diverged.note("second", "", 99)
          end
          o:log { other = step }
        end
        if more then more(o) end
      end
    end
    assert.same({ "diverged", "loss is nan at step 2; it was given back" }, { ended(noting(2)) })
    assert.same({ 2, '{"step":1,"other":1}\n{"step":2,"other":2}\n' }, { executed.record().steps, read "metrics.jsonl" })
    assert.same({ "diverged", "loss is nan at step 3; it was given back" }, { ended(noting(3)) })
    assert.same({ "diverged", "late at step 3; more" }, { ended(noting(0, function() diverged.note("late", "more", 1) end)) })
    assert.equal(raise, diverged.raise)
    assert.equal(note, diverged.note)
    for value, text in pairs { [1 / 0] = "inf", [-1 / 0] = "-inf" } do
      assert.same({ "diverged", ("my_loss is %s at step 1"):format(text) }, { ended(function(o)
        for _ in o:steps(2) do o:log { a = value, my_loss = value } end
      end) })
      assert.equal(('{"step":1,"a":"%s","my_loss":"%s"}\n'):format(text, text), read "metrics.jsonl")
    end
    assert.equal("done", (ended(function(o) for _ in o:steps(2) do o:log { a = 0 / 0 } end end)))
  end)

  it("is failed when the script calls os.exit; print and os.exit are themselves afterwards", function()
    local print <const>, exit <const> = print, os.exit
    assert.same({ "failed", "os.exit was called inside the run" }, { ended(function(o)
      assert.not_equal(exit, os.exit)
      assert.not_equal(print, _G.print)
      os.exit(0)
      o:log { loss = 1 }
    end) })
    assert.equal(exit, os.exit)
    assert.equal(print, _G.print)
  end)

  it("is the end for what the script still holds of it", function()
    local held, iterate, may_raise
    local status = run(function(o)
      held = o
      iterate = o:steps(2)
      local leave <const> = require "fm.run.logging".flush
      require "fm.run.logging".flush = function(own, ...)
        require "fm.run.logging".flush = leave
        may_raise = own.signals.may_raise
        return leave(own, ...)
      end
    end, {})
    assert.equal("done", status)
    assert.is_false(may_raise)
    checks.raises_text("the run is over", function() held:log { loss = 1 } end)
    checks.raises_text("steps: the run is over", iterate)
  end)

  it("of its loop, too, whose coroutine died: the next one goes on from there", function()
    local steps = {}
    assert.equal("done", (ended(function(o)
      local thread <const> = coroutine.create(function()
        for step in o:steps(5) do
          if step == 2 then error "died" end
        end
      end)
      assert.is_false((coroutine.resume(thread)))
      for step in o:steps(2) do steps[#steps + 1] = step end
    end)))
    assert.same({ 3, 4 }, steps)
  end)

  it("is recorded with the memory of its largest step, its shares, its commit, and that of the process", function()
    local asked = 0
    local function commit(dirty)
      return { hash = "abc", wait = function()
        asked = asked + 1
        return dirty
      end }
    end
    step_memory.peak, step_memory.held = 99, 9
    run(function() end, {}, { commit = commit(true) })
    local record = executed.record()
    assert.same({ "abc", true, nil, nil, 1 }, { record.commit, record.dirty, record.step_peak_bytes, record.shares, asked })
    run(function() step_memory.peak, step_memory.held = 1, 0 end, {}, { anew = true, commit = { hash = "abc", dirty = false }, shares = 2 })
    record = executed.record()
    assert.same({ "abc", false, 1, 1, 2 }, { record.commit, record.dirty, record.step_peak_bytes, record.step_bytes, record.shares })
    run(function() step_memory.peak, step_memory.held = 70, 30 end, {}, { anew = true })
    record = executed.record()
    assert.same({ nil, nil, 70, 40 }, { record.commit, record.dirty, record.step_peak_bytes, record.step_bytes })
    local whole <const> = fm.json.decode(read "run.json")
    local blas <const>, core <const> = fm.system.blas()
    assert.same({ fmrun = fm.version, real = fm.real, lua = fm.system.lua, blas = blas, blas_core = core }, whole.versions)
    assert.same({ fm.system.threads(), require "lfs".currentdir(), (require "fm.run.cores"()) }, { whole.threads, whole.directory, whole.cores })
    assert.truthy(whole.peak_rss > 1000 and whole.peak_rss < 1e7)
    step_memory.reset()
    assert.same({ 0, 0 }, { step_memory.peak, step_memory.held })
  end)

  it("leaves the places of loaders by their loop and number", function()
    run(function(o)
      local function loader() return fm.data.batches(fm.range(1, 9), 1) end
      o:checkpoints { every = 1, seconds = 0 }
      o:keeps { t = {} }
      local a <const>, b <const> = loader(), loader()
      for _ in o:steps(1) do
        a()
        loader()()
      end
      local c <const>, d <const> = loader(), loader()
      for step in o:steps(2) do
        a()
        c()
        if step == 3 then error "stop" end
      end
      return b, d
    end, {})
    local slot <const> = fm.json.decode(read "state.json").state.slots[1]
    assert.equal(2, slot.step)
    assert.same({ ["0.1"] = { 0, 3 }, ["0.2"] = { 0, 1 }, ["1.1"] = { 0, 2 }, ["1.2"] = { 0, 1 } }, slot.places[2])
    assert.same({ ["0.1"] = { 0, 2 }, ["0.2"] = { 0, 1 } }, slot.places[1])
  end)
end)

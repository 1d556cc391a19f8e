-- When a run writes which checkpoints, and where its loaders are when it goes on: with a clock that
-- the test moves, so that every limit is met from both sides.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local executed <const> = dofile "tests/lua/executed.lua"

local run <const>, read <const> = executed.run, executed.read

--- Runs f while a function of a table writes down its calls, each as text(...); without `instead`
--- it does what it does. Returns the calls as a text.
local function calls_of(t, name, text, f, instead)
  local own <const>, calls = t[name], {}
  t[name] = function(...)
    calls[#calls + 1] = text(...)
    return (instead or own)(...)
  end
  local ok, problem = pcall(f)
  t[name] = own
  if not ok then error(problem, 0) end
  return table.concat(calls, " ")
end

--- The steps at which a run of `steps` steps writes a slot, a step taking so many seconds.
local function slots(steps, seconds, how, options)
  local checkpoint <const> = require "fm.run.checkpoint"
  return calls_of(checkpoint, "write", function(_, position) return position.step .. (position.ended and "e" or "") end, function()
    local status, said = run(function(o)
      if options then o:checkpoints(options) end
      o:keeps { t = { n = 1 } }
      for _ = 1, 2 do
        for _ in o:steps(steps) do executed.clock = executed.clock + seconds end
      end
    end, {}, how)
    assert.equal("done", status, said)
  end)
end

describe("checkpoints of a run", function()
  checks.no_bytes_stay(setup, teardown)
  before_each(executed.open)
  after_each(executed.close)

  it("are written every so many seconds and steps; at the end of a loop when a sixtieth has passed", function()
    for _, entry in ipairs {
      { "5 10e 15 20e", 10, 12.0 }, { "4e 8e", 4, 14.0 }, { "4e 8e", 4, 0.25 }, { "8e", 4, 0.125 }, { "", 4, 0.1 }, { "8e", 4, 0.24 },
      { "1 2 3e 4 5 6e", 3, 1.0, { checkpoint_seconds = 1 } }, { "", 3, 100.0, { checkpoint_seconds = 0 } }, { "2 4 6e", 3, 100.0, { checkpoint_every = 2,
        checkpoint_seconds = 0 } }, { "2 4 6e", 3, 100.0, nil, { every = 2, seconds = 0 } }, { "3e 6e", 3, 0.0, { checkpoint_every = 3 } },
      { "1 2 3e 4 5 6e", 3, 0.0, { checkpoint_every = 1 }, { every = 3 } },
    } do
      executed.close()
      executed.open()
      local found = slots(entry[2], entry[3], entry[4], entry[5])
      assert.equal(entry[1], found, ("%d steps of %g s"):format(entry[2], entry[3]))
    end
  end)

  it("of steps stay as they are asked for", function()
    local function names(how, options)
      local status, said = run(function(o)
        o:checkpoints(options)
        local w <const> = fm.zeros(1)
        o:keeps { w = w }
        for step in o:steps(9) do w:fill(step) end
      end, {}, how)
      local list = {}
      for name in executed.names():gmatch "checkpoint%-step%-(%d+)" do list[#list + 1] = name end
      executed.close()
      executed.open()
      return table.concat(list, " "), status, said
    end
    assert.equal("6 8", (names({}, { every = 2, keep_last = 2 })))
    assert.equal("9", (names({}, { every = 3, keep_last = 1 })))
    assert.equal("3 6 9", (names({}, { every = 3, keep_last = 9 })))
    assert.equal("", (names({}, { every = 3 })))
    assert.equal("4 8", (names({ checkpoint_every = 4, keep_last = 2 }, { every = 3 })))
    assert.equal("1 2 3 4 5 6 7 8 9", (names({ checkpoint_every = 1, keep_last = 20 }, { seconds = 0 })))
    local _, status, said = names({ keep_last = 2 }, {})
    assert.equal("failed", status)
    assert.truthy(said:find("--keep-last needs --checkpoint-every, the steps at which it keeps", 1, true), said)
    _, status, said = names({}, { keep_last = 2 })
    assert.equal("failed", status)
    assert.truthy(said:find("checkpoints: keep_last needs every: the steps at which it keeps", 1, true), said)
    for options, message in pairs { [{ every = -1 }] = "checkpoints: every: expected a whole number >= 0, found -1",
      [{ every = 0.5 }] = "checkpoints: every: expected a whole number >= 0, found 0.5",
      [{ seconds = -1 }] = "checkpoints: seconds: expected a number", [{ keep_last = -1 }] = "checkpoints: keep_last: expected a whole number >= 0",
      [{ best = 3 }] = "checkpoints: best: expected the name of a logged number, found 3", [{ mode = "least" }] = 'checkpoints: mode: ' } do
      _, status, said = names({}, options)
      assert.equal("failed", status)
      assert.truthy(said:find(message, 1, true), said)
    end
  end)

  it("of the best metric are written after its step, once for each better one", function()
    local checkpoint <const> = require "fm.run.checkpoint"
    local function best(mode, ...)
      local values <const> = { ... }
      return calls_of(checkpoint, "save", function(o, name) return ("%s:%d"):format(name:match "%-(%l*)%." or "last", o.loop.step) end, function()
        run(function(o)
          o:checkpoints { best = "m", mode = mode, seconds = 0 }
          o:keeps { w = fm.zeros(1) }
          for step in o:steps(#values) do
            if values[step] then o:log { m = values[step] } end
          end
        end, {}, { anew = true })
      end)
    end
    assert.equal("best:1 best:3 last:4", best("min", 2, 2, 1, 1.5))
    assert.equal("best:1 best:4 last:4", best("max", 2, 2, 1, 2.5))
    assert.equal("best:2 last:3", best("min", false, 2, 0 / 0))
    assert.same({ step = 2, value = 2 }, executed.record().best)
    assert.equal("last:2", best("min", false, false))
  end)

  it("have room on the disk, asked for once: three at first, one when the slots are there", function()
    local function rooms(steps, breaks, answer)
      local said
      local asked = calls_of(fm.file, "has_room", function(path, bytes) return ("%s %d"):format(path == executed.folder .. "/run", bytes) end, function()
        local _
        _, said = run(function(o)
          o:checkpoints { every = 1, seconds = 0 }
          o:keeps { t = { n = 1 } }
          for _ = 1, 2 do
            for step in o:steps(steps) do
              if step == breaks then error "stop" end
            end
          end
        end, {})
      end, answer and function() return nil, "none is left" end)
      return asked, said
    end
    local first <const> = rooms(2, 3)
    local bytes <const> = math.tointeger(tonumber(first:match "^true (%d+)$"))
    assert.truthy(bytes and bytes % 3 == 0, first)
    assert.equal(("true %d"):format(bytes // 3), (rooms(2, 0)))
    os.execute("rm -r " .. executed.folder .. "/run")
    local _, said = rooms(2, 0, true)
    assert.truthy(said:find(("there is no room for checkpoints, %d bytes: none is left"):format(bytes), 1, true), said)
    assert.equal(0, executed.record().steps)
    assert.equal("", calls_of(fm.file, "has_room", tostring, function() run(function(o) for _ in o:steps(1) do executed.clock = 99 end end, {}) end))
  end)

  it("hold what the script names, before its loops", function()
    local function error_of(f)
      assert.equal("failed", (run(f, {}, { anew = true })))
      return executed.record().error:match "^tests/lua/run_saving_spec.lua:%d+: ([^\n]*)"
    end
    assert.equal("keeps: expected a table of things by name, found one thing: run:keeps { model = model }", error_of(function(o) o:keeps(fm.zeros(1)) end)
      :gsub("found userdata$", "found one thing: run:keeps { model = model }"))
    assert.equal("keeps: expected a table of things by name, found one thing: run:keeps { model = model }", error_of(function(o)
      o:keeps(setmetatable({}, {}))
    end))
    assert.equal("keeps: expected a table of things by name, found string", error_of(function(o) o:keeps "w" end))
    assert.equal("keeps: unexpected argument 2, a table: it takes 1", error_of(function(o) o:keeps({}, {}) end))
    assert.equal("checkpoints: unexpected argument 2, a number: it takes 1", error_of(function(o) o:checkpoints({}, 3) end))
    for name, message in pairs { keeps = "keeps", checkpoints = "checkpoints", stop_when = "stop_when", floor = "floor", pareto = "pareto" } do
      assert.equal(message .. ": call it before the loop: what it asks for inside is lost when the run goes on from a checkpoint", error_of(function(o)
        for _ in o:steps(1) do o[name](o, {}) end
      end))
    end
    assert.equal("steps: expected a whole number >= 0, found -1", error_of(function(o) o:steps(-1) end))
    assert.equal("steps: expected a whole number >= 0, found 1.5", error_of(function(o) o:steps(1.5) end))
    assert.equal("steps: 9007199254740993 are over the limit of 9007199254740992", error_of(function(o) o:steps((1 << 53) + 1) end))
    assert.equal("steps: batches: expected an iterator, as data.batches gives one, found 3", error_of(function(o) o:steps(1, 3) end))
    assert.equal("steps: a loop of this run goes on; loops follow each other, they do not nest", error_of(function(o)
      for _ in o:steps(1) do
        for _ in o:steps(1) do error "never" end
      end
    end))
    assert.equal("steps: the batches ended at step 1 and do not begin again", error_of(function(o)
      for _ in o:steps(1, function() end) do error "never" end
    end))
    assert.equal("done", (run(function(o) assert(o:steps(1 << 53)) end, {}, { anew = true })))
  end)

  it("know the places of loaders made before, between and inside of loops", function()
    local function body(breaks)
      return function(o)
        local function loader(n)
          local own <const> = fm.data.batches(fm.range(1, n), 1, { rng = o.rng:stream("l" .. n) })
          return function() return own() or own() end, own
        end
        o:checkpoints { every = 1, seconds = 0 }
        o:keeps { t = { n = 1 } }
        local a, b = loader(3), loader(5)
        for step in o:steps(4) do
          o:log { x = a()[1], y = step % 2 == 0 and b()[1] or 0, z = loader(4)()[1] }
          if step == breaks then error "stop" end
        end
        local c <const>, own <const> = loader(7)
        c()
        for step in o:steps(4) do
          o:log { x = a()[1], y = b()[1], z = c()[1] }
          if step == breaks then error "stop" end
        end
        for step in o:steps(2, own) do
          o:log { x = a()[1], y = 0 }
          if step == breaks then error "stop" end
        end
        o:summary { a = a()[1], b = b()[1], c = c()[1] }
      end
    end
    assert.equal("done", run(body(0), {}), tostring(read "log.txt"))
    local lines <const>, summary <const> = read "metrics.jsonl", executed.record().summary
    for breaks = 2, 10 do
      assert.equal("failed", (run(body(breaks), {}, { anew = true })))
      local status, said = run(body(0), {})
      assert.equal("done", status, said)
      assert.truthy(said:find(('"step":%d}'):format(breaks - 1), 1, true), said)
      assert.equal(lines, read "metrics.jsonl", breaks)
      assert.same(summary, executed.record().summary)
    end
  end)
end)

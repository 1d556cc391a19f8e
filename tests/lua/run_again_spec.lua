-- Scripts that are called again for fmrun pareto, from what a run has left: in this process, so
-- that every way to say no is met. The measurements themselves: tests/cli/pareto_spec.lua.
local fm <const> = require "fm"
local again <const> = require "fm.run.again"
local checks <const> = dofile "tests/lua/checks.lua"
local executed <const> = dofile "tests/lua/executed.lua"
local files <const> = dofile "tests/whole_files.lua"

local path

--- Trains for two loops of two steps, and says what to measure after the first `after` of them
--- (3: never). It breaks in step `breaks`, if that is given.
local function script(after, breaks)
  return function(o)
    local w <const>, t <const> = fm.zeros(2), { n = 0 }
    o:checkpoints { every = 1, seconds = 0 }
    o:keeps { w = w, t = t }
    for loop = 0, 2 do
      if loop > 0 then
        for step in o:steps(2) do
          w:copy(w + step)
          t.n = t.n + 1
          o:log { loss = step }
          o:print "a line"
          if step == breaks then error("broken", 0) end
        end
      end
      if loop == after then o:pareto { sample = function(n) return w * n, n end, metric = function(x) return x[1] + t.n + 100 * o.step end, name = "far" } end
    end
  end
end

--- Calls it again. Returns the status, the message, and what was measured of one step, if it was.
local function call(run, how, values)
  local measured
  local all <const> = { path = path, listener = executed.listener {}, advice = function(of) return "advice of " .. of end }
  for key, value in pairs(how or {}) do all[key] = value end
  local status, message = again(fm.experiment { name = "toy", params = { lr = 0.5 }, run = run }, values or { lr = 0.5, seed = 0 }, all, function(what,
    about)
    measured = { name = what.name, value = what.metric((what.sample(2))), step = about.step, identity = about.identity }
  end)
  return status, message and message:gsub(path:gsub("%p", "%%%0"), "RUN"), measured
end

describe("a script that is called again", function()
  checks.no_bytes_stay(setup, teardown)
  before_each(function()
    executed.open()
    path = executed.folder .. "/run"
  end)
  after_each(executed.close)


  it("of a run that is done has what it kept at its end, and writes nothing", function()
    assert.equal("done", (executed.run(script(1), { lr = 0.5 })))
    local before <const>, record <const> = executed.names(), executed.read "run.json"
    assert.equal("far", executed.record().pareto)
    local status, message, measured = call(script(1))
    assert.same({ "answered", "" }, { status, message })
    assert.same({ "far", 2 * 10 + 204, 4, 16 }, { measured.name, measured.value, measured.step, #measured.identity })
    assert.equal(measured.identity, select(3, call(script(2))).identity)
    assert.equal(24, select(3, call(script(0))).value) -- before any loop, too
    assert.equal(424, select(3, call(script(2))).value) -- after both
    assert.same({ before, record }, { executed.names(), executed.read "run.json" })
    local other <const> = fm.json.decode(record)
    other.versions.real, other.config.lr = "half", 0.25
    files.write(path .. "/run.json", fm.json.encode(other))
    status, message = call(script(1))
    assert.same({ "failed", ("RUN: not what wrote the checkpoint of step 4:\n  config: lr was 0.25, is now 0.5\n  numbers: was half, is now %s\n"
      .. "advice of RUN"):format(fm.real) }, { status, message })
    assert.equal("answered", (call(script(1), { force = true })))
    os.remove(path .. "/checkpoint.safetensors")
    assert.same({ "failed", "RUN/checkpoint.safetensors is missing: a run that keeps nothing leaves none (run:keeps { model = model } before its loop)" },
      { call(script(1), { force = true }) })
  end)

  it("of a run that was interrupted has what its last checkpoint holds", function()
    assert.equal("failed", (executed.run(script(2, 4), { lr = 0.5 })))
    local before <const> = executed.names()
    local status, _, measured = call(script(2))
    assert.same({ "answered", 2 * 6 + 303, 3 }, { status, measured.value, measured.step })
    assert.equal(before, executed.names())
    local _, _, early = call(script(1))
    assert.same({ measured.value - 100, measured.identity }, { early.value, early.identity })
    status, _ = call(script(2), nil, { lr = 0.25, seed = 0 })
    assert.equal("failed", status)
    local _, message = call(script(2), nil, { lr = 0.25, seed = 0 })
    assert.equal("RUN: not what wrote the checkpoint of step 3:\n  config: lr was 0.5, is now 0.25\nadvice of RUN", message)
    local _, _, forced = call(script(2), { force = true }, { lr = 0.25, seed = 0 })
    assert.equal(measured.value, forced.value)
    assert.not_equal(measured.identity, forced.identity)
    files.write(path .. "/metrics.jsonl", "") -- what it logged does not matter here
    assert.equal(measured.value, select(3, call(script(2))).value)
    files.write(path .. "/checkpoint-1.safetensors", "short")
    local _, _, older = call(script(1))
    assert.same({ 2 * 3 + 202, 2 }, { older.value, older.step })
    files.write(path .. "/checkpoint-2.safetensors", "short")
    status, message = call(script(2))
    assert.equal("failed", status)
    assert.truthy(message:find "^RUN/checkpoint%-%d.safetensors is damaged: [^\n]*\nRUN/checkpoint%-%d.safetensors is damaged: [^\n]*\n"
      and message:find "\nRUN: there is no checkpoint: fmrun resume begins again$", message)
    os.remove(path .. "/run.json")
    assert.same({ "failed", "RUN: run.json is missing" }, { call(script(2)) })
  end)

  it("that was interrupted before the loop whose end it measures says so", function()
    executed.run(script(2, 2), { lr = 0.5 })
    assert.same({ "failed", "the last checkpoint is of step 1, in loop 1 of the script, and the script says what to measure (run:pareto) after its "
      .. "loop 2: fmrun resume goes on with the run" }, { call(script(2)) })
    assert.equal("answered", (call(script(1))))
  end)

  it("says what to do when it has nothing to measure, and fails as it does", function()
    executed.run(script(3), { lr = 0.5 })
    local status, message = call(script(3))
    assert.equal("failed", status)
    assert.equal([[
RUN: the script does not say what to measure (run:pareto). fmrun pareto compares solvers and numbers of steps.
Where samples cost one evaluation (a GAN, a VAE, a model of one step) or none are drawn, there is nothing to compare.
For a model whose samples are the end of an ODE, add a line after the training, such as
  run:pareto { field = model, x0 = noise, metric = function(x) return metrics.wasserstein2(x, truth) end, name = "W2 to the data" }
or, when it samples in n steps in another way (diffusion, tokens), give sample instead of field and x0:
  run:pareto { sample = function(n) return draw(n), n end, metric = ... }
Then call fmrun pareto --force (fmrun help fm.Run:pareto)]], message)
    status, message = call(function() error("broken", 0) end)
    assert.equal("failed", status)
    assert.truthy(message:find "^broken", message)
    local lock <const> = assert(fm.system.lock(path .. "/lock", 0))
    local former <const> = fm.system.lock
    function fm.system.lock(of, patience)
      assert.equal(0.3, patience)
      return former(of, 0)
    end
    status, message = call(script(1))
    fm.system.lock = former
    lock:release()
    assert.same({ "failed", "RUN: another process writes this run" }, { status, message })
  end)

  it("has the files of data that it reads compared, folders when they are read again", function()
    local data <const> = executed.folder .. "/data"
    assert(fm.file.mkdir_new(data))
    for i = 1, 65 do files.write(("%s/%d.txt"):format(data, i), "text " .. i) end
    local function reading(after)
      local body <const> = script(after)
      return function(o)
        for i = 1, 65 do assert(fm.data.text(("%s/%d.txt"):format(data, i))) end
        return body(o)
      end
    end
    executed.run(reading(1), { lr = 0.5 })
    local entry <const> = executed.record().data[1]
    assert.same({ data .. "/", 65 }, { entry.path, entry.files })
    assert.equal("answered", (call(reading(1))))
    files.write(data .. "/7.txt", "other")
    local status, message = call(reading(1))
    assert.equal("failed", status)
    assert.truthy(message:find(("^%s/: was %s, is now %%x+\nadvice of RUN$"):format(data:gsub("%p", "%%%0"), entry.hash)), message)
    assert.equal("answered", (call(reading(1), { force = true })))
    assert.equal("answered", (call(script(1)))) -- what is not read again is not compared
  end)

  it("has its loaders where they were, whichever loop called them", function()
    local function batches(after, breaks)
      return function(o)
        local next_batch <const> = fm.data.batches(fm.range(1, 12), 2, { shuffle = false })
        o:checkpoints { every = 1, seconds = 0 }
        o:keeps { t = { n = 1 } }
        for loop = 1, 2 do
          for step in o:steps(2) do
            next_batch()
            o:log { loss = 1 }
            if step == breaks then error("broken", 0) end
          end
          if loop == after then o:pareto { sample = function(n) return next_batch(), n end, metric = function(x) return x[1] end } end
        end
      end
    end
    executed.run(batches(2, 4), { lr = 0.5 })
    assert.equal(7, select(3, call(batches(2))).value) -- after step 3
    assert.equal(5, select(3, call(batches(1))).value)
  end)

  it("is answered though the script catches the end, and fm reads files for nobody afterwards", function()
    executed.run(script(1), { lr = 0.5 })
    local told, former = {}, fm.file.on_read
    function fm.file.on_read(f)
      told[#told + 1] = type(f)
      return former(f)
    end
    local body <const> = script(1)
    local status = call(function(o) pcall(body, o) end)
    fm.file.on_read = former
    assert.equal("answered", status)
    assert.same({ "function", "nil" }, told)
  end)

  it("has all differences said: of the config, then of the data, then of the numbers", function()
    local data <const> = {}
    for i = 1, 3 do
      data[i] = ("%s/%d.txt"):format(executed.folder, i)
      files.write(data[i], "text")
    end
    local body <const> = script(1)
    local function reading(o)
      for _, name in ipairs(data) do assert(fm.data.text(name)) end
      return body(o)
    end
    executed.run(reading, { lr = 0.5 })
    files.write(data[1], "one")
    os.remove(data[2])
    local record <const> = fm.json.decode(executed.read "run.json")
    record.config.lr, record.versions.real, record.steps = 1, "half", nil
    files.write(path .. "/run.json", fm.json.encode(record))
    local hash <const> = fm.file.hash
    local status, message = call(script(1))
    assert.equal("failed", status)
    assert.equal(("RUN: not what wrote the checkpoint of step 0:\n  config: lr was 1, is now 0.5\n  %s: was %s, is now %s\n  %s: was %s, is now missing\n"
      .. "  numbers: was half, is now %s\nadvice of RUN"):format(data[1], hash "text", hash "one", data[2], hash "text", fm.real), message)
    record.config, record.versions, record.data = nil, nil, nil -- as an earlier version had it
    files.write(path .. "/run.json", fm.json.encode(record))
    message = select(2, call(script(1), nil, {}))
    assert.equal(("RUN: not what wrote the checkpoint of step 0:\n  numbers: was nil, is now %s\nadvice of RUN"):format(fm.real), message)
  end)

  it("is called from the copies of its files, those that it required while it ran as well", function()
    local own <const> = executed.folder .. "/own.lua"
    files.write(own, "return 1")
    local code <const> = {}
    require "fm.run.code_files".add(code, own)
    executed.run(script(1, 2), { lr = 0.5 }, { code = code, copies_in = executed.folder .. "/run" })
    local hash <const> = fm.file.hash "return 1"
    assert.equal("return 1", executed.read(("code/own-%s.lua"):format(hash)))
    files.write(own, "return 2")
    local status, message = call(script(1))
    assert.equal("failed", status)
    assert.truthy(message:find(("\n  %s: was %s, is now %s\n"):format(own, hash, fm.file.hash "return 2"), 1, true), message)
    local copies <const> = {}
    assert.equal("answered", (call(script(1), { copies = copies })))
    assert.same({ [own] = { text = "return 1", hash = hash } }, copies)
  end)

  it("is another measurement when the checkpoint is another, and none when it cannot be read", function()
    executed.run(script(1), { lr = 0.5 })
    local first <const> = select(3, call(script(1))).identity
    assert(fm.save(path .. "/checkpoint.safetensors", { w = fm.ones(2) }, { ["fm.values"] = '{"w":["tensor","w"],"t":{"sn":4}}', ["fm.loops"] = "[2,4]" }))
    local status, message, other = call(script(1))
    assert.equal("answered", status, message)
    assert.not_equal(first, other.identity)
    executed.run(script(2, 4), { lr = 0.5 }, { anew = true })
    local load <const> = fm.load
    function fm.load() return nil, "it cannot be read" end
    status, message = call(script(2))
    local resumed, said = executed.run(script(2), { lr = 0.5 })
    fm.load = load
    assert.same({ "failed", "it cannot be read" }, { status, message })
    assert.same({ "failed", "refused it cannot be read" }, { resumed, said })
    for values, problem in pairs { ["{"] = "RUN/checkpoint.safetensors: not what a run writes: ", ["3"] = "RUN/checkpoint.safetensors: not what a run "
      .. "writes: fm.values and fm.loops are to be an object and a list" } do
      executed.run(script(1), { lr = 0.5 }, { anew = true })
      assert(fm.save(path .. "/checkpoint.safetensors", { w = fm.ones(2) }, { ["fm.values"] = values }))
      status, message = call(script(1))
      assert.equal("failed", status)
      assert.equal(problem, message:sub(1, #problem))
    end
    files.write(path .. "/checkpoint.safetensors", "short")
    status, message = call(script(1))
    assert.equal("failed", status)
    assert.truthy(message:find("checkpoint.safetensors", 1, true), message)
  end)
end)

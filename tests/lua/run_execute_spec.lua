-- Runs from beginning to end in this process, with a clock that stands still: every word and every
-- file of one, and how one goes on. With the program and its processes: tests/cli/resume_spec.lua.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local executed <const> = dofile "tests/lua/executed.lua"
local files <const> = dofile "tests/whole_files.lua"

local run <const>, read <const> = executed.run, executed.read

--- Six steps of a model of one number, in two loops; it breaks after step `breaks` of the whole run
--- (0: never).
local function training(breaks, more)
  return function(o, p)
    local w, kept <const> = fm.zeros(2), { n = 0 }
    o:checkpoints { every = 2, seconds = 0, best = "loss" }
    o:keeps { w = w, kept = kept }
    o:stop_when { metric = "other", patience = 9 }
    if more then more(o, p) end
    for loop = 1, 2 do
      for step in o:steps(loop == 1 and 2 or 4) do
        executed.clock = executed.clock + 0.25
        w:copy(w + step)
        kept.n = kept.n + o.rng:number()
        o:log { loss = 1 / step + p.lr, other = kept.n, note = "a" }
        if step == breaks then error "broken" end
      end
      if loop == 1 then o:summary { first = kept.n } o:save("first.txt", "after the first loop") end
    end
    o:summary { w = w[1], done = true }
    o:save("w.npy", w)
    print("end", 1.5)
  end
end

describe("a run in this process", function()
  checks.no_bytes_stay(setup, teardown)
  before_each(executed.open)
  after_each(executed.close)

  it("says and writes this", function()
    local status, said, signal, path = run(training(0), { lr = 0.5 })
    assert.same({ "done", executed.folder .. "/run", nil }, { status, path, signal })
    assert.equal([[
started {"config":{"lr":0.5,"seed":0},"experiment":"toy","path":"FOLDER/run","seed":0,"step":0}
begin toy 2 0 0
begin toy 6 2 0.5
print end	1.5
ended {"keeps":true,"path":"FOLDER/run","saved":true} ]], (said:gsub('{"arguments".*$', "")))
    assert.equal("checkpoint-best.safetensors checkpoint.safetensors config.json first.txt lock log.txt metrics.jsonl run.json timing.jsonl w.npy",
      executed.names())
    local lines <const> = {}
    local n, rng = 0, fm.rng(0, "run")
    for step = 1, 6 do
      n = n + rng:at(step):number()
      lines[step] = ('{"step":%d,"loss":%s,"note":"a","other":%s}\n'):format(step, fm.json.encode(1 / step + 0.5), fm.json.encode(n))
    end
    assert.equal(table.concat(lines), read "metrics.jsonl")
    assert.equal("end\t1.5\n", read "log.txt")
    assert.equal('{"seconds":1.0,"step":4}\n{"seconds":1.5,"step":6}\n{"seconds":1.5,"step":6}\n', read "timing.jsonl")
    assert.equal('{"lr":0.5,"seed":0}\n', read "config.json")
    local first = 0
    for step = 1, 2 do first = first + rng:at(step):number() end
    assert.same({ schema = 1, experiment = "toy", script = "toy.lua", command = "fmrun toy.lua", arguments = { "a" }, seed = 0, resumed = 0,
      config = { lr = 0.5, seed = 0 }, defaults = { lr = 0.5, seed = 0 }, status = "done", started = "2001-09-09T01:46:41.999Z",
      ended = "2001-09-09T01:46:43.499Z", code = {}, data = {},
      outputs = { "first.txt", "w.npy" }, pid = 4711, host = "lab", boot = "boot",
      seconds = 1.5, steps = 6, spikes = { loss = { count = 0 } },
      summary = { first = first, w = 21, done = true }, best = { step = 6, value = 1 / 6 + 0.5 } }, executed.record())
    local tensors, metadata = fm.load(executed.folder .. "/run/checkpoint.safetensors")
    assert.same({ { 21, 21 }, "[2,6]" }, { tensors.w:totable(), metadata["fm.loops"] })
    assert.same({ 21, 21 }, fm.load(executed.folder .. "/run/checkpoint-best.safetensors").w:totable())
  end)

  it("that breaks goes on from its last checkpoint to the same bytes", function()
    run(training(0), { lr = 0.5 })
    local whole <const>, record <const> = {}, executed.record()
    for _, name in ipairs { "metrics.jsonl", "w.npy", "first.txt", "checkpoint.safetensors" } do whole[name] = read(name) end
    for breaks = 1, 6 do
      executed.close()
      executed.open()
      local status, said = run(training(breaks), { lr = 0.5 })
      assert.equal("failed", status)
      assert.truthy(said:find(('\nended {"keeps":true,"path":"FOLDER/run","saved":%s}'):format(breaks > 2), 1, true), said)
      assert.equal(breaks > 2, read "state.json" ~= nil)
      local broken <const> = executed.record()
      assert.truthy(broken.error:find "run_execute_spec.lua:%d+: broken\n", broken.error)
      assert.same({ "failed", breaks, breaks > 2 and { "first.txt" } or {} }, { broken.status, broken.steps, broken.outputs })
      assert.equal(breaks, select(2, read "metrics.jsonl":gsub("\n", "")))
      executed.clock = executed.clock + 1000
      local at <const> = (breaks - 1) // 2 * 2
      local again, heard = run(training(0), { lr = 0.5 })
      assert.equal("done", again, heard)
      assert.truthy(heard:find(('"seed":0,"step":%d}\n'):format(at), 1, true), heard)
      assert.equal(at > 0, heard:find("begin toy 2 2", 1, true) ~= nil, heard)
      for name, bytes in pairs(whole) do assert.equal(bytes, read(name), name) end
      local now <const> = executed.record()
      assert.same({ record.summary, record.outputs, record.best, record.steps, record.started, 1 }, { now.summary, now.outputs, now.best, now.steps,
        now.started, now.resumed })
      assert.near(1.5, now.seconds, at > 0 and 1e-9 or 2000)
      assert.is_nil(read "state.json")
    end
  end)

  --- A run of n steps that keeps one number, with a checkpoint after every step.
  local function small(n, more)
    return function(o, p)
      local t <const> = { n = 0 }
      o:checkpoints { every = 1, seconds = 0 }
      o:keeps { t = t }
      for step in o:steps(n) do
        t.n = step
        o:log { loss = step }
        if more then more(step, o, p) end
      end
    end
  end
  local function stop_at(last)
    return function(step) if step == last then error("stop", 0) end end
  end
  local function refused(said) return said:match "^refused (.*)$" end

  it("goes on only as what it was, unless it is forced; done, it needs nothing", function()
    local params <const> = { lr = 0.5, note = "a" }
    assert.equal("failed", (run(small(3, stop_at(3)), params)))
    local status, said = run(small(3), params, {}, { lr = 0.25, note = "b" })
    assert.equal("failed", status)
    assert.equal("FOLDER/run: not the run that wrote the checkpoint of step 2:\n  config: lr was 0.5, is now 0.25\n  config: note was a, is now b\n"
      .. "advice of FOLDER/run", (refused(said):gsub(executed.folder:gsub("%p", "%%%0"), "FOLDER")))
    status, said = run(small(3), params, { shares = 2 })
    assert.truthy(status == "failed" and refused(said):find(":\n  shares: were 1, are now 2\nadvice", 1, true), said)
    assert.equal("FOLDER/run: another process writes this run", (function()
      local folder <const> = assert(require "fm.run.folder".at(executed.folder .. "/run"))
      local busy, heard, _, path = run(small(3), params)
      folder.lock:release()
      assert.same({ "busy", executed.folder .. "/run" }, { busy, path })
      return refused(heard)
    end)())
    status, said = run(small(3), params, { force = true }, { lr = 0.25, note = "a" })
    assert.equal("done", status, said)
    assert.truthy(said:find('"step":2}', 1, true), said)
    assert.equal(0.25, executed.record().config.lr)
    local bytes <const> = read "run.json"
    status, said = run(error, params, {}, { lr = 0.25, note = "a" })
    assert.same({ "done", "done_before FOLDER/run" }, { status, said })
    status, said = run(error, params)
    assert.same({ "failed", "refused FOLDER/run: holds another run, which is done:\n  config: lr was 0.25, is now 0.5\n"
      .. "choose another folder, or remove it" }, { status, said })
    assert.equal(bytes, read "run.json")
    status, said = run(small(2), params, { anew = true })
    assert.equal("done", status)
    assert.truthy(said:find('"step":0}', 1, true), said)
    assert.same({ 2, 2, 0.5 }, { executed.record().resumed, executed.record().steps, executed.record().config.lr })
    assert.equal('{"step":1,"loss":1}\n{"step":2,"loss":2}\n', read "metrics.jsonl")
  end)

  it("with a damaged checkpoint goes on from the older one, or begins again, and says so", function()
    local path <const> = executed.folder .. "/run/"
    run(small(4, stop_at(4)), {})
    files.write(path .. "checkpoint-1.safetensors", "short")
    local status, said = run(small(4), {})
    assert.equal("done", status)
    local first <const>, second <const> = said:match "^warn (FOLDER/run/checkpoint%-1.safetensors is damaged: [^\n]*)\nwarn ([^\n]*)\nstarted "
    assert.truthy(first, said)
    assert.equal("going on from the older checkpoint, of step 2", second)
    run(small(4, stop_at(4)), {}, { anew = true })
    for i = 1, 2 do files.write(("%scheckpoint-%d.safetensors"):format(path, i), "short") end
    status, said = run(small(4), {})
    assert.truthy(said:find("\nwarn no checkpoint is left: the run begins again\nstarted ", 1, true), said)
    assert.truthy(said:find('"step":0}', 1, true), said)
    assert.equal("done", status)
    os.remove(path .. "run.json")
    status, said = run(small(4), {})
    assert.same({ "failed", "refused FOLDER/run: run.json is missing; this is no run's folder, or one that ended before it began: choose another, or "
      .. "remove it" }, { status, said })
    for _, name in ipairs { "metrics.jsonl", "timing.jsonl", "checkpoint.safetensors" } do assert(os.remove(path .. name)) end
    assert.equal("config.json lock", executed.names())
    assert.equal("done", (run(small(1), {}))) -- as fresh as one that was killed before its run.json
    files.write(path .. "run.json", "{")
    status, said = run(small(4), {}, { anew = true })
    assert.truthy(status == "failed" and said:find("^refused FOLDER/run: run.json: "), said)
    os.execute(("rm -r %s*; echo '{' > %srun.json"):format(path, path))
    status, said = run(small(1), {})
    assert.truthy(status == "failed" and said:find("^refused FOLDER/run: run.json: "), said)
  end)

  it("whose script is another in spite of its name says where the two part", function()
    local function three(o) for _ in o:steps(2) do o:log { loss = 1 } end for _ in o:steps(2) do o:log { loss = 1 } end end
    local function keeping(f)
      return function(o)
        o:checkpoints { every = 1, seconds = 0 }
        o:keeps { t = { n = 1 } }
        return f(o)
      end
    end
    local function error_of(body)
      local status, said = run(body, {})
      assert.equal("failed", status)
      return executed.record().error, said
    end
    local n = 0
    run(keeping(function(o)
      o:stop_when { metric = "loss" }
      for _ in o:steps(2) do o:log { loss = 1 } end
      for step in o:steps(2) do o:log { loss = 1 } if step == 4 then error "stop" end end
    end), {})
    local bytes = {}
    for _, name in ipairs { "run.json", "state.json", "checkpoint-1.safetensors", "checkpoint-2.safetensors", "metrics.jsonl" } do bytes[name] = read(name) end
    local function back()
        for name, text in pairs(bytes) do files.write(executed.folder .. "/run/" .. name, text) end
    end
    for wanted, body in pairs {
      ["resume: the script ended before it came to step 3 of the checkpoint"] = keeping(function(o) for _ in o:steps(2) do n = n + 1 end end),
      ["resume: the checkpoint is at step 3 of loop 2; loop 1 goes from step 0 to 1"] = keeping(function(o) for _ in o:steps(1) do n = n + 1 end end),
      ["resume: the checkpoint is at step 3 of loop 2; loop 2 goes from step 2 to 2"] = keeping(function(o)
        for _ in o:steps(2) do n = n + 1 end
        for _ in o:steps(0) do n = n + 1 end
      end),
      ["resume: the script has fewer run:stop_when than at the checkpoint"] = keeping(three),
      ["resume: the checkpoint holds t, which the script has not declared by run:keeps before this loop"] = function(o)
        o:stop_when { metric = "loss" }
        three(o)
      end,
      ["resume: the checkpoint does not hold s, which the script keeps"] = keeping(function(o)
        o:stop_when { metric = "loss" }
        o:keeps { s = {} }
        three(o)
      end),
    } do
      back()
      local found <const> = error_of(body)
      assert.equal(wanted, (found:gsub("^tests/lua/[%w_.]+:%d+: ", ""):match "^[^\n]*"))
      assert.equal(0, n)
      assert.equal(bytes["metrics.jsonl"]:sub(1, #'{"step":1,"loss":1}\n' * 3), read "metrics.jsonl")
    end
    back()
    assert.equal("done", (run(keeping(function(o)
      o:stop_when { metric = "loss" }
      three(o)
    end), {})))
  end)

  it("has a new folder of its own, or none when there are more processes than shares", function()
    local processes <const> = require "fm.parts.processes"
    local status, said, _, path = run(small(1), {}, { path = false, runs = executed.folder .. "/runs" })
    assert.equal("done", status)
    local hash <const> = fm.file.hash '{"seed":0}':sub(1, 8)
    assert.truthy(path:find(("^%s/runs/toy/%%d+%%-%%d+%%-%s$"):format(executed.folder:gsub("%p", "%%%0"), hash)), path)
    assert.truthy(said:find('"path":"' .. "FOLDER" .. path:sub(#executed.folder + 1), 1, true), said)
    files.write(executed.folder .. "/file", "")
    status, said = run(small(1), {}, { path = false, runs = executed.folder .. "/file" })
    assert.equal("failed", status)
    assert.truthy(said:find "^refused FOLDER/file", said)
    local open <const> = require "fm.run.together".open
    require "fm.run.together".open = function(f, ...)
      processes.size = 3
      local folder, plan, busy = f(...)
      processes.size = 1
      return folder, plan, busy
    end
    local ok, problem = pcall(function()
      for _, how in ipairs { { path = false, runs = executed.folder .. "/none" }, { path = executed.folder .. "/other" } } do
        for shares, words in pairs { [1] = "1 share", [2] = "2 shares" } do
          how.usual_shares = shares
          status, said = run(small(1), {}, how)
          assert.same({ "failed", ("refused 3 processes, but a step's batch has %s, and each process needs one: "
            .. "--shares N says how many there are when a run begins"):format(words) }, { status, said })
        end
        how.shares = 3
        assert.equal("done", (run(small(1), {}, how)))
        how.shares = nil
      end
      assert.equal("done", (run(small(1), {}, { path = executed.folder .. "/other" }))) -- it needs no process
      run(small(2, stop_at(2)), {}, { path = executed.folder .. "/more", shares = 4 })
      assert.equal(4, fm.json.decode(files.read(executed.folder .. "/more/run.json")).shares)
      assert.equal("done", (run(small(2), {}, { path = executed.folder .. "/more" }))) -- as many as it began with
    end)
    require "fm.run.together".open = open
    processes.size = 1
    if not ok then error(problem, 0) end
    assert.is_nil(fm.file.read(executed.folder .. "/none/toy"))
  end)

  it("waits for a folder as long as it is told, 0.3 seconds unless it is told", function()
    local lock <const>, waited = fm.system.lock, {}
    function fm.system.lock(path, patience)
      waited[#waited + 1] = patience
      return lock(path, 0)
    end
    run(small(1), {})
    run(small(1), {}, { patience = false })
    run(small(1), {}, { patience = 2 })
    fm.system.lock = lock
    assert.same({ 0, 0.3, 2 }, waited)
  end)

  it("has its error in log.txt, and what a sudden end left behind is removed", function()
    run(small(3, stop_at(2)), {})
    assert.equal("stop\nstack traceback:\n", read "log.txt":sub(1, #"stop\nstack traceback:\n"))
    files.write(executed.folder .. "/run/.fm-1-2.tmp", "half")
    assert.equal("done", (run(small(3), {})))
    assert.is_nil(read ".fm-1-2.tmp")
    assert.is_nil(read "log.txt") -- it was written after the checkpoint
  end)

  it("that cannot be recorded has failed", function()
    local write_json <const> = require "fm.run.folder".at(executed.folder .. "/x")
    local methods <const> = getmetatable(write_json)
    write_json.lock:release()
    local own <const> = methods.flush
    local status, said
    function methods.flush(folder)
      if folder.path:find "/run$" and fm.system.seconds() > 0 then error("no room", 0) end
      return own(folder)
    end
    local ok = pcall(function()
      status, said = run(function(o) for _ in o:steps(1) do executed.clock = 2 end end, {})
    end)
    methods.flush = own
    assert.is_true(ok)
    assert.equal("failed", status)
    assert.truthy(said:find("\nunrecorded no room\n", 1, true), said)
    assert.truthy(said:find('"error":"no room', 1, true) and said:find('"status":"failed"', 1, true), said)
    assert.equal("running", executed.record().status)
  end)

  it("goes on with its outputs, its spikes, its data, its code and its loaders as they were", function()
    local data <const>, code <const> = executed.folder .. "/data.txt", executed.folder .. "/code.lua"
    files.write(data, "text")
    files.write(code, "return 1")
    local function body(breaks)
      return function(o)
        local t <const>, seen = { n = 0 }, {}
        local by_hand <const> = fm.data.batches(fm.range(1, 30), 1, { shuffle = false })
        o:checkpoints { every = 4, seconds = 0 }
        o:keeps { t = t }
        o:stop_when { metric = "flat", patience = 35 }
        for step, batch in o:steps(40, fm.data.batches(fm.range(1, 7), 1, { shuffle = false })) do
          if step == 2 then
            assert(fm.data.text(data))
            o:save("a.txt", "an output")
          end
          seen[#seen + 1] = ("%g %g"):format(batch[1], (by_hand() or by_hand())[1])
          o:log { loss = step == 25 and 50 or 1, flat = 1, word = seen[#seen] }
          if step == breaks then error("stop", 0) end
        end
      end
    end
    local sources <const> = { code = { { path = code, hash = fm.file.hash "return 1" }, [code] = fm.file.hash "return 1" } }
    assert.equal("done", run(body(0), {}, sources), tostring(read "log.txt"))
    local wanted <const>, lines <const> = executed.record(), read "metrics.jsonl"
    assert.same({ 36, { count = 1, first = 25, worst = 50 } }, { wanted.steps, wanted.spikes.loss })
    assert.same({ { "a.txt" }, { { path = data, hash = fm.file.hash "text" } }, { { path = code, hash = fm.file.hash "return 1" } } },
      { wanted.outputs, wanted.data, wanted.code })
    assert.truthy(lines:find('"word":"1 1"', 1, true) and lines:find('"word":"1 8"', 1, true) and lines:find('"word":"1 6"', 1, true))
    for _, breaks in ipairs { 5, 26, 35 } do
      run(body(breaks), {}, { anew = true, code = sources.code })
      local status, said = run(body(0), {})
      assert.equal("done", status, said)
      local record <const> = executed.record()
      assert.equal(lines, read "metrics.jsonl")
      assert.same({ wanted.steps, wanted.spikes, wanted.outputs, wanted.data, wanted.code }, { record.steps, record.spikes, record.outputs, record.data,
        record.code })
    end
    run(body(5), {}, { anew = true, code = sources.code })
    local bytes <const> = read "run.json"
    os.remove(executed.folder .. "/run/a.txt")
    files.write(code, "return 2")
    local _, said = run(body(0), {})
    local path <const> = "FOLDER/run"
    assert.equal(("%s: not the run that wrote the checkpoint of step 4:\n  FOLDER/code.lua: was %s, is now %s\n"
      .. "  %s/a.txt was written before, and is missing\nadvice of %s"):format(path, fm.file.hash "return 1", fm.file.hash "return 2", path, path),
      refused(said))
    assert.equal(bytes, read "run.json")
    assert.equal("done", (run(body(0), {}, { force = true })))
    files.write(code, "return 1")
    run(body(5), {}, { anew = true, code = sources.code })
    files.write(executed.folder .. "/run/a.txt", "another")
    local status <const> = run(body(0), {})
    assert.equal("failed", status)
    assert.equal(("%s/a.txt is damaged: its digest is %s, what was written had %s\nadvice of %s"):format(executed.folder .. "/run", fm.file.hash "another",
      fm.file.hash "an output", executed.folder .. "/run"), executed.record().error)
    run(body(5), {}, { anew = true, code = sources.code })
    files.write(executed.folder .. "/run/a.txt", "another")
    assert.equal("done", (run(body(0), {}, { force = true })))
  end)

  it("that read a folder of data compares it when it is read again", function()
    local data <const> = executed.folder .. "/data"
    assert(fm.file.mkdir_new(data))
    for i = 1, 65 do files.write(("%s/%d.txt"):format(data, i), "text") end
    local function body(breaks)
      return function(o)
        for i = 1, 65 do assert(fm.data.text(("%s/%d.txt"):format(data, i))) end
        return small(3, stop_at(breaks))(o)
      end
    end
    run(body(3), {})
    local entry <const> = executed.record().data[1]
    files.write(data .. "/9.txt", "other")
    assert.equal("failed", (run(body(0), {})))
    local found <const> = executed.record().error:gsub(executed.folder:gsub("%p", "%%%0"), "FOLDER")
    assert.truthy(found:find(("^resume: FOLDER/data/: was %s, is now %%x+\nadvice of FOLDER/run$"):format(entry.hash)), found)
    assert.equal("done", (run(body(0), {}, { force = true })))
  end)

  it("that cannot begin has failed, without the place in fm", function()
    local other <const> = require "fm.run.folder".at(executed.folder .. "/x")
    local methods <const> = getmetatable(other)
    other.lock:release()
    local own <const>, first, status, said = methods.write_json, true, nil, nil
    function methods.write_json(...)
      if not first then return own(...) end
      first = false
      error("/x/fm/run/folder.lua:3: no room", 0)
    end
    local ok <const> = pcall(function() status, said = run(error, {}) end)
    methods.write_json = own
    assert.is_true(ok)
    assert.same({ "failed", "no room", "no room\n" }, { status, executed.record().error, read "log.txt" })
    assert.truthy(said:find("^ended ", 1), said)
  end)

  it("keeps copies of its code, of what it requires while it runs as well", function()
    local code_files <const> = require "fm.run.code_files"
    local own <const>, more <const>, last <const> = executed.folder .. "/own.lua", executed.folder .. "/more.lua", executed.folder .. "/last.lua"
    for i, name in ipairs { own, more, last } do files.write(name, "return " .. i) end
    local function name_of(path, text) return ("%s-%s.lua"):format(path:match "(%w+).lua$", fm.file.hash(text)) end
    local function copies(folder) return table.concat(require "fm.records.names_in"(executed.folder .. "/" .. folder .. "/code"), " ") end
    local code, seen = {}, {}
    code_files.add(code, own)
    local function body(o)
      seen[1] = copies "run"
      o:checkpoints { every = 2, seconds = 0 }
      o:keeps { t = { n = 1 } }
      for step in o:steps(2) do
        if step == 1 then code_files.add(code, more) end
      end
      seen[2] = copies "run"
      code_files.add(code, last)
    end
    assert.equal("done", run(body, {}, { code = code, copies_in = executed.folder .. "/run" }))
    local three <const> = table.concat({ name_of(last, "return 3"), name_of(more, "return 2"), name_of(own, "return 1") }, " ")
    assert.same({ name_of(own, "return 1"), name_of(more, "return 2") .. " " .. name_of(own, "return 1"), three }, { seen[1], seen[2], copies "run" })
    code = {}
    code_files.add(code, own)
    assert.equal("done", run(function() end, {}, { code = code, path = executed.folder .. "/b" }))
    assert.equal("", copies "b")
    code = {}
    code_files.add(code, own)
    local usual <const> = fm.experiment { name = "toy", run = function() end }
    local status = require "fm.run.execute"(usual, { seed = 0 }, { path = executed.folder .. "/c", code = code, listener = executed.listener {},
      advice = tostring, usual_shares = 1 })
    assert.same({ "done", name_of(own, "return 1") }, { status, copies "c" })
    files.write(executed.folder .. "/d", "")
    assert(fm.file.mkdir_new(executed.folder .. "/e"))
    files.write(executed.folder .. "/e/code", "")
    code = {}
    code_files.add(code, own)
    checks.raises_text("/e/code: not a folder; copies of the Lua files go there", code_files.keep, code, executed.folder .. "/e")
    code_files.add(code, more)
    checks.raises_text(executed.folder .. "/d/code: ", code_files.keep, code, executed.folder .. "/d")
    code_files.keep(code, executed.folder .. "/d") -- nothing is new
    code_files.add(code, last)
    code_files.keep(code, false)
  end)

  it("passes over the batches of an iterator of the script, and not over a loop again that was left early", function()
    local bodies = 0
    local function body(breaks)
      return function(o)
        local calls = 0
        local function iterator()
          calls = calls + 1
          if calls % 4 == 0 then return nil end -- its end: it begins again
          return calls + o.rng:number()
        end
        o:checkpoints { every = 1, seconds = 0 }
        o:keeps { t = { n = 1 } }
        for step, x in o:steps(5, iterator) do
          bodies = bodies + 1
          o:log { x = x }
          if step == breaks then error "stop" end
          if step == 3 then break end
        end
        for step, x in o:steps(5, iterator) do
          o:log { x = x, calls = calls }
          if step == breaks then error "stop" end
        end
      end
    end
    assert.equal("done", (run(body(0), {})))
    local lines <const> = read "metrics.jsonl"
    assert.equal(8, select(2, lines:gsub("\n", "")))
    assert.equal('10', lines:match '"calls":(%d+)[^\n]*\n$')
    for breaks = 2, 8 do
      run(body(breaks), {}, { anew = true })
      bodies = 0
      local status, said = run(body(0), {})
      assert.equal("done", status, said)
      assert.equal(lines, read "metrics.jsonl")
      assert.equal(({ [2] = 2, [3] = 1, [4] = 1 })[breaks] or 0, bodies) -- of the first loop; a break leaves no checkpoint
    end
    local replay <const> = require "fm.run.replay"
    for _, entry in ipairs { { 1, 0, 9, "loop 2 goes from step 0 to 9" },
      { 3, 6, 9, "loop 2 goes from step 6 to 9" }, { 3, 0, 4, "loop 2 goes from step 0 to 4" } } do
      local way <const> = replay.new({ loop = entry[1], step = 7, loops = { 2, 5 } })
      checks.raises_text("resume: the checkpoint is at step 7 of loop " .. entry[1] .. "; " .. entry[4], way.begin_loop, way,
        { loop = { step = entry[2], number = 2 } }, entry[3], error)
    end
  end)

  it("has the shares that it began with; without a checkpoint, or by force, those that are asked for now", function()
    local function shares_of(how)
      run(small(3, stop_at(3)), {}, how)
      return executed.record().shares
    end
    assert.same({ 4, 4, 4 }, { shares_of { shares = 4 }, shares_of {}, shares_of { shares = 4 } })
    assert.same({ 2, 2 }, { shares_of { shares = 2, force = true }, shares_of { force = true } })
    assert.equal(3, shares_of { shares = 3, anew = true })
    assert.is_nil(shares_of { anew = true })
    run(small(1, stop_at(1)), {}, { anew = true, shares = 5 })
    assert.equal(5, shares_of {})
    run(small(1, stop_at(1)), {}, { anew = true, shares = 5 })
    assert.equal(2, shares_of { shares = 2 })
  end)
end)

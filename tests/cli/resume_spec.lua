-- Stopping and going on: kills, signals, checkpoints, refusals. The real binary, named by FMRUN.
local fm <const> = require "fm"
local lfs <const> = require "lfs"

local fmrun <const> = assert(os.getenv "FMRUN", "FMRUN must name the binary under test")
local root <const> = lfs.currentdir()
local sanitized <const> = fmrun:find("asan", 1, true) ~= nil -- it has a runtime that must be loaded first, and is slow
local moons <const>, two_loops <const> = root .. "/tests/kill/moons.lua", root .. "/tests/kill/two_loops.lua"
local folder

local function read(path)
  local file <close> = assert(io.open(folder .. "/" .. path, "rb"))
  return file:read "a"
end

local function write(name, text)
  local file <close> = assert(io.open(folder .. "/" .. name, "wb"))
  file:write(text)
end

--- Runs a shell command in the test's folder, $FMRUN the binary; returns exit code, stdout, stderr.
local function shell(command)
  local _, _, code = os.execute(("cd %s && (export FMRUN=%s; %s) >out 2>err </dev/null"):format(folder, fmrun, command))
  return code, read "out", read "err"
end

local function call(arguments)
  return shell("$FMRUN " .. arguments)
end

local function exists(path)
  return lfs.attributes(folder .. "/" .. path) ~= nil
end

local function record(path)
  return assert(fm.json.decode(read(path .. "/run.json")))
end

--- An experiment of `body` that keeps a table and stops itself by the signals or kills that the body sends.
local function experiment(name, body, params)
  write(name, ([[
local fm <const> = require "fm"
local function kill(signal) io.popen(("kill -%%s %%d"):format(signal, (fm.system.process()))):close() end
return fm.experiment { name = "x", params = { %s steps = 40 }, run = function(run, p)
%s
end }]]):format(params or "", body))
end

local function same(a, b, names)
  for _, name in ipairs(names) do assert.is_true(read(a .. "/" .. name) == read(b .. "/" .. name), name .. " differs") end
end

describe("a run that stops", function()
  before_each(function()
    folder = os.tmpname()
    os.remove(folder)
    assert(lfs.mkdir(folder))
  end)

  after_each(function()
    os.execute("rm -rf " .. folder)
  end)

  local counting <const> = [[
    local kept = { n = 0 }
    run:keeps { kept = kept }
    for step in run:steps(p.steps) do
      kept.n = kept.n + 1
      run:log { n = kept.n, luck = run.rng:number() }
      if step == p.at and not os.getenv "CALM" then kill(p.how) end
    end
    print("counted", kept.n)
    run:summary { n = kept.n }]]

  local function count_to(at, how, more)
    return call(("-q x.lua --folder r at=%d how=%s %s"):format(at, how, more or ""))
  end

  describe("by a kill", function()
    it("goes on from its last checkpoint, from the same command or fmrun resume, and ends as if nothing had been", function()
      experiment("x.lua", counting, 'at = 0, how = "KILL",')
      assert.equal(0, (call "-q x.lua --folder calm at=0"))
      for i, again in ipairs { "-q x.lua --folder r at=33 --checkpoint-every 10", "-q resume r" } do
        shell "rm -rf r"
        assert.equal(137, (count_to(33, "KILL", "--checkpoint-every 10")))
        assert.equal("running", record "r".status)
        assert.is_true(exists "r/state.json")
        local code, _, err = shell("CALM=1 $FMRUN " .. again)
        assert.equal(0, code, err)
        same("calm", "r", { "metrics.jsonl", "log.txt", "checkpoint.safetensors" })
        local now = record "r"
        assert.same({ "done", 40, 1, { n = 40 } }, { now.status, now.steps, now.resumed, now.summary }, i)
        for _, name in ipairs { "state.json", "checkpoint-1.safetensors", "checkpoint-2.safetensors" } do assert.is_false(exists("r/" .. name), name) end
      end
    end)

    it("begins again when it had no checkpoint yet, and is left alone when it is done", function()
      experiment("x.lua", counting, 'at = 0, how = "KILL",')
      assert.equal(137, (count_to(7, "KILL")))
      write("r/.fm-1-0.tmp", "left by a write")
      assert.equal(0, (shell "CALM=1 $FMRUN -q resume r"))
      assert.equal(40, record "r".summary.n)
      assert.is_false(exists "r/.fm-1-0.tmp")
      local before = read "r/run.json"
      local code, _, err = call "-q resume r"
      assert.equal(0, code)
      assert.truthy(err:find "r is done")
      assert.equal(before, read "r/run.json")
    end)

    it("is found lost, and is another's while it runs", function()
      experiment("x.lua", "for _ in run:steps(1e9 // 1) do end", "")
      local code, _, err = shell "$FMRUN -q x.lua --folder r & sleep 0.6; $FMRUN -q x.lua --folder r; c=$?; kill -9 $!; wait $!; exit $c"
      assert.equal(1, code)
      assert.truthy(err:find("r: another process writes this run", 1, true), err)
    end)
  end)

  describe("by a signal", function()
    it("finishes the step, saves, and says how to go on: 75", function()
      experiment("x.lua", counting, 'at = 0, how = "INT",')
      assert.equal(0, (call "-q x.lua --folder calm at=0"))
      for _, signal in ipairs { "INT", "TERM", "USR1", "HUP" } do
        shell "rm -rf r"
        local code, _, err = call("x.lua --folder r at=21 how=" .. signal)
        assert.equal(75, code, signal .. err)
        assert.truthy(err:find("finishing the step, writing a checkpoint", 1, true), err)
        assert.equal(signal == "INT", err:find("Ctrl-C again to stop now", 1, true) ~= nil)
        assert.truthy(err:find("fmrun resume r", 1, true), err)
        local now = record "r"
        assert.same({ "killed", 21, "SIG" .. signal .. " after step 21" }, { now.status, now.steps, now.error })
        assert.equal(0, (call "-q resume r"))
        same("calm", "r", { "metrics.jsonl", "log.txt", "checkpoint.safetensors" })
      end
    end)

    it("stops at once at the second Ctrl-C: 130", function()
      experiment("x.lua", [[
        run:keeps { kept = {} }
        for step in run:steps(9) do
          if step == 5 then
            kill "INT"
            kill "INT"
            while true do end
          end
        end]])
      local code, _, err = call "x.lua --folder r --checkpoint-every 2"
      assert.equal(130, code, err)
      assert.same({ "killed", 5 }, { record "r".status, record "r".steps })
      assert.truthy(err:find("for the second time", 1, true), err)
    end)

    it("stops within a long sampling after the loop, also in a coroutine, and goes on from the end of the loop", function()
      experiment("x.lua", [[
        local kept = { n = 0 }
        run:keeps { kept = kept }
        for step in run:steps(10) do kept.n = kept.n + step end
        local function field(x, t)
          if t > 0.5 and not os.getenv "CALM" then kill "TERM" end
          return x
        end
        local function sample() return (fm.ode.solve(field, fm.ones(2, 2), { method = "euler", steps = 20 })) end
        run:summary { n = kept.n, x = (p.inside and coroutine.wrap(sample) or sample)()[1][1] }]], "inside = false,")
      for _, inside in ipairs { "false", "true" } do
        shell "rm -rf r"
        local code, _, err = call("x.lua --folder r --checkpoint-every 10 inside=" .. inside)
        assert.equal(75, code, err)
        assert.equal("SIGTERM after step 10", record "r".error)
        assert.equal(0, (shell "CALM=1 $FMRUN -q resume r"))
        assert.equal(55, record "r".summary.n)
      end
    end)

    it("ends every other experiment of the command line too", function()
      experiment("x.lua", counting, 'at = 3, how = "TERM",')
      write("y.lua", 'return require "fm".experiment { run = function() print "y ran" end }')
      local code, out = call "x.lua -o o"
      assert.equal(75, code)
      assert.is_nil(out:find "y ran")
    end)

    it("is not ended by a reader who has gone", function()
      experiment("x.lua", "for step in run:steps(2000) do print(step) end run:summary { well = true }")
      assert.equal(0, (shell "($FMRUN -q x.lua --folder r; echo $? >code) | head -1; read c <code; exit $c"))
      assert.is_true(record "r".summary.well)
    end)
  end)

  describe("goes on only as the run it was:", function()
    local function interrupted()
      experiment("x.lua", [[
        require "beside"
        local data = assert(fm.npy.load "data.npy")]] .. counting, 'at = 21, how = "TERM", lr = 0.1, ')
      write("beside.lua", "return 1")
      assert(fm.npy.save(folder .. "/data.npy", fm.ones(3)))
      assert.equal(75, (call "-q x.lua --folder r"))
    end

    it("the script, what it required, data and config are compared", function()
      local changes = {
        ["x.lua: was"] = "echo >>x.lua", ["beside.lua: was"] = "echo 'return 2' >beside.lua", ["data.npy: was"] = "rm data.npy",
        ["config: lr was 0.1, is now 0.2"] = "sed -i s/0.1/0.2/ r/config.json",
      }
      for expected, change in pairs(changes) do
        shell "rm -rf r"
        interrupted()
        shell(change)
        local before = read "r/state.json"
        local code, _, err = call "-q resume r"
        assert.equal(1, code)
        assert.truthy(err:find(expected, 1, true), err)
        assert.truthy(err:find("--force", 1, true), err)
        assert.equal(before, read "r/state.json")
      end
    end)

    it("the program, fm's own files and the kernels too; --force goes on, --anew begins again", function()
      interrupted()
      local state = assert(fm.json.decode(read "r/state.json")).state
      local origin = state.origin
      assert.truthy(origin.program:find "^%x+$")
      assert.truthy(#origin.library > 10)
      origin.program, origin.library[1].hash, origin.blas_core = "1234", "5678", "Abacus"
      write("r/state.json", fm.json.encode { hash = fm.file.hash(fm.json.encode(state)), state = state })
      local code, _, err = call "-q resume r"
      assert.equal(1, code)
      for _, words in ipairs { "the program: was 1234, is now ", origin.library[1].path .. ": was 5678, is now ", "BLAS kernels: was Abacus, is now " } do
        assert.truthy(err:find(words, 1, true), err)
      end
      assert.equal(0, (shell "CALM=1 $FMRUN -q resume r --force"))
      assert.equal(40, record "r".summary.n)
      assert.equal(75, (call "-q resume r --anew"))
      assert.equal(21, #read "r/metrics.jsonl":gsub("[^\n]", ""))
    end)

    it("a checkpoint that is damaged anywhere is found out, and the older one taken", function()
      experiment("x.lua", counting, 'at = 33, how = "KILL",')
      assert.equal(0, (call "-q x.lua --folder calm at=0"))
      assert.equal(137, (count_to(33, "KILL", "--checkpoint-every 10")))
      local newest = assert(fm.json.decode(read "r/state.json")).state.slots[1]
      assert.equal(30, newest.step)
      local name = ("r/checkpoint-%d.safetensors"):format(newest.slot)
      local bytes, found = read(name), 0
      for i = 1, #bytes, #bytes // 40 do
        local damaged = bytes:sub(1, i - 1) .. string.char(bytes:byte(i) ~ 16) .. bytes:sub(i + 1)
        if fm.file.hash(damaged) ~= newest.hash then found = found + 1 end
      end
      assert.truthy(found >= 40)
      write(name, bytes:sub(1, 100) .. "?" .. bytes:sub(102))
      local code, _, err = shell "CALM=1 $FMRUN resume r"
      assert.equal(0, code, err)
      assert.truthy(err:find("is damaged: its digest is", 1, true), err)
      assert.truthy(err:find("going on from the older checkpoint, of step 20", 1, true), err)
      same("calm", "r", { "metrics.jsonl", "log.txt", "checkpoint.safetensors" })
    end)

    it("a state that is damaged is told, and the run begins again", function()
      experiment("x.lua", counting, 'at = 33, how = "KILL",')
      assert.equal(137, (count_to(33, "KILL", "--checkpoint-every 10")))
      write("r/state.json", (read "r/state.json":gsub('"step":30', '"step":31')))
      local code, _, err = shell "CALM=1 $FMRUN resume r"
      assert.equal(0, code)
      assert.truthy(err:find("state.json is damaged", 1, true), err)
      assert.equal(40, record "r".summary.n)
    end)

    it("a folder that is no run's is not touched", function()
      experiment("x.lua", counting, 'at = 0, how = "KILL",')
      lfs.mkdir(folder .. "/mine")
      write("mine/thesis.txt", "years")
      local code, _, err = call "-q x.lua --folder mine"
      assert.equal(1, code)
      assert.truthy(err:find("this is no run's folder", 1, true), err)
      assert.equal("years", read "mine/thesis.txt")
    end)
  end)

  describe("keeps", function()
    it("the last checkpoints of every N steps, and the best by a metric", function()
      experiment("x.lua", [[
        local w = fm.zeros(1)
        run:keeps { w = w }
        run:checkpoints { every = 10, keep_last = 2, best = "score", mode = "max" }
        for step in run:steps(p.steps) do
          w:fill(step)
          run:log { score = -(step - 23) ^ 2 }
        end]])
      assert.equal(0, (call "-q x.lua --folder r"))
      local steps = {}
      for step = 10, 40, 10 do steps[#steps + 1] = exists(("r/checkpoint-step-%d.safetensors"):format(step)) end
      assert.same({ false, false, true, true }, steps)
      local best, metadata = assert(fm.load(folder .. "/r/checkpoint-best.safetensors"))
      assert.same({ 23, "23" }, { best.w[1], metadata["fm.step"] })
      assert.same({ step = 23, value = 0.0 }, { step = record "r".best.step, value = record "r".best.value + 0.0 })
      assert.equal(0, (call "-q x.lua --folder s --checkpoint-every 0 --keep-last 0"))
      assert.is_false(exists "s/checkpoint-step-40.safetensors")
    end)

    it("what cannot be kept as an error at its line", function()
      for body, message in pairs {
        ["run:keeps { a = { f = print } }"] = "keeps: a.f is a function",
        ["run:keeps { a = { [{}] = 1 } }"] = "keys are strings or whole numbers",
        ["run:checkpoints { evry = 1 }"] = 'unknown option "evry"; did you mean "every"?',
        ["run:checkpoints { keep_last = 1 }"] = "keep_last needs every",
        ["run:stop_when { patience = 3 }"] = "metric: expected the name of a logged number",
      } do
        experiment("x.lua", body)
        local code, _, err = call "-q x.lua -o o"
        assert.equal(1, code)
        assert.truthy(err:find(message, 1, true), err)
        assert.truthy(err:find("fmrun: x.lua:4: ", 1, true), err)
      end
    end)

    it("nothing without room: one line before step 1", function()
      experiment("x.lua", [[
        run:keeps { w = fm.zeros(300, 1000) }
        for _ in run:steps(p.steps) do print "stepped" end]])
      local code, out, err = shell "ulimit -f 600; $FMRUN -q x.lua --folder r"
      assert.equal(1, code)
      assert.equal("", out)
      assert.truthy(err:find("there is no room for checkpoints", 1, true), err)
      assert.truthy(#err < 300, err)
    end)
  end)

  describe("in Lua", function()
    it("ends a loop when a metric gets no better", function()
      experiment("x.lua", [[
        run:stop_when { metric = "valid", patience = 4, min_delta = 0.5 }
        for step in run:steps(p.steps) do run:log { valid = step < 10 and 100 - step or 91 - step / 100 } end
        local first = run.step
        for _ in run:steps(5) do run:log { valid = 0 } end
        run:summary { first = first, last = run.step }]])
      local code, _, err = call "x.lua --folder r"
      assert.equal(0, code, err)
      assert.same({ first = 13, last = 18 }, record "r".summary)
      assert.truthy(err:find("stops at step 13: valid has been no better than 91, at step 9, for 4 logs", 1, true), err)
    end)

    it("gives a validation the same draws each time, without a trace in others", function()
      experiment("x.lua", [[
        local model = fm.nn.dropout(0.5)
        for step in run:steps(3) do
          local drawn = p.validate and run:validation(function(rng) return rng:normal(3):sum() + rng:uniform(2):sum() end) or 0
          local mode = run:validation(function() return model.training and 1 or 0 end, model)
          run:log { drawn = drawn, mode = mode, training = model.training, next = run.rng:number() }
        end]], "validate = true,")
      assert.equal(0, (call "-q x.lua --folder a"))
      assert.equal(0, (call "-q x.lua --folder b validate=false"))
      local a, b = {}, {}
      for line in read "a/metrics.jsonl":gmatch "[^\n]+" do a[#a + 1] = assert(fm.json.decode(line)) end
      for line in read "b/metrics.jsonl":gmatch "[^\n]+" do b[#b + 1] = assert(fm.json.decode(line)) end
      for i = 1, 3 do
        assert.equal(a[1].drawn, a[i].drawn)
        assert.equal(b[i].next, a[i].next)
        assert.same({ 0, true }, { a[i].mode, a[i].training })
      end
      assert.not_equal(a[1].next, a[2].next)
    end)

    it("draws the same numbers for the same seed, whatever else differs: the arms of a sweep are paired", function()
      experiment("x.lua", [[
        local truth = fm.data.moons { n = 300, noise = 0.1, rng = run.rng:stream "data" }
        local model = fm.nn.vector_field { dim = 2, hidden = 8, time_embed = 4 }
        local opt = fm.optim[p.kind](model, { lr = p.lr })
        local function spy(x, t)
          run:log { x = x:sum(), t = t:sum() }
          return model(x, t)
        end
        run:log { weights = model:parameters()[1]:sum() }
        for _, x1 in run:steps(5, fm.data.batches(truth, 64, { rng = run.rng:stream "batches" })) do
          opt:step(function() return fm.flow.loss(spy, x1, { rng = run.rng }) end)
        end]], 'kind = "adam", lr = 0.1,')
      assert.equal(0, (call "-q x.lua --folder a"))
      assert.equal(0, (call "-q x.lua --folder b kind=sgd lr=0.5"))
      assert.equal(0, (call "-q x.lua --folder c seed=1"))
      assert.equal(read "a/metrics.jsonl", read "b/metrics.jsonl")
      assert.not_equal(read "a/metrics.jsonl", read "c/metrics.jsonl")
    end)

    it("writes nothing twice when it comes back between and after loops", function()
      assert.equal(0, (call("-q " .. two_loops .. " --folder calm")))
      local names = { "metrics.jsonl", "log.txt", "checkpoint.safetensors", "checkpoint-best.safetensors", "half.png", "half.npy", "end.png", "end.npy" }
      for _, at in ipairs { 180, 250, 330 } do
        shell "rm -rf r"
        shell(("$FMRUN -q %s --folder r --checkpoint-every %d & sleep 0.%d; kill -9 $!; wait $!"):format(two_loops, at, at))
        assert.equal(0, (call(("-q %s --folder r"):format(two_loops))))
        same("calm", "r", names)
      end
    end)
  end)

  describe("whenever it is killed", function()
    it("ends as the undisturbed one: some random moments", function()
      local code, out, err = shell(("cd %s && nice $FMRUN tests/kill/random.lua -- %d 7 %s"):format(root, sanitized and 6 or 24, folder))
      assert.equal(0, code, out .. err)
      assert.truthy(out:find(", 0 differences, 0 checkpoints lost, 0 resumes refused", 1, true), out)
    end)

    if not sanitized then
      it("ends as the undisturbed one: before and after some of its file operations, and where they fail", function()
        assert.equal(0, (shell(("cc -shared -fPIC -O1 -o shim.so %s/tests/kill/shim.c -ldl"):format(root))))
        local code, out, err = shell(("cd %s && nice $FMRUN tests/kill/every.lua -- %s/shim.so %s 17 moons steps=50"):format(root, folder, folder))
        assert.equal(0, code, out .. err)
        assert.truthy(out:find("; 0 differences", 1, true), out)
      end)
    end
  end)

  it("comes to the same whether the batches are passed over or drawn", function()
    assert.equal(0, (call("-q " .. moons .. " --folder a steps=150")))
    lfs.mkdir(folder .. "/drawn")
    local text = assert(io.open(moons)):read "a"
    write("drawn/moons.lua", (text:gsub("data%.batches(%b())", "(function() local b = data.batches%1 return function() return b() end end)()")))
    shell("$FMRUN -q drawn/moons.lua --folder b steps=150 --checkpoint-every 20 & sleep 0.3; kill -9 $!; wait $!")
    assert.equal(0, (call "-q drawn/moons.lua --folder b steps=150"))
    same("a", "b", { "metrics.jsonl", "checkpoint.safetensors", "samples.png" })
  end)
end)

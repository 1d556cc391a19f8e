-- Runs that are killed and resumed: from which checkpoint, and when that is refused.
local fm <const> = require "fm"
local lfs <const> = require "lfs"
local stopping <const> = require "cli.stopping"

local shell <const>, call <const>, read <const>, write <const> = stopping.shell, stopping.call, stopping.read, stopping.write
local exists <const>, record <const>, experiment <const>, same <const> = stopping.exists, stopping.record, stopping.experiment, stopping.same
local counting <const>, count_to <const>, path <const> = stopping.counting, stopping.count_to, stopping.path

describe("a run that stops", function()
  before_each(stopping.open)
  after_each(stopping.close)

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

    it("goes on under stock lua by the command that it says, the script and what it required being known", function()
      local stock = ("LUA_PATH='%s/lua/?.lua;%s/lua/?/init.lua;;' LUA_CPATH='%s/?.so;;' "):format(stopping.root, stopping.root,
        assert(os.getenv "FM_MODULE"))
      shell "mkdir d"
      write("d/beside.lua", "return 1")
      write("d/half.lua", "return { order = 1, step = function(f, t, x, h) return x + f(x, t) * h end }")
      experiment("d/x.lua", 'fm.ode.solve(function(x) return x end, fm.ones(1, 1), { method = "half", steps = 1 })' .. counting, 'at = 0, how = "TERM",')
      write("d/x.lua", 'local fm <const> = require "fm"\nrequire "beside"\n' .. read "d/x.lua")
      assert.equal(0, (shell(stock .. "lua5.4 d/x.lua -q --folder calm")))
      for _, more in ipairs { "", "--folder 'two words' " } do
        local code, _, err = shell(stock .. "lua5.4 -W d/x.lua " .. more .. "at=33")
        assert.equal(75, code, err)
        local again = assert(err:match "\nto go on: ([^\n]*)", err)
        local path = more == "" and assert(again:match "^lua5.4 %-W d/x.lua %-%-folder (runs/x/[%w-]+) at=33$", again) or "two words"
        if more ~= "" then assert.equal("lua5.4 -W d/x.lua --folder 'two words' at=33", again) end
        local paths = {}
        for i, file in ipairs(record(path).code) do paths[i] = file.path end
        assert.same({ "d/beside.lua", "d/half.lua", "d/x.lua" }, paths)
        code, _, err = shell("CALM=1 " .. stock .. again)
        assert.equal(0, code, err)
        assert.truthy(err:find("x goes on from step 33", 1, true), err)
        assert.equal(read "calm/metrics.jsonl", read(path .. "/metrics.jsonl"))
      end
      experiment("alone.lua", counting, 'at = 33, how = "TERM",')
      local _, _, alone = shell(stock .. "lua5.4 alone.lua --folder=one")
      assert.truthy(alone:find("\nto go on: lua5.4 alone.lua --folder=one\n", 1, true), alone)
      assert.equal(75, (shell(stock .. "lua5.4 d/x.lua -q --folder r at=20")))
      write("d/beside.lua", "return 2")
      local code, _, err = shell("CALM=1 " .. stock .. "lua5.4 d/x.lua -q --folder r at=20")
      assert.equal(1, code)
      assert.truthy(err:find("d/beside.lua: was ", 1, true), err)
      code, _, err = call "resume r"
      assert.equal(1, code)
      assert.truthy(err:find("d/beside.lua: was ", 1, true), err)
      assert.is_nil(err:find("digest is not known", 1, true), err)
    end)

    it("begins again when it had no checkpoint yet, and is left alone when it is done", function()
      experiment("x.lua", counting, 'at = 0, how = "KILL",')
      assert.equal(137, (count_to(7, "KILL")))
      write("r/.fm-1-0.tmp", "left by a write")
      assert.equal(0, (shell "CALM=1 $FMRUN -q resume r"))
      assert.equal(40, record "r".summary.n)
      assert.is_false(exists "r/.fm-1-0.tmp")
      local before = read "r/run.json"
      for again, said in pairs { ["resume r"] = "r: its script is x.lua\nr is done\n", ["x.lua --folder r at=7 how=KILL"] = "r is done\n" } do
        local code, _, err = call(again)
        assert.equal(0, code)
        assert.equal(said, err)
        assert.equal(before, read "r/run.json")
      end
      local code, _, err = call "-q x.lua --folder r at=8"
      assert.equal(1, code)
      assert.truthy(err:find("r: holds another run, which is done:\n  config: at was 7, is now 8", 1, true), err)
    end)

    it("is another's while it runs", function()
      experiment("x.lua", "for _ in run:steps(1e9 // 1) do end", "")
      local code, _, err = shell "$FMRUN -q x.lua --folder r & sleep 0.6; $FMRUN -q x.lua --folder r; c=$?; kill -9 $!; wait $!; exit $c"
      assert.equal(1, code)
      assert.truthy(err:find("r: another process writes this run", 1, true), err)
    end)
  end)

  describe("goes on only as the run it was:", function()
    local function interrupted()
      experiment("x.lua", [[
        require "beside"
        local data = assert(fm.npy.load "data.npy")]] .. counting, 'at = 21, how = "TERM", lr = 0.1, ')
      write("beside.lua", "return 1")
      assert(fm.npy.save(path "data.npy", fm.ones(3)))
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
        assert.truthy(err:find("fmrun resume --force r goes on nevertheless", 1, true), err)
        assert.equal(before, read "r/state.json")
      end
    end)

    it("what lies beside the script and is only named too, of every kind, for a resume and for a sweep", function()
      local files = { half = "{ order = 1, step = function(f, t, x, h) return x + f(x, t) * h end }",
        noisy = "{ step = function(p, t, x, h, dw) return x + p.drift(x, t) * h + dw end }",
        steep = "{ a = function(t) return t end, s = function(t) return 1 - t end }", pairing = "function() return function(a, b) return a, b end end",
        dots = "function() return function(n, rng) return rng:normal(n, 2) end end", layer = "function() return function(x) return x end end",
        slow = "function() end", apart = "function() return 1 end", drawing = "function() end", known = "function() end" }
      experiment("x.lua", [[
        local x, rng = fm.ones(1, 2), run.rng:stream "s"
        fm.ode.solve(function(y) return y end, x, { method = "half", steps = 1 })
        fm.sde.solve({ drift = function(y) return y end, diffusion = 1 }, x, { method = "noisy", steps = 1, rng = rng })
        fm.flow.path "steep"
        fm.flow.coupling "pairing"
        assert(fm.data.dots and fm.nn.layer and fm.optim.slow and fm.metrics.apart(x, x) and fm.plot.drawing and fm.flow.exact.known)]] .. counting,
        'at = 21, how = "TERM", ')
      for name, text in pairs(files) do write(name .. ".lua", "return " .. text) end
      assert.equal(75, (call "-q x.lua --folder r"))
      assert.equal(0, (call "-q -m x.lua at=0,1 how=WINCH"))
      for name, text in pairs(files) do
        write(name .. ".lua", "return " .. text .. " --")
        local code, _, err = call "-q resume r"
        assert.equal(1, code)
        assert.truthy(err:find(name .. ".lua: was ", 1, true), err)
        local _, _, todo = call "-n -m x.lua at=0,1 how=WINCH"
        assert.truthy(todo:find("2 to do", 1, true), name .. ": " .. todo)
        write(name .. ".lua", "return " .. text)
      end
      assert.equal(0, (shell "CALM=1 $FMRUN -q resume r"))
    end)

    it("its own files, whatever another run of the same process found under the same names", function()
      for folder, factor in pairs { a = 1, b = 3 } do
        shell("mkdir " .. folder)
        write(folder .. "/half.lua", ("return { order = 1, step = function(f, t, x, h) return x + f(x, t) * h + %d * h * h end }"):format(factor - 1))
        write(folder .. "/dots.lua", ("return %d"):format(factor))
        write(folder .. "/steep.lua", ("return { a = function(t) return %d * t end, s = function(t) return 1 - t end }"):format(factor))
        experiment(folder .. "/x.lua", [[
          local solved = fm.ode.solve(function() return fm.ones(1, 1) end, fm.zeros(1, 1), { method = "half", steps = 1 })
          local mean = fm.flow.loss(function(x) return fm.zeros(#x, 1) end, fm.ones(1, 1), { rng = run.rng:stream "s", path = "steep" })
          run:summary { dots = fm.data.dots, solved = solved, mean = mean }
          if not os.getenv "CALM" then kill "TERM" run:print "." end]])
        assert.equal(75, (call(("-q %s/x.lua --folder r%s"):format(folder, folder))))
      end
      assert.equal(0, (shell "CALM=1 $FMRUN -q resume ra rb"))
      local a, b = record "ra".summary, record "rb".summary
      assert.same({ 1, 1, 3, 3 }, { a.dots, a.solved, b.dots, b.solved })
      assert.are_not.equal(a.mean, b.mean)
      for _, folder in ipairs { "a", "b" } do
        local paths = {}
        for i, file in ipairs(record("r" .. folder).code) do paths[i] = file.path end
        assert.equal(("%s/dots.lua %s/half.lua %s/steep.lua %s/x.lua"):gsub("%%s", folder), table.concat(paths, " "))
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

    it("numbers that are equal and written in two ways are written as without an interruption", function()
      experiment("x.lua", [[
        run:keeps { n = { 0 } }
        for step in run:steps(p.steps) do
          run:log { lr = step < 20 and 1 or 1.0, zero = step < 20 and 0.0 or -0.0 }
          if step == 33 and not os.getenv "CALM" then kill "KILL" end
        end]])
      assert.equal(0, (shell "CALM=1 $FMRUN -q x.lua --folder calm"))
      assert.equal(137, (call "-q x.lua --folder r --checkpoint-every 10"))
      assert.equal(0, (shell "CALM=1 $FMRUN -q resume r"))
      same("calm", "r", { "metrics.jsonl" })
    end)

    it("a state that is damaged or gone is told, and the run begins again", function()
      experiment("x.lua", counting, 'at = 33, how = "KILL",')
      for said, harm in pairs {
        ["state.json is damaged"] = function() write("r/state.json", (read "r/state.json":gsub('"step":30', '"step":31'))) end,
        ["state.json, which says what the checkpoints hold, is missing"] = function() os.remove(path "r/state.json") end,
      } do
        shell "rm -rf r"
        assert.equal(137, (count_to(33, "KILL", "--checkpoint-every 10")))
        harm()
        local code, _, err = shell "CALM=1 $FMRUN resume r"
        assert.equal(0, code)
        assert.truthy(err:find(said, 1, true), err)
        assert.truthy(err:find("fmrun: no checkpoint is left: the run begins again\n", 1, true), err)
        assert.equal(40, record "r".summary.n)
      end
    end)

    it("a folder that is no run's is not touched", function()
      experiment("x.lua", counting, 'at = 0, how = "KILL",')
      lfs.mkdir(path "mine")
      write("mine/thesis.txt", "years")
      local code, _, err = call "-q x.lua --folder mine"
      assert.equal(1, code)
      assert.truthy(err:find("this is no run's folder", 1, true), err)
      assert.equal("years", read "mine/thesis.txt")
    end)
  end)
end)

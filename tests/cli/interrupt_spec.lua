-- Signals and runs: the step is finished, a checkpoint is written, and the exit code says so.
local stopping <const> = require "cli.stopping"

local shell <const>, call <const>, write <const>, record <const> = stopping.shell, stopping.call, stopping.write, stopping.record
local experiment <const>, same <const>, counting <const> = stopping.experiment, stopping.same, stopping.counting

describe("a run that stops", function()
  before_each(stopping.open)
  after_each(stopping.close)

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

    it("takes no further step when a pcall of the script caught the first signal", function()
      experiment("x.lua", [[
        run:keeps { kept = {} }
        pcall(function()
          kill "TERM"
          while true do end
        end)
        for _ in run:steps(9) do end]])
      local code, _, err = call "x.lua --folder r"
      assert.equal(75, code, err)
      assert.same({ "killed", 0, "SIGTERM before step 1" }, { record "r".status, record "r".steps, record "r".error })
    end)

    it("stops at once at the second Ctrl-C: 130, and at the second of another signal with its code", function()
      for signal, wanted in pairs { INT = 130, TERM = 143, HUP = 129 } do
        shell "rm -rf r"
        experiment("x.lua", ([[
          run:keeps { kept = {} }
          for step in run:steps(9) do
            if step == 5 then
              kill "%s"
              kill "%s"
              while true do end
            end
          end]]):format(signal, signal))
        local code, _, err = call "x.lua --folder r --checkpoint-every 2"
        assert.equal(wanted, code, err)
        assert.same({ "killed", 5 }, { record "r".status, record "r".steps })
        assert.truthy(err:find("for the second time", 1, true), err)
      end
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

    it("stops within the sampling of a U-Net, whose averaged weights are in the model then: no step is taken twice", function()
      local file <close> = assert(io.open(stopping.root .. "/experiments/image32_unet.lua"))
      local text = file:read "a":gsub("^#![^\n]*\n", "")
      local changes = { ["ode%.solve%(field"] = "ode.solve(interrupted(field)", ["average:update%(%)"] = "%0 io.stderr:write [[a step]]" }
      for pattern, other in pairs(changes) do
        local count
        text, count = text:gsub(pattern, other)
        assert.equal(1, count)
      end
      write("x.lua", [[
        local function interrupted(field)
          return function(x, t, cond)
            if t > 0.5 and not os.getenv "CALM" then io.popen("kill -TERM " .. require "fm".system.process()):close() end
            return field(x, t, cond)
          end
        end
      ]] .. text)
      local tiny <const> = " data=shapes32 width=2 steps=3 batch=2 heun=3 samples=10"
      assert.equal(0, (shell("CALM=1 $FMRUN -q x.lua --folder calm" .. tiny)))
      local code, _, err = call("x.lua --folder r --checkpoint-seconds 0.06" .. tiny) -- a loop of 1 ms has a checkpoint at its end
      assert.equal(75, code, err)
      assert.truthy(err:find "a step")
      assert.same({ "killed", 3, "SIGTERM after step 3" }, { record "r".status, record "r".steps, record "r".error })
      code, _, err = shell "CALM=1 $FMRUN -q resume r"
      assert.equal(0, code, err)
      assert.is_nil(err:find "a step")
      same("calm", "r", { "metrics.jsonl", "log.txt", "model.safetensors", "checkpoint.safetensors", "unguided.png", "guided.png" })
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
end)

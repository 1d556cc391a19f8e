-- A part of tests/kill, and runs that are killed in their loops: resumed, they end as undisturbed
-- runs do.
local lfs <const> = require "lfs"
local stopping <const> = require "cli.stopping"

local shell <const>, call <const>, write <const>, same <const>, path <const> =
  stopping.shell, stopping.call, stopping.write, stopping.same, stopping.path
local moons <const>, two_loops <const> = stopping.root .. "/tests/kill/moons.lua", stopping.root .. "/tests/kill/two_loops.lua"

describe("a run that is killed", function()
  before_each(stopping.open)
  after_each(stopping.close)

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

  describe("whenever it is killed", function()
    it("ends as the undisturbed one: some random moments, and some asked to end", function()
      for _, signal in ipairs { "sigkill", "sigterm" } do
        local how = stopping.sanitized and "4 7 %s moons" or "16 7 %s"
        local code, out, err = shell(("cd %s && KILL_BY=%s $FMRUN tests/kill/random.lua -- %s"):format(stopping.root, signal, how:format(path "")))
        assert.equal(0, code, out .. err)
        assert.truthy(out:find(", 0 differences, 0 checkpoints lost, 0 resumes refused", 1, true), out)
      end
    end)

    if not stopping.sanitized then
      it("ends as the undisturbed one: before and after some of its file operations, and where they fail", function()
        assert.equal(0, (shell(("cc -shared -fPIC -O1 -o shim.so %s/tests/kill/shim.c -ldl"):format(stopping.root))))
        local code, out, err = shell(("cd %s && $FMRUN tests/kill/every.lua -- %s/shim.so %s 23 moons steps=50"):format(stopping.root, path "", path ""))
        assert.equal(0, code, out .. err)
        assert.truthy(out:find("; 0 differences", 1, true), out)
      end)
    end
  end)

  it("ends as the undisturbed one: a whole sweep, of which only what was not done is done again", function()
    local code, out, err = shell(("cd %s && $FMRUN tests/kill/sweep.lua -- %d 7 %s"):format(stopping.root, stopping.sanitized and 1 or 3, path ""))
    assert.equal(0, code, out .. err)
    assert.truthy(out:find(" kills, ", 1, true) and out:find(", 0 differences, 0 sweeps refused", 1, true), out)
  end)

  it("says what in its folder was changed, or comes to the same: a bit of some bytes, each file removed", function()
    local each = stopping.sanitized and 997 or 151
    local code, out, err = shell(("cd %s && $FMRUN tests/kill/flip.lua -- %s %d"):format(stopping.root, path "flip", each))
    assert.equal(0, code, out .. err)
    assert.truthy(out:find("state.json", 1, true) and out:find("metrics.jsonl", 1, true), out)
  end)

  it("comes to the same whether the batches are passed over or drawn", function()
    assert.equal(0, (call("-q " .. moons .. " --folder a steps=150")))
    lfs.mkdir(path "drawn")
    local text = assert(io.open(moons)):read "a"
    write("drawn/moons.lua", (text:gsub("data%.batches(%b())", "(function() local b = data.batches%1 return function() return b() end end)()")))
    shell("$FMRUN -q drawn/moons.lua --folder b steps=150 --checkpoint-every 20 & sleep 0.3; kill -9 $!; wait $!")
    assert.equal(0, (call "-q drawn/moons.lua --folder b steps=150"))
    same("a", "b", { "metrics.jsonl", "checkpoint.safetensors", "samples.png" })
  end)
end)

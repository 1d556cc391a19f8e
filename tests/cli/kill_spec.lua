-- A part of tests/kill, and runs that are killed in their loops: resumed, they end as undisturbed
-- runs do.
local read <const> = dofile "tests/whole_files.lua".read
local stopping <const> = require "cli.stopping"

local shell <const>, call <const>, write <const>, same <const>, path <const> =
  stopping.shell, stopping.call, stopping.write, stopping.same, stopping.path
local moons <const>, two_loops <const> = stopping.root .. "/tests/kill/moons.lua", stopping.root .. "/tests/kill/two_loops.lua"

--- Copies a script into the test's folder. Before each of these texts, which it has once, it ends
--- itself as kill -9 does, when AT is what an expression in Lua gives there.
local function copy_that_dies(script, places)
  local text = read(script)
  for place, at in pairs(places) do
    local first, last = text:find(place, 1, true)
    assert.is_nil(text:find(place, last + 1, true))
    text = ('%s if os.getenv "AT" == %s then io.popen("kill -KILL " .. (fm.system.process())):close() end %s'):format(text:sub(1, first - 1), at,
      text:sub(first))
  end
  write(script:match "[^/]+$", text)
end

describe("a run that is killed", function()
  before_each(stopping.open)
  after_each(stopping.close)

  it("writes nothing twice when it comes back within, between and after loops", function()
    copy_that_dies(two_loops, { ["run:log { loss"] = "tostring(step)", ["train(p.second)"] = '"half"', ["\n  end,\n}"] = '"end"' })
    assert.equal(0, (call "-q two_loops.lua --folder calm"))
    local names = { "metrics.jsonl", "log.txt", "checkpoint.safetensors", "checkpoint-best.safetensors", "half.png", "half.npy", "end.png", "end.npy" }
    for _, case in ipairs { { 180, "190" }, { 180, "half" }, { 250, "half" }, { 250, "260" }, { 330, "340" }, { 330, "end" } } do
      shell "rm -rf r"
      assert.equal(137, (shell(("AT=%s $FMRUN -q two_loops.lua --folder r --checkpoint-every %d"):format(case[2], case[1]))))
      assert.equal(0, (call "-q two_loops.lua --folder r"))
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
    copy_that_dies(moons, { ["run:log { loss"] = "tostring(run.step)" })
    local text, n = stopping.read "moons.lua":gsub("data%.batches(%b())", "(function() local b = data.batches%1 return function() return b() end end)()")
    assert.equal(1, n)
    write("moons.lua", text)
    assert.equal(137, (shell "AT=70 $FMRUN -q moons.lua --folder b steps=150 --checkpoint-every 20"))
    assert.equal(0, (call "-q moons.lua --folder b steps=150"))
    same("a", "b", { "metrics.jsonl", "checkpoint.safetensors", "samples.png" })
  end)
end)

-- compare_baselines.lua: every method of experiments/baselines/ for some steps. claims_spec has the
-- tables of its runs.
local fm <const> = require "fm"
local lfs <const> = require "lfs"
local stopping <const> = require "cli.stopping"

local call <const>, read <const>, root <const> = stopping.call, stopping.read, stopping.root .. "/experiments/"
local short <const> = " steps=24 hidden=8 batch=8 samples=12 tests=1 checks=2 most=4"

local function methods()
  local list = {}
  for entry in lfs.dir(root .. "baselines") do list[#list + 1] = entry:match "^(.*)%.lua$" end
  table.sort(list)
  return list
end

describe("the comparison of methods", function()
  before_each(stopping.open)
  after_each(stopping.close)

  it("trains, samples and measures each of them", function()
    local list = methods()
    assert.truthy(#list >= 9)
    local code, _, err = call(("-q --threads 1 -m -o o %scompare_baselines.lua method=%s%s"):format(root, table.concat(list, ","), short))
    assert.equal(0, code, err)
    local runs, floor = fm.runs(stopping.path "o", "compare_baselines"), nil
    assert.equal(#list, #runs)
    for _, run in ipairs(runs) do
      local s, name = run.summary, run.config.method
      floor = floor or s.distance_floor
      assert.equal(floor, s.distance_floor, name) -- one test for all
      for _, key in ipairs { "distance", "distance_1", "training_seconds", "training_bytes", "sampling_bytes", "transport" } do
        assert.truthy(s[key] and s[key] > 0 and s[key] < math.huge, name .. " " .. key)
      end
      assert.truthy(s.transport > 0.999, name)
      assert.truthy(s.distance <= s.distance_1, name)
    end
  end)

  it("goes on after a kill with the same numbers: also the method that makes pairs on its way, and the one with two networks", function()
    for _, method in ipairs { "reflow", "gan_penalty" } do
      local what = ("-q --threads 1 %scompare_baselines.lua method=%s steps=600 hidden=8 batch=8 samples=12 tests=1 checks=4 most=2"):format(root, method)
      assert.equal(0, (call(what .. " --folder whole")))
      stopping.shell(("$FMRUN %s --folder cut --checkpoint-every 20 & P=$!; while ! grep -q '\"step\":2[0-9][0-9]' cut/metrics.jsonl 2>/dev/null; do "
        .. "kill -0 $P 2>/dev/null || break; sleep 0.01; done; kill -KILL $P; wait $P"):format(what))
      local code, _, err = call "-q resume cut"
      assert.equal(0, code, err)
      stopping.same("whole", "cut", { "metrics.jsonl", "evaluations.csv" })
      stopping.shell "rm -rf whole cut"
    end
  end)

  it("refuses a method for the other kind of data", function()
    stopping.shell "mkdir baselines"
    stopping.write("baselines/mine.lua", 'return { only = "pictures", make = function() end }')
    stopping.shell(("cp %scompare_baselines.lua . && cp -r %sbaselines/parts baselines/"):format(root, root))
    local code, _, err = call("-q compare_baselines.lua method=mine" .. short)
    assert.equal(1, code)
    assert.truthy(err:find("compare_baselines: mine is for pictures only", 1, true), err)
  end)

  it("measures a rectified flow by its own samples, not by its teacher's before it has begun", function()
    local code, _, err = call(("-q --threads 1 --folder r %scompare_baselines.lua method=reflow%s"):format(root, short:gsub("checks=2", "checks=6")))
    assert.equal(0, code, err)
    local seen = {}
    for distance in read "r/metrics.jsonl":gmatch '"distance":([%d.e-]+)' do seen[#seen + 1] = tonumber(distance) end
    assert.equal(6, #seen)
    assert.equal(seen[1], seen[2]) -- the teacher trains in this half, and the network is as it was made
    assert.not_equal(seen[3], seen[4])
  end)

  it("knows methods by their files", function()
    for _, name in ipairs { "nosuch", "parts.map", "../likelihood" } do
      local code, _, err = call(("-q %scompare_baselines.lua method=%s%s"):format(root, name, short))
      assert.equal(1, code)
      assert.truthy(err:find(("compare_baselines: there is no file baselines/%s.lua"):format(name), 1, true), err)
    end
  end)
end)

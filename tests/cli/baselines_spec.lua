-- compare_baselines.lua: every method of experiments/baselines/ for some steps, and the tables that
-- compare_table.lua makes of the runs.
local fm <const> = require "fm"
local lfs <const> = require "lfs"
local stopping <const> = require "cli.stopping"

local call <const>, read <const>, record <const>, root <const> = stopping.call, stopping.read, stopping.record, stopping.root .. "/experiments/"
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

  it("is a table with verdicts, and a file for the page of results", function()
    local function made(status, method, seed, lr, summary)
      local config = { method = method, data = "moons", lr = lr, seed = seed, within = 0.5, steps = 10 }
      local folder = ("o/compare_baselines/%s-%s-%d"):format(method, lr, seed)
      stopping.shell("mkdir -p " .. folder)
      stopping.write(folder .. "/run.json", fm.json.encode {
        schema = 1, status = status, experiment = "compare_baselines", seed = seed, config = config, summary = summary, seconds = 2.5, cores = 2,
        started = ("2026-07-1%dT15:30:00Z"):format(seed) })
    end
    for seed = 1, 3 do
      for _, lr in ipairs { 0.5, 1.5 } do
        made("done", "flow", seed, lr, { distance = lr + seed / 100, distance_floor = 0.4, reached = lr < 1 and 1 or 0, nfe_to_quality = 4 + seed % 2,
          transport = 1.01, training_bytes = 1000, ms_per_step = 1 })
      end
      made("done", "ddpm", seed, 0.5, { distance = 0.7, distance_floor = 0.4, reached = 0, transport = 9, training_bytes = 1010, ms_per_step = 4 })
      made("diverged", "ddpm", seed, 1.5, {})
    end
    made("running", "ddpm", 4, 0.5, {})
    local code, _, err = call(("-q %scompare_table.lua runs=o others=ddpm out=out.json --folder r"):format(root))
    assert.equal(0, code, err)
    local claims = read "r/moons_claims_ddpm.csv"
    for _, line in ipairs { "Training,CPU ms a step,1 ± 0,4 ± 0,holds", "Sampling,evaluations,4.7 ± 1.4,–,holds: alone",
      "Theory,way / optimal way,1.01 ± 0,9 ± 0,holds",
      "Stability,share of runs,0.5 ± 0,0 ± 0,holds", "Memory,training kB,1 ± 0,1.01 ± 0,within 5 %" } do
      assert.truthy(claims:find(line, 1, true), claims)
    end
    local quality = read "r/moons_quality.csv"
    assert.truthy(quality:find("flow,0.5,0.520 ± 0.025,3 of 6,", 1, true), quality)
    assert.truthy(quality:find("ddpm,0.5,0.7 ± 0,0 of 6,some have no samples,9 ± 0", 1, true), quality)
    local out = assert(fm.json.decode(read "out.json"))
    assert.same({ 3, 32.5, "fmrun experiments/compare_table.lua runs=o" }, { #out.tables, out.seconds, out.command })
    assert.same({ "moons_claims_ddpm.csv", "moons_cost.csv", "moons_quality.csv" }, (function()
      local names = {}
      for name in pairs(record "r".tables) do names[#names + 1] = name end
      table.sort(names)
      return names
    end)())
    local other = "o/compare_baselines/flow-0.5-3/run.json"
    stopping.write(other, (read(other):gsub('"steps":10', '"steps":20')))
    code, _, err = call(("-q %scompare_table.lua runs=o --folder r2"):format(root))
    assert.equal(1, code)
    assert.truthy(err:find("have other steps", 1, true), err)
  end)
end)

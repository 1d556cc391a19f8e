-- fmrun pareto on the experiments that compare methods and draw tokens or texts: its numbers are
-- those that the runs measured themselves, and a run of a method with nothing to choose says why.
local fm <const> = require "fm"
local lfs <const> = require "lfs"
local stopping <const> = require "cli.stopping"

local call <const>, read <const>, record <const>, root <const> = stopping.call, stopping.read, stopping.record, stopping.root .. "/experiments/"

--- What fmrun pareto measures of a run, by title; nil when its sampler has other names.
local function measured(path, words)
  local code, out, err = call(("pareto %s -q --all --json %s"):format(path, words))
  if code == 2 and err:find("--solvers: there is no", 1, true) then return nil end
  assert.equal(0, code, path .. ": " .. err)
  local found, list = assert(fm.json.decode(out)), {}
  for _, s in ipairs(found.settings) do list[("%s %s"):format(s.method, s.steps)] = s end
  return list, found
end

--- Compares what was measured with the results of the run; returns how many there are of both.
--- Euler's method is that of the runs for one evaluation alone.
local function check(list, run, name)
  local checked = 0
  for title, setting in pairs(list) do
    local own = run.summary["distance_" .. setting.nfe]
    if own and (setting.nfe == 1 or not title:find "^euler") then
      checked = checked + 1
      assert.equal(own, setting.value, ("%s, %s"):format(name, title))
    end
  end
  return checked
end

describe("fmrun pareto", function()
  before_each(stopping.open)
  after_each(stopping.close)

  it("measures every method of compare_baselines.lua that has a choice, as the run did", function()
    local all = {}
    for entry in lfs.dir(root .. "baselines") do all[#all + 1] = entry:match "^(.*)%.lua$" end
    local code, _, err = call(("-q --threads 1 -m -o o %scompare_baselines.lua method=%s steps=24 hidden=8 batch=8 samples=12 tests=1 checks=2 most=4")
      :format(root, table.concat(all, ",")))
    assert.equal(0, code, err)
    local by_field, by_sample, none = 0, 0, {}
    for _, run in ipairs(fm.runs(stopping.path "o", "compare_baselines")) do
      local name, s = run.config.method, run.summary
      if not s.distance_2 and not s.distance_3 then
        none[#none + 1] = name
        code, _, err = call("pareto -q " .. run.path)
        assert.equal(1, code, name)
        assert.truthy(err:find("Where samples cost one evaluation (a GAN, a VAE, a model of one step) or none are drawn, there is nothing", 1, true), err)
      else
        local list, found = measured(run.path, "--nfe 4 --solvers euler,midpoint")
        if list then
          by_field = by_field + 1
        else
          by_sample, list, found = by_sample + 1, measured(run.path, "--nfe 4")
        end
        assert.equal("W2 to the data", found.name)
        assert.truthy(found.floor > 0 and found.floor_deviation > 0)
        assert.equal(name == "edm" and 2 or 3, check(list, run, name), name)
      end
    end
    table.sort(none)
    assert.same({ "gan", "gan_penalty", "vae" }, none)
    assert.truthy(by_field >= 7 and by_sample >= 5 and by_field + by_sample + 3 == #all, by_field .. " " .. by_sample)
  end)

  it("measures pictures", function()
    local folder = stopping.root .. "/datasets/mnist"
    if not fm.data.mnist { folder = folder, split = "test" } then folder = stopping.root .. "/../shared/datasets/mnist" end
    if not fm.data.mnist { folder = folder, split = "test" } then return pending("needs MNIST's test files in " .. folder) end
    local code, _, err = call(("-q --threads 1 --folder r %scompare_baselines.lua data=mnist folder=%s steps=10 width=2 batch=2 samples=300 checks=1 most=2")
      :format(root, folder))
    assert.equal(0, code, err)
    local list, found = measured("r", "--nfe 2 --solvers euler")
    assert.truthy(found.name:find "^Frechet" and found.floor > 0)
    -- 256 of the 300 are judged
    assert.near(1, list["euler 1"].value / record "r".summary.distance_1, 0.2)
  end)

  it("measures the chain of two tokens", function()
    local code, _, err = call(("-q --threads 1 --folder r %stoy_discrete.lua steps=30 hidden=8 batch=32 samples=400"):format(root))
    assert.equal(0, code, err)
    local list, found = measured("r", "--nfe 80")
    assert.equal("total variation to the truth", found.name)
    assert.equal(record "r".summary.tv_floor, found.floor)
    assert.equal(record "r".summary.tv, list["plain 64"].value)
    local rows = 0
    for steps, name, calls, network in read "r/total_variation.csv":gmatch "\n(%d+),(%w+),(%d+),[^,\n]*,([^,\n]+)" do
      local setting = list[name .. " " .. steps]
      if setting then
        rows = rows + 1
        assert.equal(tonumber(calls), setting.nfe)
        assert.near(tonumber(network), setting.value, 1e-6)
      end
    end
    assert.equal(8, rows) -- 64 steps with corrections are more than 80 calls
  end)

  it("measures the flow that maximum likelihood trained", function()
    local code, _, err = call(("-q --threads 1 --folder r %scnf_likelihood.lua steps=2 flow_steps=2 hidden=4 batch=8 tolerance=0.1 unseen=40"):format(root))
    assert.equal(0, code, err)
    local list, found = measured("r", "--nfe 2 --solvers euler")
    assert.equal("W2 of the flow by likelihood to the data", found.name)
    assert.truthy(found.floor > 0 and found.floor_deviation > 0 and list["euler 1"].value > found.floor)
    assert.not_equal(list["euler 1"].value, list["euler 2"].value)
  end)
end)

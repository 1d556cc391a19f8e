-- fm.runs and fm.mean_over_seeds: what a script gets for a table of its own.
local fm <const> = require "fm"
local lfs <const> = require "lfs"

local base

local function add(name, text)
  local at = base
  for part in name:gmatch "[^/]+" do
    at = at .. "/" .. part
    lfs.mkdir(at)
  end
  assert(fm.file.write(at .. "/run.json", text))
end

describe("runs", function()
  local bytes = fm.live_bytes()
  before_each(function()
    base = os.tmpname()
    os.remove(base)
    assert(lfs.mkdir(base))
  end)
  after_each(function()
    os.execute("rm -rf " .. base)
    collectgarbage()
    assert.equal(bytes, fm.live_bytes())
  end)

  it("are those of a folder, sweeps and damaged ones included, the oldest first", function()
    assert.same({}, fm.runs(base))
    add("moons/20260712-153012-7f3a1c2d", '{"status":"done","started":"2026-07-12T15:30:12Z","seed":2,"config":{"lr":0.5},"summary":{"w2":0.25}}')
    add("moons/sweep-c0ffee00/0a1b2c3d", '{"status":"done","started":"2026-07-11T00:00:00Z","experiment":"moons"}')
    add("rings/20260713-080000-aa00bb11", "{")
    local found = fm.runs(base)
    assert.equal(3, #found)
    assert.equal("moons/sweep-c0ffee00/0a1b2c3d", found[1].name)
    assert.same({ "done", 2, 0.5, 0.25, base .. "/moons/20260712-153012-7f3a1c2d" },
      { found[2].status, found[2].seed, found[2].config.lr, found[2].summary.w2, found[2].path })
    assert.same({ "damaged", {} }, { found[3].status, found[3].config })
    assert.equal(2, #fm.runs(base, "moons"))
    assert.same({}, fm.runs(base, "stars"))
  end)

  it("of no folder are none: nil and a message; misuse raises", function()
    assert.same({ nil, base .. "/none is no folder" }, { fm.runs(base .. "/none") })
    assert.has_error(function() fm.runs() end, "runs: expected the path of a folder of runs, found nil")
    assert.has_error(function() fm.runs "" end, 'runs: expected the path of a folder of runs, found ""')
    assert.has_error(function() fm.runs(base, 3) end, "runs: expected the name of an experiment, found 3")
    assert.has_error(function() fm.runs(base, "x", 3) end, "runs: unexpected argument 3, a number: it takes 2")
  end)
end)

describe("mean_over_seeds", function()
  it("has the interval of Student's t", function()
    local found = fm.mean_over_seeds { 1, 2, 3, 4, 5, 1 / 0, 0 / 0 }
    assert.same({ 3.0, 5 }, { found.mean, found.n })
    assert.truthy(math.abs(found.deviation - 2.5 ^ 0.5) < 1e-12)
    assert.truthy(math.abs(found.half - 2.7764451051977987 * 0.5 ^ 0.5) < 1e-9) -- t of 4 degrees of freedom
    assert.same({ mean = 2.0, n = 1, text = "2" }, fm.mean_over_seeds { 2 })
    assert.same({ n = 0 }, fm.mean_over_seeds {})
    assert.equal("3.0 ± 2.0", found.text)
    assert.equal("0.13900 ± 0.00065", fm.mean_over_seeds({ 0.1385, 0.139, 0.1395, 0.139 }).text)
  end)

  it("refuses what is no list of numbers", function()
    assert.has_error(function() fm.mean_over_seeds(3) end, "mean_over_seeds: expected a list of numbers, found 3")
    assert.has_error(function() fm.mean_over_seeds { 1, "b" } end, 'mean_over_seeds: entry 2: expected a number, found "b"')
    assert.has_error(function() fm.mean_over_seeds({ 1 }, 2) end, "mean_over_seeds: unexpected argument 2, a number: it takes 1")
  end)
end)

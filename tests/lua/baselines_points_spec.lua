-- The points in the plane that methods are compared on (experiments/baselines/parts/points): the
-- whole task.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local data <const>, metrics <const> = fm.data, fm.metrics

describe("baselines on points", function()
  local former <const>, scatter <const>, of_points = package.path, fm.plot.scatter, nil
  setup(function()
    package.path = "experiments/?.lua;" .. former
    of_points = require "baselines.parts.points"
  end)
  teardown(function() package.path, package.loaded["baselines.parts.points"] = former, nil end)
  after_each(function() fm.plot.scatter = scatter end)
  checks.no_bytes_stay(before_each, after_each)

  local function task_of(seed, name, options)
    local p = { data = name or "moons", tests = 2, samples = 40, batch = 500, hidden = 4, method = "flow" }
    for key, value in pairs(options or {}) do p[key] = value end
    return of_points({ rng = fm.rng(seed), seed = seed }, p)
  end

  --- n points of a data set, by hand.
  local function target(name, n, rng)
    if name == "moons" then return (data.moons { n = n, noise = 0.05, rng = rng } - fm.tensor { 0.5, 0.25 }) * 2 ^ 0.5 end
    return data.checkerboard { n = n, rng = rng } * 3 ^ 0.5 / 4
  end

  it("have a variance of one, and a step draws new ones from the run's stream", function()
    for _, name in ipairs { "moons", "checkerboard" } do
      local task <const>, rng <const> = task_of(7, name), fm.rng(7):stream "data"
      for _ = 1, 2 do
        local x <const> = task.batches()
        checks.near(target(name, 500, rng), x, 1e-5)
        assert.same({ 500, 2 }, x:shape())
        assert.near(0, x:mean():item(), 0.12)
        assert.near(1, x:square():mean():item(), 0.12)
      end
    end
  end)

  it("have tests that are the same for all seeds, a floor of four draws for each, and ways to judge samples", function()
    for _, name in ipairs { "moons", "checkerboard" } do
      local task <const>, rng <const> = task_of(1, name), fm.rng(0, "tests")
      assert.same({ "points", "W2", { 2 }, { 40, 2 } }, { task.kind, task.unit, task.shape, task.noise:shape() })
      assert.equal(task.floor, task_of(2, name).floor)
      local tests, floor = {}, 0
      for i = 1, 2 do
        tests[i] = { z = rng:normal(40, 2), x1 = target(name, 40, rng) }
        for _ = 1, 4 do floor = floor + metrics.wasserstein2(target(name, 40, rng), tests[i].x1) / 8 end
      end
      assert.near(floor, task.floor, 1e-5)
      checks.same(tests[1].z, task.noise)
      local judged <const> = task.judged()
      assert.equal("W2 to the data", judged.name)
      assert.near(metrics.wasserstein2(task.noise, tests[1].x1), judged.metric(task.noise), 1e-5)
      local least <const>, deviation <const> = judged.floor()
      local wanted <const>, its_deviation <const> = metrics.wasserstein2.floor(target(name, 40, rng), tests[1].x1, { draws = 5 })
      assert.near(wanted, least, 1e-5)
      assert.near(its_deviation, deviation, 1e-5)

      -- one stream of the run's seed for both tests
      local draws <const>, sum = fm.rng(1, "draws"), 0
      for i = 1, 2 do sum = sum + metrics.wasserstein2(tests[i].z + draws:uniform(40, 2), tests[i].x1) / 2 end
      assert.near(sum, task.distance(function(z, its_rng) return z + its_rng:uniform(40, 2) end), 1e-5)
      local way <const> = fm.rng(1, "draws"):uniform(40, 2) * 3
      assert.near(way:square():sum():item() / 40 / metrics.wasserstein2(tests[1].z + way, tests[1].z) ^ 2, task.transport(function(z, its_rng)
        return z + its_rng:uniform(40, 2) * 3
      end), 1e-4)
    end
    local task <const> = task_of(1)
    for value, is_far in pairs { [9.9e5] = false, [-9.9e5] = false, [1e6] = true, [-1e6] = true, [math.huge] = true, [-math.huge] = true } do
      assert.equal(is_far, task.distance(function(z) return z * 0 + value end) == math.huge, value)
    end
    assert.equal(math.huge, task.distance(function(z) return z * 0 / 0 end))
    assert.near(1, task.transport(function(z) return z + 3 end), 1e-6)
    assert.truthy(task.transport(function(z) return z * -1 end) > 1.5)
  end)

  it("are shown beside the data", function()
    local shown
    fm.plot.scatter = function(x, o)
      shown = { x, o }
      return "a picture"
    end
    local rng <const> = fm.rng(0, "tests")
    local z <const>, x1 <const> = rng:normal(40, 2), target("moons", 40, rng)
    assert.equal("a picture", task_of(3).picture(function(some, its_rng) return some + its_rng:uniform(40, 2) end))
    checks.near(z + fm.rng(3, "draws"):uniform(40, 2), shown[1], 1e-5)
    checks.near(x1, shown[2].reference, 1e-5)
    assert.same({ "flow", "data" }, shown[2].names)
  end)

  it("have a network with a time, or two, and the same layers without", function()
    local task <const> = task_of(1)
    assert.equal(fm.nn.vector_field({ dim = 2, hidden = 4 }):count(), task.network():count())
    assert.equal(fm.nn.vector_field({ dim = 2, hidden = 4, times = 2 }):count(), task.network({ times = 2 }):count())
    assert.same({ 3, 2 }, task.network()(fm.zeros(3, 2), fm.zeros(3)):shape())
    local still <const>, x <const>, rng <const> = task.still(), fm.rng(1):normal(3, 2), fm.rng(2)
    for _, w in ipairs(still:parameters()) do w:copy(rng:normal(w:shape())) end
    assert.equal(2 * 4 + 4 + 2 * (4 * 4 + 4) + 4 * 2 + 2, still:count())
    local plain <const>, state = fm.nn.mlp { inputs = 2, hidden = { 4, 4, 4 }, outputs = 2 }, {}
    for name, w in pairs(still:state()) do state[name:match "^net%.(.*)$"] = w end
    checks.same(plain:load_state(state)(x), still(x))
  end)
end)

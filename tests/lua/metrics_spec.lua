local fm <const> = require "fm"
local metrics <const> = fm.metrics

local double <const> = fm.real == "double"

describe("metrics", function()
  collectgarbage()
  local before <const> = fm.live_bytes()
  local rng <const> = fm.rng(5, "metrics_spec")

  it("agrees with the golden values", function()
    local tensors, metadata = assert(fm.load "tests/golden/metrics.safetensors")
    local case = {}
    for _, c in ipairs(fm.json.decode(metadata.cases)) do case[c.name] = c end
    local function near(want, got) assert.near(want, got, math.abs(want) * (double and 1e-9 or 2e-5)) end
    local two = case.two_samples
    local a, b = tensors[two.a], tensors[two.b]
    near(two.w2, metrics.wasserstein2(a, b))
    near(two.w1, metrics.wasserstein1(a, b))
    assert.same(tensors[two.assignment]:totable(), metrics.assignment(tensors[two.cost]):totable())
    near(two.sliced_w2, metrics.sliced_wasserstein2(a, b, { directions = tensors[two.projections] }))
    near(two.energy_distance_v, metrics.energy_distance(a, b))
    near(two.mmd_rbf_biased, metrics.mmd(a, b, { bandwidths = two.mmd_bandwidths }))
    near(two.mmd_rbf_unbiased, metrics.mmd(a, b, { bandwidths = two.mmd_bandwidths, unbiased = true }))
    local f = case.features
    near(f.frechet_distance, metrics.frechet_distance(tensors[f.a], tensors[f.b]))
    near(f.kid_poly3, metrics.kid(tensors[f.a], tensors[f.b]))
  end)

  it("assigns as well as trying all orders", function()
    local function best(cost, n, row, taken)
      if row > n then return 0 end
      local least = math.huge
      for j = 1, n do
        if not taken[j] then
          taken[j] = true
          least = math.min(least, cost[row][j] + best(cost, n, row + 1, taken))
          taken[j] = nil
        end
      end
      return least
    end
    for n = 1, 7 do
      for _ = 1, 20 do
        local cost = n % 2 == 0 and rng:normal(n, n) or rng:integers(n * n, 0, 3):reshape(n, n) -- ties too
        local column, sum, seen = metrics.assignment(cost):totable(), 0, {}
        for i = 1, n do
          sum = sum + cost[i][column[i]]
          assert.is_nil(seen[column[i]])
          seen[column[i]] = true
        end
        assert.near(best(cost, n, 1, {}), sum, 1e-5)
      end
    end
  end)

  it("measures nothing between a sample and itself, and a shift as it is", function()
    local a = rng:normal(100, 3)
    local b = a + fm.tensor { 3, 0, 4 }
    assert.near(0, metrics.wasserstein2(a, a), 1e-6)
    assert.near(5, metrics.wasserstein2(a, b), 1e-5)
    assert.near(5, metrics.wasserstein1(a, b), 1e-5)
    assert.near(25, metrics.frechet_distance(a, b), 1e-4)
    assert.near(0, metrics.energy_distance(a, a), 1e-9)
    assert.near(0, metrics.mmd(a, a), 1e-9)
  end)

  it("gives each metric its floor", function()
    local a, b = rng:normal(50, 2), rng:normal(50, 2)
    for _, name in ipairs { "wasserstein1", "wasserstein2", "sliced_wasserstein2", "mmd", "energy_distance", "frechet_distance", "kid" } do
      assert.equal(metrics[name](a, b), metrics[name].floor(a, b))
    end
  end)

  it("gives floors over several draws, with their deviation", function()
    local a, b = rng:normal(60, 2), rng:normal(40, 2)
    local mean, deviation = metrics.mmd.floor(a, b, { draws = 20 })
    local one, none = metrics.mmd.floor(a, b, { draws = 1 })
    assert.same({ metrics.mmd(a, b), nil }, { one, none })
    assert.same({ mean, deviation }, { metrics.mmd.floor(a, b, { draws = 20 }) }) -- the same at every call
    -- by hand: the first draw is (a, b); the others are deals of all rows
    local pool, values = fm.cat(a, b, { axis = 1 }), { one }
    for i = 2, 20 do
      local order = fm.rng(0, "floor"):stream("draw " .. i):permutation(100)
      local rows = pool:index_select(order, { axis = 1 })
      values[i] = metrics.mmd(rows[{ 1, 60 }], rows[{ 61, 100 }])
    end
    local sum, squares = 0, 0
    for _, v in ipairs(values) do sum = sum + v end
    for _, v in ipairs(values) do squares = squares + (v - sum / 20) ^ 2 end
    assert.near(sum / 20, mean, 1e-12)
    assert.near(math.sqrt(squares / 19), deviation, 1e-12)
    assert.truthy(deviation > 0)
    -- other options reach the metric, and are not lost for the caller
    local given = { draws = 3, unbiased = true, bandwidths = { 0.5 } }
    assert.not_equal(metrics.mmd.floor(a, b, given), metrics.mmd.floor(a, b, { draws = 3 }))
    assert.same({ draws = 3, unbiased = true, bandwidths = { 0.5 } }, given)
    local d = metrics.sliced_wasserstein2.floor(a[{ 1, 40 }], b, { draws = 2, projections = 5, rng = rng })
    assert.truthy(d > 0)
    assert.error_matches(function() metrics.mmd.floor(a, b, { draws = 0 }) end, "mmd.floor: draws: expected a whole number in 1..1000000000, found 0")
    assert.error_matches(function() metrics.mmd.floor(a, b, { draws = 2.5 }) end, "mmd.floor: draws: expected a whole number")
    assert.error_matches(function() metrics.mmd.floor(a, 3, { draws = 2 }) end, "mmd: b: expected a tensor")
    assert.error_matches(function() metrics.mmd.floor(a, b, { draws = 2, bandwith = 1 }) end, "bandwith")
  end)

  it("finds the components of stretched noise", function()
    local x = rng:normal(2000, 3) * fm.tensor { 1, 5, 0.2 } + 7
    local y, components = metrics.pca(x, 2)
    assert.near(1, components[2][1], 0.01)
    assert.near(1, components[1][2], 0.01)
    assert.near(0, y:mean():item(), 1e-2)
    assert.near(25, y:slice(2, 1, 1):square():mean():item(), 2)
  end)

  it("refuses misuse", function()
    local function fails(pattern, f, ...)
      local ok, message = pcall(f, ...)
      assert.is_false(ok)
      assert.matches(pattern, message)
    end
    fails("wasserstein2: a is a tensor %[3, 2%], b is a tensor %[4, 2%]: expected as many rows of each", metrics.wasserstein2, fm.zeros(3, 2), fm.zeros(4, 2))
    fails("a is a tensor %[3, 2%], b is a tensor %[3, 1%]: expected rows of the same shape", metrics.wasserstein2, fm.zeros(3, 2), fm.zeros(3, 1))
    fails("not finite", metrics.wasserstein2, fm.zeros(3, 2) / 0, fm.zeros(3, 2))
    fails("expected %[n, n%]", metrics.assignment, fm.zeros(3, 2))
    fails('did you mean "wasserstein2"', function() return metrics.waserstein2 end)
    fails("list of numbers", metrics.mmd, fm.zeros(3, 2), fm.zeros(3, 2), { bandwidths = {} })
    fails("mmd: a is a tensor %[1, 2%]: expected at least 2 rows", metrics.mmd, fm.zeros(1, 2), fm.zeros(1, 2), { unbiased = true })
    fails("frechet_distance: a is a tensor %[1, 2%]: expected at least 2 rows", metrics.frechet_distance, fm.zeros(1, 2), fm.zeros(1, 2))
    fails('wasserstein2: unknown option "power"', metrics.wasserstein2, fm.zeros(3, 2), fm.zeros(3, 2), { power = 1 })
    fails("sliced_wasserstein2: a: expected a tensor with rows first, %[n, ...%], found 3", metrics.sliced_wasserstein2, 3, fm.zeros(3, 2))
    fails("sliced_wasserstein2: rng: ", metrics.sliced_wasserstein2, fm.zeros(3, 2), fm.zeros(3, 2), { rng = 5 })
    fails("sliced_wasserstein2: directions: expected a tensor %[2, k%] of unit columns, found a tensor %[3, 2%]",
      metrics.sliced_wasserstein2, fm.zeros(3, 2), fm.zeros(3, 2), { directions = fm.zeros(3, 2) })
    fails('unknown option "bandwith"', metrics.mmd, fm.zeros(3, 2), fm.zeros(3, 2), { bandwith = 1 })
  end)

  it("draws the directions of slices from the stream it is given", function()
    local a, b = rng:normal(40, 3), rng:normal(40, 3)
    local sliced <const> = metrics.sliced_wasserstein2
    assert.equal(sliced(a, b), sliced(a, b))
    assert.equal(sliced(a, b, { rng = fm.rng(1, "s"), projections = 7 }), sliced(a, b, { rng = fm.rng(1, "s"), projections = 7 }))
    assert.not_equal(sliced(a, b, { rng = fm.rng(1, "s"), projections = 7 }), sliced(a, b, { rng = fm.rng(2, "s"), projections = 7 }))
  end)

  it("couples a batch of pictures by optimal transport inside a tape", function()
    local x1 = rng:normal(12, 2, 3)
    local order = rng:permutation(12)
    local w = fm.parameter(fm.ones(1))
    local x0 = fm.index_select(x1, order, 1) * 0.1 + 4 -- moved and shrunk: the matching is known
    do
      local _ <close> = fm.record()
      local y0, y1 = fm.flow.coupling "ot"(x0 * w, x1)
      assert.near(0, (y0 - (x1 * 0.1 + 4)):abs():max():item(), 1e-6)
      assert.equal(0, (y1 - x1):abs():max():item())
      y0:sum():backward()
    end
    assert.near(x0:sum():item(), w:grad():item(), 1e-3)
    local z0, z1 = fm.flow.coupling "independent"(x0, x1)
    assert.equal(x0, z0)
    assert.equal(x1, z1)
    assert.has_error(function() fm.flow.coupling("ot", { power = 1 }) end)
  end)

  it("holds no bytes", function()
    collectgarbage()
    collectgarbage()
    assert.equal(before, fm.live_bytes())
  end)
end)

local fm <const> = require "fm"
local metrics <const> = fm.metrics

local double <const> = fm.real == "double"

describe("metrics", function()
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
    fails("as many of each", metrics.wasserstein2, fm.zeros(3, 2), fm.zeros(4, 2))
    fails("expected %[n, D%]", metrics.wasserstein2, fm.zeros(3, 2), fm.zeros(3, 1))
    fails("not finite", metrics.wasserstein2, fm.zeros(3, 2) / 0, fm.zeros(3, 2))
    fails("expected %[n, n%]", metrics.assignment, fm.zeros(3, 2))
    fails('did you mean "wasserstein2"', function() return metrics.waserstein2 end)
    fails('unknown option "bandwith"', metrics.mmd, fm.zeros(3, 2), fm.zeros(3, 2), { bandwith = 1 })
  end)
end)

-- Metrics of a few points against their formulas, by loops over all pairs and all orders; and the
-- statistics over draws, of values that are known.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local metrics <const> = fm.metrics

local a <const> = fm.tensor { { 0, 1 }, { 2, -1 }, { 0.5, 0.5 }, { -1, 3 }, { 1, 1 } }
local b <const> = fm.tensor { { 1, 0 }, { 2, 2 }, { -0.5, 1 }, { 0, 4 }, { 1, 1 } }

local function distance(p, q) return math.sqrt((p[1] - q[1]) ^ 2 + (p[2] - q[2]) ^ 2) end

--- The mean of f over all pairs of rows; without those of a row with itself when `apart` is set.
local function mean(x, y, f, apart)
  local sum, count = 0, 0
  for i, p in ipairs(x:totable()) do
    for k, q in ipairs(y:totable()) do
      if not (apart and i == k) then sum, count = sum + f(p, q), count + 1 end
    end
  end
  return sum / count
end

--- The least mean of f over all ways to pair the rows.
local function best(x, y, f)
  local p, q, least = x:totable(), y:totable(), math.huge
  local function try(i, sum, taken)
    if i > #p then least = math.min(least, sum / #p) end
    for k = 1, i <= #p and #q or 0 do
      if not taken[k] then
        taken[k] = true
        try(i + 1, sum + f(p[i], q[k]), taken)
        taken[k] = nil
      end
    end
  end
  try(1, 0, {})
  return least
end

--- The distance of each row to the k-th nearest other row.
local function radii(x, k)
  local list, rows = {}, x:totable()
  for i, p in ipairs(rows) do
    local far = {}
    for j, q in ipairs(rows) do
      if i ~= j then far[#far + 1] = distance(p, q) end
    end
    table.sort(far)
    list[i] = far[k]
  end
  return list
end

describe("the formula of", function()
  checks.no_bytes_stay(setup, teardown)

  it("Wasserstein distances", function()
    assert.near(best(a, b, distance), metrics.wasserstein1(a, b), 1e-5)
    assert.near(math.sqrt(best(a, b, function(p, q) return distance(p, q) ^ 2 end)), metrics.wasserstein2(a, b), 1e-5)
    local x, y = a[{ {}, { 1, 1 } }], b[{ {}, { 1, 1 } }] -- on a line every direction is +-1
    assert.near(metrics.wasserstein2(x, y), metrics.sliced_wasserstein2(x, y, { projections = 7 }), 1e-5)
    local angle, squares = { 0.3, 1.2 }, 0
    for _, v in ipairs(angle) do
      local line = fm.tensor { { math.cos(v) }, { math.sin(v) } }
      squares = squares + metrics.wasserstein2(a:matmul(line), b:matmul(line)) ^ 2
    end
    local directions = fm.tensor { { math.cos(0.3), math.cos(1.2) }, { math.sin(0.3), math.sin(1.2) } }
    assert.near(math.sqrt(squares / 2), metrics.sliced_wasserstein2(a, b, { directions = directions }), 1e-5)
    local shift = metrics.sliced_wasserstein2(a, a + fm.tensor { 3, 4 }, { projections = 4000 })
    assert.near(math.sqrt(25 / 2), shift, 0.1) -- unit directions: the mean square is |shift|^2 / D
  end)

  it("kernels and energies", function()
    assert.near(2 * mean(a, b, distance) - mean(a, a, distance) - mean(b, b, distance), metrics.energy_distance(a, b), 1e-5)
    local function gauss(p, q)
      local sum = 0
      for _, s in ipairs { 0.7, 1.5 } do sum = sum + math.exp(-distance(p, q) ^ 2 / (2 * s * s)) end
      return sum
    end
    for _, unbiased in ipairs { false, true } do
      assert.near(mean(a, a, gauss, unbiased) + mean(b, b, gauss, unbiased) - 2 * mean(a, b, gauss),
        metrics.mmd(a, b, { bandwidths = { 0.7, 1.5 }, unbiased = unbiased }), 1e-5)
    end
    local function cubic(p, q) return ((p[1] * q[1] + p[2] * q[2]) / 2 + 1) ^ 3 end
    assert.near(mean(a, a, cubic, true) + mean(b, b, cubic, true) - 2 * mean(a, b, cubic), metrics.kid(a, b), 1e-3)
  end)

  it("the Fréchet distance, of single numbers and of independent columns", function()
    local wanted = 0
    for k = 1, 2 do
      local x, y = a[{ {}, { k, k } }], b[{ {}, { k, k } }]
      local of_column = (x:mean():item() - y:mean():item()) ^ 2 + (x:std():item() - y:std():item()) ^ 2
      assert.near(of_column, metrics.frechet_distance(x, y), 1e-4)
      wanted = wanted + of_column
    end
    local corners = fm.tensor { { 1, 1 }, { 1, -1 }, { -1, 1 }, { -1, -1 } }
    local function variance(s) return s * s * 4 / 3 end
    assert.near(9 + (math.sqrt(variance(2)) - math.sqrt(variance(1))) ^ 2 + (math.sqrt(variance(3)) - math.sqrt(variance(1))) ^ 2,
      metrics.frechet_distance(corners * fm.tensor { 2, 3 } + fm.tensor { 3, 0 }, corners), 1e-4)
    assert.is_true(wanted > 0)
  end)

  it("balls", function()
    local function held(x, y, k) -- the share of rows of x in some ball around y; balls with a row; balls a row is in
      local r, inside, hit, count = radii(y, k), 0, {}, 0
      for _, p in ipairs(x:totable()) do
        local any = false
        for j, q in ipairs(y:totable()) do
          if distance(p, q) <= r[j] then any, hit[j], count = true, true, count + 1 end
        end
        inside = inside + (any and 1 or 0)
      end
      local balls = 0
      for _ in pairs(hit) do balls = balls + 1 end
      return inside / #x, balls / #y, count / #x
    end
    for k = 1, 4 do
      local precision, recall = metrics.precision_recall(a, b, { k = k })
      assert.near((held(a, b, k)), precision, 1e-6)
      assert.near((held(b, a, k)), recall, 1e-6)
      local density, coverage = metrics.density_coverage(a, b, { k = k })
      local _, balls, count = held(a, b, k)
      assert.near(count / k, density, 1e-6)
      assert.near(balls, coverage, 1e-6)
    end
    local share, entropy, hits = metrics.mode_coverage(a, fm.tensor { { 0, 1 }, { 2, -1 }, { 9, 9 } }, 1.2)
    assert.same({ 2 / 3, { 3, 1, 0 } }, { share, hits:totable() })
    assert.near(-(3 / 4 * math.log(3 / 4) + 1 / 4 * math.log(1 / 4)), entropy, 1e-6)
  end)

  it("coverage: a rank counts as far as it lies in the central interval", function()
    local ranks = fm.tensor { { 0 }, { 1 }, { 2 }, { 3 }, { 4 } } -- of 4 draws, five parts of 0..5
    for _, level in ipairs { 0.2, 0.5, 0.9 } do
      local low, high, sum = 2.5 - level * 2.5, 2.5 + level * 2.5, 0
      for r = 0, 4 do sum = sum + math.max(0, math.min(r + 1, high) - math.max(r, low)) end
      assert.near(level, sum / 5, 1e-9)
      local share, shares = metrics.coverage(ranks, 4, { level = level })
      assert.near(level, share, 1e-6)
      assert.near(level, shares[1], 1e-6)
    end
    assert.near(0.5, (metrics.coverage(fm.tensor { { 0 }, { 2 } }, 4, { level = 0.2 })), 1e-6)
  end)

  it("c2st, at its ends", function()
    local o = { folds = 2, steps = 30, hidden = { 8 }, batch = 16 }
    local x, y = fm.rng(1):normal(40, 2), fm.rng(2):normal(30, 2)
    assert.equal(1, metrics.c2st(x, y + 30, o))
    assert.near(0.5, metrics.c2st(x, y, o), 0.2)
  end)

  it("an interval: quantiles of the draws, moved to the value", function()
    local function series(values)
      local i = 0
      return function()
        i = i + 1
        return values[i], values[i] * 2
      end
    end
    local values <const> = { 10, 5, 1, 4, 2, 3 } -- the value, then the draws: mean 3
    local found = { metrics.interval(series(values), a, nil, { draws = 5, level = 0.5 }) }
    for i, wanted in ipairs { 9, 11, 18, 22 } do assert.near(wanted, found[i], 1e-9) end
    found = { metrics.interval(series(values), a, nil, { draws = 5, level = 0.6 }) } -- 0.2 and 0.8 of 1 .. 5
    for i, wanted in ipairs { 8.8, 11.2, 17.6, 22.4 } do assert.near(wanted, found[i], 1e-9) end
    assert.same({ 1, 2 }, { metrics.memorisation.samples, metrics.mmd.samples })
  end)

  it("a floor over draws: the mean, and the deviation with n - 1", function()
    local first, both = metrics.energy_distance.floor(a, b, { draws = 1 }), { metrics.energy_distance.floor(a, b, { draws = 2 }) }
    local second = 2 * both[1] - first
    assert.near(metrics.energy_distance(a, b), first, 1e-9)
    assert.near(math.abs(first - second) / math.sqrt(2), both[2], 1e-6)
    local three = { metrics.energy_distance.floor(a, b, { draws = 3 }) }
    local third = 3 * three[1] - first - second
    assert.near(math.sqrt(((first - three[1]) ^ 2 + (second - three[1]) ^ 2 + (third - three[1]) ^ 2) / 2), three[2], 1e-6)
  end)
end)

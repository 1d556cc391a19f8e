-- Metrics of nearest rows, against measuring every pair by hand.
local fm <const> = require "fm"
local checks <const> = require "tests.lua.checks"
local metrics <const> = fm.metrics

local double <const> = fm.real == "double"

--- Squared distances of all pairs, as tables.
local function distances(a, b)
  local x, y, d = a:reshape(#a, -1):totable(), b:reshape(#b, -1):totable(), {}
  for i, p in ipairs(x) do
    d[i] = {}
    for j, q in ipairs(y) do
      local sum = 0
      for k = 1, #p do sum = sum + (p[k] - q[k]) ^ 2 end
      d[i][j] = sum
    end
  end
  return d
end

local function check_nearest(x, data)
  local index, distance = metrics.nearest(x, data)
  assert.same({ { #x }, { #x } }, { index:shape(), distance:shape() })
  for i, row in ipairs(distances(x, data)) do
    local best = 1
    for j = 2, #row do
      if row[j] < row[best] then best = j end
    end
    assert.equal(best, index[i])
    assert.near(math.sqrt(row[best]), distance[i], math.sqrt(row[best]) * (double and 1e-14 or 1e-7))
  end
end

describe("metrics.nearest", function()
  checks.no_bytes_stay(setup, teardown)
  local rng <const> = fm.rng(3, "neighbours_spec")

  it("finds the nearest row, whatever the sizes", function()
    for _, s in ipairs { { 1, 1, 1 }, { 3, 1, 4 }, { 7, 300, 2 }, { 300, 7, 1 }, { 270, 530, 3 }, { 5, 40, 17 }, { 4, 30, 700 } } do
      check_nearest(rng:normal(s[1], s[3]), rng:normal(s[2], s[3]))
    end
  end)

  it("takes rows of any rank", function()
    local x, data = rng:normal(5, 2, 3, 2), rng:normal(9, 2, 3, 2)
    check_nearest(x, data)
    assert.same({ 2, 2, 1 }, metrics.nearest(fm.tensor { 1, 2, 3.5 }, fm.tensor { 3, 1.5 }):totable()) -- rows of one number
  end)

  it("tells near duplicates apart far from the origin", function()
    -- the squared distance lies far below the rounding of |a|^2 + |b|^2
    local step = double and 1e-9 or 2 ^ -10
    local data = fm.full({ 600, 3 }, 4096) + rng:integers(1800, -4, 4):reshape(600, 3) * step
    check_nearest(data + rng:integers(1800, -1, 1):reshape(600, 3) * step, data)
    check_nearest(fm.cat(data, data * -1), data)
    -- two far groups: the mean lies between them
    local groups = fm.cat(data, data * -1)
    check_nearest(groups + step, groups)
  end)

  it("gives the first of equally near rows", function()
    local index, distance = metrics.nearest(fm.zeros(3, 2), fm.tensor { { 2, 0 }, { 0, 1 }, { -1, 0 }, { 0, 1 }, { 1, 0 } })
    assert.same({ { 2, 2, 2 }, { 1, 1, 1 } }, { index:totable(), distance:totable() })
    index, distance = metrics.nearest(fm.ones(2, 2), fm.ones(700, 2))
    assert.same({ { 1, 1 }, { 0, 0 } }, { index:totable(), distance:totable() })
  end)

  it("holds for numbers whose squares overflow or vanish", function()
    local large, small = double and 1e160 or 1e25, double and 1e-160 or 1e-25
    local x, data = rng:normal(20, 3), rng:normal(400, 3)
    local index = metrics.nearest(x, data)
    assert.same(index:totable(), (metrics.nearest(x * 2 ^ 60, data * 2 ^ 60)):totable())
    if not double then assert.same(index:totable(), (metrics.nearest(x * large, data * large)):totable()) end
    if not double then assert.same(index:totable(), (metrics.nearest(x * small, data * small)):totable()) end
  end)

  it("leaves the tape alone", function()
    local x = fm.parameter(rng:normal(4, 2))
    local _ <close> = fm.record()
    assert.equal(4, #(metrics.nearest(x * 2, rng:normal(6, 2))))
  end)

  it("refuses misuse", function()
    local x = rng:normal(4, 2)
    checks.raises_text("nearest: x: expected a tensor with rows first, [n, ...], found 3", metrics.nearest, 3, x)
    checks.raises_text("nearest: data: expected a tensor with rows first, [n, ...], found nil", metrics.nearest, x)
    checks.raises_text("nearest: x is a tensor [4, 2], data is a tensor [4, 2, 2]: expected rows of the same shape", metrics.nearest, x, fm.zeros(4, 2, 2))
    checks.raises_text("nearest: data has no rows: it is a tensor [0, 2]", metrics.nearest, x, fm.zeros(0, 2))
    checks.raises_text("nearest: x is a tensor [2, 0]: its rows hold no number", metrics.nearest, fm.zeros(2, 0), fm.zeros(2, 0))
    local odd = x:clone()
    odd[3] = fm.tensor { 1, 0 / 0 }
    checks.raises_text("nearest: row 3 of data is not finite", metrics.nearest, x, odd)
    checks.raises_text("nearest: row 1 of x is not finite", metrics.nearest, x / 0, x)
    checks.raises_text("nearest: unexpected argument 3, a table: it takes 2", metrics.nearest, x, x, { k = 2 })
    checks.raises_text("mode_coverage: unexpected argument 4", metrics.mode_coverage, x, x, 1, {})
    checks.raises_text("precision_recall: unexpected argument 4", metrics.precision_recall, x, x, { k = 1 }, 2)
    checks.raises_text("density_coverage: unexpected argument 4", metrics.density_coverage, x, x, { k = 1 }, 2)
    checks.raises_text("c2st: unexpected argument 4", metrics.c2st, x, x, {}, 2)
    checks.raises_text("interval: unexpected argument 5", metrics.interval, "mmd", x, x, {}, 2)
  end)
end)

--- Counts of a sort of the distances: for each row of `b` its k-th smallest to another row of it.
local function radii(b, k)
  local result = {}
  for j, row in ipairs(distances(b, b)) do
    table.remove(row, j)
    table.sort(row)
    result[j] = row[k]
  end
  return result
end

--- The share of rows of a in a ball of b, the mean number of balls around them, the share of balls
--- that hold one.
local function balls(a, b, k)
  local reach, in_one, pairs_in, hold = radii(b, k), 0, 0, {}
  for _, row in ipairs(distances(a, b)) do
    local n = 0
    for j, d in ipairs(row) do
      if d <= reach[j] then n, hold[j] = n + 1, true end
    end
    in_one, pairs_in = in_one + (n > 0 and 1 or 0), pairs_in + n
  end
  local holding = 0
  for j = 1, #b do holding = holding + (hold[j] and 1 or 0) end
  return in_one / #a, pairs_in / #a, holding / #b
end

describe("precision, recall, density and coverage", function()
  checks.no_bytes_stay(setup, teardown)
  local rng <const> = fm.rng(4, "neighbours_spec")

  local function check(fake, real, k)
    local precision, recall = metrics.precision_recall(fake, real, { k = k })
    local density, coverage = metrics.density_coverage(fake, real, { k = k })
    local p, mean, c = balls(fake, real, k)
    local r = balls(real, fake, k)
    assert.same({ p, r, mean / k, c }, { precision, recall, density, coverage })
  end

  it("are those of all pairs, also in ties", function()
    for _, k in ipairs { 1, 3, 5 } do
      check(rng:normal(40, 2), rng:normal(60, 2), k)
      check(rng:normal(270, 3), rng:normal(300, 3) + 1, k)
      check(rng:normal(20, 5, 2), rng:normal(12, 5, 2), k)
      check(rng:integers(80, 1, 4):reshape(40, 2), rng:integers(120, 1, 4):reshape(60, 2), k) -- a grid: ties and duplicates
      check(rng:integers(80, 1, 4):reshape(40, 2) * 0.1 + 1000, rng:integers(120, 1, 4):reshape(60, 2) * 0.1 + 1000, k)
    end
  end)

  it("have k = 3 and k = 5 when nothing is said", function()
    local a, b = rng:normal(50, 2), rng:normal(50, 2) + 0.5
    assert.same({ metrics.precision_recall(a, b, { k = 3 }) }, { metrics.precision_recall(a, b) })
    assert.same({ metrics.density_coverage(a, b, { k = 5 }) }, { metrics.density_coverage(a, b) })
    assert.not_same({ metrics.density_coverage(a, b, { k = 2 }) }, { metrics.density_coverage(a, b) })
  end)

  it("are 1 for a sample against itself, and 0 for samples far apart", function()
    local a = rng:normal(50, 2)
    assert.same({ 1, 1 }, { metrics.precision_recall(a, a) })
    local density, coverage = metrics.density_coverage(a, a)
    assert.equal(1, coverage)
    assert.near(1 + 1 / 5, density, 1e-12) -- each ball holds its own row and k others
    assert.same({ 0, 0 }, { metrics.precision_recall(a + 100, a) })
    assert.same({ 0, 0 }, { metrics.density_coverage(a + 100, a) })
  end)

  it("tell a lost mode from bad samples", function()
    local real = fm.cat(rng:normal(100, 2) * 0.1, rng:normal(100, 2) * 0.1 + 5, { axis = 1 })
    local precision, recall = metrics.precision_recall(rng:normal(200, 2) * 0.1, real)
    assert.truthy(precision > 0.9 and recall > 0.35 and recall < 0.6, precision .. " " .. recall)
    local density, coverage = metrics.density_coverage(rng:normal(200, 2) * 0.1, real)
    assert.truthy(density > 0.8 and coverage > 0.4 and coverage < 0.6, density .. " " .. coverage)
  end)

  it("take a row that repeats for its own neighbour", function()
    local twice = fm.tensor { { 0 }, { 0 }, { 1 }, { 1 } } -- the nearest other row lies at the same place
    assert.same({ 0.5, 1 }, { metrics.precision_recall(fm.tensor { { 0 }, { 0.5 }, { 1 }, { 0.5 } }, twice, { k = 1 }) })
    assert.same({ 1, 1 }, { metrics.precision_recall(twice, twice, { k = 1 }) })
    assert.same({ 1 * 2 / 1, 1 }, { metrics.density_coverage(twice, twice, { k = 1 }) })
  end)

  it("refuse misuse", function()
    local a = rng:normal(4, 2)
    checks.raises_text("precision_recall: real is a tensor [3, 2]: expected at least 4 rows, because k is 3", metrics.precision_recall, a, a[{ 1, 3 }])
    checks.raises_text("precision_recall: fake is a tensor [3, 2]: expected at least 4 rows, because k is 3", metrics.precision_recall, a[{ 1, 3 }], a)
    checks.raises_text("density_coverage: real is a tensor [4, 2]: expected at least 6 rows, because k is 5", metrics.density_coverage, a[{ 1, 1 }], a)
    assert.equal(2, select("#", metrics.density_coverage(a[{ 1, 1 }], a, { k = 3 })))
    checks.raises_text("precision_recall: k: expected a whole number >= 1, found 0", metrics.precision_recall, a, a, { k = 0 })
    checks.raises_text('density_coverage: unknown option "K"', metrics.density_coverage, a, a, { K = 2 })
    checks.raises_text("density_coverage: row 1 of fake is not finite", metrics.density_coverage, a / 0, a, { k = 2 })
    checks.raises_text("precision_recall: fake has no rows", metrics.precision_recall, fm.zeros(0, 2), a)
  end)
end)

describe("metrics.mode_coverage", function()
  checks.no_bytes_stay(setup, teardown)
  local rng <const> = fm.rng(5, "neighbours_spec")
  local corners <const> = { { 0, 0 }, { 4, 0 }, { 0, 4 }, { 4, 4 } }

  it("counts the centres that are hit, and the evenness of the hits", function()
    local centres = fm.tensor(corners)
    local share, entropy, hits = metrics.mode_coverage(fm.tensor { { 0, 0.5 }, { 0, -1 }, { 4, 1 }, { 2, 2 }, { 0, 2.5 } }, centres, 1)
    assert.equal(0.5, share) -- on the rim counts; the middle and the last row are too far from every centre
    assert.near(-(2 / 3 * math.log(2 / 3) + 1 / 3 * math.log(1 / 3)), entropy, 1e-12)
    assert.same({ 2, 1, 0, 0 }, hits:totable())
    share, entropy = metrics.mode_coverage(centres, centres, 0)
    assert.equal(1, share)
    assert.near(math.log(4), entropy, 1e-12)
    share, entropy, hits = metrics.mode_coverage(centres + 10, centres, 1)
    assert.same({ 0, 0, { 0, 0, 0, 0 } }, { share, entropy, hits:totable() })
    share, entropy = metrics.mode_coverage(fm.zeros(3, 2), centres, { radius = 1 })
    assert.same({ 0.25, 0 }, { share, entropy })
  end)

  it("counts a row for its nearest centre only, the first of equally near ones", function()
    local centres = fm.tensor { { 0 }, { 1 } }
    local _, _, hits = metrics.mode_coverage(fm.tensor { { 0.4 }, { 0.5 }, { 0.6 } }, centres, 2)
    assert.same({ 2, 1 }, hits:totable())
  end)

  it("has the floor of a true sample, also over draws of its rows", function()
    local centres = fm.tensor(corners)
    local truth = centres:index_select(rng:integers(400, 1, 4), { axis = 1 }) + rng:normal(400, 2) * 0.1
    assert.equal((metrics.mode_coverage(truth, centres, 1)), (metrics.mode_coverage.floor(truth, centres, 1)))
    local share, entropy, share_deviation, entropy_deviation = metrics.mode_coverage.floor(truth, centres, { radius = 1, draws = 20 })
    assert.same({ 1, 0 }, { share, share_deviation })
    assert.near(math.log(4), entropy, 0.05)
    assert.truthy(entropy_deviation > 0)
    local low, high, e_low, e_high = metrics.interval({ "mode_coverage", radius = 1 }, truth, centres, { draws = 20 })
    assert.same({ 1, 1 }, { low, high })
    assert.truthy(e_low < entropy and entropy < e_high)
  end)

  it("refuses misuse", function()
    local x = rng:normal(4, 2)
    checks.raises_text("mode_coverage: radius: expected a number >= 0, found nil", metrics.mode_coverage, x, x)
    checks.raises_text("mode_coverage: radius: expected a number >= 0, found -1", metrics.mode_coverage, x, x, -1)
    checks.raises_text('mode_coverage: unknown option "radios"; did you mean "radius"', metrics.mode_coverage, x, x, { radios = 1 })
    checks.raises_text("mode_coverage: x is a tensor [4, 2], centres is a tensor [3, 3]", metrics.mode_coverage, x, fm.zeros(3, 3), 1)
    local odd = fm.tensor { { 0, 0 }, { math.huge, 0 } }
    checks.raises_text("mode_coverage: row 2 of x is not finite", metrics.mode_coverage, odd, x, 1)
    checks.raises_text("mode_coverage: row 2 of centres is not finite", metrics.mode_coverage, x, odd, 1)
    checks.raises_text("mode_coverage: centres has no rows", metrics.mode_coverage, x, fm.zeros(0, 2), 1)
  end)
end)

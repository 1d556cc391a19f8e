-- What comes with every metric: its floor, its interval by bootstrap; and the classifier test.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local in_double <const> = checks.in_double(it) -- seconds of training, which float does alike
local metrics <const> = fm.metrics

-- All metrics of two samples, by their files; but c2st, which trains, has tests of its own below.
local names <const> = {}
for _, name in ipairs(require "fm.parts.by_name".names "fm.metrics") do
  local metric = metrics[name]
  if name ~= "c2st" and type(metric) == "table" and metric.samples == 2 then names[#names + 1] = name end
end
local of_fake <const> = { precision_recall = true, density_coverage = true } -- what they call their first sample

local function mean_apart(a, b) return a:mean():item() - b:mean():item() end

describe("floors and intervals", function()
  checks.no_bytes_stay(setup, teardown)
  local rng <const> = fm.rng(8, "interval_spec")
  local a <const>, b <const> = rng:normal(60, 2), rng:normal(60, 2) + fm.tensor { 0.5, 0 }

  it("belong to every metric", function()
    assert.is_true(#names >= 9)
    for _, name in ipairs(names) do
      local values, metric = { metrics[name](a, b) }, metrics[name]
      assert.same(values, { metric.floor(a, b) }, name)
      assert.same(values, { metric.floor(a, b, { draws = 1 }) }, name)
      local floor = { metric.floor(a, b, { draws = 4 }) }
      assert.equal(2 * #values, #floor, name)
      assert.same(floor, { metric.floor(a, b, { draws = 4 }) }, name)
      local ends = { metrics.interval(name, a, b, { draws = 20, rng = fm.rng(1, "i") }) }
      assert.equal(2 * #values, #ends, name)
      assert.same(ends, { metrics.interval(metric, a, b, { draws = 20, rng = fm.rng(1, "i") }) }, name)
      assert.not_same(ends, { metrics.interval(metric, a, b, { draws = 20, rng = fm.rng(2, "i") }) }, name)
      for k, value in ipairs(values) do
        assert.truthy(ends[2 * k - 1] <= value and value <= ends[2 * k] and ends[2 * k - 1] < ends[2 * k], name .. " " .. k)
        assert.truthy(floor[#values + k] > 0, name .. " " .. k)
      end
      checks.raises_text(name .. ": ", metric.floor, 3, b, { draws = 2 })
      checks.raises_text(name .. ': unknown option "bandwith"', metric.floor, a, b, { draws = 2, bandwith = 1 })
      checks.raises_text(name .. ".floor: draws: expected a whole number in 1..1000000000, found 0", metric.floor, a, b, { draws = 0 })
    end
  end)

  it("take rows of any rank", function()
    local x, y = a:reshape(20, 3, 2), b:reshape(20, 3, 2)
    for _, name in ipairs(names) do
      assert.same({ metrics[name](x:reshape(20, 6), y:reshape(20, 6)) }, { metrics[name](x, y) }, name)
      assert.same({ metrics[name].floor(x:reshape(20, 6), y:reshape(20, 6), { draws = 2 }) }, { metrics[name].floor(x, y, { draws = 2 }) }, name)
    end
    assert.near(0.5, metrics.wasserstein1(fm.tensor { 0, 3, 1 }, fm.tensor { 1.5, 0.5, 3.5 }), 1e-12)
  end)

  it("name the metric in every message", function()
    for _, name in ipairs(names) do
      local first = of_fake[name] and "fake" or "a"
      checks.raises_text(name .. ": " .. first .. " has no rows: it is a tensor [0, 2]", metrics[name], fm.zeros(0, 2), b)
      checks.raises_text(name .. ": " .. first .. " is a tensor [60, 2], ", metrics[name], a, fm.zeros(60, 3))
      checks.raises_text(name .. ": expected a table of options, found number", metrics[name], a, b, 3)
      checks.raises_text(name .. ": " .. first .. ": expected a tensor with rows first, [n, ...], found nil", metrics[name])
    end
    for _, name in ipairs { "wasserstein1", "wasserstein2", "sliced_wasserstein2" } do
      checks.raises_text(name .. ": a is a tensor [60, 2], b is a tensor [50, 2]: expected as many rows of each", metrics[name], a, b[{ 1, 50 }])
    end
    for _, name in ipairs { "wasserstein1", "wasserstein2" } do
      checks.raises_text(name .. ": row 1 of b is not finite", metrics[name], a, b / 0)
    end
    checks.raises_text("kid: b is a tensor [1, 2]: expected at least 2 rows", metrics.kid, a, b[{ 1, 1 }])
  end)

  it("keep the draws of a metric of several numbers apart: means, then deviations", function()
    local function two(x, y) return mean_apart(x, y), x:max():item() - y:max():item(), "done" end
    local own <const> = { floor = require "fm.metrics.parts.floor".of_two("two", two) }
    local floor, by_hand = { own.floor(a, b, { draws = 3 }) }, { { two(a, b) } }
    local pool = fm.cat(a, b, { axis = 1 })
    for i = 2, 3 do
      local rows = pool:index_select(fm.rng(0, "floor"):stream("draw " .. i):permutation(120), { axis = 1 })
      by_hand[i] = { two(rows[{ 1, 60 }], rows[{ 61, 120 }]) }
    end
    for k = 1, 2 do
      local mean = (by_hand[1][k] + by_hand[2][k] + by_hand[3][k]) / 3
      local squares = 0
      for i = 1, 3 do squares = squares + (by_hand[i][k] - mean) ^ 2 end
      assert.near(mean, floor[k], 1e-12)
      assert.near(math.sqrt(squares / 2), floor[2 + k], 1e-12)
    end
    assert.equal(4, #floor)
  end)

  it("are as wide as the mean's closed form says", function()
    local x, y = rng:normal(400, 1) * 3, rng:normal(100, 1)
    local sd = math.sqrt((x - x:mean()):square():sum():item() / 400 ^ 2 + (y - y:mean()):square():sum():item() / 100 ^ 2)
    for level, z in pairs { [0.95] = 1.959964, [0.5] = 0.674490 } do
      local low, high = metrics.interval(mean_apart, x, y, { draws = 4000, level = level, rng = rng })
      assert.near(mean_apart(x, y) - z * sd, low, 0.15 * sd)
      assert.near(mean_apart(x, y) + z * sd, high, 0.15 * sd)
    end
    -- 200 draws at 0.95 by default
    assert.same({ metrics.interval(mean_apart, x, y, { draws = 200, level = 0.95 }) }, { metrics.interval(mean_apart, x, y) })
  end)

  it("hold the truth about as often as they say", function()
    local held = 0
    for _ = 1, 60 do
      local low, high = metrics.interval(mean_apart, rng:normal(50, 1) + 1, rng:normal(50, 1), { draws = 100, level = 0.9, rng = rng })
      if low <= 1 and 1 <= high then held = held + 1 end
    end
    assert.truthy(held >= 46 and held <= 60, held .. " of 60") -- 54 expected, the deviation is 2.3
  end)

  it("hold the metric also where repeated rows move it", function()
    local x, y = rng:normal(100, 2), rng:normal(100, 2)
    for _, name in ipairs { "wasserstein2", "energy_distance", "mmd", "precision_recall" } do
      local value, low, high = metrics[name](x, y), metrics.interval(name, x, y, { draws = 30 })
      assert.truthy((0 <= low or name == "mmd") and low <= value and value <= high, ("%s: %g is not in %g..%g"):format(name, value, low, high))
    end
  end)

  it("take options of the metric, and one sample alone", function()
    local how = { draws = 10, rng = fm.rng(3, "i") }
    local low, high = metrics.interval({ "mmd", unbiased = true, bandwidths = { 1 } }, a, b, how)
    how.rng = fm.rng(3, "i")
    assert.same({ low, high }, { metrics.interval(function(x, y) return metrics.mmd(x, y, { unbiased = true, bandwidths = { 1 } }) end, a, b, how) })
    low, high = metrics.interval(function(x) return x:mean():item() end, a)
    assert.truthy(low < a:mean():item() and a:mean():item() < high)
  end)

  it("refuse misuse", function()
    checks.raises_text('interval: metric: unknown name "waserstein2"; did you mean "wasserstein2"?', metrics.interval, "waserstein2", a, b)
    checks.raises_text("interval: metric: expected the name of a metric or a function, found 3", metrics.interval, 3, a, b)
    checks.raises_text("interval: the metric returned a tensor [60]: expected a number", metrics.interval, "nearest", a, b)
    checks.raises_text("interval: the metric returned nil: expected a number", metrics.interval, function() end, a, b)
    checks.raises_text("interval: the metric of a and b is nan", metrics.interval, function() return 0 / 0 * -1 end, a, b)
    checks.raises_text("interval: draws: expected a whole number in 2..1000000000, found 1", metrics.interval, "mmd", a, b, { draws = 1 })
    checks.raises_text("interval: level: expected a number > 0 and < 1, found 95", metrics.interval, "mmd", a, b, { level = 95 })
    checks.raises_text('interval: unknown option "levle"; did you mean "level"?', metrics.interval, "mmd", a, b, { levle = 0.9 })
    checks.raises_text("interval: rng: expected a random stream", metrics.interval, "mmd", a, b, { rng = 1 })
    checks.raises_text("interval: a: expected a tensor with rows first", metrics.interval, "mmd", 3, b)
    checks.raises_text("interval: b has no rows", metrics.interval, "mmd", a, fm.zeros(0, 2))
  end)
end)

describe("metrics.c2st", function()
  checks.no_bytes_stay(setup, teardown)
  local c2st <const> = metrics.c2st

  in_double("is near 1/2 for one distribution, and 1 for two that do not overlap", function()
    local rng = fm.rng(1, "c2st_spec")
    local a = rng:normal(500, 2)
    assert.near(0.5, c2st(a, rng:normal(500, 2), { rng = rng }), 0.05) -- one deviation is 0.016
    assert.near(0.5, c2st(a, rng:normal(100, 2), { rng = rng }), 0.1)  -- also when one sample is larger
    assert.equal(1, c2st(a, a + 50, { rng = rng }))
  end)

  in_double("comes near the best classifier of two normals, and sees what means do not show", function()
    local rng = fm.rng(2, "c2st_spec")
    local a, b = rng:normal(1000, 2), rng:normal(1000, 2) + fm.tensor { 1, 0 }
    assert.near(0.6915, c2st(a, b, { rng = rng }), 0.04) -- the distribution function of the normal at 1/2
    local ring = fm.data.circles { n = 500, noise = 0.02, rng = rng }
    assert.truthy(c2st(ring, rng:normal(500, 2) * 0.7, { rng = rng }) > 0.75)
  end)

  it("depends on its stream alone", function()
    local rng = fm.rng(3, "c2st_spec")
    local a, b = rng:normal(40, 3), rng:normal(50, 3) + 1
    local how = { steps = 20 }
    local first = c2st(a, b, { rng = fm.rng(1, "c"), steps = 20 })
    fm.nn.linear(2, 2) -- what a script makes meanwhile has no say
    assert.equal(first, c2st(a, b, { rng = fm.rng(1, "c"), steps = 20 }))
    assert.equal(c2st(a, b, how), c2st(a, b, how))
    assert.equal(first, c2st(a:reshape(40, 3, 1), b:reshape(50, 3, 1), { rng = fm.rng(1, "c"), steps = 20 }))
    local others = {}
    for seed = 2, 6 do others[#others + 1] = c2st(a, b, { rng = fm.rng(seed, "c"), steps = 20 }) end
    assert.not_same({ first, first, first, first, first }, others)
  end)

  it("leaves a tape alone, and copes with a number that does not vary", function()
    local rng = fm.rng(4, "c2st_spec")
    local w = fm.parameter(fm.ones(1))
    local tape <close> = fm.record()
    local x = fm.cat(rng:normal(30, 1), fm.zeros(30, 1), { axis = 2 }) * w
    assert.equal(1, c2st(x, x + 10, { rng = rng, steps = 100 }))
    x:sum():backward()
    assert.near(x:sum():item(), w:grad():item(), 1e-4)
  end)

  it("has a floor and an interval", function()
    local rng = fm.rng(5, "c2st_spec")
    local a, b = rng:normal(60, 2), rng:normal(60, 2)
    local mean, deviation = c2st.floor(a, b, { draws = 3, steps = 10, rng = rng })
    assert.near(0.5, mean, 0.2)
    assert.truthy(deviation >= 0)
    local low, high = metrics.interval({ "c2st", steps = 10 }, a, b, { draws = 5, rng = rng })
    assert.truthy(0 <= low and low <= high and high <= 1)
  end)

  it("refuses misuse", function()
    local a = fm.zeros(10, 2)
    checks.raises_text("c2st: a is a tensor [4, 2]: expected at least 5 rows", c2st, a[{ 1, 4 }], a)
    checks.raises_text("c2st: row 1 of b is not finite", c2st, a, a / 0)
    checks.raises_text("c2st: rng: expected a random stream, found number", c2st, a, a, { rng = 1 })
    checks.raises_text("c2st: folds: expected a whole number >= 2, found 1", c2st, a, a, { folds = 1 })
    checks.raises_text("c2st: steps: expected a whole number in 1..1000000000, found 0", c2st, a, a, { steps = 0 })
    checks.raises_text("c2st: hidden: expected a list of widths, found 64", c2st, a, a, { hidden = 64 })
    checks.raises_text('c2st: unknown option "step"; did you mean "steps"?', c2st, a, a, { step = 3 })
  end)
end)

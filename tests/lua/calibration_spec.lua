-- Ranks of truths among draws, the coverage that follows from them, and their picture.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local metrics <const>, plot <const> = fm.metrics, fm.plot

describe("metrics.ranks", function()
  checks.no_bytes_stay(before_each, after_each)

  it("counts the draws below the truth", function()
    local draws = fm.tensor { { { 1, 5 }, { 2, 5 }, { 3, 5 } }, { { 0, 1 }, { 0, -1 }, { 0, 9 } } }
    assert.same({ { 2, 0 }, { 0, 2 } }, metrics.ranks(draws, fm.tensor { { 2.5, 5 }, { 0, 2 } }):totable())
  end)

  it("is uniform when truth and draws are alike, and the coverage is the level", function()
    local rng, n, count = fm.rng(1, "calibration_spec"), 20000, 9
    local ranks = metrics.ranks(rng:normal(n, count, 2), rng:normal(n, 2))
    local hits = {}
    for _, row in ipairs(ranks:totable()) do hits[row[1]] = (hits[row[1]] or 0) + 1 end
    for rank = 0, count do assert.near(n / 10, hits[rank], 5 * (n * 0.09) ^ 0.5, rank) end
    for _, level in ipairs { 0.05, 0.5, 0.68, 0.9, 0.99 } do
      local share, shares = metrics.coverage(ranks, count, { level = level })
      assert.near(level, share, 5 * (level * (1 - level) / n / 2) ^ 0.5)
      assert.near(share, shares:mean():item(), 1e-5)
      assert.same({ 2 }, shares:shape())
    end
  end)

  it("sees draws that are too narrow, too wide, or moved", function()
    local rng = fm.rng(2, "calibration_spec")
    local truth, draws = rng:normal(2000, 1), rng:normal(2000, 99, 1)
    assert.truthy(metrics.coverage(metrics.ranks(draws * 0.5, truth), 99) < 0.65) -- 0.59 for a normal
    assert.truthy(metrics.coverage(metrics.ranks(draws * 2, truth), 99) > 0.98)
    assert.truthy(metrics.ranks(draws + 1, truth):mean():item() < 35)
  end)

  it("has the coverage of exact ranks: what lies in the interval, and half of what is cut in half", function()
    local all = fm.range(0, 9):reshape(10, 1)
    assert.near(0.5, metrics.coverage(all, 9, { level = 0.5 }), 1e-6) -- 2.5 .. 7.5: all of 3..6, half of 2 and 7
    assert.near(0.9, metrics.coverage(all, 9), 1e-6)
    assert.near(1, metrics.coverage(fm.full(4, 1, 4), 9, { level = 0.5 }), 1e-6)
    assert.near(0.5, metrics.coverage(fm.full(4, 1, 2), 9, { level = 0.5 }), 1e-6)
    assert.near(0, metrics.coverage(fm.full(4, 1, 9), 9, { level = 0.5 }), 1e-6)
  end)

  it("refuses misuse", function()
    local draws, truth = fm.zeros(4, 3, 2), fm.zeros(4, 2)
    local raises <const> = checks.raises_text
    raises("ranks: truth: expected a tensor [n, D], found a tensor [4]", metrics.ranks, draws, fm.zeros(4))
    raises("ranks: draws: expected a tensor [4, L, 2], found a tensor [4, 2]", metrics.ranks, truth, truth)
    raises("ranks: draws: expected a tensor [5, L, 2], found a tensor [4, 3, 2]", metrics.ranks, draws, fm.zeros(5, 2))
    raises("ranks: row 1 of draws is not finite", metrics.ranks, draws / 0, truth)
    raises("ranks: row 1 of truth is not finite", metrics.ranks, draws, truth / 0)
    raises("ranks: unexpected argument 3", metrics.ranks, draws, truth, {})
    raises("coverage: ranks: expected a tensor [n, D], found a tensor [4]", metrics.coverage, fm.zeros(4), 3)
    raises("coverage: draws: expected a whole number in 1..1000000000, found 0", metrics.coverage, truth, 0)
    raises("coverage: ranks: expected numbers in 0..3, the number of draws", metrics.coverage, truth + 4, 3)
    raises("coverage: level: expected a number > 0 and < 1, found 90", metrics.coverage, truth, 3, { level = 90 })
    raises('coverage: unknown option "levle"; did you mean "level"?', metrics.coverage, truth, 3, { levle = 0.9 })
  end)
end)

describe("plot.rank_histogram", function()
  checks.no_bytes_stay(before_each, after_each)

  --- The rectangles of a color, as { height, ... } by their order.
  local function bars(picture, color)
    local list = {}
    for _, shape in ipairs(picture) do
      if shape[1] == "rectangle" and shape[6] == color and shape[7] == 1 then list[#list + 1] = shape[5] end
    end
    return list
  end

  local sample <const>, accent <const>, band <const> = 0x2360C4, 0xD9602B, 0xB4BAC6

  it("has a bar for each bin, as high as its share, and another color beyond the band", function()
    local ranks = fm.cat(fm.range(0, 19), fm.range(0, 19), fm.range(0, 19), fm.range(0, 19), fm.zeros(20), { axis = 1 }):reshape(100, 1)
    local picture = plot.rank_histogram(ranks, 19)
    local low, high = bars(picture, sample), bars(picture, accent)
    assert.same({ 19, 1 }, { #low, #high }) -- 4 of each rank, and 24 zeros: 5 expected
    assert.near(6, high[1] / low[1], 1e-6)
    assert.same({ 9, 1 }, { #bars(plot.rank_histogram(ranks, 19, { bins = 10 }), sample), #bars(plot.rank_histogram(ranks, 19, { bins = 10 }), accent) })
  end)

  it("has the band of the binomial distribution", function()
    local ranks = fm.cat(fm.zeros(50), fm.ones(50), { axis = 1 }):reshape(100, 1)
    local picture = plot.rank_histogram(ranks, 1) -- two bins of probability 1/2: 40..60 of 100
    local height, low = bars(picture, band), bars(picture, sample)
    assert.near(20 / 50, height[1] / low[1], 1e-6)
    local narrow = bars(plot.rank_histogram(ranks, 1, { level = 0.5 }), band)
    assert.near(6 / 50, narrow[1] / low[1], 1e-6) -- 47..53
  end)

  it("holds a panel for each number, and as many bars as bins that divide the ranks", function()
    local rng = fm.rng(3, "calibration_spec")
    local ranks = rng:integers(600, 0, 99):reshape(200, 3)
    local picture = plot.rank_histogram(ranks, 99, { columns = 2, names = { "a", "b", "c" } })
    assert.equal(60, #bars(picture, sample) + #bars(picture, accent))
    assert.equal(3, #bars(picture, band))
    local prime = plot.rank_histogram(rng:integers(600, 0, 22):reshape(200, 3), 22) -- 23 ranks
    assert.equal(69, #bars(prime, sample) + #bars(prime, accent))
  end)

  it("refuses misuse", function()
    local ranks, raises <const> = fm.zeros(4, 2), checks.raises_text
    raises("plot.rank_histogram: ranks: expected a tensor [n, D], found a tensor [4]", plot.rank_histogram, fm.zeros(4), 3)
    raises("plot.rank_histogram: ranks: expected numbers in 0..3, the number of draws", plot.rank_histogram, ranks + 4, 3)
    raises("plot.rank_histogram: ranks: expected numbers in 0..3, the number of draws", plot.rank_histogram, ranks / 0, 3)
    raises("coverage: ranks: expected numbers in 0..3, the number of draws", fm.metrics.coverage, fm.tensor { { 1 }, { 0 / 0 } }, 3)
    raises("plot.rank_histogram: draws: expected a whole number", plot.rank_histogram, ranks, 2.5)
    raises("plot.rank_histogram: bins: expected a divisor of 100, the number of ranks, found 30", plot.rank_histogram, ranks, 99, { bins = 30 })
    raises("plot.rank_histogram: level: expected a number > 0 and < 1, found 1", plot.rank_histogram, ranks, 3, { level = 1 })
    raises("plot.rank_histogram: names: expected a list of 2 texts", plot.rank_histogram, ranks, 3, { names = { "a" } })
    raises('plot.rank_histogram: unknown option "bin"; did you mean "bins"?', plot.rank_histogram, ranks, 3, { bin = 2 })
  end)
end)

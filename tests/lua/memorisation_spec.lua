local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local metrics <const>, flow <const>, ode <const> = fm.metrics, fm.flow, fm.ode

local raises_text <const> = checks.raises_text
local memorisation <const> = metrics.memorisation

describe("memorisation", function()
  checks.no_bytes_stay(before_each, after_each)

  it("counts pairs of distances by hand, ties half", function()
    local train = fm.tensor { { 0 }, { 10 } }
    local share, ratio = memorisation(fm.tensor { { 1 }, { 8 }, { 13 } }, train, fm.tensor { { 2 }, { 9 } }) -- 1 2 3 against 1 2
    assert.near((1 + 0.5 + 0.5) / 6, share, 1e-9)
    assert.near(2 / 1.5, ratio, 1e-6)
    local same = fm.rng(1):normal(50, 3)
    assert.equal(0.5, (memorisation(same, fm.rng(2):normal(40, 3), { held_out = same })))
    for i = 1, 20 do -- against a plain count
      local rng = fm.rng(i, "count")
      local a, b = rng:integers(7 + i, 1, 6):reshape(-1, 1), rng:integers(5 + i, 1, 6):reshape(-1, 1)
      local sum = 0
      for j = 1, #a do
        for k = 1, #b do sum = sum + (a[j][1] < b[k][1] and 1 or a[j][1] == b[k][1] and 0.5 or 0) end
      end
      assert.near(sum / (#a * #b), (memorisation(a, fm.zeros(1, 1), b)), 1e-9)
    end
  end)

  it("is 1/2 and 1 for true samples, 1 and 0 for copies, low for noise", function()
    local rng = fm.rng(3)
    local function moons(n, name) return fm.data.moons { n = n, noise = 0.1, rng = rng:stream(name) } end
    local train, held_out, true_ones = moons(1000, "train"), moons(1000, "held_out"), moons(1000, "true")
    local share, ratio = memorisation(true_ones, train, held_out)
    assert.near(0.5, share, 0.05)
    assert.near(1, ratio, 0.15)
    local copies = ode.solve(flow.exact.empirical { points = train }, rng:normal(500, 2), { method = "euler", steps = 200 })
    share, ratio = memorisation(copies, train, held_out)
    assert.is_true(share > 0.8 and ratio < 0.4)
    share, ratio = memorisation(train, train, held_out)
    assert.is_true(share > 0.999 and ratio == 0)
    share, ratio = memorisation(rng:normal(500, 2), train, held_out)
    assert.is_true(share < 0.2 and ratio > 3)
  end)

  it("has a floor and an interval, and takes rows of any rank", function()
    local rng = fm.rng(5)
    local train, held_out, other = rng:normal(60, 2, 3), rng:normal(50, 2, 3), rng:normal(40, 2, 3)
    local share, ratio = memorisation(other, train, held_out)
    assert.equal(share, (memorisation(other:reshape(40, 6), train:reshape(60, 6), held_out:reshape(50, 6))))
    local mean, mean_ratio, deviation = memorisation.floor(other, train, { held_out = held_out, draws = 20 })
    assert.near(share, mean, 0.1)
    assert.near(ratio, mean_ratio, 0.3)
    assert.is_true(deviation > 0 and deviation < 0.1)
    assert.equal(share, (memorisation.floor(other, train, held_out)))
    local low, high = metrics.interval({ "memorisation", held_out = held_out }, other, train, { draws = 50 })
    assert.is_true(low < share and share < high and high - low < 0.3)
  end)

  it("has a ratio where distances are 0", function()
    local x = fm.ones(3, 2)
    assert.same({ 0.5, 1.0 }, { memorisation(x, x, x) })
    assert.same({ 0.0, math.huge }, { memorisation(x * 2, x, x) })
  end)

  it("names what is wrong", function()
    local x = fm.zeros(4, 3)
    raises_text("memorisation: held_out is missing", memorisation, x, x)
    raises_text('memorisation: unknown option "heldout"; did you mean "held_out"?', memorisation, x, x, { heldout = x })
    raises_text("memorisation: held_out is a tensor [4, 2], train is a tensor [4, 3]: expected rows of the same shape", memorisation, x, x, fm.zeros(4, 2))
    raises_text("memorisation: samples is a tensor [4, 2], train is a tensor [4, 3]", memorisation, fm.zeros(4, 2), x, x)
    raises_text("memorisation: row 1 of samples is not finite", memorisation, fm.full({ 1, 3 }, 0 / 0), x, x)
    raises_text("memorisation: row 1 of train is not finite", memorisation, x, fm.full({ 1, 3 }, 0 / 0), x)
    raises_text("memorisation: samples: expected a tensor with rows first, [n, ...], found nil", memorisation, nil, x, x)
    raises_text("memorisation: unexpected argument 4", memorisation, x, x, x, 1)
  end)
end)

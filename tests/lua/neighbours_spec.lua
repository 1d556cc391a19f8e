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
  end)
end)

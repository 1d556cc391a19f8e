local fm <const> = require "fm"

describe("rng", function()
  it("gives the same numbers for the same seed, stream, step and call", function()
    local a, b = fm.rng(7, "x"), fm.rng(7, "x")
    assert.same(a:normal(5):totable(), b:normal(5):totable())
    assert.are_not.same(a:normal(5):totable(), fm.rng(7, "y"):normal(5):totable())
    assert.same(fm.rng(7):at(3):uniform(4):totable(), fm.rng(7):at(3):uniform(4):totable())
    assert.are_not.same(fm.rng(7):at(3):uniform(4):totable(), fm.rng(7):at(4):uniform(4):totable())
  end)

  it("does not depend on how many are drawn", function()
    local long, short = fm.rng(1):normal(1000), fm.rng(1):normal(10)
    assert.same(long[{ 1, 10 }]:totable(), short:totable())
  end)

  it("keeps streams apart: drawing in one does not shift another", function()
    local root = fm.rng(1)
    local a = root:stream "train"
    local first = a:normal(3):totable()
    local root2 = fm.rng(1)
    root2:stream "logger":normal(100)
    assert.same(first, root2:stream "train":normal(3):totable())
  end)

  it("lets streams follow the step of their root", function()
    local root = fm.rng(1)
    local a = root:stream "a"
    root:at(5)
    local x = a:normal(2):totable()
    a:normal(2)
    root:at(6)
    a:normal(2)
    root:at(5)
    assert.same(x, a:normal(2):totable())
  end)

  it("has the right moments", function()
    local n = 200000
    local x, u = fm.rng(3):normal(n), fm.rng(3):uniform(n)
    assert.near(0, x:mean():item(), 4 / math.sqrt(n))
    assert.near(1, x:square():mean():item(), 4 * math.sqrt(2 / n))
    assert.near(3, (x ^ 4):mean():item(), 4 * math.sqrt(96 / n))
    assert.near(0.5, u:mean():item(), 4 / math.sqrt(12 * n))
    assert.is_true(u:min():item() >= 0 and u:max():item() < 1)
  end)

  it("has normals beyond 5.77, where steps of 2^-24 would end", function()
    for step, expected in pairs { [55] = 5.787253, [100] = 5.856244, [175] = 5.880419 } do
      assert.near(expected, fm.rng(1):at(step):normal(1000000):abs():max():item(), 2e-6)
    end
  end)

  it("is uniform between any two numbers", function()
    local largest = fm.real == "double" and 1.7e308 or 3e38
    for _, range in ipairs { { -largest, largest }, { 0, largest }, { -largest, -largest / 2 }, { -1e-30, 1e-30 }, { 1, 1.001 } } do
      local low, high = range[1], range[2]
      local x = fm.rng(2):uniform(10000, { low = low, high = high })
      local middle = (low / 2 + high / 2)
      local below = 0
      for _, v in ipairs(x:totable()) do
        assert.is_true(v >= low * (low > 0 and 1 - 1e-6 or 1 + 1e-6) and v <= high * (high > 0 and 1 + 1e-6 or 1 - 1e-6))
        if v < middle then below = below + 1 end
      end
      assert.near(5000, below, 4 * math.sqrt(10000) / 2)
    end
  end)

  it("refuses ranges that its numbers cannot tell apart or hold", function()
    local rng = fm.rng(1)
    assert.error_matches(function() rng:uniform(3, { low = 1, high = 1 }) end, "low 1 is not below high 1")
    assert.error_matches(function() rng:uniform(3, { low = 0, high = math.huge }) end, "high: expected a number that is finite")
    if fm.real == "float" then
      assert.error_matches(function() rng:uniform(3, { low = 1, high = 1 + 1e-12 }) end, "one number in float")
      assert.error_matches(function() rng:uniform(3, { low = 0, high = 1e39 }) end, "high: expected a number that is finite in float")
    end
  end)

  it("permutes and picks whole numbers", function()
    local p = fm.rng(3):permutation(100):totable()
    table.sort(p)
    for i = 1, 100 do assert.equal(i, p[i]) end
    local counts = {}
    for _, k in ipairs(fm.rng(3):integers(3000, 2, 4):totable()) do counts[k] = (counts[k] or 0) + 1 end
    for k = 2, 4 do assert.near(1000, counts[k], 4 * math.sqrt(3000 * 2 / 9)) end
    assert.is_nil(counts[5])
  end)
end)

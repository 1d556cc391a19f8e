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
    assert.error_matches(function() rng:uniform(3, { low = 0, high = math.huge }) end, "high: expected a number that is finite in %a+, found inf")
    if fm.real == "float" then
      assert.error_matches(function() rng:uniform(3, { low = 1, high = 1 + 1e-12 }) end, "the same number in float")
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

  -- Rows of a draw at once, and the same rows drawn in pieces that begin anywhere, within a chunk
  -- and within a tile.
  local function in_pieces(draw, rows, ...)
    local whole = draw(fm.rng(4), rows)
    for _, borders in ipairs { { 1 }, { 2 }, { 1, 2, 3 }, { rows // 3, rows // 2 }, { rows - 1 }, ... } do
      local first = 1
      for i = 1, #borders + 1 do
        local last = borders[i] or rows
        local part = draw(fm.rng(4), last - first + 1, { first_row = first })
        assert.same(whole[{ first, last }]:totable(), part:totable())
        first = last + 1
      end
    end
  end

  it("draws rows of a larger draw, to the bit", function()
    local kinds = {
      function(rng, n, o) return rng:normal(n, o) end,
      function(rng, n, o) return rng:normal(n, 3, o) end,
      function(rng, n, o) return rng:normal({ n, 5, 7 }, o) end,
      function(rng, n, o) return rng:uniform(n, 2, o) end,
      function(rng, n, o) return rng:uniform({ n }, { low = -2, high = 5, first_row = o and o.first_row }) end,
      function(rng, n, o) return rng:uniform(n, 3, { low = -3e38, high = 3e38, first_row = o and o.first_row }) end,
      function(rng, n, o) return rng:integers(n, -5, 1000, o) end,
      function(rng, n, o) return rng:integers(n, 10, o) end,
      function(rng, n, o) return rng:integers({ n, 3 }, 2, 4, o) end,
      function(rng, n, o) return rng:integers({ n, 2, 2 }, 7, o) end,
    }
    for _, draw in ipairs(kinds) do
      for _, rows in ipairs { 4, 130, 300 } do in_pieces(draw, rows, {}) end
    end
    in_pieces(kinds[1], 40000, { 16384 }, { 16383, 16385 }, { 100, 33000 })
    in_pieces(kinds[2], 20000, { 5000, 5461, 5462 })
  end)

  it("counts calls as before when it draws from a row on", function()
    local a, b = fm.rng(1), fm.rng(1)
    a:normal(10)
    b:normal(2, { first_row = 9 })
    assert.equal(1, b:calls())
    assert.same(a:normal(3):totable(), b:normal(3, { first_row = 1 }):totable())
    assert.same(fm.rng(1):integers(6, 9):totable(), fm.rng(1):integers({ 2, 3 }, 9):reshape(6):totable())
    assert.same(fm.rng(1):normal(7)[7], fm.rng(1):normal({ first_row = 7 }):item()) -- one number is a row
    assert.same({}, fm.rng(1):normal({}):shape())
    assert.same({ 0, 3 }, fm.rng(1):normal(0, 3, { first_row = 50 }):shape())
    assert.same({ 5, 0 }, fm.rng(1):normal(5, 0, { first_row = 50 }):shape())
  end)

  it("has no row of two sizes in one draw, and ends at 2^34 numbers", function()
    local rng, last = fm.rng(1), 2 ^ 34
    local ends = rng:normal(2, { first_row = last - 1 })
    assert.are_not.same(ends:totable(), fm.rng(1):normal(2, { first_row = last - 1 - 2 ^ 32 }):totable())
    assert.equal(ends[2], fm.rng(1):normal(1, { first_row = last })[1])
    for _, call in ipairs {
      function() rng:normal(2, { first_row = last }) end,
      function() rng:uniform(1, 1024, { first_row = 2 ^ 24 + 1 }) end,
      function() rng:integers(1, 5, { first_row = last / 2 + 1 }) end,
      function() rng:normal(1, 3, { first_row = 2 ^ 40 }) end,
    } do assert.error_matches(call, "first_row: rows of %d+ numbers from row %d+ on go beyond the %d+ numbers of a draw") end
  end)

  it("refuses row numbers that are not whole numbers from 1 on", function()
    local rng = fm.rng(1)
    for _, row in ipairs { 0, -1, 1.5, "x", true, {}, 0 / 0, math.huge } do
      assert.error_matches(function() rng:normal(3, { first_row = row }) end, "normal: first_row: ")
      assert.error_matches(function() rng:uniform(3, 2, { first_row = row }) end, "uniform: first_row: ")
      assert.error_matches(function() rng:integers(3, 2, { first_row = row }) end, "integers: first_row: ")
    end
    assert.error_matches(function() rng:normal(3, { first_rwo = 1 }) end, 'normal: unknown option "first_rwo"; did you mean "first_row"')
    assert.error_matches(function() rng:integers(3, 2, { low = 1 }) end, 'integers: unknown option "low"')
    assert.error_matches(function() rng:integers(3, { first_row = 1 }) end, "integers: high: ")
    assert.error_matches(function() rng:permutation(3, { first_row = 1 }) end, "permutation: unexpected argument 2")
  end)
end)

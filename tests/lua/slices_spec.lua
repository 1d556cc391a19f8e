-- x[{ {1, 3}, 2, {} }]: what it selects, what shares its bytes, how it is written, its gradient,
-- and what it refuses.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"

--- What a list of entries selects of nested tables, in plain Lua.
local function select(rows, picks, axis)
  if type(rows) ~= "table" then return rows end
  local pick = picks[axis] or {}
  local function at(i) return select(rows[i < 0 and i + #rows + 1 or i], picks, axis + 1) end
  if type(pick) == "number" then return at(pick) end
  local first, last = pick[1] or 1, pick[2] or #rows
  if first < 0 then first = first + #rows + 1 end
  if last < 0 then last = last + #rows + 1 end
  local list = {}
  for i = first, last, pick[3] or 1 do list[#list + 1] = at(i) end
  return list
end

local function counted(...)
  local x = fm.zeros(...)
  return fm.range(1, x:count()):reshape(x:shape())
end

--- Lists of entries for a shape, drawn at random, with at least one table in each.
local function random_picks(rng, shape)
  local function draw(low, high) return math.tointeger(rng:integers(1, low, high)[1]) end
  local picks, table_at = {}, draw(1, #shape)
  for axis = 1, draw(table_at, #shape) do
    local n, kind = shape[axis], axis == table_at and draw(2, 5) or draw(1, 5)
    local a, b = draw(1, n), draw(1, n)
    if draw(1, 3) == 1 then a = a - n - 1 end
    local low, high = math.min(a < 0 and a + n + 1 or a, b), math.max(a < 0 and a + n + 1 or a, b)
    picks[axis] = kind == 1 and a or kind == 2 and {} or kind == 3 and { low, high } or kind == 4 and { low, high - n - 1, draw(1, 3) }
      or { high, low, -draw(1, 3) }
  end
  return picks
end

local fails <const> = checks.raises_text

describe("slices", function()
  checks.no_bytes_stay(setup, teardown)

  it("select a block, a column, every other one, and from the end", function()
    local x = counted(3, 4)
    assert.same({ { 2, 3, 4 }, { 6, 7, 8 } }, x[{ { 1, 2 }, { 2, 4 } }]:totable())
    assert.same({ 2, 6, 10 }, x[{ {}, 2 }]:totable())
    assert.same({ 5, 6, 7, 8 }, x[{ 2, {} }]:totable())
    assert.same({ { 1, 3 }, { 9, 11 } }, x[{ { 1, 3, 2 }, { 1, 4, 2 } }]:totable())
    assert.same({ { 12, 9 } }, x[{ { -1, -1 }, { 4, 1, -3 } }]:totable())
    assert.same({ 8, 12 }, x[{ { -2, -1 }, -1 }]:totable())
    assert.same({ 3, 4 }, x[{ { 1, 3 } }]:shape())
    assert.same({ 3, 4 }, x[{ {} }]:shape())
    assert.same({ 4, 3, 2 }, fm.range(1, 5)[{ { -2, 2, -1 } }]:totable())
  end)

  it("leaves two plain numbers what they were: rows", function()
    local x = counted(3, 2)
    assert.same({ { 1, 2 }, { 3, 4 } }, x[{ 1, 2 }]:totable())
    x[{ 1, 2 }] = 0
    assert.same({ { 0, 0 }, { 0, 0 }, { 5, 6 } }, x:totable())
    fails("rows: expected {first, last}; a list with an entry for each axis has at least one range", function() return x[{ 1, 2, 3 }] end)
    fails("rows: expected {first, last}", function() return x[{ 1 }] end)
    fails("rows: expected {first, last}", function() return x[{}] end)
  end)

  it("share the bytes where they are contiguous, and no others", function()
    local x = counted(4, 3, 2)
    for _, picks in ipairs { { { 2, 3 } }, { { 2, 3 }, {} }, { 2, { 1, 2 } }, { 2, 3, {} }, { {} }, { { 3, 3 }, { 2, 3 } }, { { 3, 4, 5 }, { 2, 3 } } } do
      local view, kept = x[picks], x:clone()
      view:fill(-1)
      assert.truthy(x:sum():item() < kept:sum():item())
      x:copy(kept)
    end
    for _, picks in ipairs { { {}, 2 }, { { 1, 2 }, { 1, 2 } }, { { 1, 4, 2 } }, { { 4, 1, -1 } }, { {}, {}, 1 } } do
      local copy, kept = x[picks], x:sum():item()
      copy:fill(-1)
      assert.equal(kept, x:sum():item())
    end
  end)

  it("select and write as plain Lua does, whatever the entries", function()
    local rng = fm.rng(4, "slices")
    for _, shape in ipairs { { 6 }, { 5, 4 }, { 4, 3, 5 }, { 2, 3, 1, 4 }, { 3, 2, 2, 2, 3 } } do
      for _ = 1, 60 do
        local x, picks = counted(shape), random_picks(rng, shape)
        local want = select(x:totable(), picks, 1)
        local found = x[picks]
        assert.same(want, found:totable())
        local y = fm.zeros(shape)
        y[picks] = found
        assert.same(want, y[picks]:totable())
        assert.equal(found:sum():item(), y:sum():item())
        y[picks] = -1
        assert.equal(-found:count(), y:sum():item())
      end
    end
  end)

  it("record their gradient, through views and copies", function()
    local rng = fm.rng(5, "slices")
    for _, shape in ipairs { { 5, 4 }, { 3, 4, 5 } } do
      for _ = 1, 20 do
        local w, picks = fm.parameter(counted(shape)), random_picks(rng, shape)
        do
          local tape <close> = fm.record()
          w[picks]:square():sum():backward()
        end
        local want = fm.zeros(shape)
        want[picks] = w[picks] * 2
        assert.same(want:totable(), w:grad():totable())
      end
    end
  end)

  it("write a leaf in place, a number or a tensor of their shape, its own numbers included", function()
    local w = fm.parameter(counted(3, 4))
    w[{ {}, { 2, 3 } }] = 0
    w[{ { 1, 3, 2 }, 4 }] = fm.tensor { -1, -2 }
    assert.same({ { 1, 0, 0, -1 }, { 5, 0, 0, 8 }, { 9, 0, 0, -2 } }, w:totable())
    local x = counted(3, 4)
    x[{ {}, { 1, 3 } }] = x[{ {}, { 2, 4 } }]
    assert.same({ { 2, 3, 4, 4 }, { 6, 7, 8, 8 }, { 10, 11, 12, 12 } }, x:totable())
    x[{ { 3, 1, -1 } }] = x[{ { 1, 3 } }] -- a view of itself, turned round
    assert.same({ { 10, 11, 12, 12 }, { 6, 7, 8, 8 }, { 2, 3, 4, 4 } }, x:totable())
    fails("slices: the selection is [3], the tensor to copy into it is [2]", function() x[{ {}, 1 }] = fm.zeros(2) end)
    fails("slices: the selection is [1, 4], the tensor to copy into it is [4]", function() x[{ { 1, 1 } }] = fm.zeros(4) end)
    fails('entries of a tensor are set to a number or a tensor, not to string "x"', function() x[{ {}, 1 }] = "x" end)
    fails("entries of a tensor are set to a number or a tensor, not to nil", function() x[{ {}, 1 }] = nil end)
    local tape <close> = fm.record()
    local y = w * 2
    fails("takes part in an open tape", function() w[{ {}, 1 }] = 0 end)
    fails("takes part in an open tape", function() y[{ {}, 1 }] = 0 end)
  end)

  it("take empty axes whole", function()
    assert.same({ 0, 2 }, fm.zeros(0, 3)[{ {}, { 1, 2 } }]:shape())
    assert.same({ 0 }, fm.zeros(0, 3)[{ {}, 2 }]:shape())
    assert.same({ 2, 0 }, fm.zeros(3, 0)[{ { 1, 2 }, {} }]:shape())
    local x = fm.zeros(0, 3)
    x[{ {}, 2 }] = 5
    fails("axis 1: entry 1 is out of range: expected 1..0", function() return x[{ { 1, 1 } }] end)
  end)

  it("refuse empty ranges and entries that do not exist, and name the axis", function()
    local x = counted(3, 4)
    local cases = {
      { { {}, 0 }, "axis 2: there is no entry 0: entries count from 1" }, { { { 0, 1 } }, "axis 1: there is no entry 0: entries count from 1" },
      { { {}, 5 }, "axis 2: entry 5 is out of range: expected 1..4" }, { { { 1, -4 } }, "axis 1: entry -4 is out of range: expected 1..3" },
      { { { 2, 1 } }, "axis 1: the range from 2 to 1 in steps of 1 is empty" },
      { { {}, { 1, 4, -1 } }, "axis 2: the range from 1 to 4 in steps of -1 is empty" },
      { { {}, { 1, 4, 0 } }, "axis 2: step is 0" }, { { {}, { 1, 4, 0.5 } }, "axis 2: step: expected a whole number" },
      { { { 1.5, 2 } }, "axis 1: first: expected a whole number" }, { { { 1, "2" } }, "axis 1: last: expected a whole number" },
      { { {}, 1.5 }, "axis 2: entry: expected a whole number" }, { { { 2 } }, "axis 1: a range is {first, last}" },
      { { { 1, 2, 1, 1 } }, "axis 1: a range is" }, { { { 1, 2, by = 2 } }, "axis 1: a range is" }, { { { first = 1 } }, "axis 1: a range is" },
      { { {}, {}, {} }, "slices: 3 entries are too many for a tensor [3, 4]" },
      { { {}, "a" }, 'axis 2: expected a number, {first, last [, step]} or {}, found string "a"' },
      { { {}, axis = {} }, "slices: expected a list with an entry for each axis" }, { { nil, {} }, "slices: expected a list with an entry for each axis" },
      { { {}, false }, "axis 2: expected a number" }, { { {}, x }, "axis 2: expected a number" },
    }
    for _, case in ipairs(cases) do
      fails(case[2], function() return x[case[1]] end)
      fails(case[2], function() x[case[1]] = 1 end)
    end
    assert.equal(78, x:sum():item())
    fails("1 entries are too many for a tensor []", function() return fm.tensor(3)[{ {} }] end)
    fails("released", function()
      local y
      do
        local scope <close> = fm.scope()
        y = x * 2
      end
      return y[{ {}, 1 }]
    end)
  end)
end)

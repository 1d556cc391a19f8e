-- Comparisons, argmax, argmin, sort, std, one_hot and stack: ties, empty tensors, NaN, layouts,
-- gradients and wrong arguments.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"

local nan <const>, inf <const> = 0 / 0, 1 / 0

--- The numbers of a tensor of rank 1, NaN as "nan", so that they can be compared.
local function numbers(x)
  local list = {}
  for i, v in ipairs(x:reshape(-1)) do list[i] = v ~= v and "nan" or v + 0.0 end
  return list
end

local function floats(list)
  for i, v in ipairs(list) do list[i] = v ~= v and "nan" or v + 0.0 end
  return list
end

--- The column at place [o, j] of x seen as [outer, size, inner] along an axis.
local function columns(x, axis)
  local outer, inner, shape = 1, 1, x:shape()
  for i, n in ipairs(shape) do
    if i < axis then outer = outer * n elseif i > axis then inner = inner * n end
  end
  local seen, list = x:reshape(outer, shape[axis], inner):totable(), {}
  for o = 1, outer do
    for j = 1, inner do
      local column = {}
      for i = 1, shape[axis] do column[i] = seen[o][i][j] end
      list[#list + 1] = column
    end
  end
  return list
end

local function best_place(column, larger)
  local best = 1
  for i, v in ipairs(column) do
    local b = column[best]
    if b == b and (v ~= v or (larger and v > b) or (not larger and v < b)) then best = i end
  end
  return best
end

--- Places in stable order by insertion, NaN last.
local function sorted_places(column, descending)
  local places = {}
  for i, v in ipairs(column) do
    local at = #places + 1
    while at > 1 do
      local w = column[places[at - 1]]
      local before = v == v and (w ~= w or (descending and v > w) or (not descending and v < w))
      if not before then break end
      at = at - 1
    end
    table.insert(places, at, i)
  end
  return places
end

local fails <const> = checks.raises_text

describe("order", function()
  checks.no_bytes_stay(setup, teardown)

  it("compares number by number, broadcasting, to 0 and 1", function()
    local x = fm.tensor { { 1, 2, 3 }, { 4, 5, 6 } }
    assert.same({ { 1, 0, 0 }, { 0, 0, 0 } }, x:lt(2):totable())
    assert.same({ { 1, 1, 0 }, { 0, 0, 0 } }, x:le(2):totable())
    assert.same({ { 0, 0, 1 }, { 1, 1, 1 } }, x:gt(2):totable())
    assert.same({ { 0, 1, 1 }, { 1, 1, 1 } }, x:ge(2):totable())
    assert.same({ { 1, 0, 0 }, { 0, 0, 1 } }, x:eq(fm.tensor { 1, 9, 6 }):totable())
    assert.same({ { 0, 1, 1 }, { 1, 0, 1 } }, x:ne(fm.tensor { 1, 5, 7 }):totable())
    assert.same({ { 0, 0, 0 }, { 1, 1, 1 } }, fm.lt(3, x):totable())
    assert.same({ { 0, 1, 1 }, { 0, 0, 0 } }, fm.lt(fm.tensor { { 1 }, { 6 } }, x):totable())
    assert.same({ 3, 2, 2 }, fm.eq(fm.zeros(3, 1, 2), fm.zeros(2, 1)):shape())
    assert.equal(1, fm.le(1, 1):item())
    assert.same({ 0, 3 }, fm.gt(fm.zeros(0, 3), 1):shape())
    fails("shapes [2, 3] and [2] do not fit", fm.lt, x, fm.zeros(2))
    fails("lt: argument 2: expected a tensor or a number, found nothing", fm.lt, x)
    fails("a:lt(b)", function() return x < x end)
    fails("a:lt(b)", function() return x >= 2 end)
  end)

  it("holds nothing true of a NaN but that it differs, also in long rows", function()
    local x = fm.full({ 100 }, nan)
    for name, holds in pairs { lt = 0, le = 0, gt = 0, ge = 0, eq = 0, ne = 1 } do
      assert.equal(100 * holds, fm[name](x, x):sum():item(), name)
      assert.equal(100 * holds, fm[name](x, 0):sum():item(), name)
    end
    assert.same({ 1, 1 }, fm.eq(fm.tensor { 0, inf }, fm.tensor { -0.0, inf }):totable())
  end)

  it("records no comparison: the gradient goes through what it chooses from", function()
    local w = fm.parameter(fm.tensor { 1, 2, 3 })
    local tape <close> = fm.record()
    local positive = w:gt(1.5)
    assert.is_false(fm.needs_grad(positive))
    fm.where(positive, w * 2, w):sum():backward()
    assert.same({ 1, 2, 2 }, w:grad():totable())
    w:zero_grad()
    fails("nothing here was recorded", function() w:argmax():backward() end)
  end)

  it("finds the first of the largest and smallest in every layout", function()
    local rng = fm.rng(1, "order")
    for _, shape in ipairs { { 7 }, { 31 }, { 32 }, { 33 }, { 64 }, { 1000 }, { 5, 7 }, { 40, 3 }, { 3, 70 }, { 4, 5, 6 }, { 2, 100, 33 }, { 6, 1 } } do
      local x = rng:integers(fm.zeros(shape):count(), -4, 4):reshape(shape)
      for _, name in ipairs { "argmax", "argmin" } do
        for axis = 1, #shape do
          local want = {}
          for i, column in ipairs(columns(x, axis)) do want[i] = best_place(column, name == "argmax") end
          assert.same(floats(want), numbers(fm[name](x, axis)))
        end
        assert.same({ best_place(x:reshape(-1):totable(), name == "argmax") + 0.0 }, numbers(fm[name](x)))
      end
    end
  end)

  it("takes a NaN for the largest and for the smallest, the first of several", function()
    for _, n in ipairs { 4, 40, 400 } do
      local x = fm.zeros(n, 2)
      x[3][1], x[n][1], x[n][2], x[2][2] = nan, nan, 7, inf
      assert.same({ 3, 2 }, x:argmax(1):totable())
      assert.same({ 3, 1 }, x:argmin(1):totable())
      assert.same({ 3 }, numbers(x[{ {}, 1 }]:argmax()))
      assert.same({ 3 }, numbers(x[{ {}, 1 }]:argmin()))
    end
    assert.equal(1, fm.tensor { -inf, -inf }:argmax():item())
    assert.equal(1, fm.tensor { inf, inf }:argmin():item())
    assert.equal(1, fm.tensor(3):argmax():item())
  end)

  it("keeps an axis when asked, and refuses empty ones", function()
    local x = fm.tensor { { 1, 5, 2 }, { 7, 0, 7 } }
    assert.same({ { 2 }, { 1 } }, x:argmax { axis = -1, keep = true }:totable())
    assert.same({ { 4 } }, x:argmax { keep = true }:totable())
    assert.same({ 0 }, fm.zeros(0, 3):argmax(2):shape())
    fails("input is [0, 3]: there is no number to choose", fm.argmax, fm.zeros(0, 3), 1)
    fails("there is no number to choose", fm.argmin, fm.zeros(0))
    fails("axis 3 is out of range", fm.argmax, x, 3)
    fails("argmin: axis: expected an axis", fm.argmin, x, 0)
    fails('did you mean "keep"?', fm.argmin, x, { kep = true })
  end)

  it("sorts stably in every layout, NaN last both ways", function()
    local rng = fm.rng(2, "order")
    local special = { nan, inf, -inf, 0, -0.0, 1e-40, -1e-40, 3, -3, -nan }
    for _, shape in ipairs { { 1 }, { 2 }, { 63 }, { 64 }, { 65 }, { 700 }, { 5, 7 }, { 70, 3 }, { 3, 70 }, { 2, 80, 3 }, { 4, 1, 5 } } do
      local x = rng:integers(fm.zeros(shape):count(), 1, 12):reshape(-1)
      for i, v in ipairs(x) do x[i] = special[math.tointeger(v)] or rng:number() * 2 - 1 end
      x = x:reshape(shape)
      for axis = 1, #shape do
        for _, descending in ipairs { false, true } do
          local values, places = x:sort { axis = axis, descending = descending }
          assert.same(shape, values:shape())
          local found, at = columns(values, axis), columns(places, axis)
          for k, column in ipairs(columns(x, axis)) do
            local want = sorted_places(column, descending)
            assert.same(floats(want), floats(at[k]))
            local picked = {}
            for i, p in ipairs(want) do picked[i] = column[math.tointeger(p)] end
            assert.same(floats(picked), floats(found[k]))
          end
          assert.same(numbers(places), numbers(x:argsort(axis, descending)))
        end
      end
    end
  end)

  it("sorts a long row digit by digit, of any size of number", function()
    local rng = fm.rng(3, "order")
    local n = 100000
    local x = rng:normal(n) * (rng:normal(n) * 20):exp()
    local values, places = x:sort()
    local list, from = values:totable(), x:index_select(places):totable()
    for i = 2, n do assert(list[i - 1] <= list[i]) end
    assert.same(list, from)
    local whole = places:sort()
    assert.equal(1, fm.eq(whole, fm.range(1, n)):min():item())
    local down = x:sort { descending = true }
    assert.equal(1, fm.eq(down[{ {-1, 1, -1} }], values):min():item()) -- no two are equal
  end)

  it("sorts the last axis unless told, empty ones too, and says what it cannot", function()
    local values, places = fm.tensor { { 3, 1, 2 }, { 9, 9, 8 } }:sort()
    assert.same({ { 1, 2, 3 }, { 8, 9, 9 } }, values:totable())
    assert.same({ { 2, 3, 1 }, { 3, 1, 2 } }, places:totable())
    local none, no_places = fm.sort(fm.zeros(0))
    assert.same({ { 0 }, { 0 } }, { none:shape(), no_places:shape() })
    assert.same({ 3, 0 }, (fm.zeros(3, 0):sort(1)):shape())
    assert.same({ 3, 0 }, (fm.zeros(3, 0):sort(2)):shape())
    fails("sort: a number without axes cannot be sorted", fm.sort, 3)
    fails("sort: axis 3 is out of range for a tensor of rank 2", fm.sort, values, 3)
    fails("sort: axis: expected an axis", fm.sort, values, 0)
    fails("sort: descending: expected true or false", fm.sort, values, { descending = 1 })
    fails('sort: unknown option "descend"', fm.sort, values, { descend = true })
    fails("expected a tensor", fm.sort, "x")
    fails("argsort: axis 2 is out of range", fm.argsort, fm.zeros(3), 2)
  end)

  it("gives each sorted value's gradient to the number that it was", function()
    local w = fm.parameter(fm.tensor { { 3, 1, 2 }, { 5, 5, 4 } })
    local tape <close> = fm.record()
    local values, places = w:sort { descending = true }
    assert.is_false(fm.needs_grad(places))
    values:mul(fm.tensor { 1, 10, 100 }):sum():backward()
    assert.same({ { 1, 100, 10 }, { 1, 10, 100 } }, w:grad():totable())
    local v = fm.parameter(fm.rng(5):normal(4, 3))
    if fm.real == "double" then assert(fm.gradcheck(function(x) return (x:sort(1)):square() end, { v })) end
  end)

  it("has the standard deviation, with a gradient that stays finite where it is 0", function()
    local x = fm.tensor { { 1, 2, 3, 4 }, { 5, 5, 5, 5 } }
    local near = function(want, found) assert.truthy(math.abs(want - found) < 1e-6, found) end
    near(math.sqrt(5 / 3), x[1]:std():item())
    near(math.sqrt(5 / 4), x[1]:std { unbiased = false }:item())
    assert.equal(0, x:std(2)[2])
    assert.same({ 2, 1 }, x:std { axis = 2, keep = true }:shape())
    near(0, fm.tensor { 7 }:std { unbiased = false }:item())
    near(2, (fm.tensor { -1, 1, -1, 1 } * math.sqrt(3) + 2 ^ 20):std():item() // 0.1 / 10) -- a large mean costs no digits
    assert.equal("nan", numbers(fm.tensor { 1, nan }:std())[1])
    fails("std: input is [1]: expected at least 2 numbers to reduce, found 1", fm.std, fm.tensor { 1 })
    fails('std: unknown option "unbiase"; did you mean "unbiased"?', fm.std, x, { unbiase = true })
    local w = fm.parameter(x)
    local tape <close> = fm.record()
    w:std(2):sum():backward()
    assert.same({ 0, 0, 0, 0 }, w:grad()[2]:totable())
    near(-1.5 / 3 / math.sqrt(5 / 3), w:grad()[1][1])
  end)

  it("makes rows of labels", function()
    assert.same({ { 0, 0, 1 }, { 1, 0, 0 } }, fm.one_hot(fm.tensor { 3, 1 }, 3):totable())
    assert.same({ 0, 1 }, fm.one_hot(2, 2):totable())
    assert.same({ { { 1, 0 }, { 0, 1 } } }, fm.tensor { { 1, 2 } }:one_hot { n = 2 }:totable())
    assert.same({ 0, 4 }, fm.one_hot(fm.zeros(0), 4):shape())
    fails("one_hot: index 2 is 4: it must lie in 1..3", fm.one_hot, fm.tensor { 1, 4 }, 3)
    fails("index 1 is 0: it must lie in 1..3", fm.one_hot, fm.tensor { 0 }, 3)
    fails("it must lie in", fm.one_hot, fm.tensor { nan }, 3)
    fails("it must be a whole number", fm.one_hot, fm.tensor { 1.5 }, 3)
    fails("one_hot: n is missing", fm.one_hot, fm.tensor { 1 })
    fails("n is 0: expected at least 1", fm.one_hot, fm.zeros(0), 0)
    fails("n: expected a whole number", fm.one_hot, fm.tensor { 1 }, 1.5)
    fails("one axis too many", fm.one_hot, fm.ones(1, 1, 1, 1, 1, 1, 1, 1), 2)
  end)

  it("stacks along a new axis anywhere", function()
    local a, b = fm.tensor { { 1, 2, 3 }, { 4, 5, 6 } }, fm.tensor { { 7, 8, 9 }, { 10, 11, 12 } }
    assert.same({ { { 1, 2, 3 }, { 4, 5, 6 } }, { { 7, 8, 9 }, { 10, 11, 12 } } }, fm.stack(a, b):totable())
    assert.same({ { { 1, 2, 3 }, { 7, 8, 9 } }, { { 4, 5, 6 }, { 10, 11, 12 } } }, fm.stack({ a, b }, { axis = 2 }):totable())
    assert.same({ { { 1, 7 }, { 2, 8 }, { 3, 9 } }, { { 4, 10 }, { 5, 11 }, { 6, 12 } } }, a:stack(b, { axis = -1 }):totable())
    assert.same({ 1, 2 }, fm.stack(fm.tensor(1), fm.tensor(2)):totable())
    assert.same({ 1, 2, 3 }, fm.stack { a }:shape())
    assert.same({ 2, 0, 3 }, fm.stack(fm.zeros(0, 3), fm.zeros(0, 3)):shape())
    local many = {}
    for i = 1, 1000 do many[i] = fm.full({ 2 }, i) end
    assert.equal(1000, fm.stack(many, { axis = 2 })[2][1000])
    fails("tensor 1 is [2, 3], tensor 2 is [3]: expected equal shapes", fm.stack, a, fm.zeros(3))
    fails("axis 4 is out of range for a tensor of rank 3", fm.stack, a, b, { axis = 4 })
    fails("stack: expected tensors, found an empty list", fm.stack, {})
    fails("stack: expected tensors, found nothing", fm.stack)
    fails("stack: entry 2: expected a tensor, found 3", fm.stack, { a, 3 })
    fails("one axis too many", fm.stack, fm.ones(1, 1, 1, 1, 1, 1, 1, 1))
  end)

  it("sends each stacked part its own gradient, the same tensor twice included", function()
    local w, k = fm.parameter(fm.tensor { 1, 2 }), fm.tensor { 5, 6 }
    local tape <close> = fm.record()
    fm.stack(k, w, w, { axis = 2 }):mul(fm.tensor { { 1, 10, 100 }, { 2, 20, 200 } }):sum():backward()
    assert.same({ 110, 220 }, w:grad():totable())
  end)
end)

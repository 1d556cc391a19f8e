-- Ops over rows, sums, picks and copies, at sizes that make several tiles with an uneven last one:
-- the numbers and the gradients are the same, bit for bit, for any number of threads, and they are
-- those of the same op over pieces that are too small to split.
local fm <const> = require "fm"
local threads <const> = require "fm.core".system.threads
local checks <const> = dofile "tests/lua/checks.lua"

local double <const> = fm.real == "double"
local tile <const>, light <const> = 16384, 65536 -- FM_TILE, FM_LIGHT
local rng <const> = fm.rng(12, "tiles_spec")

-- The value of f at parameters with the numbers of `inputs`, and its gradients by those that are
-- not in `fixed`, for a result's gradient dy of f's shape.
local function value_and_gradients(f, inputs, fixed, dy)
  local tape <close> = fm.record()
  local given, found = {}, {}
  for i, x in ipairs(inputs) do given[i] = (fixed or {})[i] and x or fm.parameter(x) end
  local y = f(table.unpack(given))
  found[1] = y:clone():detach()
  if not fm.needs_grad(y) then return found end
  y:backward(dy)
  for i, p in ipairs(given) do
    if not (fixed or {})[i] then found[#found + 1] = p:grad():clone():detach() end
  end
  return found
end

-- Two numbers with the same bits, or two NaNs.
local function same_number(a, b)
  return a == b and (a ~= 0 or 1 / a == 1 / b) or a ~= a and b ~= b
end

local function assert_same(expected, found, what)
  assert.same(expected:shape(), found:shape())
  local a, b = expected:reshape(-1):totable(), found:reshape(-1):totable()
  for i = 1, #a do
    if not same_number(a[i], b[i]) then error(("%s: number %d is %.17g, expected %.17g"):format(what, i, b[i], a[i])) end
  end
end

-- name, f, inputs, which inputs get no gradient
local function normal(...) return rng:normal(...) end

local cases <const> = {
  { "mse", fm.mse, { normal(5 * tile + 7), normal(5 * tile + 7) } },
  { "mse of a tensor and itself", function(x) return fm.mse(x, x * 0.5, { reduce = "sum" }) end, { normal(3 * tile + 1) } },
  { "huber", function(p, q) return fm.huber(p, q, { delta = 0.7 }) end, { normal(70, 1001), normal(70, 1001) } },
  { "cross_entropy", fm.cross_entropy, { normal(5003, 10), rng:integers(5003, 1, 10) }, { false, true } },
  { "cross_entropy of wide rows", fm.cross_entropy, { normal(9, 20001), rng:integers(9, 1, 20001) }, { false, true } },
  { "cat of columns", function(a, b, c) return fm.cat(a, b, c, 2) end, { normal(1001, 2), normal(1001, 67), normal(1001, 1) } },
  { "cat of light tiles", function(a, b) return fm.cat(a, b, 1) end, { normal(light), normal(light + 1) } },
  { "cat of many columns", function(a, b) return fm.cat(a, b, 2) end, { normal(2003, 40), normal(2003, 67) } },
  { "cat of rows", function(a, b) return fm.cat(a, b, 1) end, { normal(3, 20000), normal(2, 20000) } },
  { "stack", function(a, b) return fm.stack({ a, b }, { axis = 2 }) end, { normal(501, 67), normal(501, 67) } },
  { "layer_norm", fm.layer_norm, { normal(501, 67), normal(67), normal(67) } },
  { "layer_norm of wide rows", fm.layer_norm, { normal(7, 20001), normal(20001), normal(20001) } },
  { "layer_norm without weight", function(x) return fm.layer_norm(x) end, { normal(4, 131, 67) } },
  { "layer_norm, parameters alone", fm.layer_norm, { normal(2003, 67), normal(67), normal(67) }, { true } },
  { "layer_norm with rows of weights", fm.layer_norm, { normal(67, 61, 33), normal(67, 1, 33), normal(67, 1, 33) } },
  { "layer_norm with long rows of weights", fm.layer_norm, { normal(3, 5, 251, 33), normal(3, 1, 1, 33), normal(3, 1, 1, 33) } },
  { "rms_norm", fm.rms_norm, { normal(2003, 33), normal(33) } },
  { "rms_norm with a weight for each number", fm.rms_norm, { normal(41, 17, 33), normal(41, 17, 33) } },
  { "group_norm", function(x, w, b) return fm.group_norm(x, w, b, { groups = 3 }) end, { normal(5, 6, 41, 40), normal(6), normal(6) } },
  { "group_norm with an activation", function(x, w, b) return fm.group_norm(x, w, b, { groups = 2, act = "silu" }) end,
    { normal(5, 6, 41, 40), normal(6), normal(6) } },
  { "group_norm of one picture", function(x, w, b) return fm.group_norm(x, w, b, { groups = 4 }) end, { normal(1, 8, 5000), normal(8), normal(8) } },
  { "group_norm of rows", function(x, w, b) return fm.group_norm(x, w, b, { groups = 2 }) end, { normal(3001, 16), normal(16), normal(16) } },
}
for _, name in ipairs { "sum", "mean", "norm", "var", "std", "max", "min", "logsumexp" } do
  local function along(axis) return function(x) return fm[name](x, { axis = axis }) end end
  local function add(what, f, ...) cases[#cases + 1] = { name .. what, f, { normal(...) } } end
  add(" of all", fm[name], 5 * tile + 7)
  add(" of short rows", along(2), 5003, 10)
  add(" of rows", along(2), 131, 1001)
  add(" of a few long rows", along(2), 3, 3 * tile + 5)
  add(" of narrow columns", along(1), 40003, 3)
  add(" of columns", along(1), 1003, 67)
  add(" of a few very long rows", along(2), 3, light + 1)
  add(" of many columns", along(1), 33, 5001)
  add(" of an inner axis", along(2), 40, 51, 33)
end
for _, name in ipairs { "softmax", "log_softmax", "cumsum" } do
  local function add(what, axis, ...) cases[#cases + 1] = { name .. what, function(x) return fm[name](x, { axis = axis }) end, { normal(...) } } end
  add(" of short rows", -1, 5003, 10)
  add(" of rows", -1, 131, 1001)
  add(" of a long row", -1, 5 * tile + 7)
  add(" of rows of a light tile and one more", -1, 257, 256)
  add(" of columns", 1, 1003, 67)
  add(" of long columns", 1, 1003, 201)
  add(" of many columns", 1, 33, 5001)
  add(" of an inner axis", 2, 40, 51, 33)
end

local function ids(n, ...) return rng:integers(n, 1, ...) end
local function add_picked(what, f, x, index) cases[#cases + 1] = { what, f, { x, index }, { false, true } } end
add_picked("embedding of many entries", fm.embedding, normal(3000, 67), ids(2003, 3000))
add_picked("embedding of a few entries", fm.embedding, normal(10, 67), ids(5003, 10))
add_picked("embedding of a few short entries", fm.embedding, normal(10, 1), ids(70001, 10))
add_picked("embedding, a few rows", fm.embedding, normal(30, 20001), ids(12, 30))
add_picked("index_select", fm.index_select, normal(5003, 33), ids(2003, 5003))
add_picked("index_select of columns", function(x, i) return x:index_select(i, { axis = 2 }) end, normal(501, 67), ids(101, 67))
add_picked("index_select of an inner axis", function(x, i) return x:index_select(i, { axis = 2 }) end, normal(20, 700, 5), ids(301, 700))
for _, n in ipairs { 1024, 1025, 2049 } do -- 1,024 places at a time
  add_picked(("index_select of %d columns"):format(n), function(x, i) return x:index_select(i, { axis = 2 }) end, normal(40, 67), ids(n, 67))
end
add_picked("gather of rows", function(x, i) return x:gather(i, { axis = 1 }) end, normal(70, 503), ids(101 * 503, 70):reshape(101, 503))
add_picked("gather of many rows", function(x, i) return x:gather(i, { axis = 1 }) end, normal(9000, 131), ids(301 * 131, 9000):reshape(301, 131))
add_picked("gather of a light tile and one more", function(x, i) return x:gather(i, { axis = 1 }) end, normal(light + 1), ids(light + 1, light + 1))
add_picked("gather along rows", function(x, i) return x:gather(i, { axis = 2 }) end, normal(501, 67), ids(501 * 101, 67):reshape(501, 101))
for _, c in ipairs {
  { "one_hot", function(x) return fm.one_hot(x, { n = 33 }) end, ids(2003, 33) },
  { "argmax of rows", function(x) return x:argmax(2) end, normal(501, 67) },
  { "argmin of columns", function(x) return x:argmin(1) end, normal(501, 267) },
  { "argmax of an inner axis", function(x) return x:argmax(2) end, normal(40, 51, 33) },
  { "argsort of short rows", function(x) return x:argsort(2) end, normal(5003, 10) },
  { "argsort of rows", function(x) return x:argsort(2, true) end, normal(131, 1001) },
  { "argsort of columns", function(x) return x:argsort(1) end, normal(1003, 67) },
} do
  cases[#cases + 1] = { c[1], c[2], { c[3] }, { true } }
end
for _, c in ipairs {
  { "transpose", { 1003, 67 } }, { "transpose of a wide one", { 33, 5001 } }, { "transpose of a narrow one", { 20001, 3 } },
  { "permute", { 21, 33, 7, 19 }, { 1, 3, 2, 4 } }, { "permute to channels first", { 9, 51, 50, 3 }, { 1, 4, 2, 3 } },
  { "permute to channels last", { 9, 3, 51, 50 }, { 1, 3, 4, 2 } }, { "permute of all axes", { 17, 33, 7, 19 }, { 4, 3, 2, 1 } },
  { "permute of squares inside", { 5, 33, 67, 21 }, { 1, 4, 3, 2 } }, { "permute that changes nothing", { 33, 1, 2001 }, { 2, 1, 3 } },
} do
  cases[#cases + 1] = { c[1], function(x) return c[3] and fm.permute(x, { axes = c[3] }) or fm.transpose(x) end, { normal(table.unpack(c[2])) } }
end
for _, c in ipairs {
  { "slice of columns", { 1003, 67 }, { axis = 2, first = 3, last = 60 } }, { "slice with steps", { 1003, 67 }, { axis = 2, first = 3, last = 60, step = 3 } },
  { "slice of every second number", { 1003, 67 }, { axis = 2, first = 3, last = 60, step = 2 } },
  { "slice of numbers from the end", { 1003, 67 }, { axis = 2, first = -2, last = 1, step = -3 } },
  { "slice of a light tile and one more", { 2, light + 1 }, { axis = 2, first = 1, last = light } },
  { "slice of many numbers", { 2003, 67 }, { axis = 2, first = 3, last = 60 } },
  { "slice of rows from the end", { 1003, 67 }, { axis = 1, first = -1, last = 1, step = -2 } },
  { "slice of an inner axis", { 40, 51, 33 }, { axis = 2, first = 2, last = 50, step = 4 } },
} do
  cases[#cases + 1] = { c[1], function(x) return fm.slice(x, c[3]) end, { normal(table.unpack(c[2])) } }
end

describe("tiles", function()
  checks.no_bytes_stay(before_each, after_each)
  after_each(function() threads(1) end)

  for _, case in ipairs(cases) do
    it(("of %s give the same bits for any number of threads"):format(case[1]), function()
      local _, f, inputs, fixed = table.unpack(case, 1, 4)
      threads(1)
      local dy = fm.rng(1, "tiles_spec"):normal(table.unpack(f(table.unpack(inputs)):shape()))
      local expected = value_and_gradients(f, inputs, fixed, dy)
      for _, n in ipairs { 2, 3, 4, 8 } do
        threads(n)
        for i, x in ipairs(value_and_gradients(f, inputs, fixed, dy)) do
          assert_same(expected[i], x, ("%s with %d threads, %s"):format(case[1], n, i == 1 and "value" or "gradient " .. i - 1))
        end
      end
    end)
  end

  it("of a path give the same bits, and those of its rows", function()
    for _, shape in ipairs { { 128, 3001 }, { 40001, 2 }, { 1, 5 * tile + 3 }, { 3, tile }, { 2, tile + 1 }, { 1, 1 } } do
      local x0, x1, t = rng:normal(table.unpack(shape)), rng:normal(table.unpack(shape)), rng:uniform(shape[1])
      local a, s, da, ds = t * t, 1 - t, t + t, t * 0 - 1
      local column = function(c) return c:reshape(shape[1], 1) end
      local xt, u = column(s) * x0 + column(a) * x1, column(da) * x1 + column(ds) * x0
      for _, n in ipairs { 1, 2, 3, 4, 8 } do
        threads(n)
        local found, slope = fm.path_sample(x0, x1, a, s, da, ds)
        assert_same(xt, found, "path")
        assert_same(u, slope, "slope")
      end
    end
  end)

  it("of sums are right beside plain loops", function()
    local limit = double and 1e-12 or 1e-6
    for _, shape in ipairs { { tile }, { tile + 1 }, { 5 * tile + 7 }, { 3, 2 * tile + 1 }, { 40003, 3 }, { 1003, 67 }, { 33, 1500 } } do
      local x = rng:uniform(table.unpack(shape)) + 0.5
      local numbers, rows, columns = x:reshape(-1):totable(), #shape == 2 and shape[1] or 1, shape[#shape]
      local sum, squares, top = {}, {}, {}
      local function add(at, v)
        sum[at], squares[at], top[at] = (sum[at] or 0) + v, (squares[at] or 0) + v * v, math.max(top[at] or 0, v)
      end
      for i, v in ipairs(numbers) do
        add("all", v)
        add("row " .. (i - 1) // columns + 1, v)
        add("column " .. (i - 1) % columns + 1, v)
      end
      local function check(at, n, of_axis)
        local mean = sum[at] / n
        local expected = { sum[at], mean, math.sqrt(squares[at]), top[at], (squares[at] - n * mean ^ 2) / n }
        for k, name in ipairs { "sum", "mean", "norm", "max", "var" } do
          local error = math.abs(of_axis(name) - expected[k])
          assert(error <= limit * (name == "var" and 10 or 1) * expected[k], ("%s of %s, %s: error %g"):format(name, table.concat(shape, "x"), at, error))
        end
      end
      check("all", #numbers, function(name) return fm[name](x, name == "var" and { unbiased = false } or {}):item() end)
      for axis = 1, #shape do
        local found = {}
        for _, name in ipairs { "sum", "mean", "norm", "max", "var" } do
          local settings = { axis = axis }
          if name == "var" then settings.unbiased = false end
          found[name] = fm[name](x, settings):reshape(-1):totable()
        end
        local by_rows = axis == #shape
        local count = by_rows and rows or columns
        for _, i in ipairs { 1, count // 2 + 1, count } do
          check(by_rows and "row " .. i or "column " .. i, by_rows and columns or rows, function(name) return found[name][i] end)
        end
      end
    end
  end)

  it("of rows give what each row gives alone", function()
    local x, w, b = rng:normal(1003, 67), rng:normal(67), rng:normal(67)
    local wide = rng:normal(67, 1003)
    for name, f in pairs {
      softmax = fm.softmax, log_softmax = fm.log_softmax, cumsum = fm.cumsum, layer_norm = function(r) return fm.layer_norm(r, w, b) end,
      rms_norm = function(r) return fm.rms_norm(r, w) end, sum = function(r) return fm.sum(r, -1) end, max = function(r) return fm.max(r, -1) end,
    } do
      local all, dy = f(x), f(x) * 0 + 0.5
      local dx = value_and_gradients(function(p) return f(p) end, { x }, nil, dy)[2]
      for _, i in ipairs { 1, 244, 245, 1003 } do
        local row = x:slice { axis = 1, first = i, last = i }
        local found = value_and_gradients(f, { row:clone() }, nil, dy:slice { axis = 1, first = i, last = i })
        assert_same(all:slice { axis = 1, first = i, last = i }, found[1], name)
        assert_same(dx:slice { axis = 1, first = i, last = i }, found[2], name .. "'s gradient")
      end
    end
    for name, f in pairs { softmax = fm.softmax, log_softmax = fm.log_softmax, cumsum = fm.cumsum } do
      checks.near(f(wide, { axis = 1 }), f(wide:transpose()):transpose(), double and 1e-12 or 2e-5 * (name == "cumsum" and 5 or 1))
    end
  end)

  it("of short rows give what plain loops give", function()
    for n = 1, 40 do
      local x = rng:normal(37, n)
      local sum, squares, shares = fm.sum(x, -1), fm.norm(x, -1), fm.logsumexp(x, -1)
      local softmax, rows = fm.softmax(x), x:totable()
      for i = 1, 37 do
        local a, b, c, top = 0, 0, 0, -math.huge
        for j = 1, n do
          local v = rows[i][j]
          a, b, c, top = a + v, b + v * v, c + math.exp(v), math.max(top, v)
        end
        local near = double and 1e-12 or 1e-5
        assert.near(a, sum[i], near)
        assert.near(math.sqrt(b), squares[i], near)
        assert.near(math.log(c), shares[i], near)
        assert.near(math.exp(top) / c, fm.max(softmax, -1)[i], near)
      end
    end
  end)

  it("keep infinite and undefined numbers where they belong", function()
    local nan, inf = 0 / 0, math.huge
    for _, n in ipairs { 5, 40, 100, 3 * tile } do
      local x = fm.zeros(n)
      x[n - 1] = nan
      for _, f in ipairs { fm.sum, fm.max, fm.min, fm.logsumexp } do assert.truthy(f(x):item() ~= f(x):item()) end
      x[n - 1] = -inf
      assert.equal(-inf, fm.min(x):item())
      assert.equal(0, fm.max(x):item())
      assert.near(math.log(n - 1), fm.logsumexp(x):item(), 1e-5)
      assert.equal(0, fm.softmax(x)[n - 1])
      x[n - 1] = inf
      assert.equal(inf, fm.max(x):item())
      local all = fm.full({ n }, -inf)
      assert.equal(-inf, fm.logsumexp(all):item())
      local p = fm.parameter(all)
      local tape <close> = fm.record()
      p:logsumexp():backward()
      assert.equal(0, p:grad():sum():item())
    end
    local ties = fm.parameter(fm.ones(3 * tile, 2))
    local tape <close> = fm.record()
    ties:max({ axis = 1 }):sum():backward()
    assert.equal(2, ties:grad():sum():item())
    assert.same({ 1, 1 }, ties:grad()[1]:totable())
  end)

  it("of picks and orders are right beside plain loops", function()
    local limit = double and 1e-12 or 1e-5
    for _, size in ipairs { { 3000, 2003, 5 }, { 10, 70001, 2 }, { 10, 5003, 33 }, { 30, 12, 1500 } } do
      local entries, count, n = table.unpack(size)
      local table_, index = rng:normal(entries, n), rng:integers(count, 1, entries)
      local dy = rng:normal(count, n)
      local y, dx = table.unpack(value_and_gradients(fm.embedding, { table_, index }, { false, true }, dy))
      local numbers, at, g, sums = table_:reshape(-1):totable(), index:totable(), dy:reshape(-1):totable(), {}
      local found = y:reshape(-1):totable()
      for i = 1, count do
        for k = 1, n do
          local place = (at[i] - 1) * n + k
          assert(found[(i - 1) * n + k] == numbers[place])
          sums[place] = (sums[place] or 0) + g[(i - 1) * n + k]
        end
      end
      for i, v in ipairs(dx:reshape(-1):totable()) do
        assert(math.abs(v - (sums[i] or 0)) <= limit * (1 + math.abs(sums[i] or 0)), ("%d entries, number %d"):format(entries, i))
      end
    end
    for _, shape in ipairs { { 501, 67 }, { 70, 301 }, { 3, 20001 } } do
      local x = rng:integers(shape[1] * shape[2], 1, 50):reshape(table.unpack(shape)) -- with ties
      local rows = x:totable()
      local largest, order, by_column = x:argmax(2):totable(), x:argsort(2), x:transpose():argmax(1):totable()
      local sorted = x:gather(order, { axis = 2 }):totable()
      local places = order:totable()
      for r, row in ipairs(rows) do
        local best = 1
        for i = 2, #row do
          if row[i] > row[best] then best = i end
          local a, b = sorted[r][i - 1], sorted[r][i]
          assert(a < b or a == b and places[r][i - 1] < places[r][i])
        end
        assert(largest[r] == best and by_column[r] == best)
      end
    end
  end)

  it("of permutations are right beside a plain loop", function()
    for _, case in ipairs {
      { { 17, 33, 7, 19 }, { 4, 3, 2, 1 } }, { { 5, 33, 67, 21 }, { 1, 4, 3, 2 } }, { { 9, 3, 51, 50 }, { 1, 3, 4, 2 } },
      { { 2, 1, 40, 1, 33 }, { 5, 4, 3, 2, 1 } },
      { { 3, 16, 16 }, { 1, 3, 2 } }, { { 3, 17, 16 }, { 1, 3, 2 } }, { { 1, 1 }, { 2, 1 } }, { { 7 }, { 1 } }, { {}, {} }, { { 32, 2, 48 }, { 3, 2, 1 } },
    } do
      local shape, axes = case[1], case[2]
      local count = 1
      for _, n in ipairs(shape) do count = count * n end
      local x = #shape == 0 and fm.tensor(1) or fm.range(1, count):reshape(table.unpack(shape))
      local y = fm.permute(x, { axes = axes })
      local stride, s = {}, 1
      for i = #shape, 1, -1 do stride[i], s = s, s * shape[i] end
      local found, index, at = y:reshape(-1):totable(), {}, 1
      for i = 1, #shape do index[i] = 0 end
      for i = 1, count do
        assert(found[i] == at, ("number %d is %g, expected %d"):format(i, found[i], at))
        for axis = #shape, 1, -1 do
          local from = axes[axis]
          index[axis], at = index[axis] + 1, at + stride[from]
          if index[axis] < shape[from] then break end
          index[axis], at = 0, at - stride[from] * shape[from]
        end
      end
      -- the gradient goes the other way, and is added where one is already
      local tape <close> = fm.record()
      local p = fm.parameter(x)
      local z = fm.permute(p, { axes = axes })
      local loss = (z * y):sum() + (p * 2):sum()
      loss:backward()
      assert_same(x + 2, p:grad(), "gradient")
    end
  end)

  it("at their bounds: sums of just one tile, and of one number more", function()
    for _, n in ipairs { 1, tile - 1, tile, tile + 1, 2 * tile, 2 * tile + 1 } do
      local p, q = rng:normal(n), rng:normal(n)
      local a, b, squares, hubers = p:totable(), q:totable(), 0, 0
      for i = 1, n do
        local e = math.abs(a[i] - b[i])
        squares = squares + e * e
        hubers = hubers + (e <= 0.5 and e * e / 2 or 0.5 * (e - 0.25))
      end
      local limit = double and 1e-12 or 3e-7
      assert.near(1, fm.mse(p, q):item() * n / squares, limit)
      assert.near(1, fm.huber(p, q, { delta = 0.5 }):item() * n / hubers, limit)
    end
  end)
end)

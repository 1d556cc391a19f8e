-- Sums of many terms: a float that takes them one by one is 6e-4 off after 65,536 equal terms and a
-- hundredth after a million. Every sum of an op, forward and backward, must be right to 1e-6 of the
-- sum of its terms' sizes, and the same whatever the number of threads.
local fm <const> = require "fm"

local double <const> = fm.real == "double"
local tolerance <const> = double and 1e-9 or 1e-6
local tenth <const> = fm.tensor(0.1):item() -- as this program holds it

-- The gradients of inputs when the result's is dy.
local function gradients(f, inputs, dy)
  local tape <close> = fm.record()
  local parameters = {}
  for i, x in ipairs(inputs) do parameters[i] = fm.parameter(x) end
  f(table.unpack(parameters)):backward(dy)
  local found = {}
  for i, p in ipairs(parameters) do found[i] = p:grad():clone():detach() end
  return table.unpack(found)
end

local function near(expected, found, name, limit)
  local worst = 0
  for i, e in ipairs(expected) do worst = math.max(worst, math.abs(found[i] - e) / math.abs(e)) end
  assert(worst <= (limit or tolerance), ("%s: relative error %g"):format(name, worst))
end

local function flat(t) return t:reshape(-1):totable() end

-- One case: what to differentiate, by which input, with n terms, and the sum that its numbers must
-- be. All terms are 0.1 (as held).
local function cases(n)
  local ones, dy = fm.ones(n, 2), fm.full({ n, 2 }, 0.1)
  local row, number, side = fm.ones(2), fm.tensor(1), math.floor(math.sqrt(n))
  local column_dy, index = fm.full({ 2, n }, 0.1), fm.ones(n)
  local all = {
    { "linear's bias", function(b) return fm.linear(fm.zeros(n, 1), fm.zeros(2, 1), b) end, row, dy },
    { "linear's bias with an activation", function(b) return fm.linear(fm.zeros(n, 1), fm.zeros(2, 1), b, { act = "leaky_relu" }) end, row, dy },
    { "layer_norm's bias", function(b) return fm.layer_norm(ones, row, b) end, row, dy },
    { "rms_norm's weight", function(w) return fm.rms_norm(ones, w, { eps = 0 }) end, row, dy },
    { "group_norm's bias, samples", function(b) return fm.group_norm(ones, row, b, { groups = 1 }) end, row, dy },
    { "group_norm's bias, area", function(b) return fm.group_norm(fm.ones(1, 2, n), row, b, { groups = 1 }) end, row, fm.full({ 1, 2, n }, 0.1) },
    { "embedding", function(t) return fm.embedding(t, index) end, fm.ones(1, 2), dy },
    { "embedding, one of many", function(t) return fm.embedding(t, index):slice { axis = 2, first = 1, last = 2 } end, fm.ones(3000, 2), dy, 1 },
    { "index_select", function(t) return fm.index_select(t, index) end, fm.ones(1, 2), dy },
    { "index_select, last axis", function(t) return fm.index_select(t, index, { axis = 2 }) end, fm.ones(2, 1), column_dy },
    { "gather", function(t) return fm.gather(t, fm.ones(n, 2), { axis = 1 }) end, fm.ones(1, 2), dy },
    { "gather, one of many", function(t) return fm.gather(t, fm.ones(n, 2), { axis = 1 }) end, fm.ones(3000, 2), dy, 1 },
    { "conv2d's bias, pictures", function(b) return fm.conv2d(fm.zeros(n, 1, 1, 1), fm.ones(2, 1, 1, 1), b) end, row, fm.full({ n, 2, 1, 1 }, 0.1) },
    { "conv2d's bias, area", function(b) return fm.conv2d(fm.zeros(1, 1, n, 1), fm.ones(2, 1, 1, 1), b) end, row, fm.full({ 1, 2, n, 1 }, 0.1) },
    { "conv_transpose2d's bias", function(b) return fm.conv_transpose2d(fm.zeros(n, 1, 1, 1), fm.ones(1, 2, 1, 1), b) end, row,
      fm.full({ n, 2, 1, 1 }, 0.1) },
    { "conv2d's weight, pictures", function(w) return fm.conv2d(fm.ones(n, 1, 1, 1), w) end, fm.ones(2, 1, 1, 1), fm.full({ n, 2, 1, 1 }, 0.1) },
    { "conv_transpose2d's weight", function(w) return fm.conv_transpose2d(fm.ones(n, 1, 1, 1), w) end, fm.ones(1, 2, 1, 1),
      fm.full({ n, 2, 1, 1 }, 0.1) },
    { "linear's weight, one output", function(w) return fm.linear(ones, w) end, fm.ones(1, 2), fm.full({ n, 1 }, 0.1) },
    { "linear's weight, one input", function(w) return fm.linear(fm.ones(n, 1), w) end, fm.ones(2, 1), dy },
    { "matmul, a vector", function(w) return fm.matmul(ones, w) end, fm.ones(2, 1), fm.full({ n, 1 }, 0.1) },
    { "linear's weight", function(w) return fm.linear(ones, w) end, fm.ones(2, 2), dy, nil, 5e-6 }, -- BLAS adds up some as it likes
    { "matmul", function(w) return fm.matmul(ones, w) end, fm.ones(2, 2), dy, nil, 5e-6 },
    { "upsample_nearest2d", function(x) return fm.upsample_nearest2d(x, { scale = side }) end, fm.ones(1, 1, 1, 1),
      fm.full({ 1, 1, side, side }, 0.1) },
    { "where, a row", function(x) return fm.where(ones, x, 0) end, row, dy },
    { "where, a number", function(x) return fm.where(ones * 0, 0, x) end, number, fm.full({ n, 2 }, 0.1), nil, nil, 2 },
  }
  for _, name in ipairs { "add", "mul", "maximum" } do
    local big = name == "maximum" and ones - 1 or ones -- so that the other is larger
    all[#all + 1] = { name .. " of a row", function(x) return fm[name](big, x) end, row, dy }
    all[#all + 1] = { name .. " of a row, first", function(x) return fm[name](x, big) end, row, dy }
    all[#all + 1] = { name .. " of a column", function(x) return fm[name](fm.permute(big, { axes = { 2, 1 } }), x) end, fm.ones(2, 1), column_dy }
    all[#all + 1] = { name .. " of a number", function(x) return fm[name](big, x) end, number, dy, nil, nil, 2 }
    all[#all + 1] = { name .. " of an inner axis", function(x) return fm[name](big:reshape(n // 4, 2, 4), x) end, fm.ones(2, 1),
      fm.full({ n // 4, 2, 4 }, 0.1) }
  end
  all[#all + 1] = { "sub of a row", function(x) return x - ones end, row, dy }
  all[#all + 1] = { "div of a row", function(x) return x / ones end, row, dy }
  all[#all + 1] = { "minimum of a row", function(x) return fm.minimum(ones + 1, x) end, row, dy }
  return all
end

-- Shapes that meet every way of adding up: rows of few numbers, of many, of more than are summed
-- side by side; inputs that stay along outer, inner and several axes.
local shapes <const> = {
  { { 3 }, {} }, { { 1 }, { 1 } }, { { 200, 2 }, { 2 } }, { { 200, 3 }, { 200, 1 } }, { { 131, 7 }, { 7 } }, { { 70, 17 }, { 17 } },
  { { 5, 1500 }, { 1500 } }, { { 1500, 5 }, { 1500, 1 } }, { { 4, 3, 5 }, { 3, 1 } }, { { 4, 3, 5 }, { 4, 1, 5 } }, { { 4, 3, 5 }, { 1, 3, 1 } },
  { { 4, 1, 5 }, { 1, 3, 1 } }, { { 2, 3, 4, 5 }, { 3, 1, 5 } }, { { 2, 3, 4, 5 }, { 2, 1, 4, 1 } }, { { 2, 3, 1, 2000 }, { 1, 1, 4, 2000 } },
  { { 90, 1, 3 }, { 1, 20, 3 } }, { { 64, 1 }, { 1, 64 } }, { { 6, 1, 1, 7 }, { 1, 2, 3, 1 } }, { { 2, 2, 2 }, { 2, 2, 2 } }, { { 1, 30 }, { 30 } },
}

-- x, written out in full, and the sum over the axes along which that repeats it.
local function written_out(x, shape)
  local full = x + fm.zeros(table.unpack(shape))
  return full, function(g)
    local first = #shape - x:rank()
    for axis = 1, #shape do
      if axis <= first or x:shape()[axis - first] == 1 then g = g:sum { axis = axis, keep = true } end
    end
    return g
  end
end

describe("sums of many terms", function()
  it("are those of the copies, when an input is broadcast", function()
    local rng = fm.rng(5, "sums_spec")
    for _, pair in ipairs(shapes) do
      local a, b = rng:uniform(pair[1]) + 0.5, #pair[2] == 0 and fm.tensor(0.8) or rng:uniform(pair[2]) + 0.5
      local shape = (a + b):shape()
      local full_a, sum_a = written_out(a, shape)
      local full_b, sum_b = written_out(b, shape)
      local cond, dy = rng:integers(a:count(), 0, 1):reshape(table.unpack(a:shape())), rng:normal(shape)
      local full_cond = cond + fm.zeros(table.unpack(shape))
      for _, name in ipairs { "add", "sub", "mul", "div", "maximum", "minimum", "where" } do
        local op = name == "where" and function(x, y) return fm.where(cond, x, y) end or fm[name]
        local full_op = name == "where" and function(x, y) return fm.where(full_cond, x, y) end or op
        local da, db = gradients(op, { a, b }, dy)
        local full_da, full_db = gradients(full_op, { full_a, full_b }, dy)
        for of, g in pairs { [da] = sum_a(full_da), [db] = sum_b(full_db) } do
          local expected = flat(g)
          for i, v in ipairs(flat(of)) do
            assert(math.abs(v - expected[i]) <= (double and 1e-12 or 1e-5) * (1 + math.abs(expected[i])),
              ("%s of %s and %s: %g instead of %g"):format(name, table.concat(pair[1], "x"), table.concat(pair[2], "x"), v, expected[i]))
          end
        end
      end
    end
  end)

  for _, n in ipairs { 65536, 4194304 } do
    it(("keep their digits on the way back: %d equal terms"):format(n), function()
      for _, case in ipairs(cases(n)) do
        local name, f, x, dy, only, limit, times = table.unpack(case, 1, 7)
        local g = flat((gradients(f, { x }, dy)))
        local expected = {}
        for i = 1, only or #g do expected[i] = n * (times or 1) * tenth end
        near(expected, g, name, limit)
      end
    end)
  end

  it("keep their digits on the way forward", function()
    for _, n in ipairs { 65536, 4194304 } do
      local x, zero, half = fm.full({ n }, 0.1), fm.zeros(n), fm.full({ n }, 0.5)
      local sum = n * tenth
      local keys = fm.zeros(1, n, 1)
      local found = {
        x:sum():item(), x:reshape(n, 1):sum({ axis = 1 }):item(), x:mean():item() * n, x:norm():item() ^ 2 / tenth,
        x:mse(zero, { reduce = "sum" }):item() / tenth, x:huber(zero, { reduce = "sum", delta = 1 }):item() * 2 / tenth,
        x:huber(zero, { reduce = "sum", delta = 0.05 }):item() / 0.05 + n * 0.025, x:cumsum()[n], x:reshape(n, 1):cumsum({ axis = 1 })[n][1],
        math.exp(x:logsumexp():item() - tenth) * tenth, x:softmax():sum():item() * sum, fm.matmul(x:reshape(1, n), fm.ones(n, 1)):item(),
        fm.linear(x:reshape(1, n), fm.ones(1, n)):item(), fm.attention(keys[{ 1, 1 }]:slice({ axis = 2, first = 1, last = 1 }), keys,
          x:reshape(1, n, 1)):item() * n, fm.cat({ zero, half }):var({ unbiased = false }):item() * 16 * sum,
        fm.zeros(n, 2):cross_entropy(fm.ones(n)):item() / math.log(2) * sum,
      }
      local expected = {}
      for i = 1, #found do expected[i] = sum end
      near(expected, found, ("forward, %d terms"):format(n))
      local side = math.floor(math.sqrt(n))
      near({ tenth }, { fm.full({ 1, 1, side, side }, 0.1):avg_pool2d({ size = side }):item() }, "avg_pool2d")
    end
  end)

  it("keep their digits where terms differ in sign and size", function()
    local n, rng = 65536, fm.rng(8, "sums_spec")
    local dy, x = rng:normal(n, 2), rng:uniform(n, 2)
    local ids = rng:integers(n, 1, 3000)
    local sums, sizes, products, of_ids, sizes_of_ids = { 0, 0 }, { 0, 0 }, { 0, 0 }, {}, {}
    local id = ids:totable()
    local xs = x:totable()
    for i, row in ipairs(dy:totable()) do
      for k = 1, 2 do
        sums[k], sizes[k], products[k] = sums[k] + row[k], sizes[k] + math.abs(row[k]), products[k] + row[k] * xs[i][k]
        local at = 2 * (id[i] - 1) + k
        of_ids[at], sizes_of_ids[at] = (of_ids[at] or 0) + row[k], (sizes_of_ids[at] or 0) + math.abs(row[k])
      end
    end
    local function check(name, expected, size, found)
      for i, v in ipairs(found) do
        local error = math.abs(v - expected[i]) / size[i]
        assert(error <= (double and 1e-12 or 4e-7), ("%s: error %g of the sum of sizes"):format(name, error)) -- and the result's own rounding
      end
    end
    check("bias", sums, sizes, flat((gradients(function(b) return fm.linear(x, fm.eye(2), b) end, { fm.ones(2) }, dy))))
    check("add", sums, sizes, flat((gradients(function(b) return fm.add(x, b) end, { fm.ones(2) }, dy))))
    check("mul", products, sizes, flat((gradients(function(b) return fm.mul(x, b) end, { fm.ones(2) }, dy))))
    check("embedding", of_ids, sizes_of_ids, flat((gradients(function(t) return fm.embedding(t, ids) end, { fm.ones(3000, 2) }, dy))))
    check("index_select", of_ids, sizes_of_ids, flat((gradients(function(t) return fm.index_select(t, ids) end, { fm.ones(3000, 2) }, dy))))
    local pair = fm.cat({ ids:reshape(n, 1), ids:reshape(n, 1) }, { axis = 2 })
    check("gather", of_ids, sizes_of_ids, flat((gradients(function(t) return fm.gather(t, pair, { axis = 1 }) end, { fm.ones(3000, 2) }, dy))))
    local down = function(t) return fm.permute(t, { axes = { 2, 1 } }) end
    check("gather, last axis", of_ids, sizes_of_ids, flat(down(gradients(function(t) return fm.gather(t, down(pair), { axis = 2 }) end,
      { fm.ones(2, 3000) }, down(dy)))))
  end)

  it("of rows of a table are added to the gradient that it has", function()
    local rng = fm.rng(10, "sums_spec")
    for _, case in ipairs { { 40, 30, 1 }, { 200, 80, 1 }, { 200, 80, 3 }, { 30000, 40, 1 }, { 30000, 40, 2 }, { 200, 9000, 2 } } do
      local rows, entries, n = table.unpack(case)
      local ids, w, expected = rng:integers(rows, 1, entries), fm.parameter(rng:normal(entries, n)), {}
      for i = 1, entries * n do expected[i] = 1 end
      for _, id in ipairs(ids:totable()) do
        for k = 1, n do expected[math.tointeger(id - 1) * n + k] = expected[math.tointeger(id - 1) * n + k] + 2 end
      end
      for name, f in pairs {
        index_select = function() return w:index_select(ids, 1) end,
        embedding = function() return fm.embedding(w, ids) end,
        gather = function() return w:gather(fm.zeros(rows, n) + ids:reshape(-1, 1), 1) end,
      } do
        local tape <close> = fm.record()
        w:sum():backward()
        for _ = 1, 2 do f():sum():backward() end
        near(expected, flat(w:grad()), ("%s of %d rows of %d"):format(name, rows, entries))
        w:zero_grad()
      end
    end
  end)

  it("give a wide table and many columns what they give a narrow one", function()
    local rng = fm.rng(9, "sums_spec")
    local ids, dy = rng:integers(100, 1, 40), rng:normal(100, 1500)
    local hot = fm.tensor(fm.eye(40):totable()):index_select(ids) -- [100, 40]
    local expected = flat(fm.matmul(fm.permute(hot, { axes = { 2, 1 } }), dy))
    for i, v in ipairs(flat((gradients(function(t) return fm.embedding(t, ids) end, { fm.ones(40, 1500) }, dy)))) do
      assert(math.abs(v - expected[i]) < 1e-4)
    end
    local rows = flat(dy:sum { axis = 1 })
    for _, f in ipairs {
      function(b) return fm.linear(fm.zeros(100, 1), fm.zeros(1500, 1), b) end,
      function(b) return fm.layer_norm(fm.zeros(100, 1500), fm.ones(1500), b) end,
      function(b) return fm.group_norm(fm.zeros(100, 1500), fm.ones(1500), b, { groups = 3 }) end,
      function(b) return fm.conv2d(fm.zeros(100, 1, 1, 1), fm.zeros(1500, 1, 1, 1), b):reshape(100, 1500) end,
    } do
      for i, v in ipairs(flat((gradients(f, { fm.ones(1500) }, dy)))) do assert(math.abs(v - rows[i]) < 1e-4) end
    end
  end)
end)

-- What tensors, ops, JSON, pictures, files and methods of ode.solve say to what they refuse, word
-- for word, and beside each limit what they still take.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local z <const> = fm.zeros

--- Each case: the message, the function, its arguments; true instead of a message: it is taken.
local function expect(cases)
  for i, case in ipairs(cases) do
    if case[1] == true then
      local ok, message = pcall(table.unpack(case, 2))
      assert.is_true(ok, ("case %d: %s"):format(i, message))
    else
      checks.says(table.unpack(case))
    end
  end
end

local function ones_of(rank)
  local shape = {}
  for i = 1, rank do shape[i] = 1 end
  return fm.ones(shape)
end

describe("messages", function()
  checks.no_bytes_stay(setup, teardown)

  it("of shapes", function()
    local x <const> = z(2, 3)
    expect {
      { "add: shapes [2, 3] and [2] do not fit: axis 2 has 3 and 2", fm.add, x, z(2) },
      { "add: shapes [2, 1, 4] and [3, 2] do not fit: axis 3 has 4 and 2", fm.add, z(2, 1, 4), z(3, 2) },
      { "where: shapes [2] and [2, 3] do not fit: axis 2 has 2 and 3", fm.where, z(2), x, z(3) },
      { "reshape: only one size may be -1", x.reshape, x, -1, -1 },
      { "reshape: [2, 3] has 6 numbers, [4] wants 4", x.reshape, x, 4 },
      { "reshape: [2, 3] has 6 numbers, [1, 4] wants 4", x.reshape, x, -1, 4 },
      { "reshape: size -2 is negative", x.reshape, x, -2, 3 },
      { "permute: expected 2 axes, found 1", x.permute, x, 1 },
      { "permute: axis 1 is given twice", x.permute, x, 1, 1 },
      { "permute: axis 3 is out of range for a tensor of rank 2", x.permute, x, 1, 3 },
      { "transpose: expected 2 axes, found 1", x.transpose, x, 1 },
      { "sum: axis 3 is out of range for a tensor of rank 2", fm.sum, x, { axis = 3 } },
      { "sum: axis -3 is out of range for a tensor of rank 2", fm.sum, x, { axis = -3 } },
      { true, fm.sum, x, { axis = -2 } },
      { "sum: axis: expected an axis (1, 2, ..., or -1 from the end), found 0", fm.sum, x, { axis = 0 } },
      { "cat: tensor 1 is [2, 3], tensor 2 is [2, 3, 1]: only axis 1 may differ", fm.cat, x, z(2, 3, 1) },
      { "stack: tensor 1 is [2, 3], tensor 2 is [3, 3]: expected equal shapes", fm.stack, x, z(3, 3) },
      { "stack: tensors are [1, 1, 1, 1, 1, 1, 1, 1]: one axis too many", fm.stack, ones_of(8), ones_of(8) },
      { "slope: x is [2, 2], v is [2, 3]: expected the same shape", fm.slope, z(2, 2), z(2, 3), { act = "silu" } },
      { "conv_transpose2d: input is [1, 1, 2147483648, 0], weight is [1, 1, 1, 1]: over the limit of BLAS", fm.conv_transpose2d,
        z(1, 1, 2 ^ 31, 0), z(1, 1, 1, 1) },
      { true, fm.stack, ones_of(7), ones_of(7) },
    }
    assert.same({ 3, 2 }, x:transpose():shape())
  end)

  it("of slices", function()
    local x <const> = fm.tensor { 1, 2, 3 }
    local function slice(first, last, step, axis) return fm.slice(x, { axis = axis or 1, first = first, last = last, step = step }):totable() end
    expect {
      { "slice: entries 1 to -4 are not within 1..3 of axis 1", slice, 1, -4, 2 },
      { "slice: entries -4 to 1 are not within 1..3 of axis 1", slice, -4, 1, 2 },
      { "slice: entries 4 to 3 are not within 1..3 of axis 1", slice, 4, 3, -1 },
      { "slice: entries 1 to 4 are not within 1..3 of axis 1", slice, 1, 4, 2 },
      { "slice: entries 2 to 1 are not within 1..3 of axis 1", slice, 2, 1 },
      { "slice: the range from 2 to 1 in steps of 2 is empty", slice, 2, 1, 2 },
      { "slice: the range from 1 to 2 in steps of -1 is empty", slice, 1, 2, -1 },
      { "slice: step is 0", slice, 1, 2, 0 },
      { "slice: there is no entry 0: entries count from 1", slice, 0, 1 },
      { "slice: there is no entry 0: entries count from 1", slice, 1, 0 },
      { "slice: axis 2 is out of range for a tensor of rank 1", slice, 1, 1, 1, 2 },
      { "slice: a number without axes cannot be sliced", fm.slice, fm.tensor(1), { axis = 1, first = 1, last = 1 } },
    }
    assert.same({ { 1, 2, 3 }, { 1, 3 }, { 3, 2, 1 }, { 2 }, { 3 } }, { slice(-3, -1), slice(1, 3, 2), slice(3, 1, -1), slice(2, 2, -1), slice(-1, 3, 5) })
  end)

  it("of indices and layers", function()
    local x <const> = z(2, 3)
    expect {
      { "cross_entropy: logits are [2, 3], labels are [3]: expected [B, C] and [B]", fm.cross_entropy, x, z(3) },
      { "cross_entropy: index 2 is 4: it must lie in 1..3", fm.cross_entropy, x, fm.tensor { 1, 4 } },
      { "cross_entropy: index 1 is 0: it must lie in 1..3", fm.cross_entropy, x, fm.tensor { 0, 1 } },
      { "cross_entropy: index 1 is 1.5: it must be a whole number", fm.cross_entropy, x, fm.tensor { 1.5, 1 } },
      { "one_hot: index 1 is 3: it must lie in 1..2", fm.one_hot, fm.tensor { 3 }, 2 },
      { "one_hot: labels are [1, 1, 1, 1, 1, 1, 1, 1]: one axis too many", fm.one_hot, ones_of(8), 2 },
      { true, fm.one_hot, ones_of(7), 2 },
      { "embedding: index 1 is 3: it must lie in 1..2", fm.embedding, x, fm.tensor { 3 } },
      { "embedding: index is [1, 1, 1, 1, 1, 1, 1, 1]: one axis too many", fm.embedding, x, ones_of(8) },
      { true, fm.embedding, x, ones_of(7) },
      { "gather: index 2 is 4: it must lie in 1..3", fm.gather, x, fm.tensor { { 1 }, { 4 } }, { axis = 2 } },
      { "gather: input is [2, 3], index is [3]: only axis 2 may differ", fm.gather, x, z(3), { axis = 2 } },
      { "index_select: index 1 is 3: it must lie in 1..2", fm.index_select, x, fm.tensor { 3 }, { axis = 1 } },
      { "linear: weight is [4]: expected [outputs, inputs]", fm.linear, x, z(4) },
      { "linear: weight is [4, 2], input is [2, 3]: the weight wants 2 columns", fm.linear, x, z(4, 2) },
      { "linear: weight is [4, 3], bias is [3]: expected [4]", fm.linear, x, z(4, 3), z(3) },
      { "layer_norm: eps is -1: it must not be negative", fm.layer_norm, x, { eps = -1 } },
      { true, fm.layer_norm, x, { eps = 0 } },
      { "layer_norm: input is [2, 3], bias is [2]: expected [3]", fm.layer_norm, x, fm.ones(3), fm.ones(2) },
      { "layer_norm: input is [2, 3], weight is [2]: expected [3]", fm.layer_norm, x, fm.ones(2), fm.ones(2) },
      { "group_norm: input is [1, 3, 2, 2]: its 3 channels do not make 2 groups", fm.group_norm, z(1, 3, 2, 2), { groups = 2 } },
      { "huber: delta is 0: it must be over 0", fm.huber, x, x, { delta = 0 } },
      { "clamp: min 2 is over max 1", fm.clamp, x, { min = 2, max = 1 } },
      { true, fm.clamp, x, { min = 1, max = 1 } },
      { "max: input is [0]: expected at least 1 numbers to reduce, found 0", fm.max, z(0) },
      { "std: input is [1]: expected at least 2 numbers to reduce, found 1", fm.std, z(1) },
      { "argmax: input is [2, 0]: there is no number to choose", fm.argmax, z(2, 0), { axis = 2 } },
      { "matmul: shapes [2, 3] and [2, 3] do not fit: expected [..., K] and [K, N]", fm.matmul, x, x },
      { "bmm: shapes [2, 2, 3] and [3, 3, 1] do not fit: expected [S, M, K] and [S, K, N]", fm.bmm, z(2, 2, 3), z(3, 3, 1) },
      { "attention: shapes [1, 1, 2, 3], [1, 1, 2, 2] and [1, 1, 2, 2] do not fit: expected [..., L, D], [..., S, D] and [..., S, E]", fm.attention,
        z(1, 1, 2, 3), z(1, 1, 2, 2), z(1, 1, 2, 2) },
      { "attention: shapes [1, 1, 2, 3], [1, 1, 2, 3] and [1, 1, 3, 3] do not fit: expected [..., L, D], [..., S, D] and [..., S, E]", fm.attention,
        z(1, 1, 2, 3), z(1, 1, 2, 3), z(1, 1, 3, 3) },
      { "conv2d: input is [1, 1, 2, 2], weight is [1, 1, 5, 5]: the kernel is larger than the picture with padding 1", fm.conv2d, z(1, 1, 2, 2),
        z(1, 1, 5, 5), { padding = 1 } },
      { true, fm.conv2d, z(1, 1, 2, 2), z(1, 1, 4, 4), { padding = 1 } },
      { "conv2d: input is [1, 2, 4, 4], weight is [1, 1, 3, 3]: expected [O, C, kh, kw] with C = 2", fm.conv2d, z(1, 2, 4, 4), z(1, 1, 3, 3) },
      { "conv2d: weight is [1, 1, 3, 3], bias is [2]: expected [1]", fm.conv2d, z(1, 1, 4, 4), z(1, 1, 3, 3), z(2) },
      { "conv2d: stride is 0: expected 1 to 2147483647", fm.conv2d, z(1, 1, 4, 4), z(1, 1, 3, 3), { stride = 0 } },
      { "conv_transpose2d: input is [1, 2, 4, 4], weight is [1, 1, 3, 3]: expected [C, O, kh, kw] with C = 2", fm.conv_transpose2d, z(1, 2, 4, 4),
        z(1, 1, 3, 3) },
      { "avg_pool2d: input is [1, 1, 2, 2]: no square of size 3 fits", fm.avg_pool2d, z(1, 1, 2, 2), { size = 3 } },
      { true, fm.avg_pool2d, z(1, 1, 2, 2), { size = 2 } },
    }
  end)

  it("of tensors and their entries", function()
    local x <const> = z(2, 3)
    local function get(key) return x[key] end
    local function set(key, value) x[key] = value end
    expect {
      { "item: expected a tensor of one number, found [2, 3]", x.item, x },
      { true, x.item, z(1, 1) },
      { "copy: target is [2, 3], source is [3]", x.copy, x, z(3) },
      { "row 0 is out of range: expected 1..2", get, 0 },
      { "row 3 is out of range: expected 1..2", get, 3 },
      { "row -3 is out of range: expected 1..2", get, -3 },
      { true, get, -2 },
      { "row: expected a whole number, found 1.5", get, 1.5 },
      { "the range of rows 2 to 1 is empty", get, { 2, 1 } },
      { "row 3 is out of range: expected 1..2", get, { 1, 3 } },
      { "a tensor of rank 0 has no rows; use :item()", function() return fm.tensor(1)[1] end },
      { "a tensor is indexed by a row, {first, last}, { {first, last}, ... } or a method's name, not by a boolean", get, true },
      { 'a tensor has no method "sumx"; did you mean "sum"?', get, "sumx" },
      { 'a tensor has no method "velocity"', get, "velocity" },
      { "a tensor is indexed by a row or {first, last}, not by a boolean", set, true, 1 },
      { 'entries of a tensor are set to a number or a tensor, not to string "a"', set, 1, "a" },
      { "row 3 is out of range: expected 1..2", set, 3, 1 },
      { "rows of [2, 3] do not take a [3, 3]", set, { 1, 2 }, z(3, 3) },
      { 'tensor:fill: argument 1: expected a number, found string "a"', x.fill, x, "a" },
      { "tensors are compared number by number with a:lt(b), a:le(b), a:gt(b), a:ge(b): Lua's own < gives one true or false",
        function() return x < x end },
      { "pow: the exponent must be a number, found tensor [2, 3]", function() return x ^ x end },
      { 'pow: exponent: expected a number, found string "a"', fm.pow, x, "a" },
      { "backward: nothing here was recorded (compute the loss inside fm.record() or opt:step, from a parameter)", x.backward, fm.tensor(1) },
      { "tensor: rows differ in length: expected 2, found 1", fm.tensor, { { 1, 2 }, { 3 } } },
      { "tensor: expected a number at entry 2, found table", fm.tensor, { 1, { 2 } } },
      { "tensor: expected a table at entry 2, found number", fm.tensor, { { 1 }, 2 } },
      { "tensor: expected a number at entry 2, found string", fm.tensor, { 1, "a" } },
      { "tensor: the shape wants 4 numbers in a flat table, found 3", fm.tensor, { 1, 2, 3 }, { 2, 2 } },
      { "range: expected finite numbers and a step that is not 0, found 1, 2, 0", fm.range, 1, 2, 0 },
      { "range: 1000000000000000000 numbers are too many", fm.range, 1, 1e18 },
    }
    assert.same({ 1, 3, 5 }, fm.range(1, 6, 2):totable())
    assert.same({ 3, 2.5, 2 }, fm.range(3, 2, -0.5):totable())
    assert.equal(0, fm.range(5, 1):count())
    assert.same({ 7 }, fm.range(7, 7):totable())
  end)

  it("of JSON", function()
    local function nested(depth)
      local t = {}
      for _ = 2, depth do t = { t } end
      return t
    end
    local encode <const> = fm.json.encode
    expect {
      { true, encode, nested(32) },
      { "json.encode: tables are nested deeper than 32 (or inside themselves)", encode, nested(33) },
      { "json.encode: a table must be a list 1..n or have string keys only; this one has 1 of 2 keys in strings", encode, { 1, a = 2 } },
      { "json.encode: a table must be a list 1..n or have string keys only; this one has 0 of 2 keys in strings", encode, { 1, nil, 3 } },
      { "json.encode: a table must be a list 1..n or have string keys only; this one has 0 of 1 keys in strings", encode, { [true] = 1 } },
      { "json.encode: cannot write a function", encode, { print } },
      { "json.encode: cannot write a tensor; use :totable()", encode, z(2) },
      { "json.encode: a key is not UTF-8", encode, { ["\xff"] = 1 } },
    }
    assert.equal('{"a":{},"b":["nan","inf","-inf",1.0,1,true]}', encode { b = { 0 / 0, 1 / 0, -1 / 0, 1.0, 1, true }, a = {} })
    assert.is_table(fm.json.decode(("["):rep(32) .. ("]"):rep(32)))
    local value, message = fm.json.decode(("["):rep(33) .. ("]"):rep(33))
    assert.is_nil(value)
    assert.equal("line 1 col 33: nesting over the limit", message)
  end)

  it("of pictures", function()
    local canvas <const> = fm.picture.canvas(4, 4, 0xFFFFFF)
    expect {
      { "canvas:rectangle: argument 6: expected an alpha within 0..1, found 2", canvas.rectangle, canvas, 0, 0, 1, 1, 0, 2 },
      { "canvas:rectangle: argument 6: expected an alpha within 0..1, found -0.1", canvas.rectangle, canvas, 0, 0, 1, 1, 0, -0.1 },
      { true, canvas.rectangle, canvas, 0, 0, 1, 1, 0xFFFFFF, 0 },
      { "canvas:rectangle: color: expected 0..16777215, found 16777216", canvas.rectangle, canvas, 0, 0, 1, 1, 0x1000000 },
      { "picture: points are [n, 2], found [2, 3]", canvas.discs, canvas, z(2, 3), 0, 1, 0, 1, 1, 0 },
      { "picture: points are [n, 2], found []", canvas.lines, canvas, fm.tensor(1), 0, 1, 0, 1, 1, 0 },
      { "picture: an image is [H, W] or [H, W, 1..4], found [2]", canvas.image, canvas, z(2), 0, 0, 1, 1 },
      { "picture: an image is [H, W] or [H, W, 1..4], found [1, 1, 5]", canvas.image, canvas, z(1, 1, 5), 0, 0, 1, 1 },
      { "canvas:clip: argument 1: expected a number, found nan", canvas.clip, canvas, 0 / 0, 0, 1, 1 },
      { 'canvas:save: argument 1: expected a path without a NUL byte, found string ""', canvas.save, canvas, "" },
      { "picture.canvas: width: expected 1..1048576, found 0", fm.picture.canvas, 0, 1, 0 },
      { "a picture of 20000x1 pixels is out of range (sides 1..16384, together at most 33554432)", fm.picture.canvas, 20000, 1, 0 },
      { "picture.colors: colors are [n, 3], found [1, 3]", fm.picture.colors, z(2), 0, 1, z(1, 3) },
      { "picture.colors: colors are [n, 3], found [2, 4]", fm.picture.colors, z(2), 0, 1, z(2, 4) },
      { "picture.colors: no room for one axis more", fm.picture.colors, ones_of(8), 0, 1, z(2, 3) },
      { true, fm.picture.colors, ones_of(7), 0, 1, z(2, 3) },
      { "picture.count: rows: expected 1..16384, found 0", fm.picture.count, z(2, 2), 0, 0, 1, 1, 0, 1 },
      { "picture.count: columns: expected 1..16384, found 16385", fm.picture.count, z(2, 2), 0, 0, 1, 1, 1, (1 << 14) + 1 },
      { "png.save: expected a tensor [H, W] or [H, W, 1..4], found [2, 2, 5]", fm.png.save, "x.png", z(2, 2, 5) },
    }
    canvas:close()
    expect { { "canvas:clip: this canvas was closed", canvas.clip, canvas, 0, 0, 1, 1 } }
  end)

  it("of files", function()
    expect {
      { "file.hash_file: the path is empty", fm.file.hash_file, "" },
      { "file.hash_file: the path holds a NUL byte", fm.file.hash_file, "a\0b" },
      { "save: names of tensors must be strings, found a number", fm.save, "x", { z(1) } },
      { 'save: "a": expected a tensor, found 1', fm.save, "x", { a = 1 } },
      { "save: keys of metadata must be strings, found a number", fm.save, "x", {}, { "a" } },
      { 'save: metadata "a": expected a string, found a number', fm.save, "x", {}, { a = 1 } },
      { 'system.lock: argument 2: expected a number, found string "y"', fm.system.lock, "x", "y" },
    }
  end)

  it("of methods for ode.solve", function()
    local function solve(method) return fm.ode.solve(function(x) return -x end, fm.ones(1), { method = method, t0 = 0, t1 = 1, steps = 1 })[1] end
    local function with(key, value)
      local method <const> = { order = 2, c = { 0, 1 }, a = { {}, { 1 } }, b = { 0.5, 0.5 } }
      method[key] = value
      return method
    end
    local c, a, b = {}, {}, {}
    for i = 1, 20 do c[i], a[i], b[i] = 0, {}, 1 / 20 end
    expect {
      { "ode: method: b adds up to 0.9, not 1", solve, with("b", { 0.5, 0.4 }) },
      { "ode: method: stage 2 uses stage 2: only explicit methods run", solve, with("a", { {}, { 0.5, 0.5 } }) },
      { "ode: method: 0 stages, expected 1..19", solve, { order = 1, c = {}, a = {}, b = {} } },
      { "ode: method: b has 1 numbers, c has 2, a has 2 rows: expected as many of each", solve, with("b", { 1 }) },
      { "ode: method: row 2 of a adds up to 0.5, c[2] is 1", solve, with("a", { {}, { 0.5 } }) },
      { "ode: method: row 1 of a adds up to 0, c[1] is 0.5", solve, with("c", { 0.5, 1 }) },
      { "ode: method: e has 4 numbers, expected at most 3", solve, with("e", { 0.5, -0.5, 0.1, -0.1 }) },
      { "ode: method: e adds up to 0.5, not 0", solve, with("e", { 0.5 }) },
      { "ode: method: extra: expected { c = {..}, a = {..} }, found 3", solve, with("extra", 3) },
      { "ode: method: extra: c has 1 numbers, a has 0 rows: expected as many of each", solve, with("extra", { c = { 0.5 }, a = {} }) },
      { "ode.solve: x is [1], the field returned [2]", fm.ode.solve, function() return z(2) end, fm.ones(1), { t0 = 0, t1 = 1, steps = 1, method = "euler" } },
    }
    assert.near(0.5, solve(with("order", 2)), 1e-6)
    expect { { "ode: method: b has 20 numbers, expected at most 19", solve, { order = 1, c = c, a = a, b = b } } }
    c[20], a[20], b[20] = nil, nil, nil
    for i = 1, 19 do b[i] = 1 / 19 end
    assert.near(0, solve { order = 1, c = c, a = a, b = b }, 1e-6)
  end)
end)

-- The layers for pictures and sequences: conv2d, group_norm, avg_pool2d, upsample, attention.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local in_double <const> = checks.in_double(it)
local nn <const> = fm.nn
local raises <const> = checks.raises_text
local rng <const> = fm.rng(6, "picture_layers_spec")

describe("nn.conv2d", function()
  checks.no_bytes_stay(before_each, after_each)

  it("is the op, with PyTorch's weight, bias and start", function()
    nn.seed(1)
    local layer, x = nn.conv2d(2, 40, 3, { stride = 2, padding = 1 }), rng:normal(2, 2, 5, 7)
    assert.same({ 40, 2, 3, 3 }, layer.weight:shape())
    assert.same({ 40 }, layer.bias:shape())
    checks.same(fm.conv2d(x, layer.weight, layer.bias, { stride = 2, padding = 1 }), layer(x))
    for _, t in ipairs { layer.weight, layer.bias } do
      local most = t:abs():max():item()
      assert.is_true(most <= 1 / math.sqrt(18) and most > 0.9 / math.sqrt(18))
    end
    local bare = nn.conv2d(2, 3, 1, { bias = false })
    assert.equal(6, bare:count())
    checks.same(fm.conv2d(x, bare.weight), bare(x))
    assert.same({ 2, 3, 5, 7 }, bare(x):shape())
    assert.equal(0, nn.conv2d(2, 3, 3, { init = "zero" })(x):abs():max():item())
    local mine = nn.conv2d(1, 1, 1, { init = function(w, b) w:fill(2) b:fill(1) end })
    checks.same(x:reshape(4, 1, 5, 7) * 2 + 1, mine(x:reshape(4, 1, 5, 7)))
  end)

  it("takes an activation by name, with options, as a layer or a function", function()
    local x, plain = rng:normal(2, 2, 4, 4), nn.conv2d(2, 3, 3)
    local function same(act, want)
      local layer = nn.conv2d(2, 3, 3, { act = act })
      layer.weight:copy(plain.weight)
      layer.bias:copy(plain.bias)
      checks.same(want, layer(x))
      checks.same(want, nn.sequential { layer }(x))
      return layer
    end
    same("none", plain(x))
    same("relu", plain(x):relu())
    same(nn.silu(), plain(x):silu())
    same(fm.sin, plain(x):sin())
    local inner = nn.linear(2, 2)
    assert.equal(54 + 3 + 6, same(inner, inner(plain(x))):count())
  end)

  it("runs with the activation after it, when both say so", function()
    local layer, x, calls = nn.conv2d(2, 3, 3), rng:normal(2, 2, 4, 4), 0
    local function counting(op)
      return setmetatable({ same_as_op = op }, { __call = function(_, y)
        calls = calls + 1
        return y:relu()
      end })
    end
    checks.same(layer(x):relu(), nn.sequential { layer, counting "relu" }(x))
    assert.equal(0, calls)
    checks.same(layer(x):relu(), nn.sequential { layer, counting() }(x)) -- says nothing
    checks.same(layer(x):tanh():relu(), nn.sequential { layer, nn.tanh(), counting "relu" }(x)) -- one only
    assert.equal(2, calls)
    local net = nn.sequential { layer, nn.relu() }
    layer.weight:fill(0)
    layer.bias:fill(3)
    checks.same(fm.full({ 2, 3, 2, 2 }, 3), net(x)) -- the layer's numbers are read in each call
  end)

  it("refuses misuse", function()
    raises("conv2d: kernel: expected a whole number >= 1, found nil", nn.conv2d, 1, 2)
    raises("conv2d: a weight of shape [4, 5, 2147483648, 2147483648] has more numbers than any memory holds", nn.conv2d, 5, 4, 1 << 31)
    raises("conv2d: c_in: expected a whole number >= 1, found 0", nn.conv2d, 0, 2, 3)
    raises("conv2d: stride: expected a whole number >= 1, found 0", nn.conv2d, 1, 2, 3, { stride = 0 })
    raises("conv2d: padding: expected a whole number >= 0, found -1", nn.conv2d, 1, 2, 3, { padding = -1 })
    raises('conv2d: unknown option "paddin"; did you mean "padding"', nn.conv2d, 1, 2, 3, { paddin = 1 })
    raises('conv2d: init: expected "uniform", "zero" or a function, found 1', nn.conv2d, 1, 2, 3, { init = 1 })
    raises("conv2d: bias: expected true or false, found 0", nn.conv2d, 1, 2, 3, { bias = 0 })
    raises("conv2d: input is [2, 3, 4, 4], weight is [2, 1, 3, 3]", nn.conv2d(1, 2, 3), fm.ones(2, 3, 4, 4))
  end)
end)

describe("nn.group_norm, nn.avg_pool2d, nn.upsample", function()
  checks.no_bytes_stay(before_each, after_each)

  it("are the ops", function()
    local x = rng:normal(2, 6, 4, 6) * 3 + 1
    local norm = nn.group_norm(3, 6)
    local y = norm(x):reshape(2, 3, -1)
    checks.near(fm.zeros(2, 3), y:mean(3), 1e-5)
    checks.near(fm.ones(2, 3), y:square():mean(3), 1e-4)
    checks.same(fm.group_norm(x, nil, nil, { groups = 3, eps = 0.5 }), nn.group_norm(3, 6, { eps = 0.5 })(x))
    norm:load_state { weight = fm.full(6, 2), bias = fm.full(6, 1) }
    checks.near(y * 2 + 1, norm(x):reshape(2, 3, -1), 1e-5)
    checks.same(x:avg_pool2d(2), nn.avg_pool2d(2)(x))
    checks.same(x:upsample_nearest2d(3), nn.upsample(3)(x))
    checks.near(x, nn.avg_pool2d(2)(nn.upsample(2)(x)))
    assert.equal(0, nn.upsample(2):count() + nn.avg_pool2d(2):count())
  end)

  it("group_norm does an activation after it", function()
    -- the area of the second is more than a strip, the third has channels of one number
    for _, shape in ipairs { { 3, 6, 4, 5 }, { 2, 4, 40, 41 }, { 5, 8 } } do
      local c, x, dy = shape[2], rng:normal(shape), rng:normal(shape)
      local w, b = rng:normal(c), rng:normal(c)
      for _, act in ipairs { "silu", "tanh", "relu", "gelu" } do
        local function both(t, weight, bias) return fm.group_norm(t, weight, bias, { groups = 2, act = act }) end
        local function apart(t, weight, bias) return fm[act](fm.group_norm(t, weight, bias, { groups = 2 })) end
        local found, want = checks.on_threads(both, { x, w, b }, dy, act), checks.on_threads(apart, { x, w, b }, dy, act)
        for i, t in ipairs(want) do checks.near(found[i], t, fm.real == "double" and 1e-9 or 1e-4) end
        found, want = checks.on_threads(both, { x }, dy, act), checks.on_threads(apart, { x }, dy, act)
        for i, t in ipairs(want) do checks.near(found[i], t) end
      end
    end
    raises('group_norm: act: unknown name "sliu"; did you mean "silu"', nn.group_norm, 2, 4, { act = "sliu" })
  end)

  it("group_norm takes the activation after it into its pass", function()
    local norm, x, calls = nn.group_norm(2, 4), rng:normal(2, 4, 3), 0
    local silu = setmetatable({ same_as_op = "silu" }, { __call = function(_, y)
      calls = calls + 1
      return y:silu()
    end })
    checks.same(norm(x):silu(), nn.sequential { norm, silu }(x))
    checks.same(norm(x):silu(), nn.group_norm(2, 4, { act = "silu" })(x))
    checks.same(norm(x):sin(), nn.group_norm(2, 4, { act = fm.sin })(x))
    assert.equal(0, calls)
  end)

  it("refuse misuse", function()
    raises("group_norm: 6 channels do not make 4 groups", nn.group_norm, 4, 6)
    raises("group_norm: eps: expected a number", nn.group_norm, 1, 6, { eps = -1 })
    raises("group_norm: channels: expected a whole number >= 1, found nil", nn.group_norm, 4)
    raises("group_norm: input is [2, 5, 3]", nn.group_norm(2, 6), fm.ones(2, 5, 3))
    raises("avg_pool2d: size: expected a whole number >= 1, found 0", nn.avg_pool2d, 0)
    raises("avg_pool2d: input is [1, 1, 2, 2]: no square of size 3 fits", nn.avg_pool2d(3), fm.ones(1, 1, 2, 2))
    raises("upsample: scale: expected a whole number >= 1, found 1.5", nn.upsample, 1.5)
    raises("upsample: unexpected argument 2", nn.upsample, 2, 2)
  end)
end)

describe("nn.attention", function()
  checks.no_bytes_stay(before_each, after_each)

  it("is attention of each head, mixed by its output layer", function()
    local layer, x = nn.attention { dim = 6, heads = 2 }, rng:normal(3, 4, 6)
    local state = layer:state()
    assert.same({ 18, 6 }, state["qkv.weight"]:shape())
    assert.same({ 6, 6 }, state["out.weight"]:shape())
    assert.equal(18 * 7 + 6 * 7, layer:count())
    local all, heads = layer.qkv(x), {}
    for h = 1, 2 do
      local function part(i) return all:slice { axis = 3, first = (i - 1) * 6 + (h - 1) * 3 + 1, last = (i - 1) * 6 + h * 3 } end
      heads[h] = fm.attention(part(1), part(2), part(3))
    end
    checks.near(layer.out(fm.cat(heads[1], heads[2], 3)), layer(x))
  end)

  it("refuses misuse", function()
    raises("attention: dim: expected a whole number >= 1, found nil", nn.attention, {})
    raises("attention: dim 6 is no multiple of 4 heads", nn.attention, { dim = 6, heads = 4 })
    raises("attention: causal: expected true or false, found 1", nn.attention, { dim = 6, causal = 1 })
    raises("attention: x: expected a tensor [B, L, 6], found a tensor [2, 6]", nn.attention { dim = 6 }, fm.ones(2, 6))
    raises("attention: x: expected a tensor [B, L, 6], found nil", nn.attention { dim = 6 })
  end)
end)

describe("attention{causal}", function()
  checks.no_bytes_stay(before_each, after_each)

  -- The same by other ops: what a query must not see gets a large negative number.
  local function masked(q, k, v)
    local l, s = q:size(2), k:size(2)
    local hidden = (fm.range(1, s):reshape(1, s)):gt(fm.range(1, l):reshape(l, 1)) * -1e30
    return ((q:bmm(k:permute(1, 3, 2)) / math.sqrt(q:size(3)) + hidden):softmax(3)):bmm(v)
  end

  it("sees its own key and those before it", function()
    -- the last two: more weights than a tile holds at a time, and more keys than a stack holds
    for _, case in ipairs { { 2, 5, 5, 3, 4 }, { 2, 3, 5, 2, 2 }, { 2, 5, 3, 2, 2 }, { 1, 1, 1, 1, 1 }, { 2, 400, 400, 4, 4 }, { 1, 2, 70000, 2, 1 } } do
      local g, l, s, d, e = table.unpack(case)
      local inputs, dy = { rng:normal(g, l, d), rng:normal(g, s, d), rng:normal(g, s, e) }, rng:normal(g, l, e)
      local found = checks.on_threads(function(q, k, v) return fm.attention(q, k, v, { causal = true }) end, inputs, dy)
      local p = {}
      for i, x in ipairs(inputs) do p[i] = fm.parameter(x) end
      local tape <close> = fm.record()
      local y = masked(table.unpack(p))
      y:backward(dy)
      checks.near(y:detach(), found[1])
      for i, x in ipairs(p) do checks.near(x:grad(), found[i + 1], fm.real == "double" and 1e-9 or 1e-4) end
    end
  end)

  it("is off by default", function()
    local q, k, v = rng:normal(1, 3, 2), rng:normal(1, 3, 2), rng:normal(1, 3, 2)
    checks.same(fm.attention(q, k, v), fm.attention(q, k, v, { causal = false }))
    checks.near(v[1][1], fm.attention(q, k, v, { causal = true })[1][1])
  end)

  in_double("has the right gradient", function()
    local inputs = { fm.parameter(rng:normal(2, 4, 3)), fm.parameter(rng:normal(2, 5, 3)), fm.parameter(rng:normal(2, 5, 2)) }
    assert(fm.gradcheck(function(q, k, v) return fm.attention(q, k, v, { causal = true }) end, inputs))
  end)
end)

-- nn.transformer and nn.dit: how they start, what they are called with, what each row sees.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local networks <const> = dofile "tests/lua/networks.lua"
local nn <const> = fm.nn
local raises <const> = checks.raises_text

local function with(o, more)
  for name, value in pairs(more or {}) do o[name] = value end
  nn.seed(3)
  return o
end

local function small(o)
  return nn.transformer(with({ inputs = 3, length = 6, dim = 16, heads = 2, layers = 2 }, o))
end

local function pictures(o)
  return nn.dit(with({ channels = 2, size = 8, patch = 4, dim = 16, heads = 2, layers = 2 }, o))
end

local function largest(x) return x:abs():max():item() end

describe("nn.transformer", function()
  checks.no_bytes_stay(before_each, after_each)

  it("has 1,265,808 numbers by default, and starts as the velocity 0", function()
    local model, x = nn.transformer { inputs = 16, length = 64 }, fm.rng(1):normal(2, 64, 16)
    assert.equal(1265808, model:count())
    checks.same(fm.zeros(2, 64, 16), model(x, 0.5))
    local state = model:state()
    for name, shape in pairs { ["embed.weight"] = { 128, 16 }, position = { 64, 128 }, ["blocks.3.attention.qkv.weight"] = { 384, 128 },
      ["blocks.0.mlp.2.weight"] = { 128, 512 }, ["blocks.0.modulation.bias"] = { 768 }, ["final.linear.weight"] = { 16, 128 } } do
      assert.same(shape, state[name]:shape())
    end
    -- what adaLN-zero says: modulation and output start from zero, and nothing else does
    for name, tensor in pairs(state) do
      local zero = name:find "modulation" or name:find "^final" or name:find "bias" and not name:find "^time_embed"
      assert.equal(zero and true or false, largest(tensor) == 0, name)
    end
  end)

  it("takes shorter sequences, and refuses longer ones", function()
    local model, x = networks.shaken(small()), fm.rng(2):normal(2, 6, 3)
    assert.same({ 2, 4, 3 }, model(x:slice { axis = 2, first = 1, last = 4 }, 0.5):shape())
    raises("transformer: x: expected a tensor [B, L, 3] with L in 1..6, found a tensor [2, 7, 3]", model, fm.ones(2, 7, 3), 0.5)
    raises("transformer: x: expected a tensor [B, L, 3] with L in 1..6, found a tensor [2, 6, 4]", model, fm.ones(2, 6, 4), 0.5)
    raises("transformer: x: expected a tensor [B, L, 3] with L in 1..6, found a tensor [2, 0, 3]", model, fm.zeros(2, 0, 3), 0.5)
    raises("transformer: x: expected a tensor [B, L, 3] with L in 1..6, found 1", model, 1, 0.5)
  end)

  it("lets each place see all others, or with causal only those before it", function()
    local x = fm.rng(2):normal(1, 6, 3)
    local y = x:clone()
    y[1][4] = y[1][4] + 1
    for _, causal in ipairs { false, true } do
      local model = networks.shaken(small { causal = causal })
      local change = (model(x, 0.5) - model(y, 0.5)):abs():sum(3)[1]
      for i = 1, 6 do assert.equal(not causal or i >= 4, change[i] > 1e-6, ("place %d, causal %s"):format(i, causal)) end
      -- what comes later does not change even a bit of what comes before
      if causal then checks.near(model(x, 0.5):slice { axis = 2, first = 1, last = 3 }, model(x:slice { axis = 2, first = 1, last = 3 }, 0.5)) end
    end
  end)

  it("tells places apart", function()
    local model = networks.shaken(small())
    local y = model(fm.ones(1, 6, 3), 0.5)
    assert.is_true(largest(y[1][1] - y[1][6]) > 1e-3)
  end)

  it("takes times and labels as numbers and by rows", function()
    local x = fm.rng(2):normal(3, 6, 3)
    networks.takes_times_and_labels(networks.shaken(small { classes = 3 }), x, 1)
    networks.takes_times_and_labels(networks.shaken(small { classes = 3, times = 2 }), x, 2)
    raises("transformer: s: expected a number or a tensor [3] or [3, 1], found \"a\"", small { times = 2 }, x, "a", 1)
  end)

  it("has the same bits on every number of threads, and the right gradients", function()
    local x, t, labels = fm.rng(2):normal(6, 6, 3), fm.linspace(0, 1, 6), fm.tensor { 1, 2, 3, 4, 1, 2 }
    networks.same_on_threads(networks.shaken(small()), x, 0.3)
    networks.same_on_threads(networks.shaken(small { classes = 3, causal = true }), x, t, labels)
    networks.same_on_threads(networks.shaken(small { times = 2, dim = 64 }), x, t, 1)
    local tiny = { dim = 4, layers = 1, classes = 2, times = 2 }
    networks.gradcheck(networks.shaken(small(tiny)), x[{ 1, 2 }], 0.1, t[{ 3, 4 }], labels[{ 1, 2 }])
    tiny.causal, tiny.classes, tiny.times = true, nil, nil
    networks.gradcheck(networks.shaken(small(tiny)), x[{ 1, 2 }], 0.1)
  end)

  it("refuses what it cannot be made of", function()
    raises("transformer: inputs: expected a whole number >= 1, found nil", nn.transformer, { length = 3 })
    raises("transformer: length: expected a whole number >= 1, found nil", nn.transformer, { inputs = 3 })
    raises("transformer: dim: expected an even number, found 15", small, { dim = 15, heads = 3 })
    raises("transformer: dim 16 is no multiple of 3 heads", small, { heads = 3 })
    raises("transformer: layers: expected a whole number in 1..1000, found 0", small, { layers = 0 })
    raises("transformer: causal: expected true or false, found 1", small, { causal = 1 })
    raises("transformer: times: expected a whole number in 1..2, found 0", small, { times = 0 })
    raises("transformer: classes: expected a whole number >= 1, found -1", small, { classes = -1 })
    raises('transformer: unknown option "layer"; did you mean "layers"', small, { layer = 2 })
  end)
end)

describe("nn.dit", function()
  checks.no_bytes_stay(before_each, after_each)

  it("has 1,265,808 numbers by default, and starts as the velocity 0", function()
    local model, x = nn.dit { channels = 1, size = 32 }, fm.rng(1):normal(2, 1, 32, 32)
    assert.equal(1265808, model:count())
    checks.same(fm.zeros(2, 1, 32, 32), model(x, 0.5))
  end)

  it("is a transformer over patches, channel by channel, line by line", function()
    local model, x = networks.shaken(pictures()), fm.rng(1):normal(2, 2, 8, 8)
    local rows = networks.shaken(nn.transformer(with { inputs = 32, length = 4, dim = 16, heads = 2, layers = 2 })):load_state(model:state())
    local patches = fm.zeros(2, 4, 32)
    local function each(f)
      for b = 1, 2 do
        for c = 1, 2 do
          for i = 1, 8 do
            for j = 1, 8 do
              f(b, c, i, j, (i - 1) // 4 * 2 + (j - 1) // 4 + 1, (c - 1) * 16 + (i - 1) % 4 * 4 + (j - 1) % 4 + 1)
            end
          end
        end
      end
    end
    each(function(b, c, i, j, patch, at) patches[b][patch][at] = x[b][c][i][j] end)
    local y, want = model(x, 0.5), rows(patches, 0.5)
    each(function(b, c, i, j, patch, at) assert.equal(want[b][patch][at], y[b][c][i][j]) end)
  end)

  it("knows lines and columns from the start", function()
    local position = nn.dit { channels = 1, size = 12, patch = 4, dim = 8 }:state().position
    assert.same({ 9, 8 }, position:shape())
    local function part(i, first) return position[i]:slice { axis = 1, first = first, last = first + 3 } end
    checks.same(part(4, 1), part(6, 1)) -- the same line
    checks.same(part(2, 5), part(8, 5)) -- the same column
    checks.same(part(2, 1), part(1, 5)) -- line 1 as column 1
    assert.is_true(largest(part(1, 1) - part(4, 1)) > 0.1)
    checks.near(position[9], fm.tensor { math.sin(2), math.sin(0.02), math.cos(2), math.cos(0.02), math.sin(2), math.sin(0.02), math.cos(2), math.cos(0.02) })
  end)

  it("takes times and labels as numbers and by rows", function()
    local x = fm.rng(2):normal(3, 2, 8, 8)
    networks.takes_times_and_labels(networks.shaken(pictures { classes = 3 }), x, 1)
    networks.takes_times_and_labels(networks.shaken(pictures { classes = 3, times = 2 }), x, 2)
  end)

  it("has the same bits on every number of threads, and the right gradients", function()
    local x, t, labels = fm.rng(2):normal(6, 2, 8, 8), fm.linspace(0, 1, 6), fm.tensor { 1, 2, 3, 4, 1, 2 }
    networks.same_on_threads(networks.shaken(pictures()), x, 0.3)
    networks.same_on_threads(networks.shaken(pictures { classes = 3, dim = 64 }), x, t, labels)
    local tiny = { channels = 1, size = 4, patch = 2, dim = 4, heads = 2, layers = 1, classes = 2 }
    networks.gradcheck(networks.shaken(nn.dit(tiny)), fm.rng(2):normal(2, 1, 4, 4), t[{ 2, 3 }], 2)
  end)

  it("lowers the loss of a flow", function()
    local model, x1 = pictures(), fm.ones(8, 2, 8, 8)
    local opt, rng, first, last = fm.optim.adam(model, { lr = 3e-3 }), fm.rng(4), nil, nil
    for _ = 1, 60 do
      last = opt:step(function() return fm.flow.loss(model, x1, { rng = rng }) end)
      first = first or last
    end
    assert.is_true(last < first * 0.7)
  end)

  it("refuses what it cannot be made of, and other pictures", function()
    raises("dit: size 8 is no multiple of patch 3", pictures, { patch = 3 })
    raises("dit: dim: expected a multiple of 4, found 18", pictures, { dim = 18 })
    raises("dit: dim 16 is no multiple of 3 heads", pictures, { heads = 3 })
    raises("dit: dim 268435456: a layer has more numbers than any memory holds", pictures, { dim = 1 << 28 })
    raises("dit: channels: expected a whole number >= 1, found nil", nn.dit, { size = 8 })
    raises("dit: size: expected a whole number >= 1, found nil", nn.dit, { channels = 1 })
    raises('dit: unknown option "causal"', pictures, { causal = true })
    for _, shape in ipairs { { 2, 1, 8, 8 }, { 2, 2, 8, 4 }, { 2, 2, 16, 16 }, { 2, 128 } } do
      raises("dit: x: expected a tensor [B, 2, 8, 8], found a tensor [" .. table.concat(shape, ", "), pictures(), fm.ones(shape), 0.5)
    end
  end)
end)

-- How layers start: the distributions of their weights, what is zero, what is fixed; and the layers
-- without weights against their formulas.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local nn <const> = fm.nn

--- Mean 0 and this variance; with `bound` also uniform: nothing beyond it, and close to it.
local function spread(x, variance, bound)
  local n = x:count()
  assert.near(0, x:mean():item(), 5 * math.sqrt(variance / n))
  assert.near(1, x:square():mean():item() / variance, 5 * math.sqrt(2 / n))
  if bound then
    assert.is_true(x:abs():max():item() <= bound)
    assert.is_true(x:abs():max():item() > bound * (1 - 20 / n))
  end
end

describe("layers start", function()
  setup(function() nn.unet { channels = 1, width = 2, multipliers = { 1 } } nn.seed(0) end)
  checks.no_bytes_stay(setup, teardown)

  it("linear and conv2d: uniform in -b..b with b = 1 / sqrt(inputs), biases too", function()
    for inputs, outputs in pairs { [25] = 400, [4] = 1000 } do
      local bound, state = 1 / math.sqrt(inputs), nn.linear(inputs, outputs):state()
      spread(state.weight, bound ^ 2 / 3, bound)
      spread(state.bias, bound ^ 2 / 3, bound)
    end
    local bound, state = 1 / math.sqrt(3 * 9), nn.conv2d(3, 64, 3):state()
    spread(state.weight, bound ^ 2 / 3, bound)
    spread(state.bias, bound ^ 2 / 3, bound)
    assert.is_nil(nn.linear(2, 2, { bias = false }):state().bias)
    for _, layer in ipairs { nn.linear(3, 2, { init = "zero" }), nn.conv2d(3, 2, 3, { init = "zero" }) } do
      for _, p in ipairs(layer:parameters()) do assert.equal(0, p:abs():max():item()) end
    end
    local given = nn.linear(3, 2, { init = function(w, b) w:fill(2) b:fill(3) end })
    assert.same({ { 9, 9 } }, given(fm.ones(1, 3)):totable())
  end)

  it("embeddings as a unit normal, norms as 1 and 0, frequencies as their kind says", function()
    spread(nn.embedding(100, 30):state().weight, 1)
    for _, layer in ipairs { nn.layer_norm(5), nn.group_norm(1, 5) } do
      assert.same({ { 1, 1, 1, 1, 1 }, { 0, 0, 0, 0, 0 } }, { layer:state().weight:totable(), layer:state().bias:totable() })
    end
    assert.same({ 1, 1, 1 }, nn.rms_norm(3):state().weight:totable())
    local waves = nn.time_embedding(8):state().frequencies:totable()
    for i = 1, 4 do assert.near(1, waves[i] / (1000 * 10000 ^ (-(i - 1) / 4)), 1e-5) end
    spread(nn.time_embedding(4000, { kind = "fourier" }):state().frequencies, (2 * math.pi * 16) ^ 2)
    spread(nn.time_embedding(4000, { kind = "fourier", scale = 0.5 }):state().frequencies, math.pi ^ 2)
    assert.equal(0, #nn.time_embedding(4):parameters())
  end)

  it("time_embedding is the sines, then the cosines, of t times its frequencies", function()
    for _, kind in ipairs { "sinusoidal", "fourier" } do
      local layer = nn.time_embedding(6, { kind = kind })
      local f, found = layer:state().frequencies:totable(), layer(fm.tensor { 0, 0.25, 1 }):totable()
      for row, t in ipairs { 0, 0.25, 1 } do
        for i = 1, 3 do
          assert.near(math.sin(t * f[i]), found[row][i], 2e-4)
          assert.near(math.cos(t * f[i]), found[row][i + 3], 2e-4)
        end
      end
    end
  end)

  it("a network for pictures or sequences is the velocity 0, whatever its input and label", function()
    local rng = fm.rng(1)
    local pictures, rows = rng:normal(2, 1, 8, 8), rng:normal(2, 5, 3)
    local unet = nn.unet { channels = 1, width = 4, multipliers = { 1, 2 }, classes = 3 }
    local dit = nn.dit { channels = 1, size = 8, patch = 4, dim = 8, heads = 2, layers = 1, classes = 3 }
    local transformer = nn.transformer { inputs = 3, length = 5, dim = 8, heads = 2, layers = 2, classes = 3 }
    for _, cond in ipairs { false, fm.tensor { 1, 3 } } do
      local c = cond or nil
      assert.equal(0, unet(pictures, 0.3, c):abs():max():item())
      assert.equal(0, dit(pictures, 0.3, c):abs():max():item())
      assert.equal(0, transformer(rows, 0.3, c):abs():max():item())
    end
  end)

  it("no label is the label after the last", function()
    local model = nn.vector_field { dim = 2, hidden = 8, time_embed = 4, classes = 3 }
    local x = fm.rng(2):normal(5, 2)
    checks.same(model(x, 0.5), model(x, 0.5, 4))
    checks.same(model(x, 0.5), model(x, 0.5, fm.full(5, 4)))
    for label = 1, 3 do assert.is_true((model(x, 0.5) - model(x, 0.5, label)):abs():max():item() > 1e-4) end
    local numbers = nn.vector_field { dim = 2, hidden = 8, time_embed = 4, cond = 2 }
    checks.same(numbers(x, 0.5), numbers(x, 0.5, fm.zeros(5, 2)))
  end)

  it("dropout keeps a number with probability 1 - p, and divides by it; with p = 0 it is nothing", function()
    local x = fm.full({ 200, 100 }, 3)
    for _, p in ipairs { 0.05, 0.5, 0.9 } do
      local layer = nn.dropout(p)
      layer:train()
      local y = layer(x)
      local kept = y:ne(0)
      assert.near(1 - p, kept:mean():item(), 5 * math.sqrt(p * (1 - p) / x:count()))
      checks.near(y, kept * (3 / (1 - p)), 1e-4)
      assert.is_true((layer(x) - y):abs():max():item() > 0) -- others the next time
      layer:eval()
      checks.same(x, layer(x))
    end
    local none = nn.dropout(0)
    none:train()
    checks.same(x, none(x))
  end)

  it("residual, avg_pool2d, upsample and standardise do what they say", function()
    local x = fm.rng(3):normal(2, 3, 4, 6)
    checks.near(nn.residual(fm.square)(x), x + x * x)
    local pooled, large = nn.avg_pool2d(2)(x), nn.upsample(2)(x)
    assert.near((x[1][2][3][5] + x[1][2][3][6] + x[1][2][4][5] + x[1][2][4][6]) / 4, pooled[1][2][2][3], 1e-6)
    for i = 7, 8 do
      for k = 11, 12 do assert.equal(x[2][3][4][6], large[2][3][i][k]) end
    end
    local rows = fm.rng(4):normal(7, 3) * fm.tensor { 1, 2, 5 } + 4
    local layer = nn.standardise(rows)
    local z = layer(rows)
    checks.near(z:mean(1), fm.zeros(3), 1e-5)
    checks.near(z:square():sum(1), fm.full(3, 6), 1e-4) -- the deviation is that with n - 1
    checks.near(layer:inverse(z), rows, 1e-4)
    assert.near(-rows:std(1):log():sum():item(), layer:log_det(), 1e-5)
  end)
end)

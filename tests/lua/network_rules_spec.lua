-- Rules of networks that a formula tells: how they start, which stream they draw from, what they
-- are called with, what runs in one pass.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local nn <const> = fm.nn

local refused <const> = checks.raises_text
local function same(x) return x end

describe("networks", function()
  setup(function() nn.unet { channels = 1, width = 2, multipliers = { 1 } } nn.dit { channels = 1, size = 4, dim = 4, heads = 1, layers = 1 } end)
  checks.no_bytes_stay(setup, teardown)
  after_each(function() nn.seed(0) end)

  it("draw from two streams of the seed: weights, and what is dropped", function()
    local function init() return fm.rng(5):stream "init" end
    for _, seed in ipairs { 5, fm.rng(5) } do
      nn.seed(seed)
      checks.near(nn.linear(3, 2, { bias = false }).weight:detach(), (init():uniform(2, 3) * 2 - 1) / math.sqrt(3), 1e-6)
      nn.seed(seed)
      local conv, stream = nn.conv2d(2, 4, 3), init()
      checks.near(conv.weight:detach(), (stream:uniform(4, 2, 3, 3) * 2 - 1) / math.sqrt(18), 1e-6)
      checks.near(conv.bias:detach(), (stream:uniform(4) * 2 - 1) / math.sqrt(18), 1e-6)
      nn.seed(seed)
      checks.near(nn.embedding(3, 2).weight:detach(), init():normal(3, 2), 1e-6)
      nn.seed(seed)
      checks.near(nn.time_embedding(6, { kind = "fourier", scale = 2 }).frequencies, init():normal(3) * (4 * math.pi), 1e-4)
      nn.seed(seed)
      local y = nn.dropout(0.4)(fm.ones(5, 7))
      checks.near(y, fm.rng(5):stream "dropout":uniform(5, 7):gt(0.4) / 0.6, 1e-6)
    end
  end)

  it("of sequences and patches start as Glorot and Vaswani say", function()
    local transformer = nn.transformer { inputs = 3, length = 5, dim = 8, heads = 2, layers = 2 }
    local dit = nn.dit { channels = 2, size = 6, patch = 2, dim = 8, heads = 2, layers = 1 }
    local function wave(place, i, half) -- i from 1: sines, then cosines
      local angle = place * 10000 ^ (-((i - 1) % half) / half)
      return i <= half and math.sin(angle) or math.cos(angle)
    end
    local line, square = transformer:state().position, dit:state().position
    assert.same({ { 5, 8 }, { 9, 8 } }, { line:shape(), square:shape() })
    for k = 1, 8 do
      for row = 1, 5 do assert.near(wave(row - 1, k, 4), line[row][k], 1e-5) end
      for row = 1, 9 do assert.near(wave(k <= 4 and (row - 1) // 3 or (row - 1) % 3, (k - 1) % 4 + 1, 2), square[row][k], 1e-5) end
    end
    local count = 0
    for _, model in ipairs { transformer, dit } do
      for name, w in pairs(model:state()) do
        if name:find "embed%.weight$" and not name:find "^time" or name:find "qkv%.weight" or name:find "out%.weight" or name:find "mlp%.%d%.weight" then
          local bound = math.sqrt(6 / (w:size(1) + w:size(2)))
          assert.is_true(w:abs():max():item() <= bound and w:abs():max():item() > 0.85 * bound, name)
          count = count + 1
        elseif name:find "bias$" and not name:find "^time" or name:find "modulation" or name:find "final" then
          assert.equal(0, w:abs():max():item(), name)
        end
      end
    end
    assert.equal(2 * 4 + 1 + 4 + 1, count)
  end)

  it("norm by groups of at least 4 channels, at most 32, that divide them", function()
    local channel_norm = require "fm.nn.parts.channel_norm"
    local rng = fm.rng(1)
    for channels, groups in pairs { [1] = 1, [3] = 1, [7] = 1, [8] = 2, [12] = 3, [14] = 2, [20] = 5, [128] = 32, [132] = 22, [160] = 32 } do
      local x = rng:normal(1, channels, 2)
      checks.near(channel_norm(channels)(x), fm.group_norm(x, nil, nil, { groups = groups }), 1e-5)
      checks.near(channel_norm(channels, "silu")(x), fm.silu(fm.group_norm(x, nil, nil, { groups = groups })), 1e-5)
    end
  end)

  it("take a time of one number for all rows, and [B, 1]; not [1, B]", function()
    local model, x = nn.vector_field { dim = 2, hidden = 4, time_embed = 4, classes = 2 }, fm.rng(2):normal(3, 2)
    local want = model(x, 0.25, 2)
    for _, t in ipairs { fm.tensor(0.25), fm.tensor { 0.25 }, fm.tensor { { 0.25 } }, fm.full(3, 0.25), fm.full({ 3, 1 }, 0.25) } do
      checks.near(model(x, t, 2), want)
    end
    for _, t in ipairs { fm.zeros(1, 3), fm.zeros(2), fm.zeros(3, 1, 1) } do refused("vector_field: t: expected a number", model, x, t) end
    checks.near(model(x, 0.25, fm.full({ 3, 1 }, 2)), want)
    refused("cond: expected labels", model, x, 0, fm.ones(3, 1, 1))
    assert.is_true((model(x, fm.tensor { 0, 0.5, 1 }, 2) - want):abs():max(2):min():item() > 0)
  end)

  it("norms add eps to the variance: 1e-5, of rms_norm 1e-6, or what is given", function()
    for _, eps in ipairs { false, 0.5, 1, 0 } do
      local o = eps and { eps = eps } or nil
      local x = fm.tensor { { 1e-3, -1e-3, 3e-3, 1e-3 } } * (eps == 0 and 1e3 or 1)
      local apart = x - x:mean(2):reshape(1, 1)
      local centred = apart / (apart:square():mean():item() + (eps or 1e-5)) ^ 0.5
      checks.near(nn.layer_norm(4, o)(x), centred, 1e-5)
      checks.near(nn.group_norm(1, 4, o)(x), centred, 1e-5)
      checks.near(nn.rms_norm(4, o)(x), x / (x:square():mean():item() + (eps or 1e-6)) ^ 0.5, 1e-5)
      local scaled = nn.layer_norm(4, o)
      scaled:load_state { weight = fm.range(1, 4), bias = fm.full(4, 2) }
      checks.near(scaled(x), centred * fm.range(1, 4) + 2, 1e-5)
    end
  end)

  it("mlp: 64, 64 and silu; an activation for each layer", function()
    local shapes = {}
    for name, w in pairs(nn.mlp { inputs = 3, outputs = 2 }:state()) do shapes[name] = table.concat(w:shape(), " ") end
    assert.same({ ["0.weight"] = "64 3", ["0.bias"] = "64", ["2.weight"] = "64 64", ["2.bias"] = "64", ["4.weight"] = "2 64", ["4.bias"] = "2" }, shapes)
    local one = nn.mlp { inputs = 3, outputs = 2, hidden = 4, act = "tanh" }
    local s, x = one:state(), fm.rng(3):normal(5, 3)
    checks.near(one(x), fm.linear(fm.tanh(fm.linear(x, s["0.weight"], s["0.bias"])), s["2.weight"], s["2.bias"]))
    assert.equal(26, one:count())
  end)

  it("linear, conv2d and group_norm do the activation after them, unless they have one", function()
    local rng = fm.rng(6)
    for _, case in ipairs { { function(o) return nn.linear(3, 2, o) end, rng:normal(4, 3) },
      { function(o) return nn.conv2d(2, 2, 1, o) end, rng:normal(1, 2, 3, 3) },
      { function(o) return nn.group_norm(2, 4, o) end, rng:normal(2, 4, 3) } } do
      local make, x = table.unpack(case)
      for _, op in ipairs { "silu", "relu", "gelu", "softplus" } do
        local plain, acting = make {}, make { act = op }
        for name, w in pairs(plain:state()) do acting:state()[name]:copy(w:detach()) end
        assert.same({ "none", op }, { plain.act, acting.act })
        checks.near(plain:fuse(op)(x), fm[op](plain(x)))
        checks.near(acting(x), fm[op](plain(x)))
        checks.near(acting:fuse "none"(x), acting(x))
        assert.is_nil(acting:fuse "relu")
        checks.near(nn.sequential { plain, nn[op](), nn.tanh() }(x), fm.tanh(fm[op](plain(x))))
        checks.near(nn.sequential { acting, nn.tanh() }(x), fm.tanh(fm[op](plain(x))))
      end
      local after = make { act = function(y) return y * 2 end }
      assert.is_nil(rawget(after, "fuse"))
      local own = make { act = nn.residual(nn.relu()) } -- a layer that is no op comes after
      assert.equal("none", own.act)
      local y = make {}
      for name, w in pairs(y:state()) do
        own:state()[name]:copy(w:detach())
        after:state()[name]:copy(w:detach())
      end
      checks.near(own(x), y(x) + fm.relu(y(x)))
      checks.near(after(x), y(x) * 2)
    end
    assert.same({ "silu", "none" }, { nn.silu().same_as_op, nn.none().same_as_op })
    local x = rng:normal(3)
    assert.equal(x, nn.none()(x))
  end)

  it("residual, train and eval reach what is inside", function()
    local seen
    local inner = nn.module({}, function(self, x, t) seen = { self.training, t } return x * 2 end)
    local outer = nn.residual(nn.sequential { inner })
    checks.same(outer(fm.ones(2), 7), fm.full(2, 3))
    assert.same({ true, 7 }, seen)
    assert.equal(outer, outer:eval())
    outer(fm.ones(2), 8)
    assert.same({ false, 8 }, seen)
    assert.equal(outer, outer:train())
    outer(fm.ones(2), 9)
    assert.same({ true, 9 }, seen)
    local modes = require("fm.nn.parts.module").modes
    inner.training = false
    local restore = modes(outer)
    outer:train()
    restore()
    assert.same({ true, false }, { outer.training, inner.training })
    assert.is_nil(modes(same))
    local calls = {}
    local own = { training = true, train = function() calls[#calls + 1] = "train" end, eval = function() calls[#calls + 1] = "eval" end }
    modes(own)()
    own.training = false
    modes(own)()
    assert.same({ "train" }, calls)
  end)
end)

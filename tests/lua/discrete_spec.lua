-- Flows of tokens: what a path keeps, the loss, samples and the bound on bits against a joint
-- distribution of two tokens that is known; what is refused.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local in_double <const> = checks.in_double(it) -- seconds of sampling, which float does alike
local discrete <const>, nn <const>, optim <const> = fm.discrete, fm.nn, fm.optim
local raises <const> = checks.raises_text

local toy <const> = dofile "tests/lua/token_toy.lua"
local V <const>, entropy <const>, draw <const>, total_variation <const>, best <const> = toy.vocabulary, toy.entropy, toy.draw, toy.total_variation, toy.best

local paths <const> = {
  mask = discrete.path { vocabulary = V }, mask_square = discrete.path { vocabulary = V, power = 2 },
  uniform = discrete.path { vocabulary = V, source = "uniform" }, uniform_square = discrete.path { vocabulary = V, source = "uniform", power = 2 },
}

local noise <const> = 0.012 -- more than twice the mean total variation of 40,000 true draws

describe("discrete", function()
  checks.no_bytes_stay(before_each, after_each)

  it("has paths that keep a token with the probability t^power", function()
    local x1 = fm.full({ 20000, 2 }, 2)
    for name, path in pairs(paths) do
      assert.equal(path.masks and V + 1 or V, path.states)
      for _, t in ipairs { 0, 0.3, 1 } do
        local xt, k = path:sample(x1, t, fm.rng(1)), path:kept(t)
        local want = path.masks and k or k + (1 - k) / V
        assert.near(want, xt:eq(x1):mean():item(), 0.01, name)
        assert.is_true(xt:min():item() >= 1 and xt:max():item() <= path.states)
      end
      local mixed = path:sample(x1[{ 1, 2 }], fm.tensor { 1, 0 }, fm.rng(1))
      checks.same(x1[1], mixed[1])
      if path.masks then checks.near(mixed[2], fm.full({ 2 }, V + 1)) end
    end
  end)

  it("draws tokens with the probabilities of their logits, in any shape", function()
    local p = fm.tensor { 0.1, 0.6, 0.3 }
    local ids = discrete.draw(fm.zeros(2, 10000, 3) + p:log():reshape(1, 1, 3), { rng = fm.rng(1) })
    assert.same({ 2, 10000 }, ids:shape())
    for i = 1, 3 do assert.near(p[i], ids:eq(i):mean():item(), 0.01) end
    assert.same({}, discrete.draw(fm.tensor { 0, 90 }, { rng = fm.rng(1) }):shape())
    assert.equal(2, discrete.draw(fm.tensor { 0, 90 }, { rng = fm.rng(1) }):item())
    local never = discrete.draw(fm.zeros(10000, 2) + fm.tensor { 0, -math.huge }, { rng = fm.rng(2) })
    assert.equal(1, never:max():item())
    raises("discrete.draw: logits: expected a tensor [..., V], found 3", discrete.draw, 3, { rng = fm.rng(1) })
    raises("discrete.draw: rng: expected a random stream, found none", discrete.draw, p, {})
    raises('discrete.draw: unknown option "rgn"; did you mean "rng"?', discrete.draw, p, { rgn = 1 })
  end)

  in_double("samples the joint from the best model: total variation within 0.02 with 64 steps", function()
    for name, path in pairs(paths) do
      local x, info = discrete.sample(best(path), { path = path, n = 40000, length = 2, steps = 64, rng = fm.rng(2) })
      local off = total_variation(x)
      assert(off <= 0.02, ("%s: %.4f"):format(name, off))
      assert.same({ nfe = 64, steps = 64 }, info)
      assert(x:max():item() <= V, name)
      -- one step draws both tokens apart
      local once = total_variation((discrete.sample(best(path), { path = path, n = 4000, length = 2, steps = 1, rng = fm.rng(2) })))
      assert(once > 0.1, ("%s: %.4f"):format(name, once))
    end
    assert.is_true(total_variation(draw(40000, fm.rng(3))) < noise)
  end)

  it("bounds the bits: those of the best masked model are the entropy, those of a worse one are more", function()
    local x1 = draw(40000, fm.rng(4))
    for name, path in pairs(paths) do
      local bits, error_of = discrete.bits(best(path), x1, { path = path, rng = fm.rng(5) })
      assert(error_of < 0.03, ("%s: an error of %.4f"):format(name, error_of))
      assert.near(entropy(), bits, 4 * error_of, name)
      local apart = discrete.bits(function(xt) return fm.zeros(#xt, 2, V) end, x1, { path = path, rng = fm.rng(5) })
      if path.masks then assert.near(math.log(3, 2), apart, 1e-4) else assert.is_true(apart > 1.05 * entropy()) end
    end
    local more = { discrete.bits(best(paths.mask), x1[{ 1, 1 }], { path = paths.mask, rng = fm.rng(5), draws = 3 }) }
    assert.equal(1, #more) -- one row has no error over rows
  end)

  -- One token, all V equally likely: the best model has b = (1 - k) / V for each token but x_t. The
  -- path of a source that does not say its probabilities remembers x0: the integral of (1 - k)
  -- (V - 1) / V times -log b over dk / (1 - k) is (V - 1) / V (log V + 1).
  it("has a bound that is loose by what its formula says where the source's probabilities are not known", function()
    for size = 2, 5 do
      local path = discrete.path { vocabulary = size, source = { start = discrete.source("uniform").start }, power = 1.5 }
      local function model(xt, t)
        local k = path:kept(t):reshape(-1, 1, 1)
        return (fm.one_hot(xt:reshape(-1), size):reshape(-1, 1, size) * k + (1 - k) / size):log()
      end
      local bits, error_of = discrete.bits(model, fm.rng(1):integers({ 40000, 1 }, 1, size), { path = path, rng = fm.rng(2) })
      assert.near((size - 1) / size * (math.log(size) + 1) / math.log(2), bits, 4 * error_of)
    end
  end)

  it("has a tight bound for a source of the script's own that says its probabilities", function()
    local p = fm.tensor { 0.6, 0.3, 0.1 }
    local own = {}
    function own.start(shape, _, rng)
      local u = rng:uniform(shape)
      return u:ge(0.6) + u:ge(0.9) + 1
    end
    function own.probability() return p end
    local path = discrete.path { vocabulary = V, source = own }
    local x1 = draw(40000, fm.rng(4))
    local bits, error_of = discrete.bits(best(path), x1, { path = path, rng = fm.rng(5) })
    assert.near(entropy(), bits, 4 * error_of)
    assert(total_variation((discrete.sample(best(path), { path = path, n = 40000, length = 2, rng = fm.rng(2) }))) <= 0.02)
    own.probability = function() return p * 2 end
    raises("discrete.path: source: probability gave a tensor [3], expected a tensor [3] of positive numbers with the sum 1", discrete.path,
      { vocabulary = V, source = own })
  end)

  in_double("trains by its losses to the entropy: total variation within 0.02, bits within 5 %", function()
    for _, case in ipairs { { "mask", "cross_entropy" }, { "uniform", "cross_entropy" }, { "uniform", "bound" } } do
      local name, loss = table.unpack(case)
      local path, steps = paths[name], 800
      nn.seed(1)
      local net = nn.mlp { inputs = 2 * path.states + 1, hidden = { 64, 64 }, outputs = 2 * V, act = "silu" }
      local model = discrete.posterior(function(xt, t)
        local x = fm.one_hot(xt:reshape(-1), path.states):reshape(#xt, -1)
        return net(fm.cat(x, t:reshape(-1, 1), 2)):reshape(-1, 2, V)
      end, { path = path })
      local opt, rng = optim.adam(net, { lr = optim.cosine { lr = 5e-3, steps = steps } }), fm.rng(6)
      for step = 1, steps do
        local x1 = draw(500, fm.rng(step, "data"))
        opt:step(function() return discrete.loss(model, x1, { path = path, rng = rng, loss = loss }) end)
      end
      local off = total_variation((discrete.sample(model, { path = path, n = 40000, length = 2, rng = fm.rng(9) })))
      assert(off <= 0.02, ("%s: total variation %.4f"):format(name, off))
      local bits, error_of = discrete.bits(model, draw(40000, fm.rng(10)), { path = path, rng = fm.rng(11), draws = 4 })
      assert(bits > entropy() - 4 * error_of, ("%s: %.4f bits for an entropy of %.4f"):format(name, bits, entropy()))
      assert(bits < 1.05 * entropy(), ("%s: %.4f bits for an entropy of %.4f"):format(name, bits, entropy()))
    end
  end)

  it("has the loss of its definition", function()
    local x1, xt = fm.tensor { { 1, 2 }, { 3, 3 } }, fm.tensor { { 1, 4 }, { 4, 4 } }
    local logits = fm.parameter(fm.rng(1):normal(2, 2, V))
    local log_p = logits:detach():log_softmax(3):totable()
    local tape <close> = fm.record()
    local o = { path = paths.mask, t = fm.tensor { 0.5, 0.2 }, xt = xt }
    local seen
    local loss = discrete.loss(function(_, t, c)
      seen = { t:totable(), c }
      return logits
    end, x1, { path = o.path, t = o.t, xt = xt, cond = "c" })
    assert.near(-(log_p[1][2][2] + log_p[2][1][3] + log_p[2][2][3]) / 3, loss:item(), 1e-5)
    assert.equal("c", seen[2])
    loss:backward()
    assert.near(0, logits:grad()[1][1]:abs():max():item(), 1e-12) -- nothing is asked of a token that is known
    local all = discrete.loss(function() return logits end, x1, { path = paths.uniform, t = 0.5, xt = x1 })
    assert.near(-(log_p[1][1][1] + log_p[1][2][2] + log_p[2][1][3] + log_p[2][2][3]) / 4, all:item(), 1e-5)
    assert.equal(0, discrete.loss(function() return logits end, x1, { path = paths.mask, t = 1, xt = x1 }):item())
  end)

  it("draws the same for the same seed, and takes a source of the script's own", function()
    local o = { path = { vocabulary = V, source = "uniform" }, n = 5, length = 2, steps = 3, rng = fm.rng(1) }
    local a = discrete.sample(best(paths.uniform), o)
    o.rng = fm.rng(1)
    checks.same(a, (discrete.sample(best(paths.uniform), o)))
    local ones = discrete.path { vocabulary = V, source = { start = function(shape) return fm.ones(shape) end } }
    checks.same(fm.ones(2, 2), ones:start(2, 2, fm.rng(1)))
    checks.same(fm.ones(2, 2), ones:sample(fm.full({ 2, 2 }, 3), 0, fm.rng(1)))
  end)

  it("refuses what makes no sense", function()
    local rng, x1, path = fm.rng(1), fm.ones(2, 2), paths.mask
    local function model(x) return fm.zeros(#x, 2, V) end
    raises("discrete.path: vocabulary is missing", discrete.path)
    raises('discrete.path: unknown option "vocabulry"; did you mean "vocabulary"', discrete.path, { vocabulry = 3 })
    raises('discrete.path: source: unknown name "masks"; did you mean "mask"', discrete.path, { vocabulary = 3, source = "masks" })
    raises("discrete.path: power: expected a number", discrete.path, { vocabulary = 3, power = 0 })
    raises("discrete.loss: path is missing", discrete.loss, model, x1, { rng = rng })
    raises("discrete.loss: rng is missing", discrete.loss, model, x1, { path = path })
    raises("discrete.loss: t is missing", discrete.loss, model, x1, { path = path, rng = rng, xt = x1 })
    raises("discrete.loss: x1 has the token 4, expected 1..3", discrete.loss, model, x1 + 3, { path = path, rng = rng })
    raises("discrete.loss: xt is a tensor [2, 3], expected tokens [2, 2]", discrete.loss, model, x1, { path = path, t = 0.1, xt = fm.ones(2, 3) })
    raises("expected logits [2, 2, 3]", discrete.loss, function() return x1 end, x1, { path = path, rng = rng })
    raises("discrete.loss: t is a tensor [3]", discrete.loss, model, x1, { path = path, rng = rng, t = fm.zeros(3) })
    raises("discrete.sample: n: expected a whole number", discrete.sample, model, { path = path, rng = rng, length = 2 })
    raises("discrete.sample: rng", discrete.sample, model, { path = path, n = 1, length = 2 })
    raises("discrete.bits: tokens is", discrete.bits, model, fm.ones(3), { path = path, rng = rng })
    raises("discrete.bits: draws: expected", discrete.bits, model, x1, { path = path, rng = rng, draws = 0 })
    raises("call it with a colon", path.sample, x1, 0.5, rng)
  end)
end)

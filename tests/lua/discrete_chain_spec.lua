-- The sampler of flows of tokens: a corrector in its steps and between them, tokens that are given,
-- guidance; against distributions that are known, with the best model.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local in_double <const> = checks.in_double(it) -- seconds of sampling, which float does alike
local toy <const> = dofile "tests/lua/token_toy.lua"
local discrete <const>, nn <const> = fm.discrete, fm.nn
local raises <const> = checks.raises_text
local V <const>, best <const> = toy.vocabulary, toy.best

local paths <const> = { mask = discrete.path { vocabulary = V }, uniform = discrete.path { vocabulary = V, source = "uniform", power = 1.5 } }
local plain <const> = discrete.path { vocabulary = V, source = "uniform" }
local blind <const> = discrete.path { vocabulary = V, source = { start = plain.source.start } } -- its probabilities are not known

local function shares(tokens)
  local list = {}
  for a = 1, V do list[a] = tokens:eq(a):mean():item() end
  return list
end

local function assert_shares(want, tokens, limit, what)
  for a, share in ipairs(shares(tokens)) do assert.near(want[a], share, limit, what) end
end

--- The total variation of 40,000 samples from the joint distribution.
local function off(path, o)
  o.path, o.n, o.length, o.rng = path, 40000, 2, fm.rng(2)
  return toy.total_variation((discrete.sample(best(path), o)))
end

--- One token of the shares p: the best model, which has seen(xt, t) of all x_t.
local function single(path, p, seen)
  return function(xt, t)
    if seen then seen(xt, t) end
    local k, kinds = path:kept(t:reshape(-1, 1)), fm.range(1, V):reshape(1, V)
    local same = xt:eq(kinds)
    local likely = path.masks and fm.where(xt:gt(V), 1, same) or same * k + (1 - k) * path.probability:index_select(xt:reshape(-1), 1):reshape(-1, 1)
    return (likely * fm.tensor(p):reshape(1, V)):clamp({ min = 1e-30 }):log():reshape(#xt, 1, V)
  end
end

describe("discrete chain", function()
  checks.no_bytes_stay(before_each, after_each)

  -- With one token nothing is drawn apart: any number of steps, with any corrector, is exact at
  -- every time.
  it("keeps the distribution of the path at all times, with a corrector in or between its steps", function()
    local p = { 0.5, 0.3, 0.2 }
    for name, path in pairs(paths) do
      local function hump(t) return 8 * t * (1 - t) end
      for _, how in ipairs { {}, { corrector = 3 }, { corrector = hump }, { corrections = 3 }, { corrections = 2, corrector = 2 } } do
        how.path, how.n, how.length, how.steps, how.rng = path, 40000, 1, 4, fm.rng(1)
        local times = 0
        local function seen(xt, t)
          local k = path:kept(t[1])
          for a = 1, V do assert.near(path.masks and k * p[a] or k * p[a] + (1 - k) / V, xt:eq(a):mean():item(), 0.01, name) end
          times = times + 1
        end
        local x, info = discrete.sample(single(path, p, seen), how)
        assert_shares(p, x, 0.01, name)
        assert.same({ times, 4 }, { info.nfe, info.steps })
        assert.equal(4 + 3 * (how.corrections or 0), times)
      end
    end
  end)

  it("adds what a token says of itself", function()
    local p, seen = { 0.5, 0.3, 0.2 }, nil
    local log_p = fm.tensor(p):log():reshape(1, 1, V)
    local function apart(xt, _, cond)
      seen = cond
      return log_p + fm.zeros(#xt, 1, V)
    end
    for name, path in pairs(paths) do
      local x = fm.tensor { { 1 }, { 2 }, { 3 }, { path.states } }
      for _, t in ipairs { 0, 0.3, 0.999, fm.tensor { 0, 0.2, 0.5, 0.9 } } do
        local times = fm.is_tensor(t) and t or fm.full(4, t)
        local want = single(path, p)(x, times):log_softmax(3)
        local found = discrete.posterior(apart, { path = path })(x, t, "c"):log_softmax(3)
        if path.masks then want, found = want[{ 4, 4 }], found[{ 4, 4 }] end
        checks.near(found, want, fm.real == "double" and 1e-9 or 1e-3)
        assert.equal("c", seen, name)
      end
      local last = discrete.posterior(apart, { path = path })(x, 1)
      assert.is_true(last:abs():max():item() < 100)
      if not path.masks then checks.near(last:argmax(3), x) end
    end
  end)

  it("moves tokens that had settled, with a corrector", function()
    for _, path in pairs(paths) do
      for _, corrector in ipairs { 0, 2 } do
        local before, opened = nil, 0
        local function model(xt)
          if before then opened = opened + (before:eq(2) * xt:ne(2)):sum():item() end
          before = xt
          return fm.one_hot(fm.full({ #xt * 2 }, 2), V):reshape(#xt, 2, V) * 60
        end
        discrete.sample(model, { path = path, n = 500, length = 2, steps = 8, rng = fm.rng(1), corrector = corrector })
        assert.equal(path.masks and corrector == 0, opened == 0) -- uniform tokens that are open are drawn anew
      end
    end
  end)

  in_double("samples the joint with 64 steps and a corrector, and corrections mend what 8 steps get wrong", function()
    for name, path in pairs { mask = paths.mask, uniform = plain } do
      local with = off(path, { corrector = 1 })
      assert(with <= 0.02, ("%s: %.4f"):format(name, with))
      local few, mended = off(path, { steps = 8 }), off(path, { steps = 8, corrections = 4 })
      local more = off(path, { steps = 8, corrections = 16, corrector = 0.25 })
      assert(few > 0.04 and mended < 0.8 * few and more < mended, ("%s: %.4f, %.4f, %.4f"):format(name, few, mended, more))
    end
  end)

  in_double("draws what was not given from the distribution given the rest", function()
    local n = 20000
    local known = toy.draw(2 * n, fm.rng(3))
    local mask = fm.cat(fm.tensor { 1, 0 }:reshape(1, 2) + fm.zeros(n, 2), fm.tensor { 0, 1 }:reshape(1, 2) + fm.zeros(n, 2), 1)
    local function infilled(path, o)
      o.path, o.rng = path, fm.rng(4)
      local x, info = discrete.inpaint(best(path), fm.where(mask, known, 0 / 0), mask, o)
      checks.same(known * mask, x * mask)
      return toy.total_variation(x), info
    end
    -- the known tokens come from the joint: with the right conditionals all does
    local masked, info = infilled(paths.mask, { steps = 16 })
    assert(masked < 0.012, ("%.4f"):format(masked))
    assert.same({ nfe = 16, steps = 16 }, info)
    local drawn, mended = infilled(plain, {}), infilled(plain, { corrections = 4, corrector = 1 })
    assert(drawn > 0.1 and mended < 0.05, ("%.4f, %.4f"):format(drawn, mended))
  end)

  in_double("holds all tokens or none", function()
    local known = toy.draw(40000, fm.rng(3))
    for name, path in pairs(paths) do
      checks.same(known, (discrete.inpaint(best(path), known, fm.ones(2), { path = path, steps = 3, rng = fm.rng(1) })))
      local free = toy.total_variation((discrete.inpaint(best(path), known, fm.zeros(40000, 2), { path = path, rng = fm.rng(1) })))
      assert(free < 0.02, ("%s: %.4f"):format(name, free))
    end
  end)

  -- One token of two classes: the guided flow of masks draws from p_class^w p^(1 - w).
  it("guides towards a class", function()
    local of_class, all = { { 0.7, 0.2, 0.1 }, { 0.1, 0.2, 0.7 } }, { 0.4, 0.2, 0.4 }
    local cond = fm.cat(fm.full(20000, 1), fm.full(20000, 2), 1)
    local seen = {}
    local function model(xt, _, c)
      seen[#seen + 1] = c
      local rows = fm.tensor { of_class[1], of_class[2], all }
      return (c and rows:index_select(c, 1) or rows[{ 3, 3 }] + fm.zeros(#xt, V)):log():reshape(#xt, 1, V) + 5 -- logits need no sum
    end
    for _, w in ipairs { 0, 0.5, 1, 3 } do
      for _, o in ipairs { { cond = cond, null = 3, scale = w }, { cond = cond, scale = function() return w end } } do
        local guided = discrete.guidance(model, o)
        local x = discrete.sample(guided, { path = paths.mask, n = 40000, length = 1, steps = 2, rng = fm.rng(5) })
        local want, sum = {}, 0
        for a = 1, V do
          want[a] = of_class[1][a] ^ w * all[a] ^ (1 - w)
          sum = sum + want[a]
        end
        for a = 1, V do want[a] = want[a] / sum end
        assert_shares(want, x[{ 1, 20000 }], 0.015, "w = " .. w)
        assert_shares({ want[3], want[2], want[1] }, x[{ 20001, 40000 }], 0.015, "w = " .. w)
      end
    end
    local classes = setmetatable({ classes = 2 }, { __call = function(_, ...) return model(...) end })
    seen = {}
    local x, t = fm.full({ 40000, 1 }, 4), fm.full(40000, 0.5)
    local a = discrete.guidance(classes, { cond = cond, scale = 2 })(x, t)
    assert.same({ 1, 3 }, { seen[1][1], seen[2][1] })
    checks.near(discrete.guidance(function(...) return model(...) end, { cond = cond, null = 3, scale = 2 })(x, t), a)
    seen = {}
    local once = discrete.guidance(classes, { cond = cond, scale = 2, interval = { 0.6, 1 } })(x, t)
    assert.equal(1, #seen)
    checks.near((model(x, t, cond)):log_softmax(3), once)
    local weak = discrete.guidance(model, { cond = cond, scale = 2, weak = function() return fm.zeros(40000, 1, V) end })(x, t)
    checks.near((model(x, t, cond):log_softmax(3) * 2 + math.log(V)), weak, 1e-4)
    local late = discrete.guidance(model, { cond = cond, null = 3, scale = function(s) return s:gt(0.5) * 2 end })
    local half = late(x, fm.cat(t[{ 1, 20000 }], t[{ 1, 20000 }] + 0.1, 1))
    checks.near((fm.tensor(all):log():reshape(1, 1, V) + fm.zeros(20000, 1, V)), half[{ 1, 20000 }], 1e-4)
    checks.near(a[{ 20001, 40000 }], half[{ 20001, 40000 }], 1e-4)
  end)

  it("hides conditions in the loss, which takes a sampler of times and may be the bound", function()
    local x1, seen = toy.draw(4000, fm.rng(1)), nil
    local function model(xt, t, c)
      seen = { c, t }
      return fm.zeros(#xt, 2, V)
    end
    discrete.loss(model, x1, { path = paths.mask, rng = fm.rng(1), cond = fm.ones(4000), drop = 0.25, null = 3, time = "stratified" })
    assert.near(0.25, seen[1]:eq(3):mean():item(), 0.03)
    assert.near(0.75, seen[1]:eq(1):mean():item(), 0.03)
    local sorted = seen[2]:sort(1)
    assert.is_true((sorted - fm.range(0, 3999) / 4000):abs():max():item() <= 1 / 4000 + 1e-6)
    for name, path in pairs(paths) do
      local bits = discrete.bits(best(path), x1, { path = path, rng = fm.rng(2) })
      local loss = discrete.loss(best(path), x1, { path = path, rng = fm.rng(2), loss = "bound" }):item()
      assert.near(bits, loss / math.log(2), 1e-4, name)
    end
    nn.seed(1)
    local net = nn.mlp { inputs = 2, hidden = { 8 }, outputs = 2 * V, act = "silu" }
    local opt = fm.optim.adam(net)
    for _, path in pairs(paths) do
      opt:step(function()
        return discrete.loss(function(xt) return net(xt):reshape(-1, 2, V) end, x1, { path = path, rng = fm.rng(1), loss = "bound" })
      end)
    end
  end)

  it("refuses what makes no sense", function()
    local rng, path = fm.rng(1), paths.mask
    local x1, x4 = fm.ones(2, 2), fm.full({ 2, 2 }, 4)
    local function model(x) return fm.zeros(#x, 2, V) end
    local function sample(o)
      o.path, o.n, o.length, o.rng = o.path or path, 2, 2, rng
      return discrete.sample(model, o)
    end
    raises("discrete.sample: corrector: expected a number", sample, { corrector = -1 })
    raises("discrete.sample: corrector: expected a number", sample, { corrector = function() return "1" end })
    raises("discrete.sample: corrections: expected a whole number", sample, { corrections = -1 })
    raises("discrete.sample: corrector is 0", sample, { corrector = 0, corrections = 1 })
    raises("the path's source has no probability(V)", sample, { path = blind, corrector = 1 })
    raises("the path's source has no probability(V)", sample, { path = blind, corrections = 1 })
    raises('did you mean "corrector"', sample, { correcter = 1 })
    raises("discrete.inpaint: known is nil", discrete.inpaint, model, nil, x1, { path = path, rng = rng })
    raises("discrete.inpaint: mask is a tensor [3]", discrete.inpaint, model, x1, fm.ones(3), { path = path, rng = rng })
    raises("discrete.inpaint: mask: expected numbers 0 and 1, found 4 others", discrete.inpaint, model, x1, x1 * 0.5, { path = path, rng = rng })
    raises("discrete.inpaint: known has the token 4, expected 1..3", discrete.inpaint, model, x4, x1, { path = path, rng = rng })
    raises("discrete.inpaint: rng", discrete.inpaint, model, x1, x1, { path = path })
    raises("discrete.inpaint: path is missing", discrete.inpaint, model, x1, x1, { rng = rng })
    raises("discrete.guidance: cond is missing", discrete.guidance, model, { scale = 1 })
    raises("discrete.guidance: scale: expected a number or a function of t, found none", discrete.guidance, model, { cond = x1 })
    raises("null does not go with weak", discrete.guidance, model, { cond = x1, null = 1, scale = 1, weak = model })
    raises("the model returned a tensor [2, 2], expected logits", discrete.guidance(function(x) return x end, { cond = x1, scale = 2 }), x1, 0.5)
    raises("weak returned a tensor [2, 1, 3], the model a tensor [2, 2, 3]",
      discrete.guidance(model, { cond = x1, scale = 2, weak = function(x) return fm.zeros(#x, 1, V) end }), x1, 0.5)
    raises("discrete.posterior: path is missing", discrete.posterior, model, {})
    raises("discrete.posterior: the path's source has no probability(V)", discrete.posterior, model, { path = blind })
    raises("discrete.posterior: t: expected a number in 0..1", discrete.posterior(model, { path = plain }), x1, 2)
    raises('discrete.loss: loss: unknown name "bounds"', discrete.loss, model, x1, { path = path, rng = rng, loss = "bounds" })
    raises("discrete.loss: t does not go with the bound", discrete.loss, model, x1, { path = path, rng = rng, loss = "bound", t = 0.5 })
    raises("discrete.loss: give t or time, not both: time says how times are drawn", discrete.loss, model, x1,
      { path = path, rng = rng, t = 0.5, time = "uniform" })
    raises("discrete.loss: null is given, but no drop", discrete.loss, model, x1, { path = path, rng = rng, cond = x1, null = 0 })
    raises("discrete.loss: drop is given, but no cond", discrete.loss, model, x1, { path = path, rng = rng, drop = 0.1 })
  end)
end)

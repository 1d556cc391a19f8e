-- Flows of tokens whose model forbids tokens (logits of -inf) or breaks (NaN), tokens that are no
-- whole numbers, and places and times that must not depend on a row's number.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local discrete <const> = fm.discrete
local raises <const> = checks.raises_text

local V <const>, inf <const> = 3, math.huge
local mask <const>, uniform <const> = discrete.path { vocabulary = V }, discrete.path { vocabulary = V, source = "uniform" }
local blind <const> = discrete.path { vocabulary = V, source = { start = discrete.source("uniform").start } } -- its probabilities are not known

--- The same logits at every place.
local function always(logits)
  return function(xt) return fm.zeros(#xt, xt:size(2), V) + fm.tensor(logits):reshape(1, 1, V) end
end

describe("forbidden tokens", function()
  checks.no_bytes_stay(before_each, after_each)

  -- p^w p_null^(1 - w), with 0^w = 0; in the columns of class 1, 2, and none (label 3)
  it("stay forbidden under guidance, whatever its scale", function()
    local rows <const> = { { 0.5, 0, 0.5 }, { 0.2, 0, 0.8 }, { 0.6, 0, 0.4 } }
    local function model(xt, _, c)
      return fm.tensor(rows):log():index_select(c, 1):reshape(#xt, 1, V) + fm.zeros(#xt, xt:size(2), V)
    end
    local labels = fm.cat(fm.full(2000, 1), fm.full(2000, 2), 1)
    for _, w in ipairs { 1.5, 3, 0.5, 0, 1, -1 } do
      for _, scale in ipairs { w, function() return w end, function(t) return t * 0 + w end } do
        local guided = discrete.guidance(model, { cond = labels, null = 3, scale = scale })
        local p = guided(fm.full({ 4000, 2 }, 4), fm.full(4000, 0.5)):softmax(3)
        for class, at in ipairs { 1, 2001 } do
          local a, c = rows[class][1] ^ w * rows[3][1] ^ (1 - w), rows[class][3] ^ w * rows[3][3] ^ (1 - w)
          checks.near(p[at], fm.tensor { { a / (a + c), 0, c / (a + c) }, { a / (a + c), 0, c / (a + c) } }, 1e-5)
        end
        for _, path in ipairs { mask, uniform } do
          local x = discrete.sample(guided, { path = path, n = 4000, length = 2, steps = 3, rng = fm.rng(1) })
          assert.equal(0, x:eq(2):sum():item())
        end
      end
    end
  end)

  it("are those of both models, each by its power", function()
    local main, none = always { 0, -inf, 0 }, always { -inf, 0, 0 }
    local function guided(w, swapped)
      local o = { cond = fm.ones(2), scale = w, weak = swapped and main or none }
      return discrete.guidance(swapped and none or main, o)(fm.ones(2, 1), fm.full(2, 0.5))[1]:softmax(2)
    end
    for w, want in pairs { [-1] = { 0, 0, 1 }, [0] = { 0, 0.5, 0.5 }, [0.5] = { 0, 0, 1 }, [1] = { 0.5, 0, 0.5 }, [2] = { 0.5, 0, 0.5 } } do
      checks.near(guided(w), fm.tensor { want }, 1e-6)
      checks.near(guided(w, true), fm.tensor { { want[2], want[1], want[3] } }, 1e-6)
      checks.near(guided(function(t) return fm.full(#t, w) end), fm.tensor { want }, 1e-6)
    end
    -- gradients reach what is not forbidden, and are finite
    local logits = fm.parameter(fm.tensor { { { 0.5, -inf, 0 } } })
    local tape <close> = fm.record()
    local y = discrete.guidance(function() return logits end, { cond = fm.ones(1), scale = 2, weak = always { 0, -inf, 0 } })(fm.ones(1, 1), 0.5)
    y[{ {}, {}, { 1, 1 } }]:sum():backward()
    local p = 1 / (1 + math.exp(0.5)) -- of token 3
    checks.near(logits:grad(), fm.tensor { { { 2 * p, 0, -2 * p } } }, 1e-5)
  end)

  it("cost nothing where the token is known, and infinitely much where it is asked for", function()
    -- token 1 is known and forbidden; token 2 is to be found
    local logits = fm.parameter(fm.tensor { { { -inf, 0, 0 }, { 0, 1, -inf } } })
    local function model() return logits end
    local x1 = fm.tensor { { 1, 2 } }
    local want <const> = math.log(1 + math.exp(-1))
    do
      local tape <close> = fm.record()
      local loss = discrete.loss(model, x1, { path = mask, t = 0.5, xt = fm.tensor { { 1, 4 } } })
      assert.near(want, loss:item(), 1e-6)
      loss:backward()
      local p = 1 / (1 + math.exp(-1))
      checks.near(logits:grad(), fm.tensor { { { 0, 0, 0 }, { 1 - p, p - 1, 0 } } }, 1e-6)
    end
    -- by masks: a row where one of two tokens is masked must be the second's cost or inf, never NaN
    local finite = 0
    for seed = 1, 20 do
      local bits = discrete.bits(model, x1, { path = mask, rng = fm.rng(seed) })
      assert.equal(bits, bits)
      if bits < inf then
        finite = finite + 1
        assert.near(want * 2 / 2 / math.log(2), bits, 1e-5) -- L / m = 2, over L tokens
      end
    end
    assert.is_true(finite > 0 and finite < 20)
    -- of a source that does not say its probabilities: one that stays costs nothing
    for seed = 1, 20 do
      local seen
      local bits = discrete.bits(function(xt)
        seen = xt
        return logits
      end, x1, { path = blind, rng = fm.rng(seed) })
      assert.equal(bits, bits)
      assert.equal(seen[1][1] ~= 1, bits == inf)
    end
    -- one that is never asked for, with the uniform source
    local bits = discrete.bits(always { 0, 0, -inf }, fm.tensor { { 1, 2 } }, { path = uniform, rng = fm.rng(1), draws = 20 })
    assert.is_true(bits > 0 and bits < inf)
  end)

  it("are an error when none is left, as is NaN: by row, and by step and time in the chain", function()
    local rng = fm.rng(1)
    raises("discrete.draw: logits: row 2 has NaN", discrete.draw, fm.tensor { { 0, 1 }, { 0, 0 / 0 }, { 0 / 0, 0 } }, { rng = rng })
    raises("discrete.draw: logits: row 2 has only -inf: no token can be drawn", discrete.draw, fm.tensor { { 0, 1 }, { -inf, -inf } }, { rng = rng })
    raises("discrete.draw: logits: row 1 has inf", discrete.draw, fm.tensor { { 0, inf }, { 0, 0 } }, { rng = rng })
    raises("discrete.draw: logits: NaN", discrete.draw, fm.tensor { 0, 0 / 0 }, { rng = rng })
    local places = fm.zeros(2, 3, V)
    places[2][3] = fm.tensor { 0, 0 / 0, 0 }
    raises("discrete.draw: logits: row 2, 3 has NaN", discrete.draw, places, { rng = rng })
    for _, path in ipairs { mask, uniform, blind } do
      for what, bad in pairs { NaN = { 0, 0 / 0, 0 }, ["only -inf: no token can be drawn"] = { -inf, -inf, -inf }, inf = { 0, inf, 0 } } do
        local function model(xt, t)
          local logits = fm.zeros(#xt, 2, V)
          if t[1] > 0.4 then logits[2][1] = fm.tensor(bad) end
          return logits
        end
        local message = "step 3, t = 0.5: the model's logits [2, 1] have " .. what
        raises("discrete.sample: " .. message, discrete.sample, model, { path = path, n = 3, length = 2, steps = 4, rng = rng })
        raises("discrete.inpaint: " .. message, discrete.inpaint, model, fm.ones(3, 2), fm.zeros(2), { path = path, steps = 4, rng = rng })
        if path ~= blind then
          raises("discrete.sample: step 2, t = 0.5: the model's logits [2, 1] have " .. what, discrete.sample, model,
            { path = path, n = 3, length = 2, steps = 4, rng = rng, corrections = 1 })
        end
      end
    end
    -- -inf beside finite logits is none
    assert.equal(1, (discrete.sample(always { 0, -inf, -inf }, { path = mask, n = 3, length = 2, rng = rng })):max():item())
  end)

  it("must be whole numbers, wherever they come from", function()
    local rng, broken, model = fm.rng(1), fm.tensor { { 1, 2 }, { 1.5, 3 } }, always { 0, 0, 0 }
    local says <const> = " has the token 1.5, expected whole numbers 1..3"
    raises("path:sample: x1" .. says, mask.sample, mask, broken, 0.5, rng)
    raises("discrete.bits: tokens" .. says, discrete.bits, model, broken, { path = mask, rng = rng })
    raises("discrete.loss: x1" .. says, discrete.loss, model, broken, { path = uniform, rng = rng })
    raises("discrete.loss: xt has the token 1.5, expected whole numbers 1..4", discrete.loss, model, fm.ones(2, 2), { path = mask, t = 0.5, xt = broken })
    raises("discrete.inpaint: known" .. says, discrete.inpaint, model, broken, fm.ones(2), { path = mask, rng = rng })
    checks.same(fm.tensor { { 1, 2 }, { 1, 3 } }, -- not where the mask lets it free
      (discrete.inpaint(always { 0, -inf, -inf }, broken, fm.tensor { 0, 1 }, { path = mask, rng = rng })))
    local own = discrete.path { vocabulary = V, source = { start = function(shape) return fm.full(shape, 2.5) end } }
    raises("path:start: what the source's start returned has the token 2.5", own.start, own, 2, 2, rng)
    raises("path:start: what the source's start returned has the token 2.5", discrete.sample, model, { path = own, n = 2, length = 2, rng = rng })
    own = discrete.path { vocabulary = V, source = { start = function() return fm.ones(2) end } }
    raises("path:start: what the source's start returned is a tensor [2], expected tokens", own.start, own, 2, 2, rng)
    own = discrete.path { vocabulary = 2 ^ 24 - 1 }
    local large = fm.tensor { { 2 ^ 24 - 1, 2 ^ 23 + 1 }, { 2 ^ 23 - 1, 2 ^ 22 + 1 } }
    checks.same(large, own:sample(large, 1, rng))
  end)

  it("have a power whose times a float can hold: the bound of one uniform token is its entropy", function()
    for _, power in ipairs { 0.05, 0.2, 30 } do
      local path = discrete.path { vocabulary = V, source = "uniform", power = power }
      local model = discrete.posterior(always { 0, 0, 0 }, { path = path })
      local bits, error_of = discrete.bits(model, fm.rng(1):integers({ 40000, 1 }, 1, V), { path = path, rng = fm.rng(2) })
      assert.near(math.log(3, 2), bits, 4 * error_of + 2e-3, power)
    end
    raises("discrete.path: power: expected a number in 0.05..1000, found 0.049", discrete.path, { vocabulary = V, power = 0.049 })
    raises("discrete.path: power: expected a number in 0.05..1000, found 1001", discrete.path, { vocabulary = V, power = 1001 })
  end)

  -- Rows share the parts of 0..1 among them, in random order. In the order of the rows, the first
  -- would always have the fewest masks, and the earliest times.
  it("ask each row at all times and with every number of masks alike", function()
    local B <const>, calls <const> = 4, 600
    local counts, sum, rng = {}, fm.zeros(B), fm.rng(1)
    for i = 1, B do counts[i] = { 0, 0, 0, 0 } end
    for _ = 1, calls do
      local scope <close> = fm.scope()
      discrete.bits(function(xt)
        for i, m in ipairs(xt:eq(V + 1):sum(2):totable()) do counts[i][m // 1 | 0] = counts[i][m // 1 | 0] + 1 end
        return fm.zeros(B, 4, V)
      end, fm.ones(B, 4), { path = mask, rng = rng })
    end
    -- a share of 1 / 4 each: a deviation of (600 * 3 / 16)^(1/2) = 10.6
    for i = 1, B do
      for m = 1, 4 do assert.near(calls / 4, counts[i][m], 45, ("row %d, %d masks"):format(i, m)) end
    end
    for _, path in ipairs { uniform, blind } do
      sum:copy(fm.zeros(B))
      local all = {}
      for call = 1, calls do
        local scope <close> = fm.scope()
        discrete.bits(function(_, t)
          all[call] = t:totable()
          return fm.zeros(B, 2, V)
        end, fm.ones(B, 2), { path = path, rng = rng })
      end
      for i = 1, B do -- t = 1 - v^2 for v uniform: its mean is 2/3, its deviation (4/45)^(1/2)
        local mean = 0
        for call = 1, calls do mean = mean + all[call][i] / calls end
        assert.near(2 / 3, mean, 4.5 * (4 / 45 / calls) ^ 0.5, i)
      end
    end
  end)

  it("that are given stand in what every call of the model sees", function()
    local known, given = fm.tensor { { 2, 1, 3 }, { 3, 3, 1 } }, fm.tensor { { 1, 0, 1 }, { 0, 1, 0 } }
    for name, path in pairs { mask = mask, uniform = uniform, blind = blind } do
      for _, o in ipairs { {}, path ~= blind and { corrector = 5 } or {}, path ~= blind and { corrections = 3, corrector = 5 } or {} } do
        local calls = 0
        local function model(xt)
          calls = calls + 1
          checks.same(known * given, xt * given)
          return fm.zeros(2, 3, V)
        end
        o.path, o.steps, o.rng = path, 6, fm.rng(3)
        local x, info = discrete.inpaint(model, known, given, o)
        checks.same(known * given, x * given)
        assert.equal(calls, info.nfe, name)
      end
    end
  end)

  it("are guided within the interval only, its ends included, in the chain", function()
    local times = {}
    local function model(xt, t, c)
      if c[1] == 2 then times[#times + 1] = t[1] end
      return fm.zeros(#xt, 1, V) + (c - 1):reshape(-1, 1, 1) * fm.tensor { 0, 2, 0 }
    end
    local guided = discrete.guidance(model, { cond = fm.ones(3), null = 2, scale = 3, interval = { 0.25, 0.5 } })
    discrete.sample(guided, { path = mask, n = 3, length = 1, steps = 8, rng = fm.rng(1) })
    assert.same({ 0.25, 0.375, 0.5 }, times)
    -- rows at their own times: outside, the conditional model
    local y = guided(fm.full({ 4, 1 }, 4)[{ 1, 3 }], fm.tensor { 0.2, 0.3, 0.6 }):softmax(3)
    local of_null <const> = math.exp(2) / (2 + math.exp(2))
    local a, b = (1 / 3) ^ 3 * of_null ^ -2, (1 / 3) ^ 3 * ((1 - of_null) / 2) ^ -2
    for row, p in ipairs { 1 / 3, a / (a + 2 * b), 1 / 3 } do assert.near(p, y[row][1][2], 1e-5, row) end
    -- a chain whose guided times are all of them differs from one without any
    local function share(interval)
      local o = { cond = fm.ones(4000), null = 2, scale = 3, interval = interval }
      local x = discrete.sample(discrete.guidance(model, o), { path = mask, n = 4000, length = 1, steps = 8, rng = fm.rng(1) })
      return x:eq(2):mean():item()
    end
    assert.near(a / (a + 2 * b), share { 0, 1 }, 0.02)
    assert.near(1 / 3, share { 0.9, 1 }, 0.03)
    -- from the fifth step of eight on: half of the tokens have settled before
    assert.near(0.5 / 3 + 0.5 * a / (a + 2 * b), share { 0.5, 1 }, 0.03)
  end)
end)

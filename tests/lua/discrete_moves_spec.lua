-- Flows of tokens, number by number: what a move does with given uniforms, the probabilities of
-- moves against their rates, the bounds against the sums of their definition.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local discrete <const> = fm.discrete
local bounds <const>, drawn <const>, moves <const> =
  require "fm.discrete.parts.bounds", require "fm.discrete.parts.drawn", require "fm.discrete.parts.moves"
local raises <const> = checks.raises_text

local V <const>, exact <const> = 4, fm.real == "double" and 1e-9 or 2e-4
local log <const>, exp <const> = math.log, math.exp

--- Stands for a stream: gives the listed numbers in turn.
local function given(uniforms, rest)
  local calls = 0
  local rng = { normal = function() end }
  function rng.uniform()
    calls = calls + 1
    return fm.tensor((assert(uniforms[calls], "a draw too many")))
  end
  function rng.integers() return fm.tensor(rest.integers) end
  function rng.permutation() return fm.tensor(rest.permutation) end
  return rng
end

-- A source with probabilities that differ, which draws what the stream says.
local uneven <const> = { 0.1, 0.2, 0.3, 0.4 }
local source <const> = { start = function(shape, n, rng) return rng:integers(shape, 1, n) end, probability = function() return fm.tensor(uneven) end }
local masked <const>, noisy <const> = discrete.path { vocabulary = V, power = 2 }, discrete.path { vocabulary = V, source = source, power = 2 }
local blind <const> = discrete.path { vocabulary = V, source = { start = source.start }, power = 2 }

--- The chance that a token is settled after a while, by fourth-order steps of dp = up (1 - p) -
--- down p; and that nothing happened to an open one that leaves at the rate `leave`.
local function followed(p, from, to, up, down, leave)
  local n <const>, quiet = 400, 0
  local h = (to - from) / n
  local function slope(k, q) return up(k) * (1 - q) - down(k) * q end
  for i = 0, n - 1 do
    local k = from + i * h
    local a = slope(k, p)
    local b = slope(k + h / 2, p + a * h / 2)
    local c = slope(k + h / 2, p + b * h / 2)
    quiet = quiet - (leave(k) + 4 * leave(k + h / 2) + leave(k + h)) * h / 6
    p = p + (a + 2 * b + 2 * c + slope(k + h, p + c * h)) * h / 6
  end
  return p, exp(quiet)
end

describe("a move of tokens", function()
  checks.no_bytes_stay(before_each, after_each)

  it("has the probabilities of its rates", function()
    for _, k in ipairs { 0.1, 0.45 } do
      for _, k2 in ipairs { 0.5, 0.9 } do
        for _, b in ipairs { 0, 0.5, 3 } do
          local function up(q) return (1 + b) / (1 - q) end
          local function down(q) return b / q end
          for _, known in ipairs { true, false } do
            local move = moves.step(k, k2, b, known)
            local settle, untouched = followed(0, k, k2, up, down, function(q) return up(q) + (known and 1 / q or 0) end)
            assert.near(settle, move.settle, 1e-6)
            assert.near(1 - followed(1, k, k2, up, down, up), move.open, 1e-6)
            assert.near(math.max(0, 1 - settle - untouched), move.anew, 1e-6)
          end
          local rise = k2 - k -- at k for as long
          local function forward() return b * rise / (1 - k) end
          local function backward() return b * rise / k end
          local move = moves.correction(k, rise, b)
          local settle, untouched = followed(0, 0, 1, forward, backward, forward)
          assert.near(settle, move.settle, 1e-6)
          assert.near(1 - followed(1, 0, 1, forward, backward, forward), move.open, 1e-6)
          assert.near(math.max(0, 1 - settle - untouched), move.anew, 1e-6)
        end
      end
    end
    for known, anew in pairs { [true] = 0.75, [false] = 0 } do assert.same({ settle = 0.25, open = 0, anew = anew }, moves.step(0, 0.25, 0, known)) end
    assert.same({ settle = 1, open = 0, anew = 0 }, moves.step(0.5, 1, 0, true))
    assert.same({ settle = 0.25, open = 0.75, anew = 0.75 }, moves.step(0, 0.25, 2, true))
  end)

  it("of masks settles what is masked below its share, and masks what is not below another", function()
    local x, tokens = fm.tensor { { 5, 5, 5, 1, 2, 2, 5 } }, fm.tensor { { 1, 2, 3, 4, 3, 3, 3 } }
    local function made(settle, open, u) return moves.made(masked, { settle = settle, open = open, anew = 1 }, x, tokens, 0.5, given { { u } }) end
    checks.same(fm.tensor { { 1, 5, 5, 5, 2, 2, 3 } }, made(0.5, 0.25, { 0.25, 0.5, 0.75, 0, 0.25, 0.5, 0 })) -- at its share, nothing
    checks.same(fm.tensor { { 1, 2, 3, 1, 2, 2, 3 } }, made(1, 0, { 0.25, 0.5, 0.75, 0, 0.25, 0.5, 0 }))
  end)

  it("of a source that says nothing settles any token below its share", function()
    checks.same(fm.tensor { { 2, 1, 1 } }, moves.made(blind, { settle = 0.5, open = 1, anew = 1 }, fm.tensor { { 1, 1, 1 } }, fm.tensor { { 2, 2, 2 } }, 0.5,
      given { { { 0.25, 0.5, 0.75 } } }))
  end)

  it("of a source that draws opens what is settled, and settles or draws anew what is open", function()
    -- at k = 1/3 a token that looks settled is so with the chance k / (k + (1 - k) q) = 1 / (1 + 2
    -- q)
    local x, tokens = fm.tensor { { 2, 2, 2, 2, 2, 2, 2, 2 } }, fm.tensor { { 2, 2, 2, 2, 3, 3, 3, 3 } }
    local settled <const>, open <const> = 1 / 1.4 - 0.01, 1 / 1.4 + 0.01
    local u, looks = { 0.2, 0.3, 0.2, 0.6, 0, 0.25, 0.74, 0.75 }, { settled, settled, open, open, 0, 0, 0, 0 }
    local rng = given({ { u }, { looks } }, { integers = { { 4, 4, 4, 4, 4, 4, 4, 4 } } })
    -- settled: opens below 0.25; open: settles below 0.25, is drawn anew below 0.25 + 0.5
    checks.same(fm.tensor { { 4, 2, 2, 4, 3, 4, 4, 2 } }, moves.made(noisy, { settle = 0.25, open = 0.25, anew = 0.5 }, x, tokens, 1 / 3, rng))
  end)

  it("draws the token with the largest sum of its logit and noise, -log(-log u)", function()
    local function token(logits, u) return drawn.tokens(fm.tensor(logits), given { u }):item() end
    local function gumbel(u) return -log(-log(u)) end
    local apart = gumbel(0.7) - gumbel(0.2)
    assert.equal(1, token({ apart + 0.01, 0 }, { 0.2, 0.7 }))
    assert.equal(2, token({ apart - 0.01, 0 }, { 0.2, 0.7 }))
    local low <const>, high <const> = gumbel(2 ^ -33), -log(2 ^ -33) -- of u = 0 and of u = 1
    for u, noise in pairs { [0] = low, [1] = high } do
      assert.equal(1, token({ gumbel(0.5) - noise + 0.01, 0 }, { u, 0.5 }))
      assert.equal(2, token({ gumbel(0.5) - noise - 0.01, 0 }, { u, 0.5 }))
    end
  end)
end)

describe("a bound on -log p of tokens", function()
  checks.no_bytes_stay(before_each, after_each)

  local x1 <const> = { { 1, 2, 4 }, { 3, 3, 1 } }
  local logits <const> = fm.rng(3):normal(2, 3, V)
  local p <const> = logits:softmax(3):totable()

  --- The bound of each row from stubs; logits_at has seen xt and t.
  local function rows_of(path, rng)
    local xt, t
    local rows = bounds.of(path)(path, fm.tensor(x1), rng, function(x, time)
      xt, t = x:totable(), time:reshape(-1):totable()
      return logits
    end)
    assert.same({ 2 }, rows:shape())
    return rows:totable(), xt, t
  end

  it("by masks: L / m times -log p of the m masked tokens, those with the least uniforms", function()
    -- u = (1 + 0.5) / 2 and (0 + 0.25) / 2: m = 1 + floor(3 u) = 3 and 1
    local uniforms = { { 0.3, 0.6, 0.5 }, { 0.9, 0.2, 0.4 } }
    local rows, xt, t = rows_of(masked, given({ uniforms, { 0.25, 0.5 } }, { permutation = { 2, 1 } }))
    assert.same({ { 5, 5, 5 }, { 3, 5, 1 } }, xt)
    for i, largest in ipairs { 0.6, 0.2 } do assert.near((1 - largest) ^ (1 / 2), t[i], 1e-6) end
    assert.near(-log(p[1][1][1]) - log(p[1][2][2]) - log(p[1][3][4]), rows[1], 1e-5)
    assert.near(-3 * log(p[2][2][3]), rows[2], 1e-5)
  end)

  -- v = (i - 1 + u) / 2 in the order 2, 1; k = 1 - v^2, x1 is kept below k
  local function of_draws() return given({ { 0.4, 0.6 }, { { 0.1, 0.99, 0.2 }, { 0.95, 0.99, 0.3 } } }, { permutation = { 2, 1 },
    integers = { { 4, 3, 4 }, { 3, 2, 4 } } }) end
  local vs <const> = { 0.8, 0.2 }

  it("by noise: the rates of the model and the path, for every other token", function()
    local rows, xt, t = rows_of(noisy, of_draws())
    assert.same({ { 1, 3, 4 }, { 3, 2, 1 } }, xt)
    for i, v in ipairs(vs) do
      local k, want = 1 - v * v, 0
      assert.near(k ^ (1 / 2), t[i], 1e-6)
      local function o(x) return (1 - k) * uneven[x] end
      local function rate(x, z, data) return z == data and o(x) * o(z) / (k + o(z)) or (x == data and k or 0) + o(x) end
      for l = 1, 3 do
        local z = xt[i][l]
        for x = 1, V do
          local by_model, by_path = 0, rate(x, z, x1[i][l])
          for data = 1, V do by_model = by_model + p[i][l][data] * rate(x, z, data) end
          if x ~= z then want = want + by_model - by_path + by_path * log(by_path / by_model) end
        end
      end
      assert.near(1, rows[i] / (want * 2 / (v * k)), exact)
    end
  end)

  it("by jumps: [x_t = x1] - p(x_t) - [x_t /= x1] log p(x1)", function()
    local rows, xt = rows_of(blind, of_draws())
    assert.same({ { 1, 3, 4 }, { 3, 2, 1 } }, xt)
    for i, v in ipairs(vs) do
      local want = 0
      for l = 1, 3 do
        local z, data = xt[i][l], x1[i][l]
        want = want - p[i][l][z] + (z == data and 1 or -log(p[i][l][data]))
      end
      assert.near(want * 2 / v, rows[i], 1e-4)
    end
  end)

  it("gives bits a token, the mean over draws, and the error over rows", function()
    for _, draws in ipairs { 1, 3 } do
      local sums, masks = { 0, 0, 0 }, 0
      local tokens = fm.ones(3, 2)
      local bits, error_of = discrete.bits(function(xt)
        for i, m in ipairs(xt:eq(V + 1):sum(2):totable()) do sums[i], masks = sums[i] + xt[i]:eq(V + 1)[1] * 2 / m, masks + m end
        return fm.tensor { 0, 1, 1, 1 }:reshape(1, 1, V) * fm.tensor { 1, 0 }:reshape(1, 2, 1) + fm.zeros(3, 2, V)
      end, tokens, { path = { vocabulary = V }, rng = fm.rng(8), draws = draws ~= 1 and draws or nil })
      assert.is_true(masks >= 3 * draws)
      -- what differs between rows: of the first token log(1 + 3 e), of the second log 4, each 2 / m
      -- times
      local first, second, rows = log(1 + 3 * exp(1), 2), 2, {}
      bits = bits - second
      for i = 1, 3 do rows[i] = sums[i] / draws / 2 * (first - second) end
      local mean, variance = (rows[1] + rows[2] + rows[3]) / 3, 0
      for i = 1, 3 do variance = variance + (rows[i] - mean) ^ 2 / 2 end
      assert.near(mean, bits, 1e-5)
      assert.near((variance / 3) ^ 0.5, error_of, 1e-5)
    end
  end)
end)

describe("a chain of tokens", function()
  checks.no_bytes_stay(before_each, after_each)

  local function flat(xt) return fm.zeros(#xt, xt:size(2), V) end

  it("asks its corrector in the middle of steps, or after them with corrections", function()
    for corrections, times in pairs { [0] = { 0.125, 0.375, 0.625, 0.875 }, [1] = { 0.25, 0.5, 0.75 }, [2] = { 0.25, 0.25, 0.5, 0.5, 0.75, 0.75 } } do
      local asked, seen = {}, {}
      local _, info = discrete.sample(function(xt, t)
        seen[#seen + 1] = t[1]
        assert.same({ 2 }, t:shape())
        return flat(xt)
      end, { path = noisy, n = 2, length = 3, steps = 4, rng = fm.rng(1), corrections = corrections,
        corrector = function(t)
          asked[#asked + 1] = t
          return 1
        end })
      assert.same(times, asked)
      assert.same({ nfe = 4 + 3 * corrections, steps = 4 }, info)
      local want = {}
      for step = 0, 3 do
        for _ = 1, step > 0 and 1 + corrections or 1 do want[#want + 1] = step / 4 end
      end
      assert.same(want, seen)
    end
  end)

  it("moves by its times, and by as much again in corrections", function()
    local step, correction, calls = moves.step, moves.correction, {}
    function moves.step(...)
      calls[#calls + 1] = { "step", ... }
      return step(...)
    end
    function moves.correction(...)
      calls[#calls + 1] = { "correction", ... }
      return correction(...)
    end
    local ok, message = pcall(function()
      for _, path in ipairs { noisy, masked } do
        discrete.sample(flat, { path = path, n = 2, length = 3, steps = 4, rng = fm.rng(1), corrections = 1, corrector = 3 })
      end
      discrete.sample(flat, { path = blind, n = 2, length = 3, steps = 1, rng = fm.rng(1) })
      discrete.sample(flat, { path = noisy, n = 2, length = 3, steps = 1, rng = fm.rng(1), corrector = 3 })
    end)
    moves.step, moves.correction = step, correction
    assert(ok, message)
    local want = {}
    for _, known in ipairs { true, false } do
      for i = 0, 3 do
        local k, k2 = (i / 4) ^ 2, ((i + 1) / 4) ^ 2
        want[#want + 1] = { "step", k, k2, 0, known }
        if i < 3 then want[#want + 1] = { "correction", k2, k2 - k, 3 } end
      end
    end
    want[#want + 1], want[#want + 2] = { "step", 0, 1, 0, false }, { "step", 0, 1, 3, true }
    assert.same(want, calls)
  end)

  it("takes 64 steps without corrections, and corrections of strength 1/2", function()
    local function sample(o)
      o.path, o.n, o.length, o.rng = noisy, 100, 3, fm.rng(2)
      return discrete.sample(function(xt) return fm.one_hot(xt, { n = V }) * 2 end, o)
    end
    assert.same({ nfe = 64, steps = 64 }, select(2, sample {}))
    checks.same(sample {}, (sample { steps = 64, corrector = 0, corrections = 0 }))
    checks.same(sample { steps = 8, corrections = 2 }, (sample { steps = 8, corrections = 2, corrector = 0.5 }))
    assert.is_false(checks.identical(sample { steps = 8, corrections = 2 }, (sample { steps = 8, corrections = 2, corrector = 0.6 })))
    assert.is_false(checks.identical(sample { steps = 8 }, (sample { steps = 8, corrector = 0.5 })))
    assert.same({ nfe = 64, steps = 64 }, select(2, discrete.inpaint(flat, fm.ones(2, 3), fm.zeros(3), { path = masked, rng = fm.rng(1) })))
  end)

  it("adds to the logit of a token what it says of itself: log(1 + k / ((1 - k) q))", function()
    local base <const>, x <const> = fm.rng(4):normal(2, 3, V), fm.tensor { { 1, 2, 4 }, { 3, 3, 1 } }
    local model = discrete.posterior(function() return base end, { path = noisy })
    local y = model(x, fm.tensor { 0.5, 1 })
    for i, k in ipairs { 0.25, 1 } do
      for l = 1, 3 do
        for a = 1, V do
          local says = a == x[i][l] and log(1 + k / (math.max(1 - k, fm.real == "double" and 1e-15 or 1e-7) * uneven[a])) or 0
          assert.near(base[i][l][a] + says, y[i][l][a], 1e-4)
        end
      end
    end
    checks.same(base, discrete.posterior(function() return base end, { path = masked })(x, 0.5))
    raises("discrete.posterior: the path's source has no probability(V), which it needs", discrete.posterior, flat, { path = blind })
    checks.near(discrete.source("uniform").probability(V), fm.full(V, 0.25))
    local loss = discrete.loss(function() return base end, x, { path = noisy, t = 0.5, xt = x }):item()
    local log_p, sum = base:log_softmax(3), 0
    for i = 1, 2 do
      for l = 1, 3 do sum = sum - log_p[i][l][math.tointeger(x[i][l])] / 6 end
    end
    assert.near(sum, loss, 1e-5)
  end)

  it("gives a condition to the model, and none without", function()
    local seen
    local function model(xt, _, ...)
      seen = { ... }
      return flat(xt)
    end
    for _, cond in ipairs { "c", false } do
      local o = { path = masked, n = 1, length = 1, steps = 1, rng = fm.rng(1), cond = cond or nil }
      local want = { cond or nil }
      discrete.sample(model, o)
      assert.same(want, seen)
      o.n, o.length = nil, nil
      discrete.inpaint(model, fm.ones(1, 1), fm.zeros(1), o)
      assert.same(want, seen)
      discrete.bits(model, fm.ones(1, 1), { path = masked, rng = fm.rng(1), cond = cond or nil })
      assert.same(want, seen)
      for _, loss in ipairs { "cross_entropy", "bound" } do
        discrete.loss(model, fm.ones(1, 1), { path = masked, rng = fm.rng(1), cond = cond or nil, loss = loss })
        assert.same(want, seen)
      end
    end
  end)

  it("holds what is given from the start, by a mask for all rows or for each", function()
    local known, seen = fm.tensor { { 1, 2, 3 }, { 4, 3, 2 } }, {}
    local function model(xt)
      seen[#seen + 1] = xt:totable()
      return flat(xt)
    end
    local x = discrete.inpaint(model, known, fm.tensor { 0, 1, 1 }, { path = masked, steps = 1, rng = fm.rng(1) })
    assert.same({ { 5, 2, 3 }, { 5, 3, 2 } }, seen[1])
    assert.same({ { 2, 3 }, { 3, 2 } }, x[{ {}, { 2, 3 } }]:totable())
    discrete.inpaint(model, known, fm.tensor { { 0, 1, 1 }, { 1, 0, 0 } }, { path = masked, steps = 1, rng = fm.rng(1) })
    assert.same({ { 5, 2, 3 }, { 4, 5, 5 } }, seen[2])
  end)
end)

describe("tokens", function()
  checks.no_bytes_stay(before_each, after_each)

  local rng <const>, x <const> = fm.rng(1), fm.tensor { { 1, 2 }, { 3, 4 } }
  local function flat(xt) return fm.zeros(#xt, xt:size(2), V) end

  it("are refused by what they are, whole", function()
    local sample = masked.sample
    for text, given_tokens in pairs {
      ["x1 is a tensor [2], expected tokens [B, L]"] = fm.ones(2), ["x1 is 3, expected tokens [B, L]"] = 3,
      ["x1 has no tokens"] = fm.zeros(2, 0), ["x1 has the token 0, expected 1..4"] = fm.tensor { { 0, 9 } },
      ["x1 has the token 5, expected 1..4"] = fm.tensor { { 1, 5 } },
      ["x1 has the token 2.5, expected whole numbers 1..4"] = fm.tensor { { 1, 2.5 }, { 3.5, 1 } },
    } do raises("path:sample: " .. text, sample, masked, given_tokens, 0.5, rng) end
    raises("discrete.loss: xt is a tensor [1, 2], expected tokens [2, 2]", discrete.loss, flat, x, { path = masked, t = 0.5, xt = fm.ones(1, 2) })
    raises("discrete.loss: xt has the token 6, expected 1..5", discrete.loss, flat, x, { path = masked, t = 0.5, xt = fm.full({ 2, 2 }, 6) })
    assert.near(log(V), discrete.loss(flat, x, { path = masked, t = 0.5, xt = fm.full({ 2, 2 }, 5) }):item(), 1e-6)
  end)

  it("are kept at times 0..1, a number or one for each row", function()
    checks.same(x, masked:sample(x, 1, rng))
    checks.same(fm.full({ 2, 2 }, 5), masked:sample(x, 0, rng))
    checks.same(fm.tensor { { 5, 5 }, { 3, 4 } }, masked:sample(x, fm.tensor { { 0 }, { 1 } }, rng))
    assert.near(0.25, masked:kept(0.5), 1e-12)
    raises("path:sample: t: expected a number in 0..1, found 1.5", masked.sample, masked, x, 1.5, rng)
    for text, t in pairs { ["a tensor [2]"] = fm.tensor { 0.5, 1.01 }, ["a tensor [3]"] = fm.zeros(3), ["nil"] = false } do
      raises(("path:sample: t is %s, expected a number in 0..1 or a tensor [2] of them"):format(text), masked.sample, masked, x, t or nil, rng)
    end
    raises("path:sample: t is a tensor [2]", masked.sample, masked, x, fm.tensor { 0.5, -0.01 }, rng)
  end)

  it("belong to a path that says how many there are, and whose source says all or nothing", function()
    raises("discrete.path: vocabulary is missing: how many tokens there are", discrete.path)
    raises("discrete.path: vocabulary is missing: how many tokens there are", discrete.path, { power = 2 })
    raises("discrete.path: vocabulary: expected a whole number in 2..16777215, found 1", discrete.path, { vocabulary = 1 })
    raises("discrete.path: vocabulary: expected a whole number in 2..16777215, found 16777216", discrete.path, { vocabulary = 2 ^ 24 })
    raises("discrete.path: unexpected argument 2", discrete.path, { vocabulary = 2 }, 1)
    raises("discrete.bits: path is missing: fm.discrete.path { vocabulary = V }", discrete.bits, flat, x, { rng = rng })
    local path = discrete.path { vocabulary = 2 }
    assert.same({ 2, 3, 1, true }, { path.vocabulary, path.states, path.power, path.masks })
    for _, case in ipairs { { 3, "nil" }, { function() return 3 end, "3" }, { function() return fm.full(3, 1 / 3) end, "a tensor [3]" },
      { function() return fm.full({ 2, 1 }, 0.5) end, "a tensor [2, 1]" }, { function() return fm.tensor { 1, 0 } end, "a tensor [2]" },
      { function() return fm.tensor { 0.5, 0.4998 } end, "a tensor [2]" }, { function() return fm.tensor { 0.5, 0.5002 } end, "a tensor [2]" } } do
      raises(("discrete.path: source: probability gave %s, expected a tensor [2] of positive numbers with the sum 1"):format(case[2]), discrete.path,
        { vocabulary = 2, source = { start = source.start, probability = case[1] } })
    end
    discrete.path { vocabulary = 2, source = { start = source.start, probability = function() return fm.tensor { 0.5, 0.50004 } end } }
    for name in pairs { kept = 1, start = 1, sample = 1 } do
      raises(("path:%s: call it with a colon, on a path of fm.discrete"):format(name), masked[name], {}, 2, 2, rng)
    end
    raises("path:start: n: expected a whole number in 1..2147483648, found 0", masked.start, masked, 0, 2, rng)
    raises("path:start: length: expected a whole number in 1..2147483648, found 0", masked.start, masked, 2, 0, rng)
    raises("path:start: unexpected argument 4, a number: it takes 3", masked.start, masked, 2, 2, rng, 4)
    raises("path:sample: unexpected argument 4, a number: it takes 3", masked.sample, masked, x, 1, rng, 4)
    raises("path:sample: rng: expected a random stream, found none", masked.sample, masked, x, 1)
  end)

  it("need models that give a logit for each, and calls that make sense", function()
    for name, call in pairs { ["discrete.bits"] = function(m) discrete.bits(m, x, { path = masked, rng = rng }) end,
      ["discrete.loss"] = function(m) discrete.loss(m, x, { path = masked, rng = rng }) end,
      ["discrete.sample"] = function(m) discrete.sample(m, { path = masked, rng = rng, n = 2, length = 2 }) end,
      ["discrete.inpaint"] = function(m) discrete.inpaint(m, x, x * 0, { path = masked, rng = rng }) end,
      ["discrete.posterior"] = function(m) discrete.posterior(m, { path = noisy })(x, 0.5) end } do
      raises(name .. ": the model is 3, expected a function or a model", call, 3)
      for _, logits in ipairs { fm.zeros(1, 2, V), fm.zeros(2, 1, V), fm.zeros(2, 2, 3), fm.zeros(4, V) } do
        local shape = ("[%s]"):format(table.concat(logits:shape(), ", "))
        raises(("%s: the model returned a tensor %s, expected logits [2, 2, 4]"):format(name, shape), call, function() return logits end)
      end
    end
    for name, count in pairs { bits = 3, loss = 3, sample = 2, inpaint = 4, posterior = 2, guidance = 2, draw = 2 } do
      local list = { flat, {}, {}, {} }
      list[count + 1] = 7
      raises(("discrete.%s: unexpected argument %d, a number: it takes %d"):format(name, count + 1, count), discrete[name], table.unpack(list, 1, count + 1))
    end
    raises("discrete.guidance: the model is 3, expected", discrete.guidance, 3, { cond = x, scale = 1 })
    raises("discrete.guidance: weak: the model is 3, expected", discrete.guidance, flat, { scale = 1, weak = 3 })
    raises("discrete.guidance: the model under null returned a tensor [2, 4], expected logits [B, L, V]",
      discrete.guidance(function(xt, _, c) return c and flat(xt) or fm.zeros(2, V) end, { cond = fm.ones(2), scale = 2 }), x, 0.5)
    raises("discrete.loss: rng is missing (or give both t and xt)", discrete.loss, flat, x, { path = masked, t = 0.5 })
    raises("discrete.loss: rng is missing: drop draws from it", discrete.loss, flat, x,
      { path = masked, t = 0.5, xt = x, cond = fm.ones(2), drop = 0.5, null = 0 })
    for name, value in pairs { t = 0.5, xt = x, time = "uniform" } do
      raises(("discrete.loss: %s does not go with the bound, which draws x_t itself"):format(name), discrete.loss, flat, x,
        { path = masked, rng = rng, loss = "bound", [name] = value })
    end
    raises("discrete.guidance: weak returned a tensor [2, 1, 4], the model a tensor [2, 2, 4]",
      discrete.guidance(flat, { scale = 2, weak = function() return fm.zeros(2, 1, V) end }), x, 0.5)
    for shown, logits in pairs { ["3"] = 3, ["a tensor []"] = fm.zeros {}, ["a tensor [0, 2]"] = fm.zeros(0, 2) } do
      raises(("discrete.draw: logits: expected a tensor [..., V], found %s"):format(shown), discrete.draw, logits, { rng = rng })
    end
    for name in pairs { n = 1, length = 1 } do
      local o = { path = masked, rng = rng, n = 2, length = 2 }
      o[name] = 2 ^ 31 + 1
      raises(("discrete.sample: %s: expected a whole number in 1..2147483648, found 2147483649"):format(name), discrete.sample, flat, o)
    end
    raises("discrete.inpaint: known is a tensor [2], expected tokens [B, L]", discrete.inpaint, flat, fm.ones(2), fm.ones(2), { path = masked, rng = rng })
    for shape, mask in pairs { ["[3]"] = fm.ones(3), ["[1, 2]"] = fm.ones(1, 2), ["[2, 1]"] = fm.ones(2, 1) } do
      raises(("discrete.inpaint: mask is a tensor %s, expected a tensor [2, 2] or [2]"):format(shape), discrete.inpaint, flat, x, mask,
        { path = masked, rng = rng })
    end
    raises("discrete.inpaint: mask: expected numbers 0 and 1, found 1 others", discrete.inpaint, flat, x, fm.tensor { { 1, 0 }, { 2, 1 } },
      { path = masked, rng = rng })
    for name, value in pairs { steps = 0, corrections = -1 } do
      raises(("discrete.sample: %s: expected a whole number in %d..1000000, found %d"):format(name, name == "steps" and 1 or 0, value), discrete.sample, flat,
        { path = masked, rng = rng, n = 2, length = 2, [name] = value })
    end
    raises("discrete.sample: corrector is 0: the corrections would change nothing", discrete.sample, flat,
      { path = masked, rng = rng, n = 2, length = 2, corrector = 0, corrections = 1 })
  end)

  it("are guided by two calls, or one where the scale is 1 or the interval is over", function()
    local calls = 0
    local function model(xt, _, c)
      calls = calls + 1
      return flat(xt) + (c and fm.tensor { 0, 1, 0, 0 }:reshape(1, 1, V) or 0)
    end
    local times = fm.tensor { 0.2, 0.7 }
    for _, case in ipairs { { { scale = 1 }, 1 }, { { scale = 2 }, 2 }, { { scale = 0 }, 2 }, { { scale = 2, interval = { 0.3, 0.4 } }, 1 },
      { { scale = 2, interval = { 0.1, 0.2 } }, 2 }, { { scale = 2, weak = flat }, 1 } } do
      case[1].cond, calls = fm.ones(2), 0
      local y = discrete.guidance(model, case[1])(x, times)
      assert.equal(case[2], calls)
      local w = case[1].scale
      local a = fm.tensor { 0, 1, 0, 0 }:log_softmax(1)
      local guided = a * w - log(V) * (1 - w)
      local interval = case[1].interval
      checks.near(y[1][1], (interval and interval[2] ~= 0.2) and a or guided, 1e-5)
      checks.near(y[2][1], interval and a or guided, 1e-5)
    end
    local given_cond <const> = fm.ones(2)
    local seen = {}
    local function sees(xt, _, c)
      seen[#seen + 1] = c
      return flat(xt)
    end
    discrete.guidance(sees, { scale = 2, cond = given_cond, weak = sees })(x, times)
    assert.same({ given_cond, given_cond }, seen)
    seen = {}
    discrete.guidance(sees, { scale = 2, cond = given_cond, null = 7 })(x, times)
    assert.equal(given_cond, seen[1])
    checks.same(fm.full(2, 7), seen[2])
    local function of_two(...) -- without a condition
      assert.equal(2, select("#", ...))
      return flat((...))
    end
    checks.near(discrete.guidance(of_two, { scale = 2, weak = of_two })(x, times), fm.full({ 2, 2, V }, -log(V)), 1e-6)
  end)
end)

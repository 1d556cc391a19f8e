-- flow.loss beyond its golden values: what is compared, penalties, weights by name, times, dropped
-- conditions, the options in pairs, and what it refuses.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local flow <const>, nn <const> = fm.flow, fm.nn
local raises <const> = checks.raises_text

local double <const> = fm.real == "double"
local tolerance <const> = double and 1e-12 or 1e-5

local function near(want, got, what)
  assert(math.abs(got - want) <= tolerance * math.max(1, math.abs(want)), ("%s: expected %.12g, found %.12g"):format(what or "value", want, got))
end

local B <const>, D <const> = 6, 3
local root <const> = fm.rng(5)
local x0 <const>, x1 <const>, t <const> = root:normal(B, D), root:normal(B, D), fm.tensor { 0, 0.2, 0.5, 0.9, 0.97, 1 }
local p <const> = root:normal(B, D)
local function model() return p end

local function loss(o)
  o.x0, o.t = x0, t
  return flow.loss(model, x1, o):item()
end

--- The mean over rows i and dimensions of f(difference, i).
local function mean_of(difference, f)
  local sum = 0
  for i = 1, B do
    for j = 1, D do sum = sum + f(difference[i][j], i) end
  end
  return sum / (B * D)
end

local function square(d) return d * d end
local targets <const> = { velocity = x1 - x0, data = x1, noise = x0 }

-- ---- what is compared ----

describe("flow.loss", function()
  checks.no_bytes_stay(before_each, after_each)

  it("compares in another quantity by one guarded formula: the straight line, at any guard", function()
    for _, guard in ipairs { 0.05, 0.3, 1e-3 } do
      local function s(i) return math.max(1 - t[i], guard) end
      local function a(i) return math.max(t[i], guard) end
      local o = guard ~= 0.05 and guard or nil
      local want = {
        data = { velocity = function(i) return 1 / s(i) end, noise = function(i) return t[i] / s(i) end },
        noise = { velocity = function(i) return 1 / a(i) end, data = function(i) return (1 - t[i]) / a(i) end },
        velocity = { data = function(i) return 1 - t[i] end, noise = function(i) return t[i] end },
      }
      for predict, to in pairs(want) do
        for compare, scale in pairs(to) do
          local value = mean_of(p - targets[predict], function(d, i) return square(d * scale(i)) end)
          near(value, loss { predict = predict, compare = compare, guard = o }, predict .. " in " .. compare)
        end
      end
      local score = mean_of(p * (1 - t:reshape(-1, 1)) + x0, function(d, i) return square(d / a(i)) end)
      near(score, loss { predict = "score", compare = "velocity", guard = o }, "score in velocity")
    end
  end)

  it("compares in what is predicted when compare says the same or nothing", function()
    for predict, target in pairs(targets) do
      local plain = mean_of(p - target, square)
      near(plain, loss { predict = predict }, predict)
      near(plain, loss { predict = predict, compare = predict }, predict .. " in itself")
    end
    near(loss { predict = "score" }, loss { predict = "score", compare = "score" })
    near(mean_of(p * (1 - t:reshape(-1, 1)) + x0, square), loss { predict = "score", compare = "noise" }, "a score in noise needs no division")
  end)

  it("scales by w on other paths, and is finite at their ends", function()
    for _, path in ipairs { "cosine", "linear_vp", "vp", { "poly", n = 3 }, { "lipman", sigma_min = 0.1 }, "ve" } do
      local made = flow.path(path)
      local middle = 0.6
      local a, s, da, ds = made:coefficients(middle)
      local w, o = s * da - a * ds, { x0 = x0, t = middle, path = path, predict = "data", compare = "velocity" }
      local want = mean_of(p - x1, function(d) return square(d * w / math.max(s, 0.05)) end)
      assert(math.abs(flow.loss(model, x1, o):item() / want - 1) < (double and 1e-9 or 1e-4), made)
      for _, predict in ipairs { "velocity", "data", "noise", "score" } do
        for _, compare in ipairs { "velocity", "data", "noise" } do
          local value = loss { path = path, predict = predict, compare = compare }
          assert(value == value and value < math.huge, ("%s in %s is %g"):format(predict, compare, value))
        end
      end
    end
  end)

  it("takes a prediction of a script, and converts it by its rate", function()
    local doubled = { target = function(_, y) return y * 2 end, rate = function(_, s) return s * 2 end,
      per_rate = function(_, s, _, _, guard) return 0.5 / s:clamp { min = guard } end }
    local want = mean_of(p - x1 * 2, function(d, i) return square(d / 2 / math.max(1 - t[i], 0.05)) end)
    near(want, loss { predict = doubled, compare = "velocity" })
    doubled.per_rate = nil
    raises("loss: this prediction has no functions rate and per_rate", loss, { predict = doubled, compare = "velocity" })
    near(mean_of(p - x1 * 2, square), loss { predict = doubled })
  end)

  -- ---- penalties ----

  it("counts differences by huber, pseudo_huber, or a function", function()
    local d = p - (x1 - x0)
    local function huber(delta)
      return function(e) return math.abs(e) <= delta and e * e / 2 or delta * (math.abs(e) - delta / 2) end
    end
    near(mean_of(d, huber(1)), loss { loss = "huber" })
    near(mean_of(d, huber(0.3)), loss { loss = { "huber", delta = 0.3 } })
    near(mean_of(d, square), loss { loss = flow.penalty.mse })
    near(mean_of(d, math.abs), loss { loss = function(e) return e:abs() end })
    local function rows(c)
      local sum = 0
      for i = 1, B do sum = sum + math.sqrt(d[i]:square():sum():item() + c * c) - c end
      return sum / B
    end
    near(rows(0.00054 * math.sqrt(D)), loss { loss = "pseudo_huber" })
    near(rows(0.5), loss { loss = { "pseudo_huber", c = 0.5 } })
    -- with a weight, and in another quantity
    local function weight(s) return s * 2 + 1 end
    near(mean_of(d, function(e, i) return huber(0.3)(e) * (t[i] * 2 + 1) end), loss { loss = { "huber", delta = 0.3 }, weight = weight })
    near(mean_of(p - x1, function(e, i) return huber(1)(e / math.max(1 - t[i], 0.05)) end), loss { loss = "huber", predict = "data", compare = "velocity" })
    near(mean_of(p * (1 - t:reshape(-1, 1)) + x0, huber(1)), loss { loss = "huber", predict = "score" }, "of s times the score")
  end)

  -- ---- weights ----

  it("weights by name as the formulas say, whatever is predicted", function()
    local function a(i) return math.max(t[i], 0.05) end
    local function s(i) return math.max(1 - t[i], 0.05) end
    local of_noise = mean_of(p - x0, square)
    near(of_noise, loss { predict = "noise", weight = "snr" })
    near(mean_of(p - x0, function(d, i) return square(d / a(i)) end), loss { predict = "noise", weight = "velocity" })
    near(mean_of(p - x0, function(d, i) return d * d / (a(i) * s(i)) end), loss { predict = "noise", weight = "likelihood" })
    local function min_snr(d, i) return d * d * math.min((t[i] / math.max(1 - t[i], 1e-30)) ^ 2, 5) end
    near(mean_of(p - x1, min_snr), loss { predict = "data", weight = "min_snr" })
    local function edm(d, i) return d * d * ((1 - t[i]) ^ 2 + t[i] ^ 2 / 4) / (s(i) / 2) ^ 2 end
    near(mean_of(p - x1, edm), loss { predict = "data", weight = "edm" })
    near(loss { predict = "data", compare = "velocity" }, loss { predict = "data", weight = "velocity" })
    near(loss { predict = "velocity" }, loss { predict = "velocity", weight = "velocity" })
    near(loss { predict = "score" }, loss { predict = "score", weight = "snr" }, "of a score")
    near(loss { predict = "score", compare = "velocity" }, loss { predict = "score", weight = "velocity" })
    -- away from the guard it does not matter in what the rows are compared
    for _, weight in ipairs { "velocity", "likelihood", "snr", "edm", { "min_snr", gamma = 2 } } do
      local function at(compare)
        return flow.loss(model, x1, { x0 = x0, t = 0.4, predict = "data", compare = compare, weight = weight }):item()
      end
      near(at(nil), at "velocity")
      near(at(nil), at "noise")
    end
  end)

  it("takes a weight as a function of t, alone or of one quantity", function()
    local function own(compare)
      local weight = { of = "data", weight = function(a) return a * 3 end }
      return flow.loss(model, x1, { x0 = x0, t = 0.4, compare = compare, weight = weight }):item()
    end
    near(own(), own "noise")
    near(1.2 * 0.36 * mean_of(p - (x1 - x0), square), own())
    near(3 * mean_of(p - x1, square), loss { predict = "data", weight = function() return 3 end })
    near(mean_of(p - x1, function(d, i) return t[i] * square(d / math.max(1 - t[i], 0.05)) end),
      loss { predict = "data", compare = "velocity", weight = function(u) return u end })
    -- of a score a function of t is used as it is, s^2 is not added
    local late = flow.loss(model, x1, { x0 = x0, t = 0.5, predict = "score", weight = function() return 1 end }):item()
    near(mean_of(p + x0 * 2, square), late)
  end)

  -- ---- times ----

  it("draws times with the densities that are stated", function()
    local n = 200000
    local function mean(name, f) return f(flow.time(name)(fm.rng(7), n)):mean():item() end
    local function same(u) return u end
    local function from_half(u) return (u - 0.5):square() end
    for _, a in ipairs { 4, 1, 0.01, 20 } do
      assert.near(0.5, mean({ "u_shaped", a = a }, same), 4e-3)
      local want, steps = 0, 20000 -- E (t - 1/2)^2 under the density
      for i = 1, steps do
        local u = (i - 0.5) / steps
        want = want + (u - 0.5) ^ 2 * (math.exp(a * u) + math.exp(a * (1 - u))) * a / (2 * (math.exp(a) - 1)) / steps
      end
      assert.near(want, mean({ "u_shaped", a = a }, from_half), 2e-3)
    end
    assert.same(flow.time "u_shaped"(fm.rng(7), 50):totable(), flow.time { "u_shaped", a = 4 }(fm.rng(7), 50):totable())
    for _, a in ipairs { 0, 1, 3, -0.5 } do assert.near((a + 1) / (a + 2), mean({ "power", a = a }, same), 3e-3) end
    assert.same(flow.time { "power", a = 2 }(fm.rng(7), 50):totable(), flow.time { "power", 2 }(fm.rng(7), 50):totable())
    assert.near(0.5, mean("cosmap", same), 3e-3)
    assert.near(0.25 / 2, mean("cosmap", function(u) return u:lt(1 / (1 + 1 / math.tan(math.pi / 16))) end), 3e-3)
    for _, name in ipairs { "u_shaped", "power", "cosmap" } do
      local u = flow.time(name)(fm.rng(8), n)
      assert(u:min():item() >= 0 and u:max():item() < 1)
    end
    raises("time u_shaped: a: expected a number in 0.001..80, found 0", flow.time, { "u_shaped", a = 0 })
    raises("time power: a is given twice", flow.time, { "power", 2, a = 2 })
    raises("time power: a: expected a number in -0.999..1000000, found false", flow.time, { "power", a = false })
    raises("time power: a: expected a number in -0.999..1000000, found -1", flow.time, { "power", a = -1 })
  end)

  -- ---- conditions that drop ----

  local labels <const> = fm.tensor { 1, 2, 3, 1, 2, 3 }

  --- The condition that the model sees.
  local function seen(o, classes)
    local got
    local watcher = setmetatable({ classes = classes }, { __call = function(_, x, _, c)
      got = c
      return x
    end })
    o.rng = o.rng or fm.rng(11)
    flow.loss(watcher, x1, o)
    return got
  end

  it("replaces the condition of a row with the probability drop: labels by n + 1, numbers by 0", function()
    assert.same({ 4, 4, 4, 4, 4, 4 }, seen({ cond = labels, drop = 1 }, 3):totable())
    assert.same(labels:totable(), seen({ cond = labels, drop = 0 }, 3):totable())
    assert.same({ 9, 9, 9, 9, 9, 9 }, seen { cond = labels, drop = 1, null = 9 }:totable())
    assert.same(fm.zeros(B, D):totable(), seen { cond = x0, drop = 1 }:totable())
    assert.same({ 1, 2, 3 }, seen { cond = x0, drop = 1, null = fm.tensor { 1, 2, 3 } }[4]:totable())
    local some = seen { cond = x0 + 10, drop = 0.5 }
    local kept, lost = 0, 0
    for i = 1, B do -- a row keeps all or loses all
      local sum = some[i]:abs():sum():item()
      if sum == 0 then lost = lost + 1 else kept = kept + 1; near((x0[i] + 10):sum():item(), some[i]:sum():item()) end
    end
    assert(kept > 0 and lost > 0)
    local both = seen({ cond = { l = labels, k = x0 + 10 }, drop = 0.5 }, 3)
    for i = 1, B do assert.equal(both.l[i] == 4, both.k[i]:abs():sum():item() == 0) end
    assert.same(both.l:totable(), seen({ cond = labels, drop = 0.5 }, 3):totable())
    local n = 20000
    local share = 0
    flow.loss(function(x, _, c)
      share = c:eq(2):mean():item()
      return x
    end, fm.zeros(n, 1), { rng = fm.rng(1), cond = fm.ones(n), drop = 0.1, null = 2 })
    assert.near(0.1, share, 0.01)
  end)

  it("drops by position, after all other draws", function()
    local function draws(o)
      local x, u
      o.rng = fm.rng(3)
      flow.loss(function(y, s)
        x, u = y:totable(), s:totable()
        return y
      end, x1, o)
      return { x, u }
    end
    assert.same(draws {}, draws { cond = labels, drop = 0.5, null = 4 })
    assert.same(seen({ cond = labels, drop = 0.5 }, 3):totable(), seen({ cond = labels, drop = 0.5 }, 3):totable())
  end)

  it("drops after the coupling has seen the conditions", function()
    local told
    local function couple(y0, y1, c)
      told = c:totable()
      return y0, y1, c
    end
    assert.same({ 4, 4, 4, 4, 4, 4 }, seen({ cond = labels, drop = 1, coupling = couple }, 3):totable())
    assert.same(labels:totable(), told)
  end)

  it("drops for nn.vector_field, and its none row learns", function()
    local net = nn.vector_field { dim = D, hidden = 8, time_embed = 4, classes = 3 }
    local tape <close> = fm.record()
    flow.loss(net, x1, { rng = fm.rng(1), cond = labels, drop = 1 }):backward()
    local slope = net:state()["class_embed.weight"]:grad()
    assert.equal(0, slope[{ 1, 3 }]:abs():max():item())
    assert(slope[4]:abs():max():item() > 0)
  end)

  -- ---- refusals ----

  it("refuses what makes no sense, in one sentence", function()
    local rng = fm.rng(1)
    local function fails(text, o)
      if o.rng == nil then o.rng = rng end
      raises(text, flow.loss, model, x1, o)
    end
    fails("loss: give t or time, not both: time says how times are drawn", { t = 0.5, time = "logit_normal" })
    fails("loss: give t or time, not both", { t = 0.5, time = "uniform" })
    fails("loss: drop is given, but no cond", { drop = 0.1 })
    fails("loss: null is given, but no drop", { cond = labels, null = 4 })
    fails("loss: drop: expected a number in 0..1, found 1.5", { cond = labels, drop = 1.5 })
    fails("loss: null is missing: cond is one number for each row, and the model does not say how many classes it has", { cond = labels, drop = 0.1 })
    fails("loss: null is a tensor [2], expected a number or a tensor that fits cond, a tensor [6, 3]", { cond = x0, drop = 0.1, null = fm.zeros(2) })
    fails("loss: cond is a tensor [2]: with drop, expected a tensor [6, ...]", { cond = fm.zeros(2), drop = 0.1, null = 1 })
    fails("loss: cond is a string: with drop, expected a tensor [6, ...]", { cond = "a", drop = 0.1 })
    fails("loss: null is a number, expected a table with the keys of cond", { cond = { a = x0 }, drop = 0.1, null = 0 })
    raises("loss: rng is missing: drop draws from it", flow.loss, model, x1, { x0 = x0, t = t, cond = labels, drop = 0.1, null = 4 })
    fails('loss: compare: unknown name "velocty"; did you mean "velocity"?', { compare = "velocty" })
    fails("loss: compare: a score has no finite mean square: expected velocity, data or noise", { compare = "score" })
    fails("loss: path: it has noise around its line: one prediction does not tell another", { path = "i_cfm", predict = "data", compare = "velocity" })
    fails("loss: path: it has noise around its line: one prediction does not tell another", { path = "i_cfm", weight = "snr" })
    fails('loss: loss: unknown name "hubber"; did you mean "huber"?', { loss = "hubber" })
    fails('loss huber: unknown option "dleta"; did you mean "delta"?', { loss = { "huber", dleta = 1 } })
    fails("loss huber: delta: expected a number in 1e-12..1000000000000, found 0", { loss = { "huber", delta = 0 } })
    fails("loss: loss returned a nil, expected a tensor [6, 3] or [6]", { loss = function() end })
    fails('loss: weight: unknown name "smr"; did you mean "snr"?', { weight = "smr" })
    fails('weight min_snr: unknown option "gama"; did you mean "gamma"?', { weight = { "min_snr", gama = 1 } })
    fails("loss: weight: expected a name or a function of t", { weight = 3 })
    fails("loss: weight returned a tensor [2], expected a number or a tensor [6]", { weight = function() return fm.zeros(2) end })
    fails("loss: guard: expected a number in 1e-12..1, found 0", { predict = "data", compare = "velocity", guard = 0 })
    raises("loss: x1 is [0, 2], expected at least one row", flow.loss, model, fm.zeros(0, 2), { rng = rng })
    raises("loss: x1 is [0], expected at least one row", flow.loss, model, fm.zeros(0), { rng = rng })
  end)

  it("keeps rows of any rank apart", function()
    local y0, y1, q = root:normal(B, 2, 4), root:normal(B, 2, 4), root:normal(B, 2, 4)
    local o = { t = t, predict = "data", compare = "velocity", weight = "snr", loss = "huber" }
    local function value(shape)
      o.x0 = y0:reshape(shape)
      return flow.loss(function() return q:reshape(shape) end, y1:reshape(shape), o):item()
    end
    near(value { B, 8 }, value { B, 2, 4 })
  end)
end)

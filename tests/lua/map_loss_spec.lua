-- flow.map_loss beyond its golden values: what is drawn, given times, teachers, conditions and
-- guidance, kinds of one's own, what it refuses; flow.map and flow.map_sample.
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
local x0 <const>, x1 <const> = root:normal(B, D), root:normal(B, D)
local s <const>, t <const> = fm.tensor { 0, 0.25, 0.5, 0, 0.75, 0.25 }, fm.tensor { 1, 0.25, 0.75, 0.5, 0.75, 1 }
local function column(c) return c:reshape(-1, 1) end

local two_time_kinds <const> = { "lsd", "psd", "shortcut", "meanflow", "improved_meanflow", "alpha" }

-- A model with known derivatives.
local function linear(x, from, to) return x * 0.3 + column(from) * 0.7 - column(to) * 0.2 end

local function loss(kind, o, model)
  o.x0 = o.x0 or x0
  return flow.map_loss(kind, model or linear, x1, o):item()
end

local function given(o)
  local all = { x0 = x0, s = s, t = t }
  for name, value in next, o or {} do all[name] = value end
  return all
end

local function mean_square(list)
  local sum = 0
  for _, d in ipairs(list) do sum = sum + d:square():sum():item() end
  return sum / (B * D)
end

describe("flow.map_loss", function()
  checks.no_bytes_stay(before_each, after_each)

  -- ---- what each kind compares ----

  local function split()
    local equal, others = fm.tensor { 2, 5 }, fm.tensor { 1, 3, 4, 6 }
    local function of(rows)
      local part = {}
      for name, value in next, { x0 = x0, x1 = x1, s = column(s), t = column(t) } do part[name] = value:index_select(rows, 1) end
      part.x, part.v, part.length = part.x0 + (part.x1 - part.x0) * part.s, part.x1 - part.x0, part.t - part.s
      return part
    end
    return of(equal), of(others)
  end
  local function u(x, from, to) return x * 0.3 + from * 0.7 - to * 0.2 end

  it("compares the velocity where s = t and what the kind says elsewhere, derivatives by hand", function()
    local a, b = split()
    local diagonal = u(a.x, a.t, a.t) - a.v
    local value = u(b.x, b.s, b.t)
    local moved = b.x + b.length * value
    local m = (b.s + b.t) * 0.5
    local half = b.x + (m - b.s) * u(b.x, b.s, m)
    local want = {
      lsd = value + b.length * -0.2 - u(moved, b.t, b.t),
      psd = value - ((m - b.s) * u(b.x, b.s, m) + (b.t - m) * u(half, m, b.t)) / b.length,
      meanflow = value - (b.v + b.length * (b.v * 0.3 + 0.7)),
      improved_meanflow = value - (b.v + b.length * (u(b.x, b.s, b.s) * 0.3 + 0.7)),
    }
    want.shortcut = want.psd
    local at = b.s + b.length * 0.25
    want.alpha = (value - (b.v * 0.25 + u(b.x0 + b.v * at, at, b.t) * 0.75)) * 2
    for kind, residual in next, want do
      local o = given { m = kind == "psd" and "midpoint" or nil, alpha = kind == "alpha" and 0.25 or nil }
      near(mean_square { diagonal, residual }, loss(kind, o), kind)
    end
    near(loss("alpha", given { alpha = 0.25 }), loss({ "alpha", alpha = 0.25 }, given()))
    near(loss("alpha", given { alpha = 0.02 }), loss("alpha", given()), "alpha is 0.02 when nothing is said")
    near(loss("psd", given { m = "midpoint" }), loss({ "psd", m = "midpoint" }, given()))
    near(loss("psd", given { m = "midpoint" }), loss("psd", given { m = (s + t) * 0.5 }))
  end)

  it("divides each row by its own size with a power, over all rows", function()
    local a, b = split()
    local want = 0
    for _, d in ipairs { u(a.x, a.t, a.t) - a.v, u(b.x, b.s, b.t) - (b.v + b.length * (b.v * 0.3 + 0.7)) } do
      for _, sum in ipairs(d:square():sum(2):totable()) do want = want + sum / (sum + 0.01) ^ 0.75 end
    end
    near(want / (B * D), loss("meanflow", given { power = 0.75, c = 0.01 }))
    near(loss("meanflow", given { power = 1, c = 1e-3 }), loss("meanflow", given { power = 1 }), "c is 1e-3")
    local whole = given { power = 1, c = 0 }
    whole.s, whole.t = 0, 1
    near(1 / D, loss("meanflow", whole), "each row counts 1")
  end)

  it("has gradients of the prediction alone", function()
    local weight <const> = fm.parameter(fm.tensor { 1 })
    local function learns(x, from, to) return linear(x, from, to) * weight end
    local function slope(kind, o)
      weight:zero_grad()
      local tape <close> = fm.record()
      flow.map_loss(kind, learns, x1, given(o)):backward()
      return weight:grad()[1]
    end
    for _, kind in ipairs(two_time_kinds) do
      local o = { m = kind == "psd" and "midpoint" or nil }
      local mine = slope(kind, o)
      assert(mine ~= 0, kind)
      if kind ~= "meanflow" then
        o.teacher = linear -- the model as it is now, which does not learn
        near(mine, slope(kind, o), kind)
      end
    end
  end)

  it("gives all rows to one side when s = t everywhere or nowhere", function()
    local a = { x0 = x0, s = t, t = t, rng = fm.rng(1) }
    local x = x0 + (x1 - x0) * column(t)
    for _, kind in ipairs(two_time_kinds) do near(mean_square { u(x, column(t), column(t)) - (x1 - x0) }, loss(kind, a), kind) end
    near(loss("lsd", { s = 0.25, t = 0.75 }), loss("lsd", { s = fm.full(B, 0.25), t = fm.full({ B, 1 }, 0.75) }))
    near(loss("lsd", { s = 0, t = 1 }), loss("lsd", { s = 0, t = fm.full(1, 1) }))
  end)

  it("works on other paths, with noise around the line too", function()
    for _, path in ipairs { "cosine", "vp", { "i_cfm", sigma = 0.1 }, { "interpolant", gamma = "quadratic" } } do
      for _, kind in ipairs(two_time_kinds) do assert(loss(kind, { rng = fm.rng(1), path = path }) > 0) end
    end
    assert.equal(loss("lsd", { rng = fm.rng(1), path = { a = function(r) return r end, s = function(r) return 1 - r end } }), loss("lsd", { rng = fm.rng(1) }))
  end)

  it("does not depend on how a row is shaped", function()
    local y0, y1 = root:normal(B, 2, 4), root:normal(B, 2, 4)
    local function value(shape, kind)
      local function model(x, from, to)
        local c = { B }
        for i = 2, #shape do c[i] = 1 end
        c[1] = #x
        return x * 0.3 + from:reshape(c) - to:reshape(c) * 0.5
      end
      return flow.map_loss(kind, model, y1:reshape(shape), { x0 = y0:reshape(shape), s = s, t = t, m = kind == "psd" and "midpoint" or nil, power = 1 }):item()
    end
    for _, kind in ipairs(two_time_kinds) do near(value({ B, 8 }, kind), value({ B, 2, 4 }, kind), kind) end
  end)

  -- ---- what is drawn ----

  --- The times of the rows of all calls, (s, t) in the order of the batch, by a kind that looks.
  local function times(o, n, kind)
    local list = { s = {}, t = {}, m = {} }
    local looks = { pair = kind and kind.pair, m = kind and kind.m, residual = function(rows)
      for i, at in ipairs(rows.s:totable()) do
        list.s[#list.s + 1], list.t[#list.t + 1] = at, rows.t[i]
        if rows.m then list.m[#list.m + 1] = rows.m[i] end
      end
      return rows:u(rows.x1, rows.s, rows.t), rows.x1
    end }
    local equal = {}
    local function model(x, from, to)
      local same = from:eq(to):totable()
      for i, at in ipairs(to:totable()) do
        if same[i] == 1 then equal[#equal + 1] = at end
      end
      return x
    end
    o.rng = o.rng or fm.rng(2)
    flow.map_loss(looks, model, fm.zeros(n, 1), o)
    return list, equal
  end

  it("draws two uniform times and sorts them; half of the rows have one", function()
    local list, equal = times({}, 2000)
    assert.equal(1000, #equal)
    assert.equal(1000, #list.s)
    local sum, from, to = 0, 0, 0
    for _, at in ipairs(equal) do sum = sum + at end
    for i, at in ipairs(list.s) do
      assert(at < list.t[i])
      from, to = from + at, to + list.t[i]
    end
    assert.near(1 / 2, sum / 1000, 0.03)
    assert.near(1 / 3, from / 1000, 0.03)
    assert.near(2 / 3, to / 1000, 0.03)
  end)

  it("has the same bits on 1, 2 and 3 threads", function()
    local before, first = fm.system.threads(), nil
    local batch = fm.rng(6):normal(256, 2)
    for threads = 1, 3 do
      fm.system.threads(threads)
      nn.seed(3)
      local model, bits = nn.vector_field { dim = 2, hidden = 64, times = 2 }, {}
      local opt = fm.optim.adam(model)
      for _, kind in ipairs(two_time_kinds) do
        bits[#bits + 1] = opt:step(function() return flow.map_loss(kind, model, batch, { rng = fm.rng(1), power = 1 }) end)
      end
      bits[#bits + 1] = flow.map_sample(model, batch, { steps = 2 }):sum():item()
      first = first or bits
      assert.same(first, bits)
    end
    fm.system.threads(before)
  end)

  it("takes a share of rows, rounded at random, and any row may be of it", function()
    for share, want in pairs { [0] = 0, [0.25] = 25, [0.75] = 75, [1] = 100 } do
      local list, equal = times({ share = share }, 100)
      assert.same({ want, 100 - want }, { #equal, #list.s })
    end
    local count, rng = 0, fm.rng(3)
    for _ = 1, 400 do count = count + #select(2, times({ share = 0.3, rng = rng }, 1)) end
    assert.near(0.3, count / 400, 0.07)
    local first = 0
    for _ = 1, 400 do
      local list = times({ share = 0.5, rng = rng }, 4)
      assert.equal(2, #list.s)
      first = first + list.s[1]
    end
    assert.near(1 / 3, first / 400, 0.05)
  end)

  it("draws the times of flow.loss and the same noise: the model sees the same points with share = 1", function()
    local seen
    local function model(x, at) seen = x:clone() return x + column(at) end
    local one = flow.loss(model, x1, { rng = fm.rng(9), time = "logit_normal" }):item()
    local points = seen
    local two = flow.map_loss("lsd", function(x, from) return model(x, from) end, x1, { rng = fm.rng(9), time = "logit_normal", share = 1 }):item()
    assert.equal(one, two)
    checks.same(points, seen)
  end)

  it("draws times as flow.time says", function()
    local list, equal = times({ time = function(_, n) return fm.linspace(0.25, 0.5, n) end }, 8)
    assert.same({ 8, 0 }, { #equal, #list.s }) -- twice the same
    for _, at in ipairs(equal) do assert(at >= 0.25 and at <= 0.5) end
  end)

  it("draws m uniformly between, or in the middle; shortcut takes dyadic steps", function()
    local list = times({ share = 0 }, 1000, { m = "uniform" })
    local sum = 0
    for i, at in ipairs(list.m) do
      assert(at >= list.s[i] and at <= list.t[i])
      sum = sum + (at - list.s[i]) / (list.t[i] - list.s[i])
    end
    assert.near(0.5, sum / 1000, 0.03)
    local shortcut = flow.map_loss.shortcut { levels = 3 }
    list = times({ share = 0 }, 1000, shortcut)
    local lengths = {}
    for i, at in ipairs(list.s) do
      local length = list.t[i] - at
      lengths[length] = (lengths[length] or 0) + 1
      assert.equal(0, at / length % 1)
      assert.equal((at + list.t[i]) / 2, list.m[i])
      assert(list.t[i] <= 1)
    end
    for i = 0, 3 do assert.near(250, lengths[2 ^ -i], 60) end
  end)

  it("is keyed by position: the same draws for the same step, and coupled pairs too", function()
    for _, kind in ipairs(two_time_kinds) do
      for _, coupling in ipairs { "independent", "ot" } do
        local function value(seed) return flow.map_loss(kind, linear, x1, { rng = fm.rng(seed), coupling = coupling }):item() end
        assert.equal(value(1), value(1))
        assert(value(1) ~= value(2))
      end
    end
  end)

  it("gives what the whole batch gives in shares of it", function()
    local shares <const> = require "fm.parts.shares"
    local function train(count, kind)
      shares.count = count
      nn.seed(3)
      local model = nn.vector_field { dim = 2, hidden = 8, time_embed = 4, times = kind == "consistency" and 1 or 2 }
      local opt, rng = fm.optim.sgd(model, { lr = 0.1 }), fm.rng(1, "run")
      local ok, problem = pcall(function()
        for step = 1, 3 do
          rng:at(step)
          local batch = rng:stream "batch":normal(50, 2)
          opt:step(function() return flow.map_loss(kind, model, batch, { rng = rng, coupling = step == 2 and "ot" or nil }) end)
        end
      end)
      shares.count = 1
      if not ok then error(problem, 0) end
      return model:state()["net.0.weight"]:clone():detach()
    end
    for _, kind in ipairs { "lsd", "psd", "meanflow", "consistency" } do
      checks.near(train(1, kind), train(3, kind), double and 1e-12 or 1e-5)
    end
  end)

  -- ---- teachers ----

  it("takes a teacher in place of the model without a gradient: two times, or a velocity", function()
    local a, b = split()
    local diagonal, value = u(a.x, a.t, a.t) - a.v, u(b.x, b.s, b.t)
    local function other(x, from, to) return x * -0.5 + column(from) - column(to) * 3 end
    local function velocity(x, at) return x * -0.5 - column(at) * 2 end
    local function v(x, at) return x * -0.5 - at * 2 end
    local moved = b.x + b.length * value
    local lsd = mean_square { diagonal, value + b.length * -0.2 - v(moved, b.t) }
    near(lsd, loss("lsd", given { teacher = other }), "other(x, t, t) is the velocity")
    near(lsd, loss("lsd", given { teacher = velocity }))
    near(lsd, loss("lsd", given { teacher = function(...) return velocity(...) end, teacher_times = 1 }))
    near(lsd, loss("lsd", given { teacher = setmetatable({ times = 1 }, { __call = function(_, ...) return velocity(...) end }) }))
    near(lsd, loss("lsd", given { teacher = setmetatable({}, { __call = function(_, x, at) return velocity(x, at) end }) }))
    local function v2(x, from, to) return x * -0.5 + from - to * 3 end
    local m = (b.s + b.t) * 0.5
    local half = b.x + (m - b.s) * v2(b.x, b.s, m)
    local psd = value - ((m - b.s) * v2(b.x, b.s, m) + (b.t - m) * v2(half, m, b.t)) / b.length
    near(mean_square { diagonal, psd }, loss("psd", given { m = "midpoint", teacher = other }))
    half = b.x + (m - b.s) * v(b.x, b.s)
    psd = value - ((m - b.s) * v(b.x, b.s) + (b.t - m) * v(half, m)) / b.length
    near(mean_square { diagonal, psd }, loss("psd", given { m = "midpoint", teacher = velocity }))
    near(mean_square { diagonal, value - (b.v + b.length * (v(b.x, b.s) * 0.3 + 0.7)) }, loss("improved_meanflow", given { teacher = velocity }))
    local exact = flow.exact.gaussian { mean = 1, std = 0.5, dim = D }
    near(loss("lsd", given { teacher = exact }), loss("lsd", given { teacher = flow.velocity(exact) }))
  end)

  it("takes a network that holds the average of optim.ema", function()
    local function network() return nn.vector_field { dim = D, hidden = 8, time_embed = 4, times = 2 } end
    local model, teacher = network(), network()
    local opt, ema = fm.optim.adam(model, { lr = 0.1 }), fm.optim.ema(model, { decay = 0.5 })
    for _ = 1, 2 do
      opt:step(function() return flow.map_loss("lsd", model, x1, given { teacher = teacher }) end)
      ema:update()
      ema:swap(function() teacher:load_state(model:state()) end)
    end
    assert(math.abs(loss("lsd", given { teacher = teacher }, model) - loss("lsd", given(), model)) > 1e-9)
    for _, parameter in ipairs(teacher:parameters()) do assert.is_nil(parameter:grad()) end
    raises("map_loss: teacher: expected a model, found an average of optim.ema: give a network", flow.map_loss, "lsd", model, x1, given { teacher = ema })
  end)

  -- ---- conditions and guidance ----

  local labels <const> = fm.tensor { 1, 2, 3, 1, 2, 3 }
  -- What a condition adds tells rows apart: they keep theirs
  local function by_label(x, from, to, cond) return linear(x, from, to) + column(cond) * 0.1 end

  it("gives each row its condition, teacher and all", function()
    for _, kind in ipairs(two_time_kinds) do
      local o = given { cond = labels, m = kind == "psd" and "midpoint" or nil }
      local want = {}
      for i = 1, B do
        local one = { x0 = x0[{ i, i }], s = s[i], t = t[i], cond = labels[{ i, i }], m = o.m }
        want[i] = flow.map_loss(kind, by_label, x1[{ i, i }], one):item()
      end
      local sum = 0
      for _, value in ipairs(want) do sum = sum + value / B end
      near(sum, loss(kind, o, by_label), kind)
    end
    local tables = given { cond = { label = labels, all = 7 } }
    near(loss("lsd", given { cond = labels }, by_label), loss("lsd", tables, function(x, from, to, cond)
      assert.equal(7, cond.all)
      return by_label(x, from, to, cond.label)
    end))
  end)

  it("drops conditions, last: the same x0 and times without", function()
    local seen = {}
    local function model(x, from, to, cond)
      for _, label in ipairs(cond:totable()) do seen[#seen + 1] = label end
      return linear(x, from, to)
    end
    local with = flow.map_loss("psd", model, x1, { rng = fm.rng(1), cond = labels, drop = 1, null = 9 }):item()
    for _, label in ipairs(seen) do assert.equal(9, label) end
    assert.equal(flow.map_loss("psd", linear, x1, { rng = fm.rng(1) }):item(), with)
    local net = nn.vector_field { dim = D, hidden = 8, time_embed = 4, times = 2, classes = 3 }
    local tape <close> = fm.record()
    flow.map_loss("meanflow", net, x1, { rng = fm.rng(1), cond = labels, drop = 1 }):backward()
    local slope = net:state()["class_embed.weight"]:grad()
    assert.equal(0, slope[{ 1, 3 }]:abs():max():item())
    assert(slope[4]:abs():max():item() > 0)
  end)

  it("mixes guidance into the velocity that the map learns", function()
    local all = { x0 = x0, s = t, t = t, cond = labels, null = 0 }
    local x, v = x0 + (x1 - x0) * column(t), x1 - x0
    local own, null = u(x, column(t), column(t)) + column(labels) * 0.1, u(x, column(t), column(t))
    local function value(guidance, more)
      local o = { guidance = guidance }
      for name, option in next, all do o[name] = option end
      for name, option in next, more or {} do o[name] = option end
      return flow.map_loss("meanflow", by_label, x1, o):item()
    end
    near(mean_square { own - (v * 3 - null * 2) }, value(3))
    near(mean_square { own - (v * 3 - null * 2) }, value { scale = 3 })
    -- w = scale (1 - kappa) = 1.5, kappa = 0.5
    near(mean_square { own - (v * 1.5 + own * 0.5 - null) }, value { scale = 3, kappa = 0.5 })
    near(mean_square { own - v }, value(1))
    local inside = column(t:ge(0.5) * t:le(0.8))
    near(mean_square { own - fm.where(inside, v * 3 - null * 2, v) }, value { scale = 3, interval = { 0.5, 0.8 } })
    near(mean_square { own - (v * (1 + column(t)) - null * column(t)) }, value { scale = function(at) return 1 + at end })
    -- dropped rows keep v
    near(mean_square { null - v }, value(3, { drop = 1, rng = fm.rng(1) }))
    near(value(3), value(3, { drop = 0, rng = fm.rng(1) }))
    -- and in the other rows of those kinds that use v
    near(mean_square { by_label(x0, fm.zeros(B), fm.ones(B), labels) - (v * 3 - by_label(x0, fm.zeros(B), fm.zeros(B), fm.zeros(B)) * 2 +
      ((v * 3 - linear(x0, fm.zeros(B), fm.zeros(B)) * 2) * 0.3 + 0.7)) }, value(3, { s = 0, t = 1 }))
  end)

  -- ---- consistency, kinds of one's own ----

  it("consistency: Euler's steps from t and a little later lead to the same end of a part of time", function()
    local function velocity(x, at) return x * 0.3 + column(at) end
    local at = fm.tensor { 0, 0.2, 0.495, 0.5, 0.85, 0.95 }
    local function value(o, options) return flow.map_loss({ "consistency", segments = options.segments, delta = options.delta,
      boundary = options.boundary, alpha = options.alpha }, velocity, x1, o):item() end
    local function by_hand(K, delta, boundary, alpha, teacher)
      local sum = 0
      for i = 1, B do
        local r, e = math.min(at[i] + delta, 1), math.min(at[i] * K // 1 + 1, K) / K
        local y0, y1 = x0[{ i, i }], x1[{ i, i }]
        local function on(time) return y0 + (y1 - y0) * time end
        local function v(x, time) return x * 0.3 + time end
        local f_t = on(at[i]) + v(on(at[i]), at[i]) * (e - at[i])
        local v_r = teacher and teacher(on(r), fm.full(1, r)) or v(on(r), r)
        local f_r = r < boundary and on(r) + v_r * (e - r) or on(e)
        sum = sum + (f_t - f_r):square():sum():item()
        if at[i] < boundary and e - at[i] > 1.01 * delta then sum = sum + alpha * (v(on(at[i]), at[i]) - v_r):square():sum():item() end
      end
      return sum / (B * D)
    end
    local o = { x0 = x0, t = at }
    near(by_hand(2, 1e-3, 0.9, 1e-5), flow.map_loss("consistency", velocity, x1, o):item())
    near(by_hand(2, 0.01, 0.9, 1), value(o, { delta = 0.01, alpha = 1 }))
    near(by_hand(5, 0.1, 0.5, 2), value(o, { segments = 5, delta = 0.1, boundary = 0.5, alpha = 2 }))
    local function teacher(x, time) return x * 2 - column(time) end
    near(by_hand(2, 0.1, 0.9, 1, teacher), value({ x0 = x0, t = at, teacher = teacher }, { delta = 0.1, alpha = 1 }))
    local function all(power) return value({ x0 = x0, t = at, power = power, c = 0 }, { alpha = 0 }) end
    assert.near(1 / D, all(1), 1e-6)
    assert(flow.map_loss("consistency", velocity, x1, { rng = fm.rng(1), share = 0.9 }):item() >= 0)
    local y0, y1 = x0:reshape(B, D, 1), x1:reshape(B, D, 1)
    local function tall(x, time) return velocity(x:reshape(B, D), time):reshape(B, D, 1) end
    near(by_hand(2, 1e-3, 0.9, 1e-5), flow.map_loss("consistency", tall, y1, { x0 = y0, t = at }):item())
    local function scaled(x) return x * 0.3 end -- rows of one number, as [B, 1] and as [B]
    local z0, z1 <const> = x0:slice { axis = 2, first = 1, last = 1 }, x1:slice { axis = 2, first = 1, last = 1 }
    assert.equal(flow.map_loss("consistency", scaled, z1, { x0 = z0, t = at }):item(),
      flow.map_loss("consistency", scaled, z1:reshape(-1), { x0 = z0:reshape(-1), t = at }):item())
  end)

  it("takes a function or a table for a kind", function()
    local function residual(rows) return rows:u((rows:at(rows.s)), rows.s, rows.t), rows.x1 - rows.x0 end
    local want = loss(residual, given())
    near(want, loss({ residual = residual }, given()))
    local a, b = split()
    near(mean_square { u(a.x, a.t, a.t) - a.v, u(b.x, b.s, b.t) - b.v }, want)
  end)

  -- ---- maps ----

  it("flow.map composes to the closed-form map of a Gaussian flow", function()
    local exact = flow.exact.gaussian { mean = { 1, -2, 0 }, std = 0.5 }
    local function moments(at) return fm.tensor { 1, -2, 0 } * at, ((at * 0.5) ^ 2 + (1 - at) ^ 2) ^ 0.5 end
    -- u(x, s, t) = (X - x) / (t - s)
    local function mean_velocity(x, from, to)
      local m, d = moments(from)
      local m2, d2 = moments(to)
      return ((x - m) / d * d2 + m2 - x) / (to - from)
    end
    local X = flow.map(mean_velocity)
    checks.near(exact:map(x0), X(x0, 0, 1), tolerance)
    checks.near(X(x0, 0, 1), X(X(x0, 0, 0.3), 0.3, 1), tolerance)
    for _, o in ipairs { {}, { steps = 4 }, { times = { 0, 0.1, 0.7, 1 } }, { times = fm.tensor { 0, 0.5, 1 } } } do
      local y, info = flow.map_sample(mean_velocity, x0, o)
      checks.near(exact:map(x0), y, tolerance * 10)
      assert.equal(o.steps or o.times and #o.times - 1 or 1, info.nfe)
    end
    -- its velocity at s = t is that of the flow, so lsd has nothing to learn in the rows with s < t
    local function rows_of(x, from, to)
      local list = {}
      for i = 1, #x do
        local gap = to[i] - from[i]
        list[i] = gap > 1e-9 and mean_velocity(x[{ i, i }], from[i], to[i]) or exact(x[{ i, i }], to[i])
      end
      return fm.cat(list, 1)
    end
    near(0, flow.map_loss({ m = "uniform", residual = flow.map_loss.psd().residual }, rows_of, x1, { rng = fm.rng(1), share = 0 }):item())
  end)

  it("flow.map takes times by row and a condition; flow.map_sample passes it on", function()
    local X = flow.map(by_label)
    checks.same(x0 + column(t - s) * by_label(x0, s, t, labels), X(x0, s, t, labels))
    local y = flow.map_sample(function(x, from, to, cond) return x * (to - from) + column(cond) end, x0, { cond = labels })
    checks.near(flow.map(linear)(x0, s, fm.full(B, 0.9)), flow.map(linear)(x0, s, 0.9))
    checks.near(flow.map_sample(linear, x0), x0 + linear(x0, fm.zeros(B), fm.ones(B))) -- written for [B]
    checks.near(x0 * 2 + column(labels), y)
    local z = root:normal(2, 3, 4, 5)
    assert.same({ 2, 3, 4, 5 }, flow.map(function(x) return x end)(z, fm.zeros(2), fm.ones(2)):shape())
  end)

  it("map holds nothing after a model's error", function()
    local X = flow.map(function() error "no" end)
    local function live()
      collectgarbage()
      collectgarbage()
      return fm.live_bytes()
    end
    local before = live()
    local function failed() return pcall(X, fm.zeros(100, 2), fm.zeros(100), 1, fm.zeros(100, 100)) end
    assert.is_false(failed())
    assert.are.equal(before, live())
  end)

  -- ---- refusals ----

  it("refuses what makes no sense, in one sentence", function()
    local rng = fm.rng(1)
    local function fails(text, kind, o, model)
      if o.rng == nil then o.rng = rng end
      raises(text, flow.map_loss, kind, model or linear, x1, o)
    end
    fails("map_loss: give t or time, not both", "lsd", { s = 0.1, t = 0.5, time = "uniform" })
    fails("map_loss: give t or time, not both", "consistency", { t = 0.5, time = "logit_normal" })
    raises("map_loss: rng is missing (or give x0, s and t)", flow.map_loss, "lsd", linear, x1, { s = 0, t = 1 })
    raises("map_loss: rng is missing (or give both x0 and t)", flow.map_loss, "consistency", linear, x1, {})
    raises("map_loss: rng is missing: m is drawn from it", flow.map_loss, "psd", linear, x1, given())
    raises("map_loss: rng is missing: drop draws from it", flow.map_loss, "lsd", by_label, x1, given { cond = labels, drop = 0.1, null = 1 })
    raises("map_loss: x1 is [0, 2], expected at least one row", flow.map_loss, "lsd", linear, fm.zeros(0, 2), { rng = rng })
    raises("map_loss: the model is a string: expected a function or a model", flow.map_loss, "lsd", "x", x1, { rng = rng })
    fails('map_loss: unknown name "lsdd"; did you mean "lsd"?', "lsdd", {})
    fails("map_loss: expected a name or a function of rows, or a table { residual = }, found 3", 3, {})
    fails('unknown option "alpha"', "lsd", { alpha = 0.5 })
    fails("map_loss: alpha goes with the name of a kind", function() end, { alpha = 0.5 })
    fails("map_loss alpha: alpha: expected a number in 1e-06..1, found 0", "alpha", { alpha = 0 })
    fails("map_loss: share is of drawn times, and s and t are given", "lsd", { s = 0.2, t = 0.7, share = 0.5 })
    fails("map_loss: teacher_times is given, but no teacher", "lsd", { teacher_times = 1 })
    fails('map_loss: unknown option "sahre"; did you mean "share"?', "lsd", { sahre = 1 })
    fails("map_loss: share: expected a number in 0..1, found 2", "lsd", { share = 2 })
    fails("map_loss: power: expected a number in 0..10, found -1", "lsd", { power = -1 })
    fails("map_loss: give both s and t, or neither", "lsd", { t = 0.5 })
    fails("map_loss: t is 0.25 before s in a row, expected s <= t", "lsd", { s = 0.5, t = 0.25 })
    fails("map_loss: s is [2], expected [6] or a number", "lsd", { s = fm.zeros(2), t = 1 })
    fails("map_loss: m: this kind has no time between s and t", "lsd", { m = 0.5 })
    fails("map_loss: m lies 0.25 outside of s..t in a row", "psd", { s = 0, t = 0.5, m = 0.75 })
    fails('map_loss: m: expected "midpoint", "uniform", a number or a tensor [6], found "middle"', "psd", { m = "middle" })
    fails("map_loss: s: this kind has one time, t", "consistency", { s = 0, t = 1 })
    fails("map_loss: the model takes 1 time, expected one made with times = 2", "lsd", {}, nn.vector_field { dim = D, hidden = 4 })
    fails("map_loss: the model takes 2 times, expected one made with times = 1", "consistency", {}, nn.vector_field { dim = D, hidden = 4, times = 2 })
    fails("map_loss: the model's answer is a nil, expected a tensor [", "lsd", {}, function() end)
    fails("map_loss: the model's answer is [6], expected [6, 3]", "lsd", { share = 1 }, function() return fm.zeros(6) end)
    fails("map_loss: the teacher's answer is a nil", "lsd", { teacher = function(_, _, _) end })
    fails("map_loss: teacher: expected a model, found 3", "lsd", { teacher = 3 })
    fails("map_loss: teacher: this kind has no model without a gradient, whose place it could take", "meanflow", { teacher = linear })
    fails("map_loss: teacher_times: expected a whole number in 1..2, found 3", "lsd", { teacher = linear, teacher_times = 3 })
    fails("map_loss: null is given, but no drop and no guidance", "lsd", { cond = labels, null = 4 })
    fails("map_loss: guidance is given, but no cond", "lsd", { guidance = 2 })
    local too_large = { cond = labels, null = 4, guidance = { scale = 2, kappa = 1 } }
    fails("map_loss: guidance: kappa: expected a number >= 0 and < 1, found 1", "lsd", too_large, by_label)
    fails("map_loss: guidance: scale: expected a number or a function of t, found none", "lsd", { cond = labels, null = 4, guidance = {} }, by_label)
    fails("map_loss: the kind's prediction is a nil", function() end, { share = 0 })
    fails("map_loss: the kind's target is [6], expected [6, 3]", function(rows) return rows.x1, rows.s end, { share = 0 })
    raises("map_loss: unexpected argument 5, a number: it takes 4", flow.map_loss, "lsd", linear, x1, { rng = rng }, 5)
    raises("map_sample: give steps or times, not both", flow.map_sample, linear, x0, { steps = 1, times = { 0, 1 } })
    raises("map_sample: times: expected a list of two or more, found 1", flow.map_sample, linear, x0, { times = { 0 } })
    raises("map_sample: times[2] is 0.25, before times[1], 0.5", flow.map_sample, linear, x0, { times = { 0.5, 0.25 } })
    raises("map_sample: times[2]: expected a number in 0..1, found 2", flow.map_sample, linear, x0, { times = { 0, 2 } })
    raises("map_sample: steps: expected a whole number in 1..1000000000, found 0", flow.map_sample, linear, x0, { steps = 0 })
    local calls = 0 -- so many steps are no list of times
    raises("that is enough", flow.map_sample, function(x)
      calls = calls + 1
      return calls < 3 and x or fm.fail "that is enough"
    end, x0, { steps = 1000000000 })
    assert.truthy(collectgarbage "count" < 1e6)
    raises("map: what the model returned is a nil: expected a tensor [6, 3]", flow.map(function() end), x0, 0, 1)
    raises("map: s: expected a number in 0..1, found 2", flow.map(linear), x0, 2, 1)
    raises("map: the model is a nil: expected a function or a model", flow.map)
    local velocity <const> = nn.vector_field { dim = 3, hidden = 4 }
    raises("map: the model takes 1 time, expected one made with times = 2", flow.map, velocity)
    raises("map: the model takes 1 time, expected one made with times = 2", flow.map_sample, velocity, x0)
    local two <const> = nn.vector_field { dim = 3, hidden = 4, times = 2 }
    fails("map_loss: the teacher takes 2 times, expected one made with times = 1", "consistency", { teacher = two }, velocity)
    fails("map_loss: s is [3], expected [6] or a number", "lsd", { s = fm.zeros(3), t = 1 })
    fails("map_loss: s: expected a number in 0..1, found -1", "lsd", { s = -1, t = 1 })
    fails("map_loss: m: expected numbers in 0..1, found 2 .. 2", "psd", { m = fm.full(6, 2) })
  end)
end)

describe("a map that is trained", function()
  it("comes near the closed-form map of a Gaussian flow", function()
    local exact = flow.exact.gaussian { mean = { 1, -2 }, std = 0.5 }
    local noise = fm.rng(7):normal(500, 2)
    local want = exact:map(noise)
    for _, kind in ipairs { "lsd", "psd", "meanflow" } do
      nn.seed(1)
      local model, rng = nn.vector_field { dim = 2, hidden = 32, time_embed = 16, times = 2 }, fm.rng(1)
      local opt = fm.optim.adam(model, { lr = fm.optim.cosine { lr = 1e-2, steps = 1000 } })
      for _ = 1, 1000 do
        local x1 = exact:sample(128, rng)
        opt:step(function() return flow.map_loss(kind, model, x1, { rng = rng }) end)
      end
      for _, steps in ipairs { 1, 4 } do
        local off = (flow.map_sample(model, noise, { steps = steps }) - want):square():mean():item() ^ 0.5
        assert(off < 0.06 * want:square():mean():item() ^ 0.5, ("%s in %d: %g"):format(kind, steps, off / want:square():mean():item() ^ 0.5))
      end
    end
  end)
end)

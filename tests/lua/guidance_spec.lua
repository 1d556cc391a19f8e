-- Guided fields against closed forms: guidance between Gaussians of one width is the flow to
-- another Gaussian.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local flow <const>, ode <const>, nn <const> = fm.flow, fm.ode, fm.nn
local double <const> = fm.real == "double"
local raises, raises_text, same, near = checks.raises, checks.raises_text, checks.same, checks.near


-- The velocities of the flows to N(mean of the label, 1): label 4 stands for none, N(0, 1).
local means <const> = fm.tensor { { 1, 0 }, { -2, 3 }, { 0.5, -1 }, { 0, 0 } }
local function column(t) return type(t) == "number" and t or t:reshape(-1, 1) end
local function toward(x, t, m)
  local s = column(t)
  return m + (x - m * s) * ((s * 2 - 1) / (s * s + (1 - s) * (1 - s)))
end
local function by_label(x, t, label) return toward(x, t, means:embedding(label)) end

local x0 <const> = fm.rng(1):normal(6, 2)
local labels <const> = fm.tensor { 1, 2, 3, 3, 2, 1 }
local times <const> = fm.tensor { 0, 0.2, 0.25, 0.5, 0.75, 1 }

describe("guidance", function()
  checks.no_bytes_stay(before_each, after_each)

  it("of strength w between Gaussians of one width flows to w times the mean", function()
    for _, w in ipairs { -1, 0, 0.5, 1, 2, 4 } do
      local field = flow.guidance(by_label, { cond = labels, null = 4, scale = w })
      near(flow.exact.gaussian { mean = { 0.5 * w, -1 * w }, std = 1 }(x0, 0.3),
        flow.guidance(by_label, { cond = fm.full(6, 3), null = 4, scale = w })(x0, 0.3))
      near(x0 + means:embedding(labels) * w, ode.solve(field, x0, { method = "dop853", rtol = double and 1e-12 or 1e-6, atol = double and 1e-12 or 1e-6 }),
        double and 1e-9 or 1e-4)
    end
  end)

  it("with w = 1 is the conditional model, and calls no other", function()
    local calls = 0
    local function counted(x, t, label)
      calls = calls + 1
      return by_label(x, t, label)
    end
    for _, kind in ipairs { "cfg", "cfg_zero_star" } do
      same(by_label(x0, 0.3, labels), flow.guidance(counted, { cond = labels, null = 4, scale = 1, kind = kind })(x0, 0.3))
      same(by_label(x0, 0.3, labels), flow.guidance(counted, { cond = labels, null = 4, scale = 3, interval = { 0.5, 1 }, kind = kind })(x0, 0.3))
    end
    assert.equal(4, calls)
    same(by_label(x0, 0.3, labels), flow.guidance(counted, { cond = labels, scale = 1, weak = error })(x0, 0.3))
    near(by_label(x0, 0.3, labels), flow.guidance(counted, { cond = labels, null = 4, scale = function() return 1 end })(x0, 0.3))
    local mixture = { flow.exact.mixture { means = { { 1, 0 }, { 2, 2 } }, std = 0.3 }, flow.exact.mixture { means = { { -1, 0 } } } }
    local function of_mixture(x, t, which) return mixture[which or 1](x, t) end
    near(mixture[2](x0, times), flow.guidance(of_mixture, { cond = 2, scale = function() return 1 end })(x0, times))
    same(mixture[2](x0, times), flow.guidance(of_mixture, { cond = 2, scale = 1 })(x0, times))
  end)

  it("of exact mixtures moves the density as the score says", function()
    -- the score is affine in the velocity, so scores combine as velocities do
    local whole = flow.exact.mixture { means = { { 1, 0 }, { -1, 1 }, { 0, -2 } }, std = 0.5 }
    local part = flow.exact.mixture { means = { { 1, 0 } }, std = 0.5 }
    local function model(x, t, c) return (c and part or whole)(x, t) end
    local field = flow.guidance(model, { cond = 1, scale = 2.5 })
    for _, t in ipairs { 0.1, 0.5, 0.9 } do
      local want = whole:score(x0, t) + (part:score(x0, t) - whole:score(x0, t)) * 2.5
      near(want, (flow.score(field)(x0, t)), double and 1e-9 or 1e-3)
    end
  end)

  it("applies in a closed interval, for numbers and row by row", function()
    local o = { cond = labels, null = 4, scale = 3, interval = { 0.25, 0.75 } }
    local plain = flow.guidance(by_label, { cond = labels, null = 4, scale = 3 })
    local field = flow.guidance(by_label, o)
    local rows = field(x0, times)
    for i = 1, 6 do
      local t, one = times[i], { i, i }
      local want = (i >= 3 and i <= 5 and plain or flow.velocity(by_label, { cond = labels }))(x0, t)
      same(want, field(x0, t))
      near(want[one], rows[one], double and 1e-12 or 1e-5)
    end
    o.interval = { 0.1 + 0.2, 0.3 * 3 } -- 0.3 and 0.9 but for rounding
    local about = flow.guidance(by_label, o)
    for _, t in ipairs { 0.3, 0.9 } do
      same(plain(x0, t), about(x0, t))
      same(plain(x0, fm.full(6, t)), about(x0, fm.full(6, t)))
    end
    o.interval = { 0.5, 0.5 }
    same(plain(x0, 0.5), flow.guidance(by_label, o)(x0, 0.5))
    same(by_label(x0, 0.51, labels), flow.guidance(by_label, o)(x0, 0.51))
  end)

  it("has a strength that may depend on t, as a function of numbers, of tensors or of both", function()
    local function number(t) return t < 0.4 and 3 or math.max(t, 0.5) end
    local function both(t) return t * 2 + 0.5 end
    local function rows(t) return t:reshape(-1):square() * 4 end
    local o = { cond = labels, null = 4 }
    for _, w in ipairs { number, both, rows } do
      o.scale = w
      local field = flow.guidance(by_label, o)
      local all = field(x0, times)
      near(all, field(x0, times:reshape(6, 1)), 0)
      for i = 1, 6 do
        local t, value = times[i], nil
        if w == rows then value = w(fm.full(1, t)):item() else value = w(t) end
        near(flow.guidance(by_label, { cond = labels, null = 4, scale = value })(x0, t), field(x0, t))
        near(field(x0, t)[{ i, i }], all[{ i, i }])
      end
    end
    o.scale = function() return fm.ones(2) end
    raises("guidance: scale returned a tensor %[2%] for t = a tensor %[6%], expected a number, or one for each row", flow.guidance(by_label, o), x0, times)
    o.scale = function() return "much" end
    raises('guidance: scale returned "much" for t = 0.5, expected a number$', flow.guidance(by_label, o), x0, 0.5)
    o.scale = function() error "mine" end
    raises("mine", flow.guidance(by_label, o), x0, 0.5)
    raises("mine", flow.guidance(by_label, o), x0, times)
  end)

  it("by cfg_zero_star has the part of v along v_null, and zeros at first", function()
    local o = { cond = labels, null = 4, scale = 3, kind = "cfg_zero_star" }
    local field = flow.guidance(by_label, o)
    local v, null = by_label(x0, 0.3, labels), by_label(x0, 0.3, fm.full(6, 4))
    near((v * null):sum(2), (field(x0, 0.3) * null):sum(2))
    local zeros = fm.zeros(6, 2)
    local function still(_, _, c) return c[1] == 4 and zeros or v * 1 end
    same(v * 2, flow.guidance(still, { cond = labels, null = 4, scale = 2, kind = "cfg_zero_star" })(x0, 0.3))
    o.zero_steps, o.steps = 1, 5
    local starting = flow.guidance(by_label, o)
    same(zeros, starting(x0, 0.1))
    same(field(x0, 0.2), starting(x0, 0.2))
    local rows = starting(x0, times)
    same(zeros[1], rows[1])
    near(field(x0, times)[{ 2, 6 }], rows[{ 2, 6 }], 0)
    local named = flow.guidance(by_label, { cond = labels, null = 4, scale = 3, kind = { "cfg_zero_star", zero_steps = 1, steps = 5 } })
    same(rows, named(x0, times))
    local _, info = ode.solve(starting, x0, { method = "euler", steps = 5, save = "steps" })
    same(x0, info.states[2])
    o.zero_steps = 0
    same(field(x0, 0), flow.guidance(by_label, o)(x0, 0))
    for k = 1, 20 do -- a grid of a solver meets the limit
      o.zero_steps, o.steps = k, 20
      assert.is_true(flow.guidance(by_label, o)(x0, k / 20):abs():sum():item() > 0)
      assert.is_true(flow.guidance(by_label, o)(x0, fm.full(6, k / 20)):abs():sum():item() > 0)
      assert.equal(0, flow.guidance(by_label, o)(x0, (k - 1) / 20):abs():sum():item())
    end
  end)

  it("by a weak model has its own other side", function()
    local function weak(x, t, label) return by_label(x, t, label) * 0.5 + 0.1 end
    local v, u = by_label(x0, 0.3, labels), weak(x0, 0.3, labels)
    near(u + (v - u) * 2, flow.guidance(by_label, { cond = labels, null = 4, scale = 2, weak = weak })(x0, 0.3))
    local one, other = flow.exact.gaussian { mean = { 1, 2 }, std = 1 }, flow.exact.gaussian { mean = { 0.5, 1 }, std = 1 }
    near(flow.exact.gaussian { mean = { 2, 4 }, std = 1 }(x0, 0.4), flow.guidance(one, { scale = 3, weak = other })(x0, 0.4)) -- no condition at all
  end)

  it("takes conditions of any kind, and a null for each", function()
    local function by_mean(x, t, m) return toward(x, t, m) end
    local cond = means:embedding(labels):detach()
    local want = flow.guidance(by_label, { cond = labels, null = 4, scale = 3 })(x0, 0.4)
    for _, null in ipairs { 0, fm.zeros(2), fm.zeros(1, 2), fm.zeros(6, 2), fm.tensor(0) } do
      near(want, flow.guidance(by_mean, { cond = cond, null = null, scale = 3 })(x0, 0.4))
    end
    local square = flow.guidance(by_mean, { cond = cond[{ 1, 2 }], null = fm.tensor { 1, 2 }, scale = 0 })(x0[{ 1, 2 }], 0.4) -- [2] is a row, for [2, 2] too
    near(toward(x0[{ 1, 2 }], 0.4, fm.tensor { 1, 2 }), square)
    near(want, flow.guidance(by_mean, { cond = cond, scale = 3 })(x0, 0.4)) -- zeros, as in flow.loss
    near(want, flow.guidance(function(x, t, c) return c and by_label(x, t, c) or toward(x, t, 0) end, { cond = labels, scale = 3 })(x0, 0.4))
    near(want, flow.guidance(function(x, t, c) return toward(x, t, c.mean) end, { cond = { mean = cond }, null = { mean = 0 }, scale = 3 })(x0, 0.4))
    near(want, flow.guidance(function(x, t, c) return toward(x, t, c.mean * c.all) end, { cond = { mean = cond, all = 1 }, scale = 3 })(x0, 0.4))
    local classed = setmetatable({ classes = 3 }, { __call = function(_, x, t, c) return by_label(x, t, c) end })
    same(want, flow.guidance(classed, { cond = labels, scale = 3 })(x0, 0.4))
    raises("guidance: null is a tensor %[3%], cond is a tensor %[6, 2%]: expected a number, or a row", flow.guidance, by_mean,
      { cond = cond, null = fm.zeros(3), scale = 3 })
  end)

  it("takes a batch of any rank", function()
    local x = fm.rng(2):normal(3, 2, 4, 5)
    local function model(y, t, c) return y * c:reshape(-1, 1, 1, 1) + (type(t) == "number" and t or t:reshape(-1, 1, 1, 1)) end
    local function flat(y, t, c) return y * c:reshape(-1, 1) + (type(t) == "number" and t or t:reshape(-1, 1)) end
    local cond, t = fm.tensor { 1, 2, 3 }, fm.tensor { 0.1, 0.5, 0.8 }
    for _, o in ipairs { { kind = "cfg" }, { kind = "cfg_zero_star", zero_steps = 1, steps = 4 }, { interval = { 0.2, 0.6 } },
      { interval = { 0.2, 0.6 }, kind = "cfg_zero_star" } } do
      o.cond, o.null, o.scale = cond, 4, function(at) return at + 1 end
      near(flow.guidance(flat, o)(x:reshape(3, 40), t), flow.guidance(model, o)(x, t):reshape(3, 40))
      near(flow.guidance(flat, o)(x:reshape(3, 40), 0.5), flow.guidance(model, o)(x, 0.5):reshape(3, 40))
    end
  end)

  it("guides models of data, noise and scores as those of velocities", function()
    for _, path in ipairs { "linear", "cosine" } do
      local function flow_to(m) return flow.exact.gaussian { mean = m, std = 1, path = path } end
      local data = flow.posterior(flow_to { 1, 2 }, { path = path })
      local none = flow.posterior(flow_to { 0, 0 }, { path = path })
      local function velocity(x, t, c) return (c and flow_to { 1, 2 } or flow_to { 0, 0 })(x, t) end
      local function of_data(x, t, c) return (c and data or none)(x, t) end
      local function of_noise(x, t, c) return select(2, (c and data or none)(x, t)) end
      for predict, model in pairs { data = of_data, noise = of_noise } do
        near(flow.guidance(velocity, { cond = 1, scale = 3 })(x0, 0.6),
          flow.guidance(model, { cond = 1, scale = 3, predict = predict, path = path })(x0, 0.6), double and 1e-9 or 1e-4)
      end
    end
  end)

  it("leaves a solve with its rows, whatever the options", function()
    local widths = fm.tensor { { 0.2, 1 }, { 40, 3 }, { 3, 0.1 }, { 11, 5 } }
    local function stiff(x, t, label) return (x + column(t)) * widths:embedding(label) * -1 end
    local o = { control = "sample", rtol = 1e-4, atol = 1e-4 }
    for _, guide in ipairs { { scale = 1.5 }, { scale = 1.5, interval = { 0.2, 0.7 } }, { scale = function(t) return t + 1 end }, { scale = 2, weak = stiff },
      { scale = 1.5, kind = "cfg_zero_star", zero_steps = 1, steps = 4 } } do
      local function part(first, last)
        local piece <const> = { first, last }
        guide.cond, guide.null = labels[piece], 4
        return (ode.solve(flow.guidance(stiff, guide), x0[piece], o))
      end
      local whole, rows = part(1, 6), {}
      for i = 1, 6 do rows[i] = part(i, i) end
      same(whole, fm.cat(rows, 1))
      same(whole[{ 2, 5 }], part(2, 5))
    end
  end)

  it("goes through encode, decode, log_prob, score, posterior and sde", function()
    local field = flow.guidance(by_label, { cond = labels, null = 4, scale = 2 })
    local tight = { method = "dop853", rtol = double and 1e-11 or 1e-6, atol = double and 1e-11 or 1e-6 }
    local limit = double and 1e-8 or 2e-4
    local shift = means:embedding(labels) * 2
    near(x0 + shift, (flow.decode(field, x0, tight)), limit)
    near(x0, (flow.encode(field, x0 + shift, tight)), limit)
    near((x0:square():sum(2) * -0.5 - math.log(2 * math.pi)), (flow.log_prob(field, x0 + shift, tight)), limit)
    near(x0 * -1, (flow.score(field)(x0 + shift, 1)), double and 2e-2 or 2e-2) -- read a little before the end
    near(shift, (flow.posterior(field)(x0, 0)))
    local x = fm.sde.solve(field, x0, { w = 0.1, steps = 200, rng = fm.rng(1) })
    assert.is_true((x - shift):abs():max():item() < 5)
  end)

  it("has gradients for the model, on a tape and through a solve", function()
    local p = fm.parameter(means)
    local function model(x, t, label) return toward(x, t, p:embedding(label)) end
    for _, kind in ipairs { "cfg", "cfg_zero_star" } do
      local x, t = x0[{ 1, 3 }]:clone(), fm.tensor { 0.1, 0.5, 0.9 }
      local field = flow.guidance(model, { cond = labels[{ 1, 3 }], null = 4, scale = 2, interval = { 0.3, 1 }, kind = kind })
      local tolerance = not double and { eps = 1e-2, tolerance = 2e-2 } or nil
      assert(fm.gradcheck(function() return field(x, t):square():sum() end, { p }, tolerance))
      assert(fm.gradcheck(function() return ode.solve(field, x, { method = "heun", steps = 3 }):square():sum() end, { p }, tolerance))
    end
  end)

  it("takes a kind from a file beside the script, a function or a table", function()
    local function halfway(v, other, w) return other * 0.5 + (v - other) * w end
    local want = halfway(by_label(x0, 0.4, labels), by_label(x0, 0.4, fm.full(6, 4)), 2)
    local seen
    local function mine(v, other, w, x, t)
      seen = { x, t }
      return halfway(v, other, w)
    end
    for _, kind in ipairs { mine, { combine = mine }, setmetatable({}, { __call = function(_, ...) return mine(...) end }) } do
      near(want, flow.guidance(by_label, { cond = labels, null = 4, scale = 2, kind = kind })(x0, 0.4))
    end
    assert.same({ x0, 0.4 }, seen)
    same(fm.zeros(6, 2), flow.guidance(by_label, { cond = labels, null = 4, scale = 2, kind = { combine = mine, zero_until = 0.5 } })(x0, 0.4))
    package.preload.halfway_guidance = nil
    package.loaded.halfway_guidance = function(o) return { combine = function(v, other, w) return other * o.share + (v - other) * w end } end
    local searchpath = package.searchpath
    package.searchpath = function(name, ...) return name == "halfway_guidance" and "halfway_guidance.lua" or searchpath(name, ...) end
    near(want, flow.guidance(by_label, { cond = labels, null = 4, scale = 2, kind = { "halfway_guidance", share = 0.5 } })(x0, 0.4))
    package.loaded.halfway_guidance = function(o) return { combine = halfway, zero_until = o.zero_steps / o.steps } end
    local o = { cond = labels, null = 4, scale = 2, kind = "halfway_guidance", zero_steps = 1, steps = 2 }
    same(fm.zeros(6, 2), flow.guidance(by_label, o)(x0, 0.4))
    near(halfway(by_label(x0, 0.5, labels), by_label(x0, 0.5, fm.full(6, 4)), 2), flow.guidance(by_label, o)(x0, 0.5))
    package.searchpath, package.loaded.halfway_guidance = searchpath, nil
    near(flow.guidance.cfg.combine(fm.ones(2, 2), fm.zeros(2, 2), 3), fm.full({ 2, 2 }, 3))
  end)

  it("says what is wrong", function()
    local function refused(text, o, model) raises_text(text, flow.guidance, model or by_label, o) end
    refused("guidance: cond is missing (or give weak, another model)", { scale = 2 })
    refused("guidance: scale: expected a number or a function of t, found none", { cond = labels })
    refused("guidance: scale: expected a number or a function of t, found a table", { cond = labels, scale = {} })
    refused('guidance: scale: expected a number or a function of t, found "2"', { cond = labels, scale = "2" })
    refused("guidance: scale: expected a number", { cond = labels, scale = 0 / 0 })
    refused("guidance: the model is a number: expected a function or a model", { cond = labels, scale = 2 }, 3)
    refused("guidance: weak: the model is a number", { weak = 3, scale = 2 })
    refused('guidance: unknown option "scal"; did you mean "scale"?', { cond = labels, scal = 2 })
    refused('guidance: kind: unknown name "cfg_zero_sta"; did you mean "cfg_zero_star"?', { cond = labels, scale = 2, kind = "cfg_zero_sta" })
    refused("guidance: kind: expected a name or a function of v, other and w", { cond = labels, scale = 2, kind = 7 })
    refused('guidance: zero_steps goes with kind = "cfg_zero_star"', { cond = labels, scale = 2, zero_steps = 1, steps = 5 })
    refused("guidance: cfg_zero_star: steps is missing", { cond = labels, scale = 2, kind = "cfg_zero_star", zero_steps = 1 })
    refused("guidance: cfg_zero_star: steps: expected a whole number >= 3, found 2",
      { cond = labels, scale = 2, kind = "cfg_zero_star", zero_steps = 3, steps = 2 })
    refused("guidance: cfg_zero_star: zero_steps: expected a whole number >= 0",
      { cond = labels, scale = 2, kind = "cfg_zero_star", zero_steps = 1.5, steps = 2 })
    refused("guidance: interval: expected { a, b }, found 3", { cond = labels, scale = 2, interval = 3 })
    refused("guidance: interval: expected { a, b }, found a table", { cond = labels, scale = 2, interval = { 0.5 } })
    refused("guidance: interval: it ends at 0.2, before 0.5", { cond = labels, scale = 2, interval = { 0.5, 0.2 } })
    refused('guidance: interval[2]: expected a number', { cond = labels, scale = 2, interval = { 0.5, "x" } })
    raises("guidance: unexpected argument 3", flow.guidance, by_label, { cond = labels, scale = 2 }, 1)
    local field = flow.guidance(by_label, { cond = labels, null = 4, scale = 2 })
    raises("guidance: field: x is a number", field, 3, 0.5)
    raises("guidance: field: unexpected argument 3", field, x0, 0.5, labels)
    raises("guidance: field: t", flow.guidance(by_label, { cond = labels, null = 4, scale = 2 }), x0, "now")
    local any_time = flow.guidance(function(x) return x end, { cond = labels, null = 4, scale = 2 })
    raises("guidance: field: t is %[4%], expected %[6%] or a number", any_time, x0, fm.zeros(4))
    raises("guidance: what the model returned is a nil", flow.guidance(function() end, { cond = labels, null = 4, scale = 2 }), x0, 0.5)
    raises("guidance: what the model returned is a nil", flow.guidance(function() end, { cond = labels, null = 4, scale = 1 }), x0, 0.5)
    raises("guidance: what the model returned under null is %[6%], expected %[6, 2%]",
      flow.guidance(function(x, t, c) return c[1] == 4 and x:sum(2) or by_label(x, t, c) end, { cond = labels, null = 4, scale = 2 }), x0, 0.5)
    raises("guidance: what weak returned is a nil", flow.guidance(by_label, { cond = labels, weak = function() end, scale = 2 }), x0, 0.5)
    raises("guidance: kind: what combine returned is a nil", flow.guidance(by_label, { cond = labels, null = 4, scale = 2, kind = function() end }), x0, 0.5)
  end)

  it("serves nn.vector_field, of classes and of numbers", function()
    nn.seed(4)
    local of_classes = nn.vector_field { dim = 2, hidden = 8, time_embed = 4, classes = 3 }
    local of_numbers = nn.vector_field { dim = 2, hidden = 8, time_embed = 4, cond = 2 }
    local cond = means:embedding(labels):detach()
    for _, case in ipairs { { of_classes, labels, fm.full(6, 4) }, { of_numbers, cond, fm.zeros(6, 2) } } do
      local model <const>, c <const>, none <const> = case[1], case[2], case[3]
      local v, u = model(x0, 0.4, c), model(x0, 0.4, none)
      near(u + (v - u) * 3, flow.guidance(model, { cond = c, scale = 3 })(x0, 0.4))
      near(model(x0, 0.4), flow.guidance(model, { cond = c, scale = 0 })(x0, 0.4))
      local o, rows = { control = "sample", rtol = 1e-3, atol = 1e-3 }, {}
      local function part(first, last)
        return (ode.solve(flow.guidance(model, { cond = c[{ first, last }], scale = 3 }), x0[{ first, last }], o))
      end
      for i = 1, 6 do rows[i] = part(i, i) end
      near(part(1, 6), fm.cat(rows, 1), double and 1e-9 or 1e-4)
    end
    near(flow.guidance(of_classes, { cond = 2, scale = 3 })(x0, 0.4), flow.guidance(of_classes, { cond = fm.full(6, 2), scale = 3 })(x0, 0.4))
  end)

  it("serves an own network of classes", function()
    nn.seed(3)
    local net, embed = nn.mlp { inputs = 3 + 4, hidden = { 8 }, outputs = 2 }, nn.embedding(4, 4)
    local model = nn.module({ { "net", net }, { "embed", embed } }, function(_, x, t, c) return net(fm.cat({ x, t:reshape(-1, 1), embed(c) }, 2)) end)
    local field = flow.guidance(model, { cond = labels, null = 4, scale = 2, interval = { 0, 0.5 } })
    local whole = ode.solve(field, x0, { method = "rk4", steps = 4 })
    near(whole[{ 1, 3 }], (ode.solve(flow.guidance(model, { cond = labels[{ 1, 3 }], null = 4, scale = 2, interval = { 0, 0.5 } }), x0[{ 1, 3 }],
      { method = "rk4", steps = 4 })))
  end)
end)

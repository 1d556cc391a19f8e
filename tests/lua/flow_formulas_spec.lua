-- The small formulas of flows against others that say the same: times, penalties, weights, gammas,
-- predictions, paths; for numbers and for tensors, on both sides of each bound, with their
-- defaults.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local flow <const> = fm.flow
local double <const> = fm.real == "double"
local limit <const> = double and 1e-9 or 1e-5
local exp <const>, log <const>, pi <const> = math.exp, math.log, math.pi

--- f(t) of a number, and of a tensor of them: both near to want.
local function is(want, f, t, what, off)
  assert.near(want, f(t), off or limit, what)
  local y = f(fm.tensor { t, t })
  if type(y) ~= "number" then
    assert.same({ 2 }, y:shape(), what)
    y = y[2]
  end
  assert.near(want, y, off or 10 * limit, what)
end

local function slope(f, t) return (f(t + 1e-6) - f(t - 1e-6)) / 2e-6 end

describe("a sampler of times", function()
  checks.no_bytes_stay(before_each, after_each)

  local below_one <const> = double and 1 - 2 ^ -53 or 1 - 2 ^ -24
  local us <const> = { 0, 0.125, 0.5, 0.75, 1 }

  --- What a sampler makes of given draws.
  local function of(what, given)
    local rng = {}
    for name, list in pairs(given) do
      rng[name] = function(_, ...)
        assert.same(name == "integers" and { #list, 0, given.most } or { #list }, { ... })
        return fm.tensor(list)
      end
    end
    local list = given.uniform or given.normal or given.integers
    local t = flow.time(table.unpack(what))(rng, #list)
    assert.same({ #list }, t:shape())
    return t:totable()
  end

  it("is its formula of what it draws", function()
    assert.same(us, of({ "uniform" }, { uniform = us }))
    for _, case in ipairs { { {}, 1 }, { { a = 1 }, 1 }, { { a = 2 }, 2 }, { { a = -0.5 }, -0.5 } } do
      local what = { "power", next(case[1]) and case[1] }
      for i, t in ipairs(of(what, { uniform = us })) do assert.near(math.min(us[i] ^ (1 / (case[2] + 1)), below_one), t, 1e-6) end
    end
    for i, t in ipairs(of({ { "power", 3 } }, { uniform = us })) do assert.near(us[i] ^ (1 / 4), t, 1e-6) end
    for i, t in ipairs(of({ "cosmap" }, { uniform = us })) do
      local s, c = math.sin(us[i] * pi / 2), math.cos(us[i] * pi / 2)
      assert.near(s / (s + c), t, 1e-6)
    end
    for _, case in ipairs { { nil, 4 }, { { a = 2 }, 2 } } do -- the share of a density that grows as cosh a (t - 1/2) below t
      for i, t in ipairs(of({ "u_shaped", case[1] }, { uniform = us })) do
        local function sinh(y) return (exp(y) - exp(-y)) / 2 end
        assert.near(us[i], 0.5 + sinh(case[2] * (t - 0.5)) / sinh(case[2] / 2) / 2, 1e-5)
      end
    end
    for _, case in ipairs { { nil, 0, 1 }, { { mean = 1 }, 1, 1 }, { { std = 2 }, 0, 2 }, { { mean = -1, std = 0.5 }, -1, 0.5 }, { { std = 0 }, 0, 0 } } do
      for i, t in ipairs(of({ "logit_normal", case[1] }, { normal = { -2, 0, 1.5 } })) do
        assert.near(1 / (1 + exp(-(case[2] + case[3] * ({ -2, 0, 1.5 })[i]))), t, 1e-6)
      end
    end
    for i, t in ipairs(of({ "stratified" }, { uniform = us, permutation = { 3, 1, 5, 2, 4 } })) do
      assert.near(math.min((({ 3, 1, 5, 2, 4 })[i] - us[i]) / 5, below_one), t, 1e-6)
    end
    assert.same({ 0, 0.25, 0.75 }, of({ "grid", { steps = 4 } }, { integers = { 0, 1, 3 }, most = 3 }))
    assert.same({ 0, 0 }, of({ "grid" }, { integers = { 0, 0 }, most = 0 }))
  end)

  it("stays below 1", function()
    for name, draws in pairs { power = { uniform = { 1 } }, cosmap = { uniform = { 1 } }, u_shaped = { uniform = { 1 } },
      stratified = { uniform = { 0 }, permutation = { 1 } }, logit_normal = { normal = { 90 } } } do
      assert.equal(below_one, of({ name }, draws)[1], name)
    end
  end)

  it("refuses what it does not take", function()
    for _, name in ipairs { "uniform", "stratified", "cosmap" } do
      checks.raises_text(("time %s: unknown option \"a\""):format(name), flow.time, name, { a = 1 })
    end
    checks.raises_text("time power: a is given twice, by name and without", flow.time, { "power", 2, a = 2 })
    checks.raises_text("time power: a: expected a number in -0.999..1000000, found -1", flow.time, { "power", -1 })
    checks.raises_text("time power: a: expected a number in -0.999..1000000, found false", flow.time, "power", { a = false })
  end)
end)

describe("a penalty", function()
  checks.no_bytes_stay(before_each, after_each)

  local d <const> = fm.tensor { { 0.5, -1, 3 }, { 0, -2, 1 } }

  it("is its formula of each difference", function()
    checks.near(flow.penalty("mse").each(d), fm.tensor { { 0.25, 1, 9 }, { 0, 4, 1 } })
    for _, case in ipairs { { nil, { { 0.125, 0.5, 2.5 }, { 0, 1.5, 0.5 } } }, { { delta = 2 }, { { 0.125, 0.5, 4 }, { 0, 2, 0.5 } } } } do
      local penalty = flow.penalty("huber", case[1])
      checks.near(penalty.each(d), fm.tensor(case[2]))
      assert.near(fm.tensor(case[2]):mean():item(), penalty.mean(d + 7, fm.full({ 2, 3 }, 7)):item(), 1e-5)
    end
    assert.near(15.25 / 6, flow.penalty("mse").mean(d + 7, fm.full({ 2, 3 }, 7)):item(), 1e-5)
    for _, c in ipairs { false, 2 } do
      local size = c or 0.00054 * 3 ^ 0.5
      checks.near(flow.penalty("pseudo_huber", c and { c = c } or nil).each(d),
        fm.tensor { (10.25 + size ^ 2) ^ 0.5 - size, (5 + size ^ 2) ^ 0.5 - size }, 1e-5)
    end
  end)
end)

describe("a weight", function()
  checks.no_bytes_stay(before_each, after_each)

  it("is its formula of the path's coefficients, for what it is of", function()
    local function both(name, given, of, a, s, w, guard, want)
      local weight = flow.weight(name, given)
      assert.equal(of, weight.of)
      assert.near(want, weight.weight(a, s, w, guard), 1e-9)
      local y = weight.weight(fm.tensor { a, a }, fm.tensor { s, s }, fm.tensor { w, w }, guard)
      assert.near(want, type(y) == "number" and y or y[2], 1e-4)
    end
    both("velocity", nil, "velocity", 0.5, 0.25, 2, 0.1, 1)
    both("snr", nil, "noise", 0.5, 0.25, 2, 0.1, 1)
    both("likelihood", nil, "noise", 0.5, 0.25, 2, 0.1, 16)
    both("likelihood", nil, "noise", 0.05, 0.25, 2, 0.1, 80)
    both("likelihood", nil, "noise", 0.5, 0.05, 2, 0.1, 40)
    both("edm", nil, "data", 0.5, 0.25, 2, 0.1, (1 / 16 + 1 / 16) / (1 / 64))
    both("edm", { sigma_data = 2 }, "data", 0.5, 0.25, 2, 0.5, 17 / 16)
    both("min_snr", nil, "data", 0.5, 0.25, 2, 0.1, 4)
    both("min_snr", nil, "data", 1, 0.25, 2, 0.1, 5)
    both("min_snr", { gamma = 3 }, "data", 0.5, 0.25, 2, 0.1, 3)
    both("min_snr", { gamma = 20 }, "data", 1, 0.25, 2, 0.1, 16)
    assert.equal(5, flow.weight("min_snr").weight(1.0, 0.0))
  end)
end)

describe("a gamma", function()
  checks.no_bytes_stay(before_each, after_each)

  local function logistic(y) return 1 / (1 + exp(-y)) end
  local formulas <const> = {
    constant = function() return 1 end, quadratic = function(t) return t * (1 - t) end, sqrt = function(t) return (t * (1 - t)) ^ 0.5 end,
    sin_squared = function(t) return math.sin(pi * t) ^ 2 end,
    sigmoid = function(t) return logistic(10 * (t - 0.5) + 1) - logistic(10 * (t - 0.5) - 1) - (logistic(-4) - logistic(-6)) end,
  }

  it("is its formula, times its scale, with its slope", function()
    for name, formula in pairs(formulas) do
      for _, scale in ipairs { false, 3 } do
        local gamma = flow.gamma(name, scale and { scale = scale } or nil)
        for _, t in ipairs { 0.1, 0.5, 0.8 } do
          is((scale or 1) * formula(t), gamma.gamma, t, name)
          is((scale or 1) * slope(formula, t), gamma.dgamma, t, name, 1e-3)
        end
        if name ~= "constant" then
          for _, t in ipairs { 0, 1 } do is(0, gamma.gamma, t + 0.0, name, 1e-6) end
        end
      end
    end
    local steep = flow.gamma("sigmoid", { steepness = 4 })
    is(2 * logistic(1) - 1 - (logistic(-1) - logistic(-3)), steep.gamma, 0.5)
    is(slope(steep.gamma, 0.7), steep.dgamma, 0.7, nil, 1e-4)
  end)
end)

describe("a prediction", function()
  checks.no_bytes_stay(before_each, after_each)

  local names <const>, a <const>, s <const>, da <const>, ds <const> = { "velocity", "data", "noise", "score" }, 0.6, 0.5, 1.5, -0.75
  local x0 <const>, x1 <const> = fm.tensor { { 1, -2 }, { 0.5, 3 } }, fm.tensor { { -1, 4 }, { 2, 0.25 } }
  local x <const>, u <const> = x1 * a + x0 * s, x1 * da + x0 * ds
  local kinds <const> = {}
  for _, name in ipairs(names) do kinds[name] = flow.prediction(name) end

  it("has a target that gives the velocity back", function()
    checks.near(kinds.score.target(x0, x1, u, s), x0 * (-1 / s))
    checks.near(kinds.score.scaled(x0), x0 * -1)
    assert.equal("noise", kinds.score.like)
    assert.same({ true, false, false }, { kinds.data.divides_by_s == true, kinds.noise.divides_by_s == true, kinds.score.divides_by_s == true })
    for _, name in ipairs(names) do
      local target = kinds[name].target(x0, x1, u, s)
      checks.near(kinds[name].velocity(target, x, a, s, da, ds, 1e-3), u, 1e-4)
      local function of(c) return fm.full({ 2, 1 }, c) end
      checks.near(kinds[name].velocity(target, x, of(a), of(s), of(da), of(ds), 1e-3), u, 1e-4)
      checks.near(kinds[name].velocity(target, x, of(a), of(s), of(da), of(ds), of(1e-3)), u, 1e-4)
    end
    checks.near(kinds.score.target(x0, x1, u, 0), x0 * -2.0 ^ 24)
    checks.near(kinds.data.velocity(x1, x, a, 0.25, da, ds, 0.5), kinds.data.velocity(x1, x, a, 0.25, da, ds, fm.full({ 2, 1 }, 0.5)), 1e-4)
    local k = (0.25 * da - a * ds) / 0.5
    checks.near(kinds.data.velocity(x1, x, a, 0.25, da, ds, 0.5), x1 * k + x * ((a * da + 0.25 * ds - a * k) / (a * a + 0.0625)), 1e-4)
  end)

  it("converts into every other", function()
    local conversion <const> = require "fm.flow.prediction.parts.conversion"
    local guard <const> = 1e-6
    for _, from in ipairs(names) do
      for _, to in ipairs(names) do
        local scale, centre, centre_to = conversion(kinds[from], kinds[to], a, s, da, ds, guard)
        local value = kinds[from].target(x0, x1, u, s)
        checks.near((value - x * centre) * scale + x * centre_to, kinds[to].target(x0, x1, u, s), 1e-4)
        local function of(c) return fm.full({ 2, 1 }, c) end
        local of_tensors = kinds[to].rate(of(a), of(s), of(da), of(ds), guard) * kinds[from].per_rate(of(a), of(s), of(da), of(ds), guard)
        assert.near(scale, of_tensors[2][1], 1e-4)
      end
    end
  end)

  it("divides by no less than the guard", function()
    local function both(want, f, ...)
      assert.near(want, f(...), 1e-9)
      local list = { ... }
      for i = 1, 4 do list[i] = fm.full(2, list[i]) end
      local y = f(table.unpack(list))
      assert.near(want, y[2], math.abs(want) * 1e-6 + 1e-9)
    end
    both(10, kinds.data.per_rate, 1.0, 0.01, 0.0, 0.0, 0.1)
    both(-10, kinds.noise.per_rate, 0.01, 1.0, 0.0, 0.0, 0.1)
    both(10, kinds.score.per_rate, 0.01, 1.0, 0.0, 0.0, 0.1)
    both(10, kinds.score.rate, 1.0, 0.01, 0.0, 0.0, 0.1)
    for w, want in pairs { [0.01] = 10, [-0.01] = -10, [0.5] = 2, [-0.5] = -2, [0] = 0 } do both(want, kinds.velocity.per_rate, 0.0, 1.0, w, 0.0, 0.1) end
    assert.same({ true, false }, { kinds.data.fails(0, true, 1), kinds.data.fails(0, false, 1) })
    for _, name in ipairs { "noise", "score" } do assert.same({ true, false }, { kinds[name].fails(0.09, false, 0.1), kinds[name].fails(0.1, false, 0.1) }) end
    assert.same({ true, false }, { kinds.noise.fails(1, true, 0.1), kinds.score.fails(1, true, 0.1) })
    assert.is_nil(kinds.velocity.fails)
  end)
end)

describe("a path", function()
  checks.no_bytes_stay(before_each, after_each)

  local function vp(t, low, high)
    local r = 1 - t
    local a = exp(-(r * r * (high - low) / 2 + r * low) / 2)
    return a, (1 - a * a) ^ 0.5
  end
  local function trig(t, g) return (1 - g * g) ^ 0.5 * math.sin(t * pi / 2), (1 - g * g) ^ 0.5 * math.cos(t * pi / 2), g end
  local function bump(t) return (t * (1 - t)) ^ 0.5 end
  local cases <const> = {
    { { "linear" }, function(t) return t, 1 - t end }, { { "linear_vp" }, function(t) return t, (1 - t * t) ^ 0.5 end },
    { { "cosine" }, function(t) return math.sin(t * pi / 2), math.cos(t * pi / 2) end },
    { { "poly" }, function(t) return t ^ 3, 1 - t ^ 3 end }, { { "poly", { n = 1.5 } }, function(t) return t ^ 1.5, 1 - t ^ 1.5 end },
    { { "lipman" }, function(t) return t, 1 - (1 - 1e-4) * t end }, { { "lipman", { sigma_min = 0.2 } }, function(t) return t, 1 - 0.8 * t end },
    { { "ve" }, function(t) return 1, 0.01 * 200 ^ (1 - t) end }, { { "ve", { sigma_min = 0.5, sigma_max = 4 } }, function(t) return 1, 0.5 * 8 ^ (1 - t) end },
    { { "vp" }, function(t) return vp(t, 0.1, 20) end }, { { "vp", { beta_min = 2, beta_max = 3 } }, function(t) return vp(t, 2, 3) end },
    { { "i_cfm" }, function(t) return t, 1 - t, 0.1 end }, { { "i_cfm", { sigma = 2 } }, function(t) return t, 1 - t, 2 end },
    { { "schrodinger_bridge" }, function(t) return t, 1 - t, bump(t) end },
    { { "schrodinger_bridge", { sigma = 0.5 } }, function(t) return t, 1 - t, bump(t) / 2 end },
    { { "interpolant" }, function(t) return t, 1 - t, bump(t) end }, { { "interpolant", { line = "cosine", gamma = "quadratic" } },
      function(t) return math.sin(t * pi / 2), math.cos(t * pi / 2), t * (1 - t) end },
    { { "mirror" }, function(t) return 1, 0, bump(t) end }, { { "mirror", { gamma = "quadratic" } }, function(t) return 1, 0, t * (1 - t) end },
    { { "one_sided" }, function(t) return t, 1 - t end },
    { { "one_sided", { line = "cosine" } }, function(t) return math.sin(t * pi / 2), math.cos(t * pi / 2) end },
    { { "trig" }, function(t) return trig(t, bump(t)) end }, { { "trig", { gamma = "quadratic" } }, function(t) return trig(t, t * (1 - t)) end },
    { { "encoding_decoding" }, function(t)
      local c = math.cos(t * pi) ^ 2
      return t >= 0.5 and c or 0, t < 0.5 and c or 0, math.sin(pi * t) ^ 2
    end },
  }

  it("is its formula, with its slopes", function()
    for _, case in ipairs(cases) do
      local what, name = flow.path(table.unpack(case[1])), case[1][1]
      local formula <const> = case[2]
      local number <const> = { what:coefficients(0.3) }
      for _, t in ipairs { 0.1, 0.3, 0.6, 0.9 } do
        local found, of_tensor = { what:coefficients(t) }, { what:coefficients(fm.tensor { 0.2, t }) }
        local want = { formula(t) }
        assert.equal(want[3] and 6 or 4, #found, name)
        for i = 1, 2 do
          local function part(at) return (select(i, formula(at))) end
          want[i + 2], want[i + 4] = slope(part, t), want[i + 4]
        end
        if #found == 6 then
          local _, _, g = formula(t)
          want[5], want[6] = g, slope(function(at) return (select(3, formula(at))) end, t)
        end
        for i = 1, #found do
          local off = (i <= 2 or i == 5) and 1e-6 or 1e-4 * math.max(1, math.abs(want[i]))
          assert.near(want[i], found[i], off, ("%s, %d at %g"):format(name, i, t))
          assert.near(want[i], of_tensor[i][2], off * (double and 1 or 10), ("%s, %d at %g"):format(name, i, t))
        end
      end
      assert.equal(#number, #{ what:coefficients(fm.tensor { 0.3 }) })
    end
  end)

  it("finds the time of a ratio of data to noise", function()
    local time_of <const> = require "fm.flow.path.parts.time_of"
    local own = flow.path { a = function(t) return t ^ 2 end, s = function(t) return 1 - t end }
    local paths = { own, flow.path("vp", { beta_min = 0 }) }
    for _, case in ipairs(cases) do
      local what = flow.path(table.unpack(case[1]))
      if not what.noise then paths[#paths + 1] = what end
    end
    for i, path in ipairs(paths) do
      local find = time_of(path)
      for t, ratio in pairs { [0] = { 0.0, 1.0 }, [1] = { 1.0, 0.0 } } do -- nothing of the data, or nothing of the noise
        assert.equal(t, find(ratio[1], ratio[2]), i)
        assert.near(t, find(fm.full(2, ratio[1]), fm.full(2, ratio[2]))[2], 1e-6, i)
      end
      for _, t in ipairs { 0.0, 0.25, 0.7, 1.0 } do
        local a, s = path.a(t), path.s(t)
        assert.near(t, find(3 * a, 3 * s), 1e-6, i)
        assert.near(t, find(fm.tensor { a, a }, fm.tensor { s, s })[2], double and 1e-6 or 2e-3, i)
        assert.near(t, find(a, fm.tensor { s, s })[1], double and 1e-6 or 2e-3, i)
      end
    end
  end)

  it("starts as a normal of deviation s(0), with the density of that", function()
    for _, case in ipairs { { flow.path("ve"), 2 }, { flow.path "linear", 1 }, { flow.path "i_cfm", (1 + 0.01) ^ 0.5 },
      { flow.path("schrodinger_bridge", { sigma = 3 }), 1 } } do
      local path, std <const> = case[1], case[2]
      checks.near(path:source(3, 2, fm.rng(5)), fm.rng(5):normal(3, 2) * std, 1e-5)
      assert.same({ 3, 2, 4 }, path:source(3, { 2, 4 }, fm.rng(1)):shape())
      local x = fm.tensor { { 1, 2 }, { 0, -3 } }
      for row, square in ipairs { 5, 9 } do
        assert.near(-square / 2 / std ^ 2 - log(2 * pi) - 2 * log(std), path:source_log_prob(x)[row], 1e-5)
      end
    end
    local line <const>, mirror <const> = flow.path "linear", flow.path("mirror", { gamma = "sqrt" })
    checks.raises_text("path:source: n: expected a whole number in 0..1099511627776, found -1", line.source, line, -1, 2, fm.rng(1))
    checks.raises_text("path:source: dim: expected a whole number >= 1, or a list of them", line.source, line, 1, {}, fm.rng(1))
    checks.raises_text("path:source: s(0) is 0: the path does not start as a normal", line.source, mirror, 1, 2, fm.rng(1))
    assert.same({ 0, 2 }, flow.path("linear"):source(0, 2, fm.rng(1)):shape())
    assert.same({ 3, 1 }, flow.path("linear"):source(3, 1, fm.rng(1)):shape())
  end)

  it("asks its own source, and for its own density, by their shapes", function()
    local function ramp(t) return t end
    local function down(t) return 1 - t end
    local function own(source, log_p) return flow.path { a = ramp, s = down, source = source, source_log_prob = log_p } end
    local x <const>, rng <const> = fm.ones(3, 2), fm.rng(1)
    local seen
    checks.same(x, own(function(...)
      seen = { ... }
      return x
    end):source(3, 2, rng))
    assert.same({ 3, 2, rng }, seen)
    checks.same(fm.ones(3), own(nil, function(y) return y[{ {}, { 1, 1 } }] end):source_log_prob(x))
    local function fails(text, name, path, ...) checks.raises_text(("path:%s: %s"):format(name, text), path[name], path, ...) end
    fails("what the path's own source returned is a number", "source", own(function() return 3 end), 3, 2, rng)
    fails("the path's own source returned [3, 2], expected [3, 1]", "source", own(function() return x end), 3, 1, rng)
    fails("the path has a source_log_prob of its own, and no source to draw from", "source", own(nil, ramp), 3, 2, rng)
    fails("the path has a source of its own, and no source_log_prob: its density is not known", "source_log_prob", own(function() return x end), x)
    for shown, value in pairs { ["number"] = 3, ["tensor [2]"] = fm.ones(2) } do
      fails(("the path's own returned a %s, expected a tensor [3]"):format(shown), "source_log_prob", own(nil, function() return value end), x)
    end
    fails("x0 is a number: expected a tensor [B, ...]", "source_log_prob", flow.path "linear", 3)
    fails("rng: expected a random stream, found none", "source", flow.path "linear", 3, 2)
    fails("unexpected argument 4, a number: it takes 3", "source", flow.path "linear", 3, 2, rng, 4)
    for _, name in ipairs { "source", "source_log_prob", "sample", "coefficients" } do
      checks.raises_text(("path:%s: call it with a colon, on a path"):format(name), flow.path("linear")[name], {}, 1, 2, 3)
    end
  end)

  it("with noise keeps its slope away from where it has no bound, by its guard", function()
    local function root_slope(t) return (1 - 2 * t) / 2 / (t * (1 - t)) ^ 0.5 end
    for _, case in ipairs { { "schrodinger_bridge", {} }, { "interpolant", {} }, { "mirror", {} }, { "trig", {} },
      { "encoding_decoding", { gamma = "sqrt" } } } do
      for _, guard in ipairs { 1e-5, 0.01 } do
        if guard ~= 1e-5 then case[2].guard = guard end
        local path = flow.path(case[1], case[2])
        for t, at in pairs { [0] = guard, [1] = 1 - guard, [0.3] = 0.3 } do
          assert.near(1, select(6, path:coefficients(t)) / root_slope(at), 1e-6, case[1])
          assert.near(1, select(6, path:coefficients(fm.full(2, t)))[1] / root_slope(at), double and 1e-6 or 2e-2, case[1])
        end
      end
      checks.raises_text(("path %s: guard: expected a number in 1e-12..0.1, found 0.2"):format(case[1]), flow.path, case[1],
        { gamma = case[2].gamma, guard = 0.2 })
    end
    for name, gamma in pairs { [0] = "constant", [0.67] = function(t) return t * -1.5 end } do
      checks.raises_text(("path trig: gamma(%g) is %g, expected numbers below 1: with the noise the rest has variance 1 - gamma^2"):format(name,
        name == 0 and 1 or -1.005), flow.path, "trig", { gamma = gamma })
    end
    assert.is_true(pcall(flow.path, "trig", { gamma = function(t) return t * 0 + 0.99 end }))
  end)

  it("has slopes by the tape where none are given, and beside an end where they have no bound", function()
    local c <const> = require "fm.flow.path.parts.coefficients"
    local square = c.derivative(function(t) return t * t end)
    assert.near(0.6, square(0.3), 1e-6)
    checks.near(square(fm.tensor { 0.3, 0.5 }), fm.tensor { 0.6, 1 }, 1e-6)
    for _, f in ipairs { function() return 3 end, function() return fm.ones(2) end } do
      assert.equal(0, c.derivative(f)(0.5))
      assert.equal(0, c.derivative(f)(fm.ones(2)))
    end
    local root <const>, flat <const> = flow.path "linear_vp", flow.path "cosine"
    assert.same({ false, true, false, false }, { c.unbounded(root, 0), c.unbounded(root, 1), c.unbounded(flat, 0), c.unbounded(flat, 1) })
    local a, s, da, ds = c.terms(root, 1.0) -- -t / (1 - t^2)^(1/2) at the number before 1
    assert.same({ 1, 0, 1 }, { a, s, da })
    assert.near(1, ds / -(2.0 ^ 52) ^ 0.5, 1e-6)
    a, s, da, ds = c.terms_together(root, 1.0)
    assert.near(1, ds * s / -a, 1e-9)
    assert.same({ 1 - 2.0 ^ -53, 1 }, { a, da })
    local gap <const> = double and 2.0 ^ -53 or 2.0 ^ -24
    a, s, da, ds = c.terms_together(root, fm.tensor { 0.6, 1 })
    assert.equal(1, da)
    checks.near(a, fm.tensor { 0.6, 1 - gap }, 0)
    checks.near(s, fm.tensor { 0.8, (2 * gap) ^ 0.5 }, 1e-6)
    assert.near(1, ds[2] * (2 * gap) ^ 0.5 / -1, 1e-6)
    assert.near(-0.75, ds[1], 1e-6)
    -- a slope of what is asked for on a tape
    local t = fm.parameter(fm.tensor { 0.25, 0.5 })
    do
      local tape <close> = fm.record()
      local of_a, of_s = c.terms(flow.path("poly", { n = 2 }), t)
      local total = of_a * 2 + of_s
      total:sum():backward()
    end
    checks.near(t:grad(), fm.tensor { 0.5, 1 }, 1e-6)
    for _, case in ipairs { { false, false, 0, 1 }, { true, false, 0.1, 1 }, { false, true, 0, 0.9 }, { true, true, 0.1, 0.9 } } do
      local inside = c.away_from_ends(0.1, case[1], case[2])
      assert.same({ case[3], 0.5, case[4] }, { inside(0), inside(0.5), inside(1) })
      checks.near(inside(fm.tensor { 0, 0.5, 1 }), fm.tensor { case[3], 0.5, case[4] }, 1e-6)
    end
    assert.same({ 2, 1, 1 }, c.over_rows(fm.ones(2), fm.ones(2, 3, 4)):shape())
    assert.same({ 2, 1 }, c.over_rows(fm.ones(2, 1), fm.ones(2, 3)):shape())
    assert.equal(3, c.over_rows(3, fm.ones(2)))
  end)
end)

-- Where a path starts: path:source, path:source_log_prob, and the likelihoods, losses and exact
-- flows that read them.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local flow <const> = fm.flow
local double <const> = fm.real == "double"
local tight <const> = double and 1e-9 or 1e-6

local raises <const> = checks.raises

local function apart(a, b)
  assert.same(a:shape(), b:shape())
  return (a - b):abs():max():item()
end

local function log_normal(x, std)
  return ((x / std):square() * -0.5 - math.log(std) - 0.5 * math.log(2 * math.pi)):reshape(#x, -1):sum(2)
end

describe("the source of a path", function()
  checks.no_bytes_stay(before_each, after_each)

  it("is s(0) times a normal, a unit normal for most", function()
    local std = { linear = 1, poly = 1, linear_vp = 1, cosine = 1, lipman = 1, ve = 2, vp = (1 - math.exp(-10.05)) ^ 0.5, i_cfm = (1 + 0.01) ^ 0.5,
      schrodinger_bridge = 1 }
    for name, deviation in pairs(std) do
      local path = flow.path(name)
      local x0 = path:source(5, 3, fm.rng(7))
      assert.same({ 5, 3 }, x0:shape())
      assert.near(0, apart(x0, fm.rng(7):normal(5, 3) * deviation), 1e-6)
      assert.near(0, apart(path:source_log_prob(x0), log_normal(x0, deviation)), 1e-4)
      if deviation == 1 then assert.same(fm.rng(7):normal(5, 3):totable(), x0:totable()) end
    end
    local wide = flow.path("ve", { sigma_max = 50 })
    assert.near(50, wide:source(20000, 1, fm.rng(1)):square():mean():item() ^ 0.5, 1)
    assert.same({ 2, 1, 4, 4 }, wide:source(2, { 1, 4, 4 }, fm.rng(1)):shape())
    local picture = fm.rng(2):normal(3, 1, 2, 2)
    assert.near(0, apart(flow.path "linear":source_log_prob(picture), log_normal(picture, 1)), 1e-5)
    assert.same({ 0, 2 }, flow.path "linear":source(0, 2, fm.rng(1)):shape())
  end)

  it("is where i_cfm starts, noise and all", function()
    local x = flow.path("i_cfm", { sigma = 0.5 }):sample(fm.rng(1):normal(40000, 1), fm.zeros(40000, 1) + 3, 0, fm.rng(2):normal(40000, 1))
    local source = flow.path("i_cfm", { sigma = 0.5 }):source(40000, 1, fm.rng(3))
    assert.near(x:var():item() ^ 0.5, source:var():item() ^ 0.5, 0.02)
    local at_0 = flow.path "schrodinger_bridge":sample(fm.ones(2, 1), fm.zeros(2, 1), 0, fm.ones(2, 1))
    assert.same({ 1, 1 }, at_0:reshape(-1):totable())
  end)

  it("is what log_prob takes for the density at t = 0", function()
    local mean, std = { 0.3, -0.2 }, 0.4
    for _, path in ipairs { "linear", "vp", "linear_vp", "cosine", "ve", { "ve", sigma_max = 60 } } do
      local made = flow.path(path)
      local target = flow.exact.gaussian { mean = mean, std = std, path = made }
      local x = target:sample(50, fm.rng(1))
      local o = { rtol = tight, atol = tight, path = made }
      local found, info = flow.log_prob(target, x, o)
      assert.near(0, apart(info.log_p0, made:source_log_prob(info.x0)), 1e-5)
      -- the exact flow starts as N(a m, a^2 std^2 + s^2), which a model of ve and vp meets as N(0,
      -- s^2) only about
      local known = flow.log_prob(target, x, { rtol = tight, atol = tight })
      assert.near(0, apart(known, target:log_prob(x)), double and 1e-5 or 5e-3)
      assert.near(0, apart(known - found, target:log_prob(info.x0, 0) - made:source_log_prob(info.x0)), double and 1e-5 or 5e-3)
      local bits = flow.bits_per_dimension(target, x, { rtol = tight, atol = tight, path = made, dequantise = false, bins = 2 })
      assert.near(0, apart(bits, found * (-1 / (2 * math.log(2))) + 1), 1e-4)
    end
    local wide = flow.path("ve", { sigma_max = 60 })
    local target = flow.exact.gaussian { mean = mean, std = std, path = wide }
    local x = target:sample(50, fm.rng(1))
    assert.near(0, apart(flow.log_prob(target, x, { rtol = tight, atol = tight, path = wide }), target:log_prob(x)), 3e-2)
    local function mine(x0) return log_normal(x0, 60) end
    assert.near(0, apart(flow.log_prob(target, x, { path = "linear", log_p0 = mine }), target:log_prob(x)), 3e-2)
  end)

  it("is sampled by exact flows at any time", function()
    local target = flow.exact.mixture { means = { { -2 }, { 2 } }, std = 0.3, path = "ve" }
    for _, t in ipairs { 0, 0.5, 1 } do
      local s = 0.01 * 200 ^ (1 - t)
      local x = target:sample(40000, fm.rng(1), t)
      assert.near(4 + 0.09 + s * s, x:square():mean():item(), 0.1)
    end
    local x0 = target:sample(2000, fm.rng(2), 0)
    local x1 = flow.decode(target, x0)
    assert.near(4.09, x1:square():mean():item(), 0.15)
    assert.near(0, apart(target:source_log_prob(x0), target:log_prob(x0, 0)), 0)
  end)

  it("may be the script's own", function()
    local path = flow.path {
      a = function(t) return t end, s = function(t) return 1 - t end,
      source = function(n, dim, rng) return rng:uniform(n, dim) * 2 - 1 end,
      source_log_prob = function(x) return x:sum(2) * 0 - 2 * math.log(2) end,
    }
    assert.same((fm.rng(3):uniform(4, 2) * 2 - 1):totable(), path:source(4, 2, fm.rng(3)):totable())
    assert.near(-2 * math.log(2), path:source_log_prob(fm.zeros(3, 2))[1], 1e-6)
    local function still(x) return x * 0 end
    assert.near(-2 * math.log(2), flow.log_prob(still, fm.zeros(3, 2), { path = path })[1], 1e-6)
    local largest = 0
    flow.loss(function(x) -- at t = 0 the batch is the source
      largest = math.max(largest, x:detach():abs():max():item())
      return x
    end, fm.zeros(1000, 2), { rng = fm.rng(1), t = 0, path = path })
    assert(largest <= 1 and largest > 0.9)
    local drawn = flow.path { a = function(t) return t end, s = function(t) return 1 - t end, source = function(n) return fm.zeros(n, 2) end }
    raises("path:source_log_prob: the path has a source of its own, and no source_log_prob", drawn.source_log_prob, drawn, fm.zeros(1, 2))
    raises("path:source_log_prob: the path has a source of its own", flow.log_prob, still, fm.zeros(3, 2), { path = drawn })
    raises("path:source: the path's own source returned %[3, 2%], expected %[3, 5%]", drawn.source, drawn, 3, 5, fm.rng(1))
    local known = flow.path { a = function(t) return t end, s = function(t) return 1 - t end, source_log_prob = function() return 1 end }
    raises("path:source: the path has a source_log_prob of its own, and no source", known.source, known, 3, 5, fm.rng(1))
    raises("path:source_log_prob: the path's own returned a number, expected a tensor %[1%]", known.source_log_prob, known, fm.zeros(1, 2))
    local nowhere = flow.path { a = function(t) return 1 - t end, s = function(t) return t end }
    raises("path:source: s%(0%) is 0: the path does not start as a normal", nowhere.source, nowhere, 3, 5, fm.rng(1))
    raises("loss: path: s%(0%) is 0: it does not start at its source", flow.loss, still, fm.zeros(3, 2), { rng = fm.rng(1),
      path = { a = nowhere.a, s = nowhere.s, source = function(n, dim, rng) return rng:uniform(n, dim) end } })
  end)

  it("follows a script's table that changes between two losses", function()
    local mine = { a = function(t) return t end, s = function(t) return 1 - t end }
    local x0, x1 = fm.rng(1):normal(4, 2), fm.rng(2):normal(4, 2)
    local function loss() return flow.loss(function(x) return x end, x1, { x0 = x0, t = 0.3, path = mine }):item() end
    local first = loss()
    assert.equal(first, loss())
    mine.s = function(t) return (1 - t) * 2 end
    assert.is_true(math.abs(loss() - first) > 1e-3)
  end)

  it("scripts' paths may take tensors alone, and are checked when they are made", function()
    local path = flow.path { a = function(t) return t:sin() end, s = function(t) return t:cos() end }
    local a, s, da, ds = path:coefficients(0.5)
    for i, want in ipairs { math.sin(0.5), math.cos(0.5), math.cos(0.5), -math.sin(0.5) } do assert.near(want, ({ a, s, da, ds })[i], 1e-6) end
    raises("path: a fails for t = a tensor %[2%]: .*number expected", flow.path, { a = function(t) return math.sin(t) end, s = function(t) return t end })
    raises("path: s returned a tensor %[3%] for t = a tensor %[2%]", flow.path, { a = function(t) return t end, s = function() return fm.zeros(3) end })
    raises('loss: path: unknown path "vpp"; did you mean "vp"', flow.loss, function(x) return x end, fm.ones(2, 2), { rng = fm.rng(1), path = "vpp" })
    assert.same({ flow.path("poly", { n = 2 }):coefficients(0.3) }, { flow.path { "poly", n = 2 }:coefficients(0.3) })
    raises('path poly: unknown option "m"', flow.path, { "poly", m = 2 })
    raises('path linear: unknown option "n"', flow.path, "linear", { n = 2 })
    raises("path: unexpected options", flow.path, path, {})
    raises("path ve: sigma_min 3 is not below sigma_max 2", flow.path, "ve", { sigma_min = 3 })
    raises("exact.mixture: path: it has noise around its line", flow.exact.mixture, { means = { { 1 } }, path = "schrodinger_bridge" })
    raises("exact.mixture: std: .*the variance does not fit a", flow.exact.mixture, { means = { { 1 } }, std = double and 1e-200 or 1e-30 })
  end)
end)

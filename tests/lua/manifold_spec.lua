-- Spheres and tori: solves that stay on them, likelihoods, geodesic paths, gradients, what is
-- refused. Golden values: golden/manifold_spec.lua.
local fm <const> = require "fm"
local by_name <const> = require "fm.parts.by_name"
local checks <const> = dofile "tests/lua/checks.lua"
local flow <const>, manifold <const>, ode <const> = fm.flow, fm.manifold, fm.ode

local double <const> = fm.real == "double"
local pi <const> = math.pi

-- A field on the sphere that turns and pulls, with its time.
local function turning(x, t)
  local A = fm.tensor { { 0, 1.5, 0.3 }, { -1.5, 0, 0.8 }, { -0.3, -0.8, 0 } }
  return x:linear(A) + fm.tensor { { 0.5, -0.4, 0 } } + fm.tensor { { 1, 0, 0.9 } } * (type(t) == "number" and t or t:reshape(-1, 1))
end

local function lengths(x) return x:square():sum(2):sqrt() end

describe("manifold", function()
  checks.no_bytes_stay(before_each, after_each)

  it("knows its volume, and draws evenly in it", function()
    for dim, volume in pairs { [2] = 2 * pi, [3] = 4 * pi, [4] = 2 * pi ^ 2, [5] = 8 / 3 * pi ^ 2 } do
      assert.near(math.log(volume), manifold.sphere(dim).log_volume, 1e-12)
    end
    assert.near(2 * math.log(2 * pi), manifold.torus(2).log_volume, 1e-12)
    local x = manifold.sphere(3):uniform(20000, fm.rng(1))
    assert.near(0, (lengths(x) - 1):abs():max():item(), double and 1e-15 or 2e-7)
    for j = 1, 3 do -- each coordinate of S^2 is uniform in -1..1
      local z = x[{ {}, j }]
      assert.near(0, z:mean():item(), 4 / math.sqrt(3 * 20000))
      assert.near(1 / 3, z:square():mean():item(), 4 * math.sqrt(4 / 45 / 20000))
      assert.near(0.25, z:gt(0.5):mean():item(), 4 * math.sqrt(3 / 16 / 20000))
    end
    local angle = manifold.torus(1):uniform(20000, fm.rng(1))
    assert.is_true(angle:min():item() >= -pi - 1e-6 and angle:max():item() < pi)
    assert.near(0, angle:mean():item(), 4 * pi / math.sqrt(3 * 20000))
    assert.near(0, ((fm.rng(1):uniform(20000, 1) * 2 - 1) * pi - angle):abs():max():item(), 1e-5)
    assert.same({ 0, 3 }, manifold.sphere(3):uniform(0, fm.rng(1)):shape())
  end)

  it("keeps a solve on it, with every method, and with its order", function()
    local m, x0 = manifold.sphere(3), manifold.sphere(3):uniform(16, fm.rng(2))
    local exact = ode.solve(turning, x0, { method = "dop853", rtol = double and 1e-12 or 1e-6, atol = double and 1e-12 or 1e-6, manifold = m })
    for _, method in ipairs(by_name.names "fm.ode") do
      local adaptive = pcall(ode.solve, turning, x0, { method = method, rtol = 1e-3, atol = 1e-3 })
      local x, info = ode.solve(turning, x0, { method = method, steps = 100, manifold = m, save = 5 })
      assert.near(0, (lengths(x) - 1):abs():max():item(), double and 1e-12 or 3e-7)
      assert.near(0, (lengths(info.states:reshape(-1, 3)) - 1):abs():max():item(), double and 1e-12 or 3e-7)
      assert.near(0, (x - exact):abs():max():item(), method == "euler" and 0.03 or 1e-3)
      if adaptive then
        x = ode.solve(turning, x0, { method = method, rtol = 1e-6, atol = 1e-6, manifold = m })
        assert.near(0, (x - exact):abs():max():item(), 1e-4)
      end
    end
    for method, order in pairs { euler = 1, midpoint = 2, heun3 = 3, rk4 = 4 } do
      local function error_of(n) return (ode.solve(turning, x0, { method = method, steps = n, manifold = m }) - exact):square():mean():item() ^ 0.5 end
      if double or order < 3 then
        local found = math.log(error_of(8) / error_of(16), 2)
        assert.near(order, found, 0.35)
      end
    end
    local each = ode.solve(turning, x0, { rtol = 1e-6, atol = 1e-6, manifold = m, control = "sample" })
    assert.near(0, (each - exact):abs():max():item(), 1e-4)
  end)

  it("calls the field with points on it, and with conditions; events too", function()
    local m, worst = manifold.sphere(3), 0
    local x0, cond = m:uniform(8, fm.rng(3)), fm.range(1, 8)
    local function field(x, t, c)
      worst = math.max(worst, (lengths(x) - 1):abs():max():item())
      return turning(x, t) * c:reshape(-1, 1) / 4
    end
    local function height(y)
      worst = math.max(worst, (lengths(y) - 1):abs():max():item())
      return y[1][3]
    end
    local x, info = ode.solve(field, x0, { manifold = m, cond = cond, t1 = 4,
      events = { { height, direction = "up" }, { height, direction = "down" }, height } })
    assert.is_true(worst < (double and 1e-13 or 3e-7))
    assert.same({ 8, 3 }, x:shape())
    local up, down, both = table.unpack(info.events)
    assert.same({ 1, 0, 1 }, { #up.t, #down.t, #both.t })
    for _, event in ipairs(info.events) do
      for _, at in ipairs(event.x) do
        assert.near(0, at[1][3], 1e-4)
        assert.near(0, (lengths(at) - 1):abs():max():item(), double and 1e-13 or 3e-7)
      end
    end
    local one = ode.solve(field, x0[{ 2, 2 }], { manifold = m, cond = cond[{ 2, 2 }], rtol = 1e-7, atol = 1e-7 })
    local all = ode.solve(field, x0, { manifold = m, cond = cond, rtol = 1e-7, atol = 1e-7 })
    assert.near(0, (one - all[{ 2, 2 }]):abs():max():item(), 1e-5)
  end)

  it("turns in each Euler step by the angle of that step alone, however long the vectors that the engine sees have become", function()
    local m = manifold.sphere(3)
    local turn = fm.tensor { { 0, 3, 0 }, { -3, 0, 0 }, { 0, 0, 0 } }
    local x = ode.solve(function(y) return y:matmul(turn) end, fm.tensor { { 1, 0, 0 } }, { manifold = m, method = "euler", steps = 20 })
    assert.near(20 * math.atan(3 / 20), math.atan(x[1][2], x[1][1]), double and 1e-12 or 1e-5)
  end)

  it("wraps angles in a solve", function()
    local m = manifold.torus(2)
    local x = ode.solve(function(y) return fm.zeros(y:shape()) + fm.tensor { { 4, -7 } } end, fm.zeros(1, 2), { manifold = m, method = "euler", steps = 7 })
    assert.near(4 - 2 * pi, x[1][1], 1e-5)
    assert.near(2 * pi - 7, x[1][2], 1e-5)
  end)

  -- Uniform points pulled to a pole: with z the height, artanh z grows by the pull.
  it("gives the exact likelihood on a sphere", function()
    for dim = 3, 4 do
      local m, pull = manifold.sphere(dim), 1.3
      local axis = fm.zeros(1, dim)
      axis[{ {}, dim }]:fill(pull)
      local function field(x) return axis + x * 0 end
      local x = m:uniform(200, fm.rng(4))
      local z = x[{ {}, dim }]
      local want = {}
      for i, height in ipairs(z:totable()) do
        local after = 0.5 * math.log((1 + height) / (1 - height))
        local function log_cosh(c) return math.log(math.exp(c) + math.exp(-c)) end
        want[i] = -m.log_volume + (dim - 1) * (log_cosh(after) - log_cosh(after - pull))
      end
      local how = { manifold = m, rtol = 1e-7, atol = 1e-7 }
      local log_p, info = flow.log_prob(field, x, how)
      checks.near(log_p, fm.tensor(want), double and 1e-5 or 1e-3)
      assert.near(0, (lengths(info.x0) - 1):abs():max():item(), 1e-6)
      checks.near(flow.log_prob(field, x, { path = { "geodesic", manifold = m }, rtol = 1e-7, atol = 1e-7 }), log_p, 1e-5)
      local about = flow.log_prob(field, x, { manifold = m, divergence = "hutchinson", probes = 400, rng = fm.rng(5), method = "rk4", steps = 8 })
      assert.near(0, (about - log_p):mean():item(), 0.05)
    end
  end)

  it("gives the exact likelihood on a torus: its integral is 1", function()
    local m, n, pull = manifold.torus(1), 400, 1.1
    local x = (fm.linspace(-pi, pi, n + 1)[{ 1, n }]:reshape(n, 1)):clone()
    local log_p = flow.log_prob(function(y) return y:sin() * pull end, x, { manifold = m, rtol = 1e-7, atol = 1e-7 })
    assert.near(1, log_p:exp():mean():item() * 2 * pi, 1e-4)
    local tangent = (x / 2):sin():square() / (x / 2):cos():square():clamp { min = 1e-20 }
    local want = math.exp(-pull) * (1 + tangent) / (1 + math.exp(-2 * pull) * tangent) / (2 * pi)
    local inner = fm.range(20, n - 20)
    checks.near(log_p:exp():index_select(inner, 1), want:reshape(-1):index_select(inner, 1), 1e-4)
  end)

  it("trains along geodesics, from uniform points unless x0 is given", function()
    for _, m in ipairs { manifold.sphere(3), manifold.torus(2) } do
      local path = { "geodesic", manifold = m }
      local x1 = m:uniform(64, fm.rng(6))
      local seen
      local function model(x, t)
        seen = x
        return x * t:reshape(-1, 1)
      end
      local loss = flow.loss(model, x1, { rng = fm.rng(7), path = path })
      assert.is_true(loss:item() > 0)
      checks.near(m:project(seen), seen, 1e-5)
      local x0, t = flow.path(path):source(64, m.dim, fm.rng(8)), fm.rng(9):uniform(64)
      local xt, u = flow.path(path):sample(x0, x1, t)
      checks.near(m:tangent(xt, u), u, 1e-5)
      assert.near(0, (u:norm(2) - m:distance(x0, x1)):abs():max():item(), 2e-5)
      checks.near(m:distance(x0, xt), m:distance(x0, x1) * t, 3e-4)
      checks.near(flow.path(path):sample(x0, x1, 0), x0, 2e-5)
      assert.near(0, m:distance((flow.path(path):sample(x0, x1, 1)), x1):max():item(), 2e-3)
      checks.near(flow.path(path):source_log_prob(x0), fm.full(64, -m.log_volume))
    end
  end)

  it("has gradients for all that moves, also at equal points", function()
    local rng = fm.rng(10)
    for _, m in ipairs { manifold.sphere(3), manifold.torus(2) } do
      local x, y, v = fm.parameter(m:uniform(4, rng)), fm.parameter(m:uniform(4, rng)), fm.parameter(rng:normal(4, m.dim))
      local o = double and { eps = 1e-6, tolerance = 1e-6 } or { eps = 1e-2, tolerance = 5e-2 }
      -- differences would leave the manifold
      for _, method in ipairs { "log", "distance" } do
        assert(fm.gradcheck(function(a, b) return m[method](m, m:project(a), m:project(b)) end, { x, y }, o))
      end
      assert(fm.gradcheck(function(a, b) return m:tangent(m:project(a), b) end, { x, y }, o))
      assert(fm.gradcheck(function(a, b) return m:exp(m:project(a), m:tangent(m:project(a), b)) end, { x, v }, o))
      assert(fm.gradcheck(function(a) return m:project(a) end, { fm.parameter(x:detach() * 1.3) }, o))
      local a = fm.parameter(x:detach():clone())
      local tape <close> = fm.record()
      m:log(a, x:detach()):sum():backward()
      assert.is_true(a:grad():abs():max():item() < 1e3)
    end
  end)

  it("finds a way between opposite points, and near ones keep to the sphere", function()
    local m, rng = manifold.sphere(3), fm.rng(11)
    local x = fm.cat(m:uniform(2000, rng), m:project(fm.tensor { { 1, 1, 1 }, { 0, 0, 1 }, { 0.6, 0.8, 0 } }), 1)
    local v = m:log(x, -x)
    assert.near(0, (v:norm(2) - pi):abs():max():item(), 1e-5)
    assert.near(0, (m:exp(x, v) + x):abs():max():item(), 1e-5)
    assert.near(0, (v * x):sum(2):abs():max():item(), 1e-5)
    checks.near(m:distance(x, -x), fm.full(#x, pi), 1e-5)
    checks.near(m:distance(x, x), fm.zeros(#x), 1e-6)
    local xt, u = flow.path("geodesic", { manifold = m }):sample(x, -x, rng:uniform(#x))
    assert.near(0, (lengths(xt) - 1):abs():max():item(), 1e-5)
    assert.near(0, (u * xt):sum(2):abs():max():item(), 2e-5)
    for _, angle in ipairs { 1e-7, 1e-6, 1e-5, 1e-4, 1e-3 } do
      local side = m:tangent(x, rng:normal(#x, 3))
      local y = m:project(-x * math.cos(angle) + side / side:norm(2):reshape(-1, 1) * math.sin(angle))
      v = m:log(x, y)
      assert.near(0, (m:exp(x, v) - y):abs():max():item(), 2e-6)
      assert.near(0, (v * x):sum(2):abs():max():item(), 1e-5)
    end
  end)

  -- Without its rule for pi itself, the torus would give a few of these the angle pi.
  it("has angles from -pi to below pi, however often they went around", function()
    local list = {}
    for k = 0, 3000 do list[2 * k + 1], list[2 * k + 2] = { (2 * k + 1) * pi }, { -(2 * k + 1) * pi } end
    local angles = manifold.torus(1):project(fm.tensor(list))
    assert.equal(0, angles:ge(pi):sum():item())
    assert.equal(0, angles:lt(-pi):sum():item())
  end)

  it("refuses points that are not on it, and vectors that are not tangent", function()
    local fails <const> = checks.raises_text
    local m, torus, nan <const> = manifold.sphere(3), manifold.torus(2), 0 / 0
    local x, off, broken = fm.tensor { { 0, 1, 0 }, { 0, 0, 1 } }, fm.tensor { { 0, 1, 0 }, { 0, 0, 2 } }, fm.tensor { { 0, 1, 0 }, { 0, 0, nan } }
    for _, method in ipairs { "tangent", "log", "distance", "exp" } do
      fails(("sphere:%s: x: a row is 1 away from the sphere: expected points on it (manifold:project)"):format(method), m[method], m, off, x)
      fails(("sphere:%s: x: a row has a number that is not finite: expected points of the sphere"):format(method), m[method], m, broken, x)
    end
    for _, method in ipairs { "log", "distance" } do
      fails(("sphere:%s: y: a row is 1 away from the sphere"):format(method), m[method], m, x, off)
      fails(("torus:%s: y: a row has a number that is not finite"):format(method), torus[method], torus, fm.zeros(1, 2), fm.tensor { { 0, -math.huge } })
    end
    fails("sphere:log_uniform: x: a row is 1 away from the sphere", m.log_uniform, m, off)
    fails("torus:log_uniform: x: a row has a number that is not finite", torus.log_uniform, torus, fm.tensor { { nan, 0 } })
    fails("sphere:exp: v: a row is not tangent, by 0.5: expected vectors of manifold:tangent(x, v)", m.exp, m, x, fm.tensor { { 1, 0, 0 }, { 1, 0, 0.5 } })
    fails("sphere:exp: v: a row has a number that is not finite", m.exp, m, x, fm.tensor { { 1, 0, 0 }, { nan, 0, 0 } })
    fails("torus:exp: v: a row has a number that is not finite", torus.exp, torus, fm.zeros(1, 2), fm.tensor { { math.huge, 0 } })
    fails("sphere:project: x: row 2 has no nearest point on the sphere: it has NaN", m.project, m, broken)
    fails("torus:project: x: row 2 has no nearest point on the torus: it has an angle that is not finite", torus.project, torus,
      fm.tensor { { 0, 9 }, { nan, 0 } })
    fails("ode.solve: x0: a row has a number that is not finite", ode.solve, turning, fm.tensor { { nan, 0 } }, { manifold = torus })
    -- rounding is let pass, also that of long vectors; batches of no rows too
    local y = m:uniform(500, fm.rng(1))
    assert.near(0, (lengths(m:exp(y, m:tangent(y, fm.rng(2):normal(500, 3) * 1000))) - 1):abs():max():item(), 1e-3)
    assert.same({ 0, 3 }, m:exp(fm.zeros(0, 3), fm.zeros(0, 3)):shape())
    assert.same({ 0 }, m:distance(fm.zeros(0, 3), fm.zeros(0, 3)):shape())
  end)

  it("takes a manifold of the script's own", function()
    local half = { project = function(x) return x:abs() end, tangent = function(_, v) return v end, exp = fm.add,
      log = function(x, y) return y - x end, distance = function(x, y) return (y - x):norm(2) end,
      draw = function(n, rng) return rng:uniform(n, 1) end, log_volume = 0 }
    package.loaded.half_line = function() return half end
    package.preload.half_line = function() return package.loaded.half_line end
    local make = require "fm.manifold.parts.methods".maker(function() return half end, "half_line")
    local m = make(1)
    assert.same({ { 2.0 } }, m:project(fm.tensor { { -2 } }):totable())
    assert.near(0.5, ode.solve(function(x) return x * 0 - 1 end, fm.tensor { { 0.5 } }, { manifold = m, method = "euler", steps = 10 }):item(), 1e-6)
    package.loaded.half_line, package.preload.half_line = nil, nil
  end)

  it("refuses what makes no sense, in one sentence", function()
    local m, x = manifold.sphere(3), manifold.sphere(3):uniform(2, fm.rng(1))
    local fails <const> = checks.raises_text
    fails("manifold.sphere: D: expected at least 2 coordinates, found 1", manifold.sphere, 1)
    fails('did you mean "sphere"?', function() return manifold.shpere(3) end)
    fails("sphere:exp: v: expected [2, 3], found [2, 2]", m.exp, m, x, fm.zeros(2, 2))
    fails("sphere:project: x: expected [B, 3], found [3]", m.project, m, fm.zeros(3))
    fails("sphere:project: unexpected argument 2", m.project, m, x, x)
    fails("sphere:project: x: row 1 has no nearest point on the sphere: the square of its length is 0", m.project, m, fm.zeros(1, 3))
    fails("sphere:project: x: row 1 has no nearest point on the sphere: the square of its length is inf", m.project, m, fm.full({ 1, 3 }, 1e30) ^ 6)
    assert.same({ 0, 3 }, m:project(fm.zeros(0, 3)):shape())
    fails("sphere:project: x: row 2 has no nearest point on the sphere", m.project, m, fm.tensor { { 0, 1, 0 }, { 0, 0, 0 }, { 1, 0, 0 } })
    fails("manifold: exp: call it with a colon", m.exp, x, x)
    fails("sphere:uniform: rng", m.uniform, m, 3)
    fails("ode.solve: manifold: expected one of fm.manifold", ode.solve, turning, x, { manifold = "sphere" })
    fails("ode.solve: x0: a row is 1 away from the sphere", ode.solve, turning, x * 2, { manifold = m })
    fails("ode.solve: x0: expected points of the sphere [B, 3], found [2, 2]", ode.solve, turning, fm.zeros(2, 2), { manifold = m })
    fails("path geodesic: manifold is missing", flow.path, "geodesic")
    fails("path geodesic: points move along geodesics, it has no a(t) and s(t)", flow.loss, turning, x,
      { rng = fm.rng(1), path = { "geodesic", manifold = m }, predict = "data" })
    fails("no a(t) and s(t)", function() return flow.path("geodesic", { manifold = m }):coefficients(0.5) end)
    fails("path geodesic: x1: a row is", flow.loss, turning, x * 3, { rng = fm.rng(1), path = { "geodesic", manifold = m } })
    fails("the sphere has 3 coordinates", function() return flow.path("geodesic", { manifold = m }):source(3, 2, fm.rng(1)) end)
    fails("log_prob: manifold: the path does not run on it", flow.log_prob, turning, x, { manifold = m, path = "linear" })
    fails("log_prob: manifold: the path does not run on it", flow.log_prob, turning, x,
      { manifold = manifold.torus(3), path = { "geodesic", manifold = m } })
    fails("log_prob: x: a row is", flow.log_prob, turning, x * 2, { manifold = m })
  end)
end)

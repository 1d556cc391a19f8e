-- Flows on manifolds, beside manifold_spec.lua: the order of every method, tapes, densities whose
-- integral is 1, a trained flow, a manifold beside the script, losses besides the mean square.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local flow <const>, manifold <const>, ode <const> = fm.flow, fm.manifold, fm.ode
local raises <const> = checks.raises_text

local double <const> = fm.real == "double"
local in_double <const> = checks.in_double(it)

local function parameters(...)
  local list = { ... }
  for i, x in ipairs(list) do list[i] = fm.parameter(x:clone()) end
  return list
end

local function largest(x) return x:abs():max():item() end

-- A field that turns, pulls and depends on time, for points of three coordinates.
local turn <const> = { { 0.3, 1.2, -0.4 }, { -0.9, 0.1, 0.8 }, { 0.5, -0.7, -0.2 } }
local pull <const> = { 0.9, -0.5, 0.4 }
local function wind(x, t)
  local pulls = fm.tensor { pull }
  return x:matmul(fm.tensor(turn)) * (1 + t * t) + pulls
end

--- Weights and points of the Gauss-Legendre rule on -1..1 (Newton's method on the polynomial).
local function gauss(n)
  local points, weights = {}, {}
  for i = 1, n do
    local z, slope = math.cos(math.pi * (i - 0.25) / (n + 0.5)), nil
    for _ = 1, 50 do
      local before, at = 1, z
      for k = 2, n do before, at = at, ((2 * k - 1) * z * at - (k - 1) * before) / k end
      slope = n * (z * at - before) / (z * z - 1)
      z = z - at / slope
    end
    points[i], weights[i] = z, 2 / ((1 - z * z) * slope * slope)
  end
  return points, weights
end

--- Points of the sphere [n 2n, 3] and their areas.
local function sphere_rule(n)
  local rows, areas, z, w = {}, {}, gauss(n)
  for i = 1, n do
    for j = 1, 2 * n do
      local r, a = math.sqrt(1 - z[i] ^ 2), math.pi * j / n
      rows[#rows + 1], areas[#areas + 1] = { r * math.cos(a), r * math.sin(a), z[i] }, w[i] * math.pi / n
    end
  end
  return fm.tensor(rows), fm.tensor(areas)
end

describe("manifold", function()
  checks.no_bytes_stay(before_each, after_each)

  in_double("has gradients everywhere, at equal and at near points too", function()
    local rng = fm.rng(5)
    for _, m in ipairs { manifold.sphere(3), manifold.torus(2) } do
      local x, y, v = m:uniform(4, rng), m:uniform(4, rng), rng:normal(4, m.dim)
      assert(fm.gradcheck(function(a, b) return m:log(m:project(a), m:project(b)) end, parameters(x, y)))
      assert(fm.gradcheck(function(a, b) return m:exp(a, m:tangent(a, b)) end, parameters(x, v)))
      assert(fm.gradcheck(function(a, b) return m:distance(m:project(a), m:project(b)) end, parameters(x, y)))
      assert(fm.gradcheck(function(a) return m:exp(x, m:tangent(x, a)) end, parameters(fm.zeros(4, m.dim))))
      local close = m:exp(x, m:tangent(x, v * 1e-4))
      assert(fm.gradcheck(function(a) return m:log(x, m:project(a)) end, parameters(close)))
      local leaf = fm.parameter(x:clone())
      local tape <close> = fm.record()
      m:distance(leaf, x):sum():backward()
      assert.is_true(largest(leaf:grad() or fm.zeros(1)) < 10) -- no slope there: 0, not NaN
      local _, slope = fm.jvp(function(s) return m:log(x, m:exp(x, s * m:log(x, y))) end, { 0.5 }, { 1 })
      checks.near(slope, m:log(x, y), 1e-8)
    end
  end)

  it("is found beside the script, and its geodesics are those of its exp", function()
    local path, former = os.tmpname(), package.path
    local folder, name = path:match "^(.*/)(.*)$"
    do
      local file <close> = assert(io.open(path .. ".lua", "w"))
      file:write [[
        local fm = require "fm"
        return function(D)
          local m = fm.manifold.sphere(D)
          local own = { dim = D }
          for _, f in ipairs { "exp", "log", "project", "tangent", "distance" } do own[f] = function(...) return m[f](m, ...) end end
          own.draw = function(n, rng) return m:uniform(n, rng) end
          own.log_volume = m.log_volume
          return own
        end]]
    end
    package.path = folder .. "?.lua;" .. former
    local m, ball = manifold[name](4), manifold.sphere(4)
    local x, y, t = ball:uniform(5, fm.rng(1)), ball:uniform(5, fm.rng(2)), fm.rng(3):uniform(5)
    local xt, u = flow.path("geodesic", { manifold = m }):sample(x, y, t)
    local want_xt, want_u = flow.path("geodesic", { manifold = ball }):sample(x, y, t)
    checks.near(xt, want_xt)
    checks.near(u, want_u)
    package.path, package.loaded[name] = former, nil
    os.remove(path)
    os.remove(path .. ".lua")
  end)
end)

describe("ode.solve on a manifold", function()
  checks.no_bytes_stay(before_each, after_each)

  in_double("keeps the order of each method", function()
    local m = manifold.sphere(3)
    local x0 = m:uniform(6, fm.rng(1))
    local truth = ode.solve(wind, x0, { manifold = m, method = "dop853", rtol = 1e-12, atol = 1e-12 })
    for name, order in pairs { euler = 1, midpoint = 2, heun = 2, ralston = 2, heun3 = 3, rk4 = 4, rk4_38 = 4, ab2 = 2, ab3 = 3, ab4 = 4, rk45 = 5 } do
      local function off(steps) return largest(ode.solve(wind, x0, { manifold = m, method = name, steps = steps }) - truth) end
      local measured = math.log(off(20) / off(40), 2)
      assert(measured > order - 0.35, ("%s: order %.2f"):format(name, measured))
    end
  end)

  it("is the flow of the angle on a circle", function()
    local circle, line = manifold.sphere(2), manifold.torus(1)
    local a = line:uniform(5, fm.rng(4))
    local o = { method = "rk4", steps = 200 }
    local function speed(angle) return angle:sin() * 2 + 0.7 end
    local end_angle = ode.solve(function(x) return speed(x) end, a, { manifold = line, method = o.method, steps = o.steps })
    local x = ode.solve(function(p) -- p = (cos, sin)
      local c, s = p:slice { axis = 2, first = 1, last = 1 }, p:slice { axis = 2, first = 2, last = 2 }
      return fm.cat(-s, c, 2) * (s * 2 + 0.7)
    end, fm.cat(a:cos(), a:sin(), 2), { manifold = circle, method = o.method, steps = o.steps })
    checks.near(x, fm.cat(end_angle:cos(), end_angle:sin(), 2), double and 1e-7 or 1e-5)
    assert.is_true(end_angle:min():item() >= -math.pi and end_angle:max():item() < math.pi)
  end)

  it("is recorded, in both ways, with a condition and with rows", function()
    local m = manifold.sphere(3)
    local x0, w, gradients = m:uniform(4, fm.rng(1)), fm.parameter(fm.tensor(turn)), {}
    for _, memory in ipairs { "full", "segments" } do
      w:zero_grad()
      local tape <close> = fm.record()
      local x = ode.solve(function(at, _, c) return at:matmul(w) * c end, x0,
        { manifold = m, method = "rk4", steps = 7, memory = memory, cond = fm.tensor { { 1 }, { 2 }, { 0 }, { 1 } } })
      x:slice { axis = 2, first = 1, last = 2 }:sum():backward()
      gradients[#gradients + 1] = w:grad():clone():detach()
      checks.near(x[3], x0[3])
    end
    checks.near(gradients[1], gradients[2])
    assert.is_true(largest(gradients[1]) > 0.1)
    local x = ode.solve(function(at, _, rows) return at:matmul(fm.tensor(turn)) * rows:gt(2):reshape(-1, 1) end, x0, { manifold = m, rows = true })
    checks.near(x[{ 1, 2 }], x0[{ 1, 2 }])
  end)

end)

describe("a flow on a manifold", function()
  checks.no_bytes_stay(before_each, after_each)

  local exact <const> = { rtol = 1e-9, atol = 1e-9 }
  local function on(m, more)
    local o = { manifold = m, rtol = double and exact.rtol or 1e-6, atol = double and exact.atol or 1e-6 }
    for name, value in pairs(more or {}) do o[name] = value end
    return o
  end

  it("integrates to 1 over the sphere and over the torus", function()
    local x, areas = sphere_rule(24)
    local total = (flow.log_prob(wind, x, on(manifold.sphere(3))):exp() * areas):sum():item()
    assert.near(1, total, double and 1e-6 or 1e-4)
    local rows, n = {}, 48
    for i = 1, n do
      for j = 1, n do rows[#rows + 1] = { 2 * math.pi * i / n - math.pi, 2 * math.pi * (j - 0.5) / n - math.pi } end
    end
    local m = manifold.torus(2)
    local log_p = flow.log_prob(function(a, t)
      local p, q = a:slice { axis = 2, first = 1, last = 1 }, a:slice { axis = 2, first = 2, last = 2 }
      return fm.cat(q:sin() * 0.8 + p:cos() * 0.5, (p + q):sin() * 0.4 + t, 2)
    end, m:project(fm.tensor(rows)), on(m))
    assert.near(1, log_p:exp():mean():item() * (2 * math.pi) ^ 2, double and 1e-6 or 1e-4)
    assert.is_true(log_p:max():item() - log_p:min():item() > 0.5)
  end)

  it("keeps any density under a rotation", function()
    local m = manifold.sphere(3)
    local x = m:uniform(30, fm.rng(1))
    local spin = fm.tensor { { 0, 1.3, -0.4 }, { -1.3, 0, 0.9 }, { 0.4, -0.9, 0 } } -- antisymmetric
    local function log_p0(p) return p:slice { axis = 2, first = 3, last = 3 } * 2 end
    local log_p, info = flow.log_prob(function(p) return p:matmul(spin) end, x, on(m, { log_p0 = log_p0 }))
    checks.near(log_p, log_p0(info.x0):reshape(-1), double and 1e-8 or 1e-4)
    assert.is_true(largest(info.divergence) < (double and 1e-8 or 1e-4))
  end)

  it("has likelihoods with gradients", function()
    local m = manifold.sphere(3)
    local x, a = m:uniform(5, fm.rng(1)), fm.parameter(fm.tensor { pull })
    local o = { manifold = m, method = "rk4", steps = 8 }
    local function mean_at(at)
      return flow.log_prob(function(p) return fm.zeros(p:shape()) + at end, x, o):mean()
    end
    do
      local tape <close> = fm.record()
      mean_at(a):backward()
    end
    local slope, h = a:grad():clone():detach(), double and 1e-5 or 1e-2
    for i = 1, 3 do
      local step = fm.eye(3)[i] * h
      local both = mean_at(a:detach() + step):item() - mean_at(a:detach() - step):item()
      assert.near(both / (2 * h), slope[1][i], double and 1e-7 or 2e-3)
    end
  end)

  it("is trained by the loss on geodesics, whose x0 is uniform on the manifold", function()
    local m = manifold.torus(2)
    local model = fm.nn.mlp { inputs = 5, hidden = { 32, 32 }, outputs = 2, act = "silu" }
    local opt, rng = fm.optim.adam(model, { lr = 5e-3 }), fm.rng(1)
    local function velocity(x, t)
      local column = type(t) == "number" and fm.full({ #x, 1 }, t) or t:reshape(-1, 1)
      return model(fm.cat(x:cos(), x:sin(), column, 2))
    end
    local function data(n) return m:project(rng:normal(n, 2) * 0.3 + math.pi) end -- across the seam
    for _ = 1, 250 do
      opt:step(function() return flow.loss(velocity, data(128), { path = { "geodesic", manifold = m }, rng = rng }) end)
    end
    local x = ode.solve(velocity, m:uniform(500, rng), { manifold = m, method = "midpoint", steps = 20 })
    local near = m:distance(x, fm.full({ 500, 2 }, -math.pi)):lt(1):mean():item()
    assert.is_true(near > 0.9, "share within 1 of the data's centre: " .. near)
    assert.is_true(flow.log_prob(velocity, data(50), { path = { "geodesic", manifold = m } }):mean():item() > -2.5)
  end)

  it("takes other penalties, and a weight of the time", function()
    local m = manifold.sphere(3)
    local path = { "geodesic", manifold = m }
    local x1 = m:uniform(3, fm.rng(1))
    local function model(x) return x end
    local function loss(o)
      o.path, o.rng = path, fm.rng(1)
      return flow.loss(model, x1, o):item()
    end
    assert.near(loss {} / 2, loss { loss = { "huber", delta = 100 } }, 1e-5)
    assert.near(loss {} * 3, loss { weight = function(t) return t * 0 + 3 end }, 1e-5)
    raises("it has no a(t) and s(t)", loss, { predict = "noise" })
    raises("it has no a(t) and s(t)", loss, { weight = "velocity" })
    raises("it has no a(t) and s(t)", loss, { compare = "data" })
  end)
end)

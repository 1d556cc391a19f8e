-- Flows on the sphere and the torus. One field has a known flow on each: on the sphere v = a (n - z
-- x), with the pole n and the height z, moves atanh z by a; on the torus v_k = a_k sin x_k
-- multiplies tan(x_k / 2) by e^a_k. From uniform points the densities are
-- 1 / (4 pi (cosh a - z sinh a)^2), and the product of 1 / (2 pi (cosh a_k + sinh a_k cos x_k)).
local fm <const> = require "fm"
local by_name <const> = require "fm.parts.by_name"
local worst <const> = require "fm.verify.parts.worst"

local flow <const>, ode <const>, optim <const> = fm.flow, fm.ode, fm.optim
local margin <const> = "three times the largest of 8 other seeds, float and double"

local function column(x, k)
  return x:slice { axis = 2, first = k, last = k }
end

local function cosh_sinh(a)
  return (math.exp(a) + math.exp(-a)) / 2, (math.exp(a) - math.exp(-a)) / 2
end

local function sphere()
  local a <const>, m, pole = 0.8, fm.manifold.sphere(3), fm.tensor { { 0, 0, 1 } }
  local c, s = cosh_sinh(a)
  return { name = "sphere", manifold = m,
    field = function(x) return (pole - x * column(x, 3)) * a end,
    map = function(x) -- tanh(atanh z + a), and the rest keeps its direction
      local z = column(x, 3)
      local below = z * s + c
      return fm.cat(column(x, 1) / below, column(x, 2) / below, (z * c + s) / below, 2)
    end,
    log_prob = function(x)
      return ((-column(x, 3) * s + c):log() * -2 - math.log(4 * math.pi)):reshape(-1)
    end,
    cells = function(n) -- of equal areas, by height and longitude
      local z, turn = (fm.range(1, n) - 0.5) * (2 / n) - 1, (fm.range(1, 2 * n) - 0.5) * (math.pi / n)
      local zero = fm.zeros(n, 2 * n)
      local high, angle = (zero + z:reshape(-1, 1)):reshape(-1, 1), (zero + turn:reshape(1, -1)):reshape(-1, 1)
      local wide = (1 - high:square()):sqrt()
      return fm.cat(wide * angle:cos(), wide * angle:sin(), high, 2), 4 * math.pi / (2 * n * n)
    end,
    model = function()
      local net = fm.nn.vector_field { dim = 3, hidden = 64, time_embed = 16 }
      return function(x, t) return m:tangent(x, net(x, t)) end, net
    end,
  }
end

local function torus()
  local m, a = fm.manifold.torus(2), fm.tensor { { 0.8, -0.5 } }
  local c, s = (a:exp() + (-a):exp()) / 2, (a:exp() - (-a):exp()) / 2
  return { name = "torus", manifold = m,
    field = function(x) return x:sin() * a end,
    map = function(x) return ((x * 0.5):sin() * a:exp()):atan2((x * 0.5):cos()) * 2 end,
    log_prob = function(x) return ((x:cos() * s + c):log() * -1 - math.log(2 * math.pi)):sum(2) end,
    cells = function(n)
      local zero, at = fm.zeros(n, n), (fm.range(1, n) - 0.5) * (2 * math.pi / n) - math.pi
      return fm.cat((zero + at:reshape(-1, 1)):reshape(-1, 1), (zero + at:reshape(1, -1)):reshape(-1, 1), 2), (2 * math.pi / n) ^ 2
    end,
    model = function() -- of the points on their circles
      local net = fm.nn.vector_field { dim = 4, hidden = 64, time_embed = 16 }
      return function(x, t) return net(fm.cat(x:cos(), x:sin(), 2), t):slice { axis = 2, first = 1, last = 2 } end, net
    end,
  }
end

local function known_flow(case, of)
  local tolerance <const> = fm.real == "double" and 1e-8 or 1e-5
  local m, x0 = of.manifold, of.manifold:uniform(300, case.rng)
  local x1 = of.map(x0)
  local o <const> = { manifold = m, rtol = tolerance, atol = tolerance }
  case:row(of.name .. ": where a solve ends", m:distance(ode.solve(of.field, x0, o), x1):max():item(), 100 * tolerance,
    ("100 times the tolerance, %g"):format(tolerance))
  case:row(of.name .. ": log-density by a solve", case.apart(flow.log_prob(of.field, x1, o), of.log_prob(x1)), 100 * tolerance,
    ("100 times the tolerance, %g"):format(tolerance))
end

-- At t a point has gone t of the way, at the speed of the whole way.
local function geodesics(case, of)
  local m, path = of.manifold, flow.path("geodesic", { manifold = of.manifold })
  local x0, x1, t = m:uniform(300, case.rng), m:uniform(300, case.rng), case.rng:uniform(300)
  local xt, u = path:sample(x0, x1, t)
  local far = m:distance(x0, x1)
  local error = math.max(case.apart(m:distance(x0, xt), far * t), case.apart(m:distance(xt, x1), far * (1 - t)), case.apart(u:norm(2), far))
  case:row(of.name .. ": geodesics, lengths and speed", error, 1000 * case.rounding, "1000 roundings, for points that are nearly opposite")
  local h <const> = fm.real == "double" and 1e-4 or 1e-2
  local before, after = path:sample(x0, x1, t * (1 - 2 * h)), path:sample(x0, x1, t * (1 - 2 * h) + 2 * h)
  local middle, slope = path:sample(x0, x1, t * (1 - 2 * h) + h)
  case:row(of.name .. ": geodesics, velocity", case.apart(m:tangent(middle, m:log(before, after) / (2 * h)), m:tangent(middle, slope)),
    40 * h * h + 100 * case.rounding / h, "h^2, a third derivative of up to pi^3, and 100 roundings over h")
end

local function trained(case, of)
  local m, model, net = of.manifold, of.model()
  local opt, rate = optim.adam(net, { lr = 4e-3 }), optim.cosine { lr = 4e-3, steps = 1500, floor = 0.01 }
  for step = 1, 1500 do
    opt.lr = rate(step)
    opt:step(function() return flow.loss(model, of.map(m:uniform(256, case.rng)), { rng = case.rng, path = { "geodesic", manifold = m } }) end)
  end
  local o <const> = { manifold = m, method = "rk4", steps = 20 }
  local points, area = of.cells(40)
  local log_prob = flow.log_prob(model, points, o)
  case:row(of.name .. ": trained, density's integral", math.abs(log_prob:exp():sum():item() * area - 1), 0.005,
    "1600 cells or more of a smooth density, 20 steps of order 4")
  local want = of.log_prob(points)
  case:row(of.name .. ": trained, log-density error", ((log_prob - want):abs() * want:exp()):sum():item() * area, 0.15, margin)
end

return {
  about = "sphere and torus: a known flow and its density, geodesics, points that stay, trained densities",
  seconds = 8,
  run = function(case)
    for _, of in ipairs { sphere(), torus() } do
      known_flow(case, of)
      geodesics(case, of)
      trained(case, of)
    end
    local methods, m, x0 = {}, sphere(), fm.manifold.sphere(3):uniform(100, case.rng)
    for _, name in ipairs(by_name.names "fm.ode") do methods[#methods + 1] = { name, name } end
    local error, which = worst(methods, function(name)
      return (ode.solve(m.field, x0, { manifold = m.manifold, method = name, steps = 100 }):norm(2) - 1):abs():max():item()
    end)
    case:row(("sphere: |x| = 1 after %d methods"):format(#methods), error, 4 * case.rounding, "4 roundings; the largest is of " .. which)
  end,
}

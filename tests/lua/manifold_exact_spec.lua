-- Densities on manifolds against closed forms, volume included, and uniform sources: where every
-- flow on a manifold starts.
local fm <const> = require "fm"
local by_name <const> = require "fm.parts.by_name"
local checks <const> = dofile "tests/lua/checks.lua"
local flow <const>, manifold <const> = fm.flow, fm.manifold

local double <const>, pi <const> = fm.real == "double", math.pi
local tight <const> = double and 1e-10 or 1e-6

local function column(x, i) return x:slice { axis = 2, first = i, last = i } end

--- Whether log-densities agree, to what the solve's tolerance allows.
local function near(log_p, want) checks.near(log_p, want, double and 1e-7 or 5e-4) end

local function log_prob(field, m, x, more)
  local o = { manifold = m, rtol = tight, atol = tight }
  for name, value in pairs(more or {}) do o[name] = value end
  return flow.log_prob(field, x, o)
end

-- dx/dt = k sin x on a circle: tan(x/2) grows by exp(k t), so uniform angles get the density of a
-- wrapped Cauchy distribution around pi, 1 / (2 pi (e^k cos^2 x/2 + e^-k sin^2 x/2)).
local function log_cauchy(x, k)
  local c, s = (x / 2):cos():square(), (x / 2):sin():square()
  return -(c * math.exp(k) + s * math.exp(-k)):log() - math.log(2 * pi)
end

describe("the density of a flow on a manifold", function()
  checks.no_bytes_stay(before_each, after_each)

  it("is that of wrapped Cauchy distributions on tori, the seam included", function()
    for dim = 1, 3 do
      local m, pulls, want = manifold.torus(dim), {}, 0
      local x = fm.cat(m:uniform(40, fm.rng(1)), fm.full({ 1, dim }, -pi), fm.full({ 1, dim }, pi - 1e-3), fm.zeros(1, dim), 1)
      for i = 1, dim do
        pulls[i] = 0.4 + 0.5 * i
        want = want + log_cauchy(column(x, i), pulls[i])
      end
      local k = fm.tensor { pulls }
      near(log_prob(function(y) return y:sin() * k end, m, x), want:reshape(-1))
    end
  end)

  it("is the source's at the point where it came from, when the flow shears a torus", function()
    local m, k = manifold.torus(2), 2.5
    local x = m:uniform(60, fm.rng(2))
    local function field(y) return fm.cat(column(y, 1) * 0, column(y, 1):cos() * k, 2) end -- keeps areas
    local function log_p0(y) return (log_cauchy(column(y, 1), 0.7) + log_cauchy(column(y, 2), -1.2)):reshape(-1) end
    local log_p, info = log_prob(field, m, x, { log_p0 = log_p0 })
    local before = fm.cat(column(x, 1), column(x, 2) - column(x, 1):cos() * k, 2)
    near(log_p, log_p0(before))
    near(m:distance(info.x0, m:project(before)), fm.zeros(60))
  end)

  -- A field k a, its tangent part, pulls points to the axis a. With z = a . x, artanh z grows by k
  -- t, and uniform points get the density cosh(artanh z)^(D - 1) / cosh(artanh z - k)^(D - 1) / V =
  -- 1 / V / (cosh k - z sinh k)^(D - 1).
  it("is that of points pulled to an axis, on spheres in 2 to 6 coordinates, the poles included", function()
    for dim, volume in pairs { [2] = 2 * pi, [3] = 4 * pi, [4] = 2 * pi ^ 2, [5] = 8 / 3 * pi ^ 2, [6] = pi ^ 3 } do
      local m, k = manifold.sphere(dim), 1.1
      local axis = m:uniform(1, fm.rng(dim))
      local x = fm.cat(m:uniform(40, fm.rng(3)), axis, -axis, 1)
      local z = (x * axis):sum(2)
      local cosh, sinh = (math.exp(k) + math.exp(-k)) / 2, (math.exp(k) - math.exp(-k)) / 2
      local want = (cosh - z * sinh):log() * (1 - dim) - math.log(volume)
      near(log_prob(function(y) return axis * k + y * 0 end, m, x), want)
    end
  end)

  it("is the same on the circle as a sphere and as a torus", function()
    local angle = manifold.torus(1):uniform(50, fm.rng(4))
    local function speed(a) return a:sin() * 1.3 + (a * 2):cos() * 0.5 + 0.4 end
    local function along(p) -- the same at the point (cos, sin)
      local c, s = column(p, 1), column(p, 2)
      return fm.cat(-s, c, 2) * (s * 1.3 + (c * c - s * s) * 0.5 + 0.4)
    end
    near(log_prob(along, manifold.sphere(2), fm.cat(angle:cos(), angle:sin(), 2)), log_prob(speed, manifold.torus(1), angle))
  end)
end)

describe("a uniform source", function()
  checks.no_bytes_stay(before_each, after_each)

  -- For each manifold: numbers of coordinates, and statistics of points that are known: { values
  -- [n], their mean }.
  local kinds <const> = {}

  kinds.sphere = { dims = { 2, 3, 5 }, statistics = function(x)
    local list, dim = {}, x:size(2)
    for i = 1, dim do
      list[#list + 1] = { column(x, i), 0 }
      list[#list + 1] = { column(x, i) ^ 4, 3 / (dim * (dim + 2)) }
      for j = 1, i do list[#list + 1] = { column(x, i) * column(x, j), i == j and 1 / dim or 0 } end
    end
    return list
  end }

  kinds.torus = { dims = { 1, 2, 4 }, statistics = function(x)
    local list = {}
    for i = 1, x:size(2) do
      for k = 1, 3 do
        list[#list + 1] = { (column(x, i) * k):cos(), 0 }
        list[#list + 1] = { (column(x, i) * k):sin(), 0 }
      end
      for j = 1, i - 1 do list[#list + 1] = { (column(x, i) - column(x, j)):cos(), 0 } end
      list[#list + 1] = { column(x, i), 0 }
      list[#list + 1] = { column(x, i):square(), pi ^ 2 / 3 }
    end
    return list
  end }

  for _, name in ipairs(by_name.names "fm.manifold") do
    local kind <const> = assert(kinds[name], "say in kinds what is known of the " .. name)

    it(("is even on the %s: means that are known"):format(name), function()
      local n = 40000
      for _, dim in ipairs(kind.dims) do
        local x = manifold[name](dim):uniform(n, fm.rng(dim))
        for i, s in ipairs(kind.statistics(x)) do
          local values, mean = s[1], s[2]
          local off = math.abs(values:mean():item() - mean) / math.sqrt(values:var():item() / n)
          assert(off < 4.5, ("%s(%d), statistic %d: %.1f deviations"):format(name, dim, i, off))
        end
      end
    end)

    it(("is where flows on the %s start, with the density 1 / volume"):format(name), function()
      for _, dim in ipairs(kind.dims) do
        local m = manifold[name](dim)
        local path = flow.path("geodesic", { manifold = m })
        checks.same(m:uniform(30, fm.rng(7)), path:source(30, dim, fm.rng(7)))
        local x = m:uniform(30, fm.rng(8))
        local even = fm.full(30, -m.log_volume)
        checks.same(even, m:log_uniform(x))
        checks.same(even, path:source_log_prob(x))
        near(log_prob(function(y) return y * 0 end, m, x), even) -- nothing moves
        near(flow.log_prob(function(y) return y * 0 end, x, { path = path }), even)
        local seen
        flow.loss(function(y, t)
          seen = y
          return y * t:reshape(-1, 1)
        end, x, { path = path, rng = fm.rng(9), t = fm.zeros(30) })
        assert.is_true(m:distance(seen, x):mean():item() > 0.5) -- at t = 0 they are the source's points, not the data
      end
    end)
  end
end)

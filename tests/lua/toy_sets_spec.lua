-- The 2D sets against their formulas: without noise the points lie on the named curve, in the named
-- shares and with the named density along it; the noise is what is added, of the named deviation.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local data <const> = fm.data
local pi <const> = math.pi

local n <const> = 2500

--- Points without noise as a list of { x, y }.
local function clean(name, o)
  o = o or {}
  o.n, o.noise, o.rng = o.n or n, 0, fm.rng(3, name)
  return data[name](o):totable()
end

--- A list of f(x, y) of points.
local function each(points, f)
  local list = {}
  for i, p in ipairs(points) do list[i] = f(p[1], p[2]) end
  return list
end

--- The list is a sample of a distribution with this mean and variance: within 5 deviations of the
--- mean, and 8 % of the variance.
local function spread(list, mean, variance)
  local x = fm.tensor(list)
  assert.near(mean, x:mean():item(), 5 * math.sqrt(variance / #list))
  assert.near(1, x:var { unbiased = true }:item() / variance, 0.08)
end

--- The list is a sample of the uniform distribution on low..high.
local function uniform(list, low, high)
  local x = fm.tensor(list)
  assert.is_true(x:min():item() > low - 1e-4 and x:max():item() < high + 1e-4)
  spread(list, (low + high) / 2, (high - low) ^ 2 / 12)
end

--- Each of the whole numbers first .. last makes an equal share of the list.
local function equal_shares(list, first, last)
  local counts, parts, worst = {}, last - first + 1, 0
  for _, v in ipairs(list) do
    local whole = math.floor(v + 0.5)
    worst = math.max(worst, math.abs(v - whole))
    counts[whole] = (counts[whole] or 0) + 1
  end
  assert.near(0, worst, 2e-3)
  for k = first, last do
    assert.near(1 / parts, (counts[k] or 0) / #list, 5 * math.sqrt((1 - 1 / parts) / parts / #list))
    counts[k] = nil
  end
  assert.same({}, counts)
end

local function angle(x, y) return math.atan(y, x) % (2 * pi) end
local function radius(x, y) return math.sqrt(x * x + y * y) end

describe("the 2D set", function()
  setup(function() data.moons { n = 2 } end)
  checks.no_bytes_stay(setup, teardown)

  for name, noise in pairs { moons = 0.05, eight_gaussians = math.sqrt(0.1), two_spirals = 0.1, swiss_roll = 0.05, circles = 0.05, rings = 0.08,
    s_curve = 0.05, gaussians = 0.3 } do
    it(name .. " has noise of the named deviation, in all directions", function()
      local function added(given)
        return data[name] { n = n, noise = given, rng = fm.rng(3, name) } - data[name] { n = n, noise = 0, rng = fm.rng(3, name) }
      end
      local z = added()
      for k = 1, 2 do spread(z[{ {}, k }]:totable(), 0, noise ^ 2) end
      assert.near(0, (z[{ {}, 1 }] * z[{ {}, 2 }]):mean():item() / noise ^ 2, 5 / math.sqrt(n))
      checks.near(z * (0.7 / noise), added(0.7), 1e-5)
    end)
  end

  for name, least in pairs { checkerboard = 4, pinwheel = 6 } do
    it(name .. " has no noise unless it is given", function()
      checks.same(data[name] { n = 100, rng = fm.rng(1) }, data[name] { n = 100, noise = 0, rng = fm.rng(1) })
      assert.is_true(data[name] { n = 100, noise = 9, rng = fm.rng(1) }:abs():max():item() > least)
    end)
  end

  it("moons is an upper half circle around 0 and a lower one around (1, 1/2)", function()
    local lower = each(clean "moons", function(x, y) return math.abs(radius(x, y) - 1) < 1e-4 and y > -1e-6 and 0 or 1 end)
    equal_shares(lower, 0, 1)
    uniform(each(clean "moons", function(x, y)
      if math.abs(radius(x, y) - 1) < 1e-4 and y > -1e-6 then return math.atan(y, x) end
      assert.near(1, radius(x - 1, y - 0.5), 1e-4)
      return math.atan(0.5 - y, 1 - x)
    end), 0, pi)
  end)

  it("eight_gaussians and gaussians have their middles on a circle, at equal angles, equally often", function()
    for name, o in pairs { eight_gaussians = { modes = 8, radius = 5 }, gaussians = { modes = 5, radius = 4 } } do
      equal_shares(each(clean(name), function(x, y)
        assert.near(o.radius, radius(x, y), 1e-4)
        return (angle(x, y) / (2 * pi / o.modes) + 0.5) % o.modes - 0.5
      end), 0, o.modes - 1)
    end
    equal_shares(each(clean("gaussians", { modes = 3, radius = 2 }), function(x, y)
      return (angle(x, y) / (2 * pi / 3) + 0.5) % 3 - 0.5 + (radius(x, y) - 2)
    end), 0, 2)
    assert.near(7, data.eight_gaussians { n = 1, radius = 7, noise = 0 }:norm():item(), 1e-4)
  end)

  it("checkerboard is uniform in the squares whose column and row are both even or both odd", function()
    local points = clean "checkerboard"
    equal_shares(each(points, function(x, y)
      local column, row = math.floor(x / 2) + 2, math.floor(y / 2) + 2
      assert.equal(0, (column + row) % 2)
      return column * 2 + row // 2
    end), 0, 7)
    uniform(each(points, function(x) return x % 2 end), 0, 2)
    uniform(each(points, function(_, y) return y % 2 end), 0, 2)
  end)

  it("two_spirals is one and a half turns of a widening square, and the same turned by half a turn", function()
    -- 3 p = sign (v - a cos a, w + a sin a), a^2 uniform up to (3 pi)^2, v and w uniform up to 1/2
    local a <const> = fm.linspace(0, 3 * pi, 6000)
    local cx, cy = a * a:cos() * -1, a * a:sin()
    for _, p in ipairs(clean("two_spirals", { n = 300 })) do
      local fits = 0
      for _, sign in ipairs { 3, -3 } do
        local v, w = cx * -1 + p[1] * sign, cy * -1 + p[2] * sign
        fits = fits + (v:gt(-0.002) * v:lt(0.502) * w:gt(-0.002) * w:lt(0.502)):max():item()
      end
      assert.is_true(fits > 0, ("%g, %g"):format(p[1], p[2]))
    end
    local points = clean("two_spirals", { n = 2 * n })
    local squares = each(points, function(x, y) return x * x + y * y end)
    -- E a cos a = -4 / (3 pi), E a sin a = 2 - 8 / (9 pi^2)
    assert.near((9 * pi ^ 2 / 2 + 1 / 6 + 2 / (3 * pi) + 1 - 4 / (9 * pi ^ 2)) / 9, fm.tensor(squares):mean():item(), 0.17)
    for k = 1, 2 do assert.near(0, fm.tensor(points)[{ {}, k }]:mean():item(), 0.09) end -- one arm alone: 0.22 and 0.72
  end)

  it("pinwheel has arms at equal angles that bend by rate e^r", function()
    local arm <const> = 2 * pi / 5
    equal_shares(each(clean("pinwheel", { radial = 0.2, tangential = 0 }), function(x, y)
      local r = radius(x, y) / 2
      return ((angle(x, y) - 0.25 * math.exp(r)) / arm + 0.5) % 5 - 0.5
    end), 0, 4)
    local straight = clean("pinwheel", { arms = 1, rate = 0 })
    spread(each(straight, function(x) return x / 2 end), 1, 0.3 ^ 2)
    spread(each(straight, function(_, y) return y / 2 end), 0, 0.1 ^ 2)
    local given = clean("pinwheel", { arms = 1, rate = pi / 2 / math.exp(1), radial = 0, tangential = 0.5 }) -- turned by 90 degrees
    spread(each(given, function(x) return x / 2 end), 0, 0.5 ^ 2)
    for _, p in ipairs(given) do assert.near(2, p[2], 1e-4) end
  end)

  it("swiss_roll has the radius t / 5 at the angle t, from 3/2 pi to 9/2 pi", function()
    uniform(each(clean "swiss_roll", function(x, y)
      local t = radius(x, y) * 5
      assert.near(0, (t - angle(x, y) + pi) % (2 * pi) - pi, 1e-4)
      return t
    end), 1.5 * pi, 4.5 * pi)
  end)

  it("circles and rings are evenly covered circles, each as often", function()
    local points = clean "circles"
    equal_shares(each(points, function(x, y) return radius(x, y) * 2 end), 1, 2)
    uniform(each(points, angle), 0, 2 * pi)
    equal_shares(each(clean("circles", { factor = 0.25 }), function(x, y) return (radius(x, y) - 0.25) / 0.75 end), 0, 1)
    points = clean "rings"
    equal_shares(each(points, function(x, y) return radius(x, y) / 0.75 end), 1, 4)
    uniform(each(points, angle), 0, 2 * pi)
  end)

  it("s_curve is (sin t, cos t - 1) for t > 0, and that turned by half a turn, up to 3/2 pi", function()
    local points = clean "s_curve"
    equal_shares(each(points, function(_, y) return y < 0 and 1 or 0 end), 0, 1)
    uniform(each(points, function(x, y)
      local side = y < 0 and 1 or -1
      local t = math.atan(x * side, y * side + 1) % (2 * pi)
      assert.near(1, radius(x, y * side + 1), 1e-4)
      return t
    end), 0, 1.5 * pi)
  end)
end)

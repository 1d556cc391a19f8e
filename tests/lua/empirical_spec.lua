local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local flow <const>, ode <const> = fm.flow, fm.ode
local double <const> = fm.real == "double"
local in_double <const> = checks.in_double(it)

local raises_text <const> = checks.raises_text
local empirical <const> = flow.exact.empirical

local function apart(a, b)
  assert.same(a:shape(), b:shape())
  return (a - b):abs():max():item()
end

describe("the flow of some points", function()
  checks.no_bytes_stay(before_each, after_each)
  local limit <const> = double and 1e-11 or 2e-5

  it("goes straight to the only point, on every path", function()
    local y, x = fm.tensor { { 1, -2, 0.5 } }, fm.rng(1):normal(4, 3)
    local one = empirical { points = y }
    for _, t in ipairs { 0, 0.3, 0.9 } do
      assert.near(0, apart(one(x, t), (fm.zeros(4, 3) + y - x) / (1 - t)), limit * 10)
      assert.near(0, apart(one:mean(x, t), fm.zeros(4, 3) + y), limit)
      assert.near(0, apart(one:score(x, t), (y * t - x) / (1 - t) ^ 2), limit * 1e3)
      assert.near(0, apart(one:posterior(x, t), fm.ones(4, 1)), limit)
    end
    for _, name in ipairs { "linear", "cosine", "vp", "poly", "linear_vp", "lipman" } do
      local target = flow.exact.gaussian { mean = { 1, -2, 0.5 }, std = 1e-8, path = name }
      if double then assert.near(0, apart(empirical { points = y, path = name }(x, 0.4), target(x, 0.4)), 1e-9) end
    end
  end)

  it("has the closed form of two points: E[x1 | x] = tanh(a x / s^2)", function()
    local two, x = empirical { points = { { 1 }, { -1 } } }, fm.linspace(-2, 2, 9):reshape(9, 1)
    local t = fm.linspace(0.1, 0.9, 9)
    local a, s = t:reshape(9, 1), (1 - t):reshape(9, 1)
    local mean = (a * x / s:square()):tanh()
    assert.near(0, apart(two:mean(x, t), mean), limit)
    assert.near(0, apart(two(x, t), (mean - x) / s), limit * 10)
    assert.near(0, apart(two:velocity(x, t:reshape(9, 1)), (mean - x) / s), limit * 10)
    assert.near(0, apart(two:posterior(x, t):slice { axis = 2, first = 1, last = 1 }, (mean + 1) / 2), limit)
  end)

  in_double("is the mixture of narrow Gaussians around the points, in few and in many dimensions", function()
    for _, dim in ipairs { 2, 8, 9, 20 } do
      local points = fm.rng(dim):normal(6, dim) + 5 -- far from 0
      for _, name in ipairs { "linear", "cosine", "vp" } do
        local narrow, own = flow.exact.mixture { means = points, std = 1e-7, path = name }, empirical { points = points, path = name }
        local x = fm.rng(2):normal(7, dim) + 2
        for _, t in ipairs { 0, 0.4, 0.9 } do
          assert.near(0, apart(own(x, t), narrow(x, t)), 1e-8)
          assert.near(0, apart(own:score(x, t), narrow:score(x, t)), 1e-6)
        end
      end
    end
  end)

  it("keeps to the same numbers in blocks, with times by row, and for points of any rank", function()
    local points, x, t = fm.rng(1):normal(10000, 12), fm.rng(2):normal(1000, 12), fm.rng(3):uniform(1000)
    local own = empirical { points = points }
    local all, rows = own(x, t), { 421, 425 }
    assert.near(0, apart(all[rows], own(x[rows], t[rows])), limit * 100)
    local deep = empirical { points = points:reshape(10000, 3, 2, 2) }
    assert.near(0, apart(deep(x:reshape(1000, 3, 2, 2), t), all:reshape(1000, 3, 2, 2)), limit)
    assert.same({ 5, 10000 }, deep:posterior(x[rows]:reshape(5, 3, 2, 2), 0.5):shape())
    assert.same({ 5, 3, 2, 2 }, deep:mean(x[rows]:reshape(5, 3, 2, 2), 0.5):shape())
  end)

  it("has finite numbers at both ends", function()
    local points = fm.cat(fm.rng(1):normal(20, 2), fm.zeros(2, 2), { axis = 1 }) -- the last two are the same
    for _, dim in ipairs { 2, 32 } do
      local wide = fm.cat(points, fm.zeros(22, dim - 1), { axis = 2 })
      for _, name in ipairs { "linear", "cosine", "vp", "linear_vp", "poly", "ve" } do
        local own = empirical { points = wide, path = name }
        for _, t in ipairs { 0, 1e-8, 0.999999, 1 } do
          for _, value in ipairs { own(wide, t), own:score(wide, t), own:posterior(wide, t) } do assert.equal(0, (value * 0):sum():item()) end
          assert.near(0, apart(own:posterior(wide, t):sum(2), fm.ones(22)), 1e-5)
        end
        local last = own:posterior(wide, 1)
        assert.near(1, last[3][3], 1e-6)
        assert.near(0.5, last[22][21], 1e-6) -- two equal points share it
      end
    end
  end)

  it("brings samples onto its points: a model without an error only repeats them", function()
    local angle = fm.range(1, 30) * (2 * math.pi / 30)
    local points = fm.cat(angle:cos():reshape(30, 1), angle:sin():reshape(30, 1), { axis = 2 })
    local own = empirical { points = points }
    local noise = fm.rng(2):normal(50, 2)
    for _, o in ipairs { { method = "euler", steps = 100 }, { method = "rk45" }, { method = "rk45", control = "sample" }, { method = "heun", steps = 100 } } do
      local x, info = ode.solve(own, noise, o)
      assert.equal("finished", info.status)
      local nearest = (x:reshape(50, 1, 2) - points:reshape(1, 30, 2)):square():sum(3):min(2)
      assert.is_true(nearest:sqrt():max():item() < (o.method == "heun" and 0.05 or 2e-3), o.method)
    end
  end)

  it("has gradients, in blocks too", function()
    local own, x = empirical { points = fm.rng(1):normal(5, 2) }, fm.rng(2):normal(3, 2)
    assert.is_true(fm.gradcheck(function(y) return own(y, 0.4) end, { fm.parameter(x) }, double and {} or { eps = 1e-2, tolerance = 2e-2 }))
    local many = empirical { points = fm.rng(1):normal(3000000, 1) } -- a block of one row
    local leaf = fm.parameter(fm.tensor { { 0.5 }, { 1 } })
    local tape <close> = fm.record()
    many(leaf, 0.5):sum():backward()
    assert.is_true(leaf:grad():abs():max():item() < 1e-2) -- N to N: v is 0 at t = 1/2
  end)

  it("names what is wrong", function()
    local own, x = empirical { points = fm.zeros(4, 3) }, fm.zeros(2, 3)
    raises_text("exact.empirical: points are missing", empirical, {})
    raises_text('exact.empirical: unknown option "point"; did you mean "points"?', empirical, { point = fm.zeros(4, 3) })
    raises_text("exact.empirical: points: expected a tensor [N, ...] or rows of numbers, found 3", empirical, { points = 3 })
    raises_text("exact.empirical: points are [4], expected [N, ...]", empirical, { points = fm.zeros(4) })
    raises_text("exact.empirical: points are [0, 2], expected [N, ...] with at least one row", empirical, { points = fm.zeros(0, 2) })
    raises_text("exact.empirical: points: expected finite numbers", empirical, { points = { { 1, 0 / 0 } } })
    raises_text("exact.empirical: path: it has noise around its line", empirical, { points = fm.zeros(4, 3), path = "i_cfm" })
    raises_text("exact.empirical: path: it has a source of its own", empirical, { points = fm.zeros(4, 3),
      path = { a = function(t) return t end, s = function(t) return 1 - t end, source = function(n, dim, rng) return rng:normal(n, dim) end } })
    raises_text("exact.empirical: guard: expected a number in 1e-09..0.1, found 1", empirical, { points = fm.zeros(4, 3), guard = 1 })
    raises_text("exact: x is [2, 2], expected [B, 3]", own, fm.zeros(2, 2), 0.5)
    raises_text("exact: t: expected a number in 0..1, found 2", own, x, 2)
    raises_text("exact: t is [3], expected [2] or a number", own, x, fm.zeros(3))
    raises_text("exact:mean: call it with a colon", own.mean, x, 0.5)
    raises_text("exact:posterior: unexpected argument 3", own.posterior, own, x, 0.5, 1)
    raises_text("exact:score: x is a nil", own.score, own)
  end)
end)

local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local flow <const> = fm.flow
local double <const> = fm.real == "double"

local raises_text <const> = checks.raises_text

-- The floor and a value measured beside it agree within some of their standard errors.
local function agree(floor, floor_error, value, value_error, what)
  local limit = 4.5 * math.sqrt(floor_error ^ 2 + value_error ^ 2) + 1e-6
  if not (math.abs(floor - value) <= limit) then error(("%s: the floor is %.6g, expected %.6g, within %.2g"):format(what, floor, value, limit), 2) end
end

-- The mean and its standard error, of f(rng) over some draws.
local function mean_of(n, f)
  local sum, square = 0, 0
  for i = 1, n do
    local v = f(fm.rng(i, "mean_of"))
    sum, square = sum + v, square + v * v
  end
  return sum / n, math.sqrt(math.max(0, square / n - (sum / n) ^ 2) / (n - 1))
end

describe("loss_floor", function()
  checks.no_bytes_stay(before_each, after_each)

  -- The best model is known: the empirical flow, read as what is predicted.
  local function best(own, path, predict)
    return function(x, t)
      if predict == "velocity" then return own(x, t) end
      if predict == "score" then return own:score(x, t) end
      if predict == "data" then return own:mean(x, t) end
      local a, s = path:coefficients(t)
      return (x - own:mean(x, t) * a:reshape(-1, 1)) / s:reshape(-1, 1)
    end
  end

  it("is the loss of the flow of the points, for every prediction, path, dimension and weight", function()
    for _, dim in ipairs { 3, 20 } do
      local points = fm.rng(dim):normal(40, dim) * 0.7 + 3
      for _, name in ipairs { "linear", "cosine", "vp", "ve" } do
        local path = flow.path(name)
        local own = flow.exact.empirical { points = points, path = name }
        for _, predict in ipairs { "velocity", "data", "noise", "score" } do
          for weight_name, weight in pairs { none = false, number = function() return 3 end, rows = function(t) return 1 + t end } do
            local o = { path = name, predict = predict, weight = weight or nil, draws = 1000, t = { 0.15, 0.35, 0.55 } }
            local floor, info = flow.loss_floor(points, o)
            local value, deviation = mean_of(10, function(rng)
              local x1 = points:index_select(rng:integers(300, 1, 40))
              local t = rng:stream "t":integers(300, 0, 2) * 0.2 + 0.15
              return flow.loss(best(own, path, predict), x1, { rng = rng, t = t, path = name, predict = predict, weight = weight or nil }):item()
            end)
            agree(floor, info.standard_error, value, deviation, ("%d %s %s %s"):format(dim, name, predict, weight_name))
          end
        end
      end
    end
  end)

  it("is that of a loss that compares in another quantity, guarded near the ends, or weights by name", function()
    local points = fm.rng(3):normal(40, 3)
    for _, name in ipairs { "linear", "cosine" } do
      local path = flow.path(name)
      local own = flow.exact.empirical { points = points, path = name, guard = 1e-6 }
      for _, o in ipairs { { predict = "data", compare = "velocity" }, { predict = "noise", compare = "velocity" }, { predict = "score", compare = "velocity" },
        { predict = "velocity", compare = "data" }, { predict = "velocity", compare = "noise" }, { predict = "data", compare = "velocity", guard = 0.3 },
        { predict = "data", weight = "snr" }, { predict = "velocity", weight = { "min_snr", gamma = 3 } } } do
        o.path = name
        local with = { draws = 2000 }
        for key, value in pairs(o) do with[key] = value end
        local floor, info = flow.loss_floor(points, with)
        local value, deviation = mean_of(20, function(rng)
          local given = { rng = rng, time = "stratified" }
          for key, v in pairs(o) do given[key] = v end
          return flow.loss(best(own, path, o.predict), points:index_select(rng:integers(1000, 1, 40)), given):item()
        end)
        agree(floor, info.standard_error, value, deviation, ("%s %s %s"):format(name, o.predict, o.compare))
      end
    end
  end)

  it("means the times of the loss", function()
    local points = fm.rng(1):normal(30, 2)
    local own = flow.exact.empirical { points = points }
    for _, time in ipairs { "uniform", "stratified", { "logit_normal", mean = -1 }, function(rng, n) return rng:uniform(n):square() end } do
      local floor, info = flow.loss_floor(points, { time = time, draws = 4000 })
      local value, deviation = mean_of(40, function(rng)
        return flow.loss(own, points:index_select(rng:integers(1000, 1, 30)), { rng = rng, time = time }):item()
      end)
      agree(floor, info.standard_error, value, deviation, type(time) == "table" and time[1] or tostring(time))
      assert.near(floor, info.floor:mean():item(), 1e-5)
    end
    local _, info = flow.loss_floor(points, { draws = 50 })
    assert.same({ 20 }, info.t:shape())
    assert.near(0.025, info.t[1], 1e-6)
    assert.near(0.975, info.t[20], 1e-6)
    assert.equal(50, info.draws)
  end)

  it("has the closed form of two points: E[x1 | x_t] is a hyperbolic tangent", function()
    local two, times = fm.tensor { { 1 }, { -1 } }, { 0, 0.1, 0.3, 0.5, 0.7, 0.9 }
    local _, info = flow.loss_floor(two, { t = times, draws = 20000 })
    for k, t in ipairs(times) do
      local r, sum, n = t / (1 - t), 0, 4000
      for i = 1, n do -- over z in -8..8: 1 - tanh(r^2 + r z)^2
        local z = (i - 0.5) / n * 16 - 8
        local e = math.exp(-2 * (r * r + r * z))
        sum = sum + 4 * e / (1 + e) ^ 2 * math.exp(-z * z / 2) / math.sqrt(2 * math.pi) * 16 / n
      end
      assert.near(t, info.t[k], 1e-6)
      agree(info.floor[k], info.standard_errors[k], sum / (1 - t) ^ 2, 1e-5, "t = " .. t)
    end
  end)

  -- From N(0, I) to N(0, I) the floor is the mean over t of 1 / (t^2 + (1 - t)^2), pi / 2; that of
  -- some points is lower, because each is known exactly near t = 1.
  it("comes close to pi / 2 for many points of a normal, from below", function()
    local exact = flow.exact.gaussian { dim = 2 }
    local value, deviation = mean_of(40, function(rng) return flow.loss(exact, rng:normal(2000, 2), { rng = rng }):item() end)
    agree(math.pi / 2, 0, value, deviation, "the loss of the exact flow")
    local last = 0
    for _, n in ipairs { 50, 500, 5000 } do
      local points = fm.rng(4):normal(n, 2)
      points = (points - points:mean { axis = 1 }) / points:var { axis = 1, unbiased = false }:sqrt()
      local floor, info = flow.loss_floor(points)
      assert.is_true(floor > last and floor < math.pi / 2 + 3 * info.standard_error)
      last = floor
    end
    assert.near(math.pi / 2, last, 0.04)
  end)

  it("needs no more than a part of the points", function()
    local points = fm.data.moons { n = 3000, noise = 0.05, rng = fm.rng(1) }
    local floor, info = flow.loss_floor(points, { draws = 2000 })
    local of_part, part = flow.loss_floor(points, { draws = 2000, subset = 1000 })
    assert.near(floor, of_part, 0.04)
    assert.is_true(part.standard_error > info.standard_error / 2)
    local high = fm.rng(2):normal(2000, 64)
    floor = flow.loss_floor(high)
    of_part = flow.loss_floor(high, { subset = 500 })
    assert.near(1, of_part / floor, 0.1)
    assert.equal(floor, flow.loss_floor(high, { subset = 2000 }))
    assert.equal(floor, flow.loss_floor(high, { subset = 5000 }))
    assert.is_true(flow.loss_floor(points, { draws = 100, subset = 2 }) > 0)
  end)

  it("takes points of any rank, and more draws than points or fewer", function()
    local points = fm.rng(1):normal(25, 12)
    for _, draws in ipairs { 1, 7, 25, 26, 60 } do
      local floor, info = flow.loss_floor(points:reshape(25, 3, 2, 2), { draws = draws })
      assert.equal(floor, flow.loss_floor(points, { draws = draws }))
      assert.equal(draws, info.draws)
      assert.equal(draws == 1, info.standard_error ~= info.standard_error)
    end
    local one = flow.loss_floor(points, { rng = fm.rng(5) })
    assert.equal(one, flow.loss_floor(points, { rng = fm.rng(5) }))
    assert.not_equal(one, flow.loss_floor(points, { rng = fm.rng(6) }))
  end)

  it("is 0 where nothing is left to learn", function()
    assert.equal(0, (flow.loss_floor(fm.tensor { { 3, 4 } })))
    assert.equal(0, (flow.loss_floor(fm.ones(9, 2))))
    for _, dim in ipairs { 2, 30 } do
      local _, info = flow.loss_floor(fm.rng(1):normal(50, dim), { t = fm.tensor { 0, 0.99999, 1 }, draws = 200 })
      assert.is_true(info.floor[1] > 0.5)
      assert.near(0, info.floor[2], double and 1e-9 or 1e-4)
      assert.near(0, info.floor[3], double and 1e-9 or 1e-4)
    end
    for _, name in ipairs { "cosine", "vp", "linear_vp", "poly", "lipman", "ve" } do
      local floor, info = flow.loss_floor(fm.rng(1):normal(50, 2), { path = name, draws = 100 })
      assert.is_true(floor > 0 and floor < math.huge and info.standard_error < math.huge)
    end
  end)

  it("names what is wrong", function()
    local floor, x = flow.loss_floor, fm.zeros(4, 3)
    raises_text("loss_floor: x1 is a nil: expected a tensor [B, ...]", floor)
    raises_text("loss_floor: x1 are [4], expected [N, ...]", floor, fm.zeros(4))
    raises_text('loss_floor: unknown option "draw"; did you mean "draws"?', floor, x, { draw = 3 })
    raises_text("loss_floor: give t or time, not both", floor, x, { t = 0.5, time = "uniform" })
    raises_text('loss_floor: unknown option "coupling"', floor, x, { coupling = "ot" })
    raises_text("loss_floor: draws: expected a whole number in 1..1000000000, found 0", floor, x, { draws = 0 })
    raises_text("loss_floor: subset: expected a whole number >= 2, found 1", floor, x, { subset = 1 })
    raises_text("loss_floor: t[2]: expected a number in 0..1, found 1.5", floor, x, { t = { 0, 1.5 } })
    raises_text("loss_floor: t: expected times in 0..1, found a table", floor, x, { t = {} })
    raises_text("loss_floor: t: expected times in 0..1, found \"uniform\"", floor, x, { t = "uniform" })
    raises_text('loss_floor: predict: unknown name "speed"', floor, x, { predict = "speed" })
    raises_text("loss_floor: path: it has noise around its line", floor, x, { path = "schrodinger_bridge" })
    raises_text("loss_floor: rng: expected a random stream", floor, x, { rng = 3 })
    raises_text("loss_floor: time returned a number, expected a tensor", floor, x, { time = function() return 0.5 end })
    raises_text("loss_floor: unexpected argument 3", floor, x, {}, 1)
  end)
end)

local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local flow <const> = fm.flow

describe("flow", function()
  local rng <const> = fm.rng(11)

  it("gives a user's path its derivatives from the tape", function()
    local mine = flow.path { a = function(t) return t ^ 3 end, s = function(t) return (t * -1.5):exp() end }
    local t = fm.tensor { 0.1, 0.5, 0.9 }
    local _, _, da, ds = mine:coefficients(t)
    for i = 1, 3 do
      assert.near(3 * t[i] ^ 2, da[i], 1e-5)
      assert.near(-1.5 * math.exp(-1.5 * t[i]), ds[i], 1e-5)
    end
  end)

  checks.in_double(it)("passes gradients to x0, x1 and t when someone wants them", function()
    local path = flow.path "linear"
    local x0, x1, t = fm.parameter(rng:normal(4, 3)), fm.parameter(rng:normal(4, 3)), fm.parameter(rng:uniform(4))
    assert(fm.gradcheck(function(a, b, c) return (path:sample(a, b, c)) end, { x0, x1, t }))
    assert(fm.gradcheck(function(a, b, c) return select(2, path:sample(a, b, c)) end, { x0, x1, t }))
  end)

  it("meets the exact floor of N(0, 1) to N(0, 1): pi / 2 for the best model, v = (2t - 1) x / (t^2 + (1 - t)^2)", function()
    local function best(x, t)
      local k = (t * 2 - 1) / (t * t + (1 - t) * (1 - t))
      return x * k:reshape(-1, 1)
    end
    local n = 200000
    local loss = flow.loss(best, rng:normal(n, 1), { rng = rng }):item()
    assert.near(math.pi / 2, loss, 0.02)
  end)

  it("stands for the same velocity whatever is predicted", function()
    local path = flow.path "linear"
    local x0, x1, t = rng:normal(5, 3), rng:normal(5, 3), 0.37
    local xt, u = path:sample(x0, x1, t)
    for kind, prediction in pairs { velocity = u, data = x1, noise = x0 } do
      local v = flow.velocity(function() return prediction end, { predict = kind })(xt, t)
      assert.near(0, (v - u):abs():max():item(), 1e-4)
    end
  end)

  it("compares data predictions with the data", function()
    local x1 = rng:normal(5, 3)
    assert.near(0, flow.loss(function() return x1 end, x1, { rng = rng, predict = "data" }):item(), 1e-12)
  end)

  it("draws times as asked", function()
    local seen
    local function model(x, t)
      seen = t:detach()
      return x
    end
    local x1 = rng:normal(1000, 1)
    for _, time in ipairs { "uniform", "logit_normal", "stratified" } do
      flow.loss(model, x1, { rng = rng, time = time })
      assert.is_true(seen:min():item() >= 0 and seen:max():item() <= 1)
      assert.near(0.5, seen:mean():item(), 0.05)
    end
    flow.loss(model, x1, { rng = rng, t = 0.25 })
    assert.equal(0.25, seen[1000])
  end)

  it("weights by time", function()
    local x1 = rng:normal(50, 2)
    local x0, t = rng:normal(50, 2), rng:uniform(50)
    local plain = flow.loss(function(x) return x end, x1, { x0 = x0, t = t }):item()
    local double = flow.loss(function(x) return x end, x1, { x0 = x0, t = t, weight = function(s) return s * 0 + 2 end }):item()
    assert.near(2 * plain, double, 1e-4)
  end)

  it("pairs by optimal transport: a permutation that lowers the cost", function()
    local x0, x1 = rng:normal(64, 2), rng:normal(64, 2) + 3
    local y0, y1 = flow.coupling "ot"(x0, x1)
    assert.near(x1:sum():item(), y1:sum():item(), 1e-2)
    assert.near(x0:sum():item(), y0:sum():item(), 1e-2)
    assert.is_true((y1 - y0):square():sum():item() < (x1 - x0):square():sum():item())
  end)

  it("refuses unknown names and options", function()
    local x1 = rng:normal(4, 2)
    local function fails(pattern, options)
      local ok, message = pcall(flow.loss, function(x) return x end, x1, options)
      assert.is_false(ok)
      assert.matches(pattern, message)
    end
    fails('unknown option "tim"; did you mean "time"', { rng = rng, tim = 1 })
    fails('unknown name "dta"; did you mean "data"', { rng = rng, predict = "dta" })
    fails('unknown coupling "oat"', { rng = rng, coupling = "oat" })
    fails("t is %[3%], expected %[4%]", { rng = rng, t = fm.zeros(3) })
  end)
end)

-- Steps with noise against their formulas, with noise that is known; which steps of a sampler have
-- noise; and what a field is told: times within t0..t1, the numbers of rows, a grid run backward.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local sde <const>, ode <const>, diffusion <const> = fm.sde, fm.ode, fm.diffusion

local function drift(x, t) return x * (t - 2) + 0.5 end
local function spread(x, t) return x * (0.3 + t) + 0.1 end

--- A stream that gives these numbers, one a step.
local function known(list)
  local i = 0
  return { normal = function(_, rows, entries)
    i = i + 1
    return fm.full({ rows, entries }, list[i])
  end }
end

describe("a step with noise", function()
  checks.no_bytes_stay(setup, teardown)

  it("is Euler and Maruyama's, or the stochastic Heun method's, with drift and diffusion at the right times", function()
    local noise <const>, t0 <const>, t1 <const>, n <const> = { 0.7, -1.2, 0.4 }, 0.2, 1.1, 3
    local h <const> = (t1 - t0) / n
    local rules <const> = {
      euler_maruyama = function(x, t, dw) return x + drift(x, t) * h + spread(x, t) * dw end,
      heun = function(x, t, dw)
        local y = x + drift(x, t) * h + spread(x, t) * dw
        return x + (drift(x, t) + drift(y, t + h)) * h / 2 + (spread(x, t) + spread(y, t + h)) / 2 * dw
      end,
    }
    for method, rule in pairs(rules) do
      local x = 1.5
      for k = 1, n do x = rule(x, t0 + (k - 1) * h, noise[k] * math.sqrt(h)) end
      local found, info = sde.solve({ drift = drift, diffusion = spread }, fm.full({ 2, 1 }, 1.5),
        { method = method, rng = known(noise), t0 = t0, t1 = t1, steps = n })
      for row = 1, 2 do assert.near(x, found[row][1], 1e-5) end
      assert.equal(method == "heun" and 2 * n or n, info.nfe)
    end
  end)

  it("of a flow has the drift v + w score and the diffusion sqrt(2 w); its last step is what `last` says", function()
    local function v(x, t) return x * (1 - t) + 2 end
    local function score(x, t) return (v(x, t) * t - x) / (1 - t) end
    local function w(t) return 0.2 + t end
    local noise <const>, h <const> = { 0.7, -1.2 }, 0.4 -- to t = 0.8, then the last step to 1
    local function step(x, t, by, z) return x + (v(x, t) + w(t) * score(x, t)) * by + math.sqrt(2 * w(t) * by) * z end
    local before = step(step(1.5, 0, h, noise[1]), 0.4, h, noise[2])
    local ends <const> = { tweedie = before + v(before, 0.8) * 0.2, mean = before + (v(before, 0.8) + w(0.8) * score(before, 0.8)) * 0.2,
      plain = step(before, 0.8, 0.2, 0.9) }
    for last, wanted in pairs(ends) do
      local found = sde.solve(v, fm.full({ 1, 1 }, 1.5), { w = w, rng = known { 0.7, -1.2, 0.9 }, grid = { 0.4, 0.8, 1 }, last = last })
      assert.near(wanted, found:item(), 1e-4, last)
    end
  end)

  it("never asks for a time beyond t1, where t + h would be by rounding", function()
    local latest, beyond = 0, 0
    local function field(x, t)
      latest = math.max(latest, t)
      return x * 0
    end
    for a = -30, 20, 5 do
      for b = a + 1, 40, 4 do
        local t0, t1 = a / 10, b / 10
        latest = -9
        sde.solve({ drift = field, diffusion = 0 }, fm.ones(1, 1), { method = "heun", rng = fm.rng(1), t0 = t0, t1 = t1, steps = 1 })
        assert.is_true(latest <= t1 and latest > t1 - 1e-12)
        if t0 + (t1 - t0) > t1 then beyond = beyond + 1 end
      end
    end
    assert.is_true(beyond > 0)
  end)

  it("of ddim needs a stream from two steps on, since the last has no noise", function()
    local schedule, x = diffusion.schedule("cosine", { steps = 8 }), fm.rng(1):normal(3, 2)
    local function sample(o)
      o.method, o.schedule, o.eta = "ddim", schedule, 1
      return (diffusion.sample(function(y) return y * 0.5 end, x, o))
    end
    sample { steps = 1 }
    checks.raises("rng is missing", sample, { steps = 2 })
    checks.same(sample { steps = 1 }, sample { steps = 1, rng = fm.rng(2) })
    assert.is_true((sample { steps = 2, rng = fm.rng(2) } - sample { steps = 2, rng = fm.rng(3) }):abs():max():item() > 0)
  end)

  it("of edm_heun is churned at the levels churn_min and churn_max themselves", function()
    local x = fm.rng(1):normal(3, 2)
    local function sample(o)
      o.method, o.path, o.steps, o.sigma_max, o.sigma_min, o.churn, o.rng = "edm_heun", "linear", 4, 5, 0.5, 2, fm.rng(2)
      return (diffusion.sample(function(y) return y * 0.5 end, x, o))
    end
    local all = sample {}
    checks.same(all, sample { churn_max = 5, churn_min = 0.5 })
    assert.is_true((all - sample { churn_max = 4.99 }):abs():max():item() > 1e-3)
    assert.is_true((all - sample { churn_min = 0.51 }):abs():max():item() > 1e-3)
  end)
end)

describe("a field is told", function()
  checks.no_bytes_stay(setup, teardown)

  it("the numbers of the rows of x, from 1", function()
    local seen = {}
    local function field(z, _, rows)
      seen = rows:totable()
      return z * 0
    end
    ode.solve(field, fm.ones(4, 1), { rows = true, method = "euler", steps = 1 })
    assert.same({ 1, 2, 3, 4 }, seen)
    ode.solve(field, fm.ones(4, 1), { rows = true, control = "sample" })
    assert.same({ 1, 2, 3, 4 }, seen)
  end)

  it("the same times on the way back as forward, whatever the grid", function()
    local x = fm.ones(1)
    local function still(z) return z * 0 end
    for _, grid in ipairs { "uniform", "cosine", "quadratic", "edm", "shift" } do
      local function times(t0, t1)
        return select(2, ode.solve(still, x, { method = "euler", steps = 6, grid = grid, t0 = t0, t1 = t1, save = "steps" })).times
      end
      local there, back = times(0.25, 2), times(2, 0.25)
      assert.equal(7, #there)
      for i = 1, 7 do assert.near(there[i], back[8 - i], 1e-12, grid) end
      for i = 2, 7 do assert.is_true(there[i] > there[i - 1]) end
    end
    local function shares(grid) return select(2, ode.solve(still, x, { method = "euler", steps = 4, grid = grid, save = "steps" })).times end
    for i, wanted in ipairs { 0, 1 / 16, 1 / 4, 9 / 16, 1 } do assert.near(wanted, shares "quadratic"[i], 1e-12) end
    for i = 0, 4 do assert.near((1 - math.cos(math.pi * i / 4)) / 2, shares "cosine"[i + 1], 1e-12) end
    for i = 0, 4 do assert.near(1 - 3 * (1 - i / 4) / (1 + 2 * (1 - i / 4)), shares "shift"[i + 1], 1e-12) end
    local low = 0.002 ^ (1 / 7) -- sigma^(1/7) falls evenly to 0.002 in three steps, then to 0
    for i = 0, 3 do assert.near(1 - (1 + i / 3 * (low - 1)) ^ 7, shares "edm"[i + 1], 1e-12) end
    assert.equal(1, shares "edm"[5])
  end)
end)

-- The options of sde.solve: what their defaults are, both sides of their limits, what noise is
-- asked for, and messages whole.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local sde <const> = fm.sde
local raises <const> = checks.raises_text

local function still(x) return x * 0 end
local x0 <const> = fm.rng(1):normal(3, 4)

--- A solve of a pair, or of a flow, with a stream of its own.
local function solve(what, o, x)
  o.rng, o.steps = o.rng or fm.rng(2), o.steps or (o.grid == nil and 3 or nil)
  return sde.solve(what, x or x0, o)
end

describe("sde.solve", function()
  checks.no_bytes_stay(before_each, after_each)

  local function pull(x, t) return x * (t - 0.5) end

  it("has the method euler_maruyama, from 0 to 1 in 100 steps, and starts at row 1", function()
    local pair <const> = { drift = pull, diffusion = 0.5 }
    checks.same(solve(pair, {}), (solve(pair, { method = "euler_maruyama", t0 = 0, t1 = 1, first_row = 1 })))
    assert.is_false(checks.identical(solve(pair, {}), (solve(pair, { method = "heun" }))))
    local info = select(2, sde.solve(pair, x0, { rng = fm.rng(1) }))
    assert.same({ 100, 100, 1 }, { info.steps, info.nfe, info.t })
    checks.same(solve(pair, { method = sde.heun }), (solve(pair, { method = "heun" })))
    checks.same(solve(pair, { method = { step = sde.heun.step } }), (solve(pair, { method = "heun" })))
  end)

  it("of a flow takes the linear path, a guard of a thousandth, and Tweedie's mean at t = 1 alone", function()
    local function of(o)
      o.w = o.w or 0.5
      return (solve(pull, o))
    end
    checks.same(of {}, of { path = "linear", guard = 1e-3, last = "tweedie" })
    assert.is_false(checks.identical(of {}, of { last = "plain" }))
    assert.is_false(checks.identical(of {}, of { path = "cosine" }))
    checks.same(of { t1 = 0.5 }, of { t1 = 0.5, last = "plain" })
    assert.is_false(checks.identical(of { t1 = 0.5 }, of { t1 = 0.5, last = "mean" }))
    assert.is_false(checks.identical(of { method = "heun", last = "plain" }, of { method = "heun", last = "plain", guard = 2e-3 }))
    checks.same(of { method = "heun", last = "plain" }, of { method = "heun", last = "plain", guard = 1e-3 })
    checks.same(of { w = 0 }, of { w = function() return 0 end })
    checks.same(of { w = 0.5 }, of { w = function() return 0.5 end })
  end)

  it("gives the condition to the drift and to a diffusion that is a function, which may return a number", function()
    local seen = {}
    local cond <const> = fm.tensor { 1, 2, 3 }
    local pair <const> = {
      drift = function(x, _, c)
        seen.drift = c
        return x * 0
      end,
      diffusion = function(_, t, c)
        seen.diffusion, seen.t = c, t
        return 2
      end,
    }
    local x = solve(pair, { cond = cond, steps = 1, t0 = 0.25 })
    assert.equal(cond, seen.drift)
    assert.equal(cond, seen.diffusion)
    assert.equal(0.25, seen.t)
    checks.near(x, x0 + fm.rng(2):normal(3, 4) * (2 * 0.75 ^ 0.5), 1e-5)
    checks.same(solve({ drift = still, diffusion = 2 }, {}), (solve({ drift = still, diffusion = function() return 2 end }, {})))
    checks.same(solve({ drift = still, diffusion = 2 }, {}), (solve({ drift = still, diffusion = function() return fm.full({ 3, 4 }, 2) end }, {})))
    solve(function(y, _, c)
      seen.flow = c
      return y * 0
    end, { w = 0.1, cond = cond })
    assert.equal(cond, seen.flow)
  end)

  it("asks what stands for a stream for all rows up to the last", function()
    local asked = {}
    local rng <const> = { normal = function(_, ...)
      asked[#asked + 1] = { ... }
      return fm.range(1, (...) * select(2, ...)):reshape(...)
    end }
    local pair <const> = { drift = still, diffusion = 1 }
    local x = solve(pair, { rng = rng, steps = 1 })
    checks.near(x, x0 + fm.range(1, 12):reshape(3, 4), 1e-4)
    x = solve(pair, { rng = rng, steps = 1, first_row = 6 })
    checks.near(x, x0 + fm.range(21, 32):reshape(3, 4), 1e-4)
    x = solve(pair, { rng = rng, steps = 1, first_row = 2 }, x0:reshape(3, 2, 2))
    checks.near(x, x0:reshape(3, 2, 2) + fm.range(5, 16):reshape(3, 2, 2), 1e-4)
    assert.same({ { 3, 4 }, { 8, 4 }, { 4, 4 } }, asked)
    checks.near(solve(pair, { steps = 1, first_row = 6 }), x0 + fm.rng(2):normal(8, 4)[{ 6, 8 }], 1e-5)
  end)

  it("bounds what a step draws, with the rows before", function()
    local pair <const> = { drift = still, diffusion = 1 }
    solve(pair, { first_row = 2 ^ 32 - 2, steps = 1 })
    raises(("sde.solve: first_row: a step draws at most 17179869184 numbers, counting those of the %d rows before"):format(2 ^ 32 - 2), solve, pair,
      { first_row = 2 ^ 32 - 1 })
    raises(("sde.solve: first_row: a step draws at most 2147483648 numbers, counting those of the %d rows before"):format(2 ^ 29 - 2), solve, pair,
      { first_row = 2 ^ 29 - 1, rng = { normal = function() end } })
    for _, row in ipairs { 0, 2 ^ 40 + 1 } do
      raises(("sde.solve: first_row: expected a whole number in 1..1099511627776, found %d"):format(row), solve, pair, { first_row = row })
    end
  end)

  it("takes rows of no axis, and no rows", function()
    for _, x in ipairs { fm.ones(3), fm.zeros(0, 2) } do
      for _, first_row in ipairs { 1, 5 } do
        local y = solve({ drift = still, diffusion = 1 }, { steps = 1, first_row = first_row }, x)
        local noise = fm.rng(2):normal(7, 1):reshape(-1)[{ first_row, first_row + 2 }]
        if #x > 0 then checks.near(y, x + noise, 1e-5) else assert.same({ 0, 2 }, y:shape()) end
      end
    end
  end)

  it("runs forward, a flow within 0..1", function()
    local pair <const> = { drift = still, diffusion = 0 }
    assert.equal(9, select(2, solve(pair, { t0 = -5, t1 = 9 })).t)
    assert.equal(0.5, select(2, solve(still, { w = 0, t1 = 0.5 })).t)
    for _, t1 in ipairs { 0.5, 0.25 } do
      raises(("sde.solve: t1 = %g does not come after t0 = 0.5"):format(t1), solve, pair, { t0 = 0.5, t1 = t1 })
    end
    raises("sde.solve: t1 = 1 does not come after t0 = 2", solve, pair, { t0 = 2 })
    raises("sde.solve: t0: expected a number in 0..1, found -0.5", solve, still, { w = 0, t0 = -0.5 })
    raises("sde.solve: t1: expected a number in 0..1, found 1.5", solve, still, { w = 0, t1 = 1.5 })
    for _, name in ipairs { "t0", "t1" } do
      raises(("sde.solve: %s: expected a number in -1e+300..1e+300, found inf"):format(name), solve, pair, { [name] = math.huge })
    end
  end)

  it("says whole what is wrong", function()
    local pair <const> = { drift = still, diffusion = 1 }
    for _, method in ipairs { {}, { step = 3 }, 3 } do
      raises("sde.solve: method: expected a name, or { step = function(p, t, x, h, dw) }", solve, pair, { method = method })
    end
    raises("sde.solve: the diffusion returned a string, expected a tensor or a number", solve, { drift = still, diffusion = function() return "1" end }, {})
    raises("sde.solve: drift: expected a function of x and t, found number", solve, { drift = 1, diffusion = 1 }, {})
    raises("sde.solve: diffusion: expected a function of x and t, or a number, found string", solve, { drift = still, diffusion = "1" }, {})
    raises("sde.solve: the first argument is a nil: expected a velocity, or { drift = , diffusion = }", solve, nil, {})
    raises("sde.solve: x0: expected a tensor [B, ...], found 3", solve, pair, {}, 3)
    raises("sde.solve: x0: expected a tensor [B, ...], found a tensor []", solve, pair, {}, fm.tensor(1))
    raises("sde.solve: w: expected a number or a function of t, found string", solve, still, { w = "1" })
    raises("sde.solve: w: expected a number in 0..1e+300, found -1", solve, still, { w = -1 })
    raises("sde.solve: w(0): expected a number in 0..1e+300, found -1", solve, still, { w = function() return -1 end })
    raises('sde.solve: w(0): expected a number in 0..1e+300, found "1"', solve, still, { w = function() return "1" end })
    raises("sde.solve: w, the strength of the noise, is missing", solve, still, {})
    for _, guard in ipairs { 0, 0.2 } do
      raises(("sde.solve: guard: expected a number in 1e-09..0.1, found %g"):format(guard), solve, still, { w = 1, guard = guard })
    end
    for _, name in ipairs { "w", "path", "last", "guard" } do
      raises(('sde.solve: unknown option "%s"'):format(name), solve, pair, { [name] = 1 })
    end
    raises("sde.solve: unexpected argument 4, a number: it takes 3", sde.solve, pair, x0, { rng = fm.rng(1) }, 4)
    raises("sde.solve: rng: expected a random stream, found none", sde.solve, pair, x0)
  end)
end)

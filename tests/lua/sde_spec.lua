local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local flow <const>, ode <const>, sde <const> = fm.flow, fm.ode, fm.sde
local double <const> = fm.real == "double"
local in_double <const> = checks.in_double(it)

local function raises(pattern, f, ...)
  local ok, message = pcall(f, ...)
  assert.is_false(ok)
  assert.truthy(tostring(message):find(pattern), tostring(message))
  assert.is_nil(tostring(message):find "\n")
end

--- Stands for a stream: its k-th call is the k-th of `fine` groups of equal size, summed to one
--- normal number each.
local function grouped(fine, size)
  local call = 0
  return {
    normal = function()
      call = call + 1
      local sum = fine[(call - 1) * size + 1]
      for i = 2, size do sum = sum + fine[(call - 1) * size + i] end
      return sum / size ^ 0.5
    end,
  }
end

--- The slope of log(error) over log(step) by least squares.
local function order(steps, errors)
  local n, sx, sy, sxx, sxy = #steps, 0, 0, 0, 0
  for i = 1, n do
    local x, y = -math.log(steps[i]), math.log(errors[i])
    sx, sy, sxx, sxy = sx + x, sy + y, sxx + x * x, sxy + x * y
  end
  return (n * sxy - sx * sy) / (n * sxx - sx * sx)
end

describe("sde", function()
  checks.no_bytes_stay(before_each, after_each)

  it("shows the strong order of each method on geometric Brownian motion, in its own sense", function()
    local mu, sigma, B, N = 0.5, 0.8, 3000, 128
    local fine, rng = {}, fm.rng(3)
    for i = 1, N do fine[i] = rng:normal(B, 1) end
    local W = fine[1]
    for i = 2, N do W = W + fine[i] end
    W = W / N ^ 0.5
    local what = { drift = function(x) return x * mu end, diffusion = function(x) return x * sigma end }
    local exact = {
      euler_maruyama = ((W * sigma) + (mu - sigma ^ 2 / 2)):exp(), -- Ito
      heun = ((W * sigma) + mu):exp(),                             -- Stratonovich
    }
    for method, expected in pairs { euler_maruyama = 0.5, heun = 1 } do
      local steps, errors = { 16, 32, 64, 128 }, {}
      for i, n in ipairs(steps) do
        local x, info = sde.solve(what, fm.ones(B, 1), { method = method, steps = n, rng = grouped(fine, N // n) })
        assert.same({ n, n * (method == "heun" and 2 or 1) }, { info.steps, info.nfe })
        errors[i] = (x - exact[method]):abs():mean():item()
      end
      local found = order(steps, errors)
      assert(math.abs(found - expected) < 0.1, ("%s: strong order %.3f, errors %g .. %g"):format(method, found, errors[1], errors[4]))
    end
  end)

  in_double("shows the weak order of each method: mean and variance of an Ornstein-Uhlenbeck process, without sampling", function()
    -- The end is linear in the noise: row r feels a unit impulse at step r alone, so the variance
    -- is the sum of the squared responses.
    local theta, g = 1.5, 0.7
    local function impulses(n)
      local call = 0
      return {
        normal = function()
          call = call + 1
          local column = fm.zeros(n + 1, 1)
          if call <= n then column[call] = fm.ones(1) end
          return column
        end,
      }
    end
    local what = { drift = function(x) return x * -theta end, diffusion = g }
    for method, expected in pairs { euler_maruyama = 1, heun = 2 } do
      local steps, mean_errors, variance_errors = { 32, 64, 128 }, {}, {}
      for i, n in ipairs(steps) do
        local x = sde.solve(what, fm.full({ n + 1, 1 }, 2), { method = method, steps = n, rng = impulses(n) })
        local mean = x[n + 1]:item() -- the row without noise
        mean_errors[i] = math.abs(mean - 2 * math.exp(-theta))
        variance_errors[i] = math.abs((x - mean):square():sum():item() - g ^ 2 * (1 - math.exp(-2 * theta)) / (2 * theta))
      end
      for what_of, errors in pairs { mean = mean_errors, variance = variance_errors } do
        local found = order(steps, errors)
        assert(math.abs(found - expected) < 0.1, ("%s: weak order of the %s %.3f"):format(method, what_of, found))
      end
    end
  end)

  it("keeps the marginals of a flow, whatever the noise and the last step", function()
    local n, mean, std = 8000, { 1, -2 }, { 0.5, 1.5 }
    local target = flow.exact.gaussian { mean = mean, std = std }
    local x0, noise = fm.rng(1):normal(n, 2), fm.rng(2)
    for _, method in ipairs { "euler_maruyama", "heun" } do
      for _, w in ipairs { 0, 0.5, 2 } do
        for _, last in ipairs { "tweedie", "mean", "plain" } do
          -- the last step of this grid is short: without noise it loses 2 w h of the variance
          local x = sde.solve(target, x0, { method = method, w = w, last = last, steps = 100, grid = "cosine", rng = noise })
          local m, v = x:mean(1), x:var { axis = 1 }
          for j = 1, 2 do
            local z_mean, z_std = (m[j] - mean[j]) / std[j] * n ^ 0.5, (v[j] ^ 0.5 / std[j] - 1) * (2 * n) ^ 0.5
            assert(math.abs(z_mean) < 4 and math.abs(z_std) < 4,
              ("%s, w = %g, %s: mean off by %.1f, deviation by %.1f standard errors"):format(method, w, last, z_mean, z_std))
          end
        end
      end
    end
  end)

  it("keeps them in between too, and on the way along a schedule", function()
    local n = 20000
    local target = flow.exact.mixture { means = { { -2 }, { 2 } }, std = 0.3, path = "cosine" }
    local _, info = sde.solve(target, fm.rng(4):normal(n, 1), { w = function(t) return 2 * (1 - t) end, steps = 200, path = "cosine",
      rng = fm.rng(5), save = 5 })
    assert.same({ 0, 0.25, 0.5, 0.75, 1 }, info.times)
    for i, t in ipairs(info.times) do
      local a, s = target.path:coefficients(t)
      local variance = a ^ 2 * (4 + 0.09) + s ^ 2
      local x = info.states[i]
      local fourth = (x:square() - variance):square():mean():item() -- of the estimate of the variance
      assert.near(variance, x:square():mean():item(), 4 * (fourth / n) ^ 0.5 + 0.01)
    end
  end)

  it("is the flow itself without noise", function()
    local target = flow.exact.mixture { means = { { -2, 1 }, { 2, 0 } }, std = 0.5 }
    local x0 = fm.rng(6):normal(50, 2)
    for noisy, plain in pairs { euler_maruyama = "euler", heun = "heun" } do
      for _, last in ipairs { "plain", "mean", "tweedie" } do
        local x = sde.solve(target, x0, { method = noisy, w = 0, last = last, steps = 20, rng = fm.rng(1) })
        local y = ode.solve(target, x0, { method = plain, steps = 20 })
        -- for the straight line Tweedie's jump is an Euler step
        local limit = (noisy == "heun" and last ~= "plain") and 0.05 or double and 1e-12 or 1e-5
        assert.near(0, (x - y):abs():max():item(), limit)
      end
    end
  end)

  it("reads noise by position: equal bits for equal streams, whatever the split into parts", function()
    local target = flow.exact.gaussian { mean = { 1, 0, 2 }, std = 0.5 }
    local x0 = fm.rng(7):normal(100, 3)
    local function solve(first, last)
      return sde.solve(target, x0[{ first, last }], { w = 1, steps = 10, rng = fm.rng(8, "noise"), first_row = first })
    end
    local whole = solve(1, 100)
    local parts = fm.cat(solve(1, 33), solve(34, 100), 1)
    assert.same(whole:totable(), parts:totable())
    assert.same(whole:totable(), solve(1, 100):totable())
    local far = { w = 1, steps = 2, rng = fm.rng(8, "noise"), first_row = 2 ^ 32 } -- the rows before cost nothing
    assert.same({ 100, 3 }, sde.solve(target, x0, far):shape())
    local rng = fm.rng(8, "noise") -- a second solve with one stream goes on in it
    local o = { w = 1, steps = 10, rng = rng }
    assert.same(whole:totable(), sde.solve(target, x0, o):totable())
    assert.is_true((whole - sde.solve(target, x0, o)):abs():max():item() > 0.01)
    local mine = { normal = function(_, rows, entries) return fm.rng(11):normal(rows, entries) end } -- in place of a stream
    local all = sde.solve(target, x0, { w = 1, steps = 3, rng = mine })
    assert.same(all[{ 34, 100 }]:totable(), sde.solve(target, x0[{ 34, 100 }], { w = 1, steps = 3, rng = mine, first_row = 34 }):totable())
    local flat = flow.exact.gaussian { mean = 0, std = 1, dim = 3 }
    local image = sde.solve(function(x, t) return flat(x:reshape(-1, 3), t):reshape(x:shape()) end, x0:reshape(100, 1, 3),
      { w = 1, steps = 4, rng = fm.rng(9) })
    assert.same(sde.solve(flat, x0, { w = 1, steps = 4, rng = fm.rng(9) }):totable(), image:reshape(100, 3):totable())
  end)

  it("is finite at guarded ends, on every path", function()
    local paths = { "linear", { "poly", n = 3 }, "vp", "linear_vp", "cosine", "ve", "lipman" }
    for _, name in ipairs(paths) do
      local path = type(name) == "table" and flow.path(name[1], { n = name.n }) or flow.path(name)
      local target = flow.exact.gaussian { mean = { 0.5 }, std = 0.7, path = path }
      local score = flow.score(target, { path = path })
      for _, t in ipairs { 0, 0.3, 1 } do
        local x = fm.tensor { { -1 }, { 0.5 }, { 2 } }
        local found, want = score(x, t), target:score(x, t)
        local limit = (t == 0.3 or (name == "linear" and t == 0)) and (double and 1e-9 or 1e-3) or 0.05 -- at an end read beside it
        if name ~= "ve" then assert.near(0, (found - want):abs():max():item(), limit) end
        assert.is_true(found:abs():max():item() < 1e6)
      end
      for _, method in ipairs { "euler_maruyama", "heun" } do
        for _, last in ipairs { "tweedie", "mean", "plain" } do
          local x = sde.solve(target, fm.rng(1):normal(64, 1),
            { method = method, w = 1, last = last, path = path, steps = 200, rng = fm.rng(2) })
          assert.is_true(x:abs():max():item() < 10)
        end
      end
    end
  end)

  in_double("passes gradients through its steps", function()
    local x0, rate = fm.parameter(fm.rng(1):normal(4, 2)), fm.parameter(fm.tensor { 0.3 })
    for _, method in ipairs { "euler_maruyama", "heun" } do
      assert(fm.gradcheck(function(x, r)
        local what = { drift = function(y) return (y * r):sin() end, diffusion = function(y) return y * r * 0.3 end }
        return (sde.solve(what, x, { method = method, steps = 4, rng = fm.rng(3) }))
      end, { x0, rate }))
      assert(fm.gradcheck(function(x, r)
        return (sde.solve(function(y) return (y * r):sin() end, x, { method = method, w = 0.5, steps = 4, rng = fm.rng(3) }))
      end, { x0, rate }))
    end
  end)

  it("takes grids, times and methods of the script's, and says what it did", function()
    local what = { drift = function(x) return x * 0 + 1 end, diffusion = 0 }
    local x, info = sde.solve(what, fm.zeros(2, 1), { rng = fm.rng(1), times = { 0.5, 2 }, t1 = 2 })
    assert.near(2, x[1][1], 1e-6)
    assert.same({ 2, 2, "finished", 2.0 }, { info.steps, info.nfe, info.status, info.t })
    assert.near(0.5, info.states[1][2][1], 1e-6)
    local seen = {}
    local mine = { step = function(p, t, y, h, dw)
      seen[#seen + 1] = { t, h, dw:size(1) }
      return y + p.drift(y, t) * h
    end }
    info = select(2, sde.solve(what, fm.zeros(2, 1), { rng = fm.rng(1), method = mine, grid = "quadratic", steps = 2 }))
    assert.same({ { 0, 0.25, 2 }, { 0.25, 0.75, 2 } }, seen)
    assert.equal(2, info.steps)
    local model = fm.nn.vector_field { dim = 2, hidden = 8, time_embed = 4 }
    assert.same({ 5, 2 }, sde.solve(model, fm.zeros(5, 2), { rng = fm.rng(1), w = 0.1, steps = 3 }):shape())
  end)

  it("says in one line what is wrong", function()
    local still = function(x) return x * 0 end
    local x0, rng = fm.zeros(2, 1), fm.rng(1)
    raises('sde.solve: unknown option "stpes"; did you mean "steps"', sde.solve, still, x0, { stpes = 1 })
    raises('unknown option "w"', sde.solve, { drift = still, diffusion = 1 }, x0, { rng = rng, w = 1 })
    raises('there is no method "huen"; did you mean "heun"', sde.solve, still, x0, { method = "huen", w = 1, rng = rng })
    raises('unknown name "twedie"; did you mean "tweedie"', sde.solve, still, x0, { w = 1, rng = rng, last = "twedie" })
    raises("w, the strength of the noise, is missing", sde.solve, still, x0, { rng = rng })
    raises("rng: expected a random stream, found none", sde.solve, still, x0, { w = 1 })
    raises("w%(0%): expected a number in 0", sde.solve, still, x0, { w = function() return -1 end, rng = rng })
    raises("the diffusion returned a nil, expected a tensor or a number", sde.solve, { drift = still, diffusion = function() end }, x0, { rng = rng })
    raises("w: expected a number in 0", sde.solve, still, x0, { w = -1, rng = rng })
    raises("does not come after", sde.solve, still, x0, { w = 1, rng = rng, t0 = 1, t1 = 0 })
    raises("ends at t = 1", sde.solve, still, x0, { w = 1, rng = rng, t1 = 0.5, last = "tweedie" })
    raises('unknown option "drif"; did you mean "drift"', sde.solve, { drif = still }, x0, { rng = rng })
    raises("diffusion: expected a function", sde.solve, { drift = still }, x0, { rng = rng })
    raises("the first argument is a number", sde.solve, 1, x0, { rng = rng })
    raises("x0: expected a tensor", sde.solve, still, 1, { rng = rng })
    local function fades(x, t) return t > 0.45 and x * (0 / 0) or x end
    raises("not finite at t = 0.6, after step 6", sde.solve, { drift = fades, diffusion = 1 }, x0, { rng = rng, steps = 10 })
    raises("in my field", sde.solve, function() error "in my field" end, x0, { w = 1, rng = rng })
  end)
end)

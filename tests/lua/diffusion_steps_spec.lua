-- The chains of diffusion.sample number by number: their times, their steps with given draws, clip;
-- the edges of their options.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local diffusion <const> = fm.diffusion
local sample <const>, raises <const> = diffusion.sample, checks.raises_text
local limit <const> = fm.real == "double" and 1e-9 or 1e-3

local betas <const> = { 0.1, 0.2, 0.3, 0.4, 0.5 }
local T <const>, a <const>, s <const> = #betas, { [0] = 1 }, { [0] = 0 }
for k, beta in ipairs(betas) do
  a[k] = a[k - 1] * (1 - beta) ^ 0.5
  s[k] = (1 - a[k] ^ 2) ^ 0.5
end

--- What the model says of a number at t: neither linear nor symmetric.
local function says(x, t) return 0.3 * x + 0.7 * t + 0.1 end

local noise <const>, draws <const> = { 1.5, -0.5 }, fm.rng(1):normal(T, 1, 2)

--- The noise that is left when the data it implies is within -clip .. clip.
local function clipped(e, x, a_k, s_k, clip)
  if not clip then return e end
  return (x - a_k * math.max(-clip, math.min(clip, (x - s_k * e) / a_k))) / s_k
end

--- The states of a chain of one number, step(x, i) after step(x, i) ...
local function chain(x, n, step)
  local list = { x }
  for i = 1, n do list[i + 1] = step(list[i], i) end
  return list
end

--- The chain of both numbers as diffusion.sample makes it is that of step(x, i, z); `scale` times
--- the noise at first.
local function is(o, times, step, scale)
  o.save, o.schedule = "steps", o.schedule or (o.path == nil and betas or nil)
  local calls = {}
  local x, info = sample(function(y, t)
    calls[#calls + 1] = t
    return says(y, t)
  end, fm.tensor { noise }, o)
  assert.equal(#times, #info.times)
  for i, t in ipairs(times) do assert.near(t, info.times[i], 1e-9) end
  assert.near(times[#times], info.t, 1e-9)
  for column = 1, 2 do
    local want = chain(noise[column] * (scale or 1), #times - 1, function(y, i) return step(y, i, draws[i][1][column]) end)
    for i, value in ipairs(want) do assert.near(value, info.states[i][1][column], limit * math.max(1, math.abs(value)), ("point %d"):format(i)) end
    assert.near(want[#want], x[1][column], limit * math.max(1, math.abs(want[#want])))
  end
  return calls
end

describe("a chain of diffusion.sample", function()
  checks.no_bytes_stay(before_each, after_each)

  it("ancestral: the mean and the variance of the posterior, none at the end", function()
    for _, clip in ipairs { false, 0.4 } do
      is({ draws = draws, clip = clip or nil }, { 0, 0.2, 0.4, 0.6, 0.8, 1 }, function(x, i, z)
        local k = T + 1 - i
        local e = clipped(says(x, 1 - k / T), x, a[k], s[k], clip)
        local data = (x - s[k] * e) / a[k]
        -- q(x_{k-1} | x_k, x1): Ho et al. 2020, equation 7
        local mean = (a[k - 1] * betas[k] * data + (1 - betas[k]) ^ 0.5 * s[k - 1] ^ 2 * x) / s[k] ^ 2
        return mean + z * (betas[k] * s[k - 1] ^ 2 / s[k] ^ 2) ^ 0.5
      end)
    end
  end)

  it("ddim: over rounded indices, with as much noise as eta says", function()
    for steps, indices in pairs { [1] = { 5, 0 }, [2] = { 5, 3, 0 }, [3] = { 5, 3, 2, 0 }, [4] = { 5, 4, 3, 1, 0 }, [5] = { 5, 4, 3, 2, 1, 0 } } do
      local times = {}
      for i, k in ipairs(indices) do times[i] = 1 - k / T end
      for _, eta in ipairs { 0, 0.7, 1 } do
        for _, clip in ipairs { false, 0.4 } do
          local is_random = eta > 0 and steps > 1
          is({ method = "ddim", steps = steps, eta = eta, clip = clip or nil, draws = is_random and draws[{ 1, steps }] or nil }, times, function(x, i, z)
            local k, k1 = indices[i], indices[i + 1]
            local e = clipped(says(x, 1 - k / T), x, a[k], s[k], clip)
            local fresh = eta * s[k1] / s[k] * (1 - a[k] ^ 2 / a[k1] ^ 2) ^ 0.5
            return a[k1] * (x - s[k] * e) / a[k] + math.max(0, s[k1] ^ 2 - fresh ^ 2) ^ 0.5 * e + (is_random and fresh * z or 0)
          end)
        end
      end
    end
  end)

  local logs <const> = {}
  for k = 1, T do logs[k] = math.log(s[k] / a[k]) end

  --- The time of a level, between two indices by its logarithm.
  local function time_of(sigma)
    local y = math.log(sigma)
    if y <= logs[1] then return 1 - 1 / T end
    for k = 2, T do
      if y <= logs[k] then return 1 - (k - 1 + (y - logs[k - 1]) / (logs[k] - logs[k - 1])) / T end
    end
    return 0
  end

  local function on_schedule(x, sigma) return says(x / (1 + sigma ^ 2) ^ 0.5, time_of(sigma)) end
  local function on_line(x, sigma) -- a = t, s = 1 - t: of the velocity u the noise is x_t - t u
    local t = 1 / (1 + sigma)
    return t * x - t * says(t * x, t)
  end

  local function levels_of(n, rho, low, high)
    local list = {}
    for i = 0, n - 1 do list[i + 1] = n == 1 and high or (high ^ (1 / rho) + i / (n - 1) * (low ^ (1 / rho) - high ^ (1 / rho))) ^ rho end
    list[n + 1] = 0
    return list
  end

  it("edm_heun: levels whose roots are even, Heun's steps, Euler's at the end, churn within its bounds", function()
    local lowest <const>, highest <const> = s[1] / a[1], s[T] / a[T]
    for _, way in ipairs { { read = on_schedule, time = time_of, low = lowest, high = highest },
      { read = on_line, time = function(sigma) return 1 / (1 + sigma) end, low = 0.002, high = 80, path = "linear" } } do
      for _, case in ipairs { { steps = 3 }, { steps = 1 }, { steps = 4, rho = 2, sigma_min = 0.5, sigma_max = 1.2 }, { steps = 3, clip = 0.4 },
        { steps = 3, churn = 0.3, sigma_min = 0.4, sigma_max = 1.2 }, { steps = 3, churn = 60, churn_noise = 0.5, sigma_min = 0.4, sigma_max = 1 },
        { steps = 3, churn = 0.6, churn_min = 0.5, churn_max = 0.9, sigma_min = 0.4, sigma_max = 1.2, clip = 0.4, churn_noise = 1.5 } } do
        local o = { method = "edm_heun", path = way.path, draws = case.churn and draws[{ 1, case.steps }] or nil }
        for name, value in pairs(case) do o[name] = value end
        local sigmas, times = levels_of(case.steps, case.rho or 7, case.sigma_min or way.low, case.sigma_max or way.high), {}
        for i, sigma in ipairs(sigmas) do times[i] = sigma == 0 and 1 or way.time(sigma) end
        local function slope(x, sigma) return clipped(way.read(x, sigma), x, 1, sigma, case.clip) end
        local calls = is(o, times, function(x, i, z)
          local sigma, after = sigmas[i], sigmas[i + 1]
          local from, stirs = sigma, case.churn and sigma >= (case.churn_min or 0) and sigma <= (case.churn_max or math.huge)
          if stirs then from = sigma * (1 + math.min(case.churn / case.steps, 2 ^ 0.5 - 1)) end
          if not way.path then from = math.max(sigma, math.min(from, highest)) end
          x = x + z * (from ^ 2 - sigma ^ 2) ^ 0.5 * (case.churn_noise or 1)
          local d = slope(x, from)
          local y = x + (after - from) * d
          return after == 0 and y or x + (after - from) * (d + slope(y, after)) / 2
        end, sigmas[1])
        assert.equal(2 * case.steps - 1, #calls)
      end
    end
  end)

  it("edm_heun takes 18 steps, and levels that the model knows, up to rounding", function()
    local x <const>, low <const>, high <const> = fm.tensor { noise }, s[1] / a[1], s[T] / a[T]
    local function run(o)
      o.method, o.schedule = "edm_heun", betas
      return select(2, sample(says, x, o))
    end
    assert.same({ 18, 35 }, { run({}).steps, run({}).nfe })
    for name, level in pairs { sigma_min = { low, -1 }, sigma_max = { high, 1 } } do
      run { [name] = level[1] * (1 + level[2] * 0.9e-6) }
      raises(("diffusion.sample: %s: expected a number in "):format(name), run, { [name] = level[1] * (1 + level[2] * 1.2e-6) })
    end
    raises("diffusion.sample: sigma_min 1 is not below sigma_max 1", run, { sigma_min = 1, sigma_max = 1 })
    raises("diffusion.sample: steps: expected a whole number in 1..1000000, found 0", run, { steps = 0 })
    raises("diffusion.sample: rho: expected a number in 0.001..1000, found 0", run, { rho = 0 })
    raises("diffusion.sample: churn: expected a number in 0..1000000000, found -1", run, { churn = -1, rng = fm.rng(1) })
    raises("diffusion.sample: churn_noise: expected a number in 0..1000, found 1001", run, { churn = 1, churn_noise = 1001, rng = fm.rng(1) })
    for _, o in ipairs { { churn_min = 1.2 }, { churn_max = 0.5 } } do -- at the last level that there is
      o.sigma_min, o.sigma_max, o.churn, o.rng = 0.5, 1.2, 1, fm.rng(1)
      run(o)
    end
    raises("no noise level lies in churn_min..churn_max: they run from 1.2 down to 0.5", run,
      { sigma_min = 0.5, sigma_max = 1.2, churn = 1, churn_min = 1.21, rng = fm.rng(1) })
    raises("no noise level lies in churn_min..churn_max: they run from 1.2 down to 0.5", run,
      { sigma_min = 0.5, sigma_max = 1.2, churn = 1, churn_max = 0.49, rng = fm.rng(1) })
    raises("diffusion.sample: give schedule or path, not both", run, { path = "linear" })
    raises("diffusion.sample: predict goes with path: on a schedule the model predicts the noise", run, { predict = "noise" })
    raises("diffusion.sample: path: it has noise around its line: x and one prediction do not tell the others", sample, says, x,
      { method = "edm_heun", path = "i_cfm" })
  end)

  it("wants a stream where a step draws, and only there", function()
    local x <const> = fm.tensor { noise }
    for _, o in ipairs { { schedule = { 0.1, 0.2 } }, { schedule = betas, method = "ddim", eta = 0.1, steps = 2 },
      { schedule = betas, method = "edm_heun", churn = 0.1 } } do
      raises("diffusion.sample: rng is missing (or give draws): this chain adds noise", sample, says, x, o)
      o.rng, o.draws = fm.rng(1), fm.zeros(2, 1, 2)
      raises("diffusion.sample: give rng or draws, not both", sample, says, x, o)
    end
    sample(says, x, { schedule = { 0.1 } })
    sample(says, x, { schedule = betas, method = "ddim", eta = 1, steps = 1 })
    sample(says, x, { schedule = betas, method = "edm_heun" })
    raises("diffusion.sample: draws: expected a tensor [2, 1, 2], found a tensor [3, 1, 2]", sample, says, x,
      { schedule = { 0.1, 0.2 }, draws = fm.zeros(3, 1, 2) })
    raises("diffusion.sample: draws: expected a tensor [2, 1, 2], found 3", sample, says, x, { schedule = { 0.1, 0.2 }, draws = 3 })
    raises('diffusion.sample: steps: ancestral takes all 5 of the schedule; for 4 give method = "ddim", eta = 1', sample, says, x,
      { schedule = betas, steps = 4, rng = fm.rng(1) })
    for _, steps in ipairs { 0, 6 } do
      raises(("diffusion.sample: steps: expected a whole number in 1..5, found %d"):format(steps), sample, says, x,
        { schedule = betas, method = "ddim", steps = steps })
    end
    for _, eta in ipairs { -0.1, 1.1 } do
      raises(("diffusion.sample: eta: expected a number in 0..1, found %g"):format(eta), sample, says, x, { schedule = betas, method = "ddim", eta = eta })
    end
    raises("diffusion.sample: clip: expected a number in ", sample, says, x, { schedule = { 0.1 }, clip = 0 })
    raises("diffusion.sample: unexpected argument 4, a number: it takes 3", sample, says, x, { schedule = { 0.1 } }, 4)
    raises("diffusion.sample: the model is a number", sample, 3, x, { schedule = { 0.1 } })
    raises("diffusion.sample: noise is a number", sample, says, 3, { schedule = { 0.1 } })
    raises("diffusion.sample: schedule is missing: diffusion.schedule makes one", sample, says, x, {})
  end)

  it("is made of a method that has what it must", function()
    local x <const> = fm.tensor { noise }
    local function step(_, y) return y end
    local function own(made, more)
      local method = { chain = function() return made end }
      for name, value in pairs(more or {}) do method[name] = value end
      return sample(says, x, { method = method })
    end
    raises("diffusion.sample: the method's chain returned 3, expected a table", own, 3)
    raises("diffusion.sample: the method's step: expected a function, found nil", own, { times = { 0, 1 } })
    for _, times in ipairs { 3, { 1 } } do
      raises("diffusion.sample: the method's times: expected a list, one more than there are steps", own, { step = step, times = times })
    end
    raises("diffusion.sample: the method's times[2]: expected a number in 0..1, found 1.5", own, { step = step, times = { 0, 1.5 } })
    raises("diffusion.sample: the method's options: expected a table of defaults, found 3", own, { step = step, times = { 0, 1 } }, { options = 3 })
    raises("diffusion.sample: the method's step draws noise, but its chain has no draws = true", own, { times = { 0, 1 }, step = function(_, y, _, draw)
      return y + draw()
    end })
    checks.near(own { step = step, times = { 0, 0.5, 1 }, scale = 3 }, x * 3)
    local info = select(2, own { step = step, times = { 0, 0.25, 1 } })
    assert.same({ 2, 1 }, { info.steps, info.t })
  end)
end)

describe("a schedule", function()
  checks.no_bytes_stay(before_each, after_each)

  it("is its formula, with its options", function()
    local function of(...) return diffusion.schedule(...).beta end
    local function near(want, found)
      assert.equal(#want, #found)
      for k, beta in ipairs(want) do assert.near(beta, found[k], 1e-9) end
    end
    near({ 0.1, 0.2, 0.3 }, of("linear", { steps = 3, beta_min = 0.1, beta_max = 0.3 }))
    near({ 0.3, 0.2, 0.1 }, of("linear", { steps = 3, beta_min = 0.3, beta_max = 0.1 }))
    near({ 0.1 }, of("linear", { steps = 1, beta_min = 0.1, beta_max = 0.3 }))
    near({ 0.01, 0.02 }, of("linear", { steps = 2, beta_min = 2e-5, beta_max = 4e-5, scale = true }))
    near({ 0.1, 0.999 }, of("linear", { steps = 2, beta_min = 2e-4, beta_max = 0.5, scale = true }))
    for _, offset in ipairs { 0.008, 0.2 } do
      local want, most = {}, offset == 0.2 and 0.4 or 0.999
      local function f(k) return math.cos((k / 4 + offset) / (1 + offset) * math.pi / 2) ^ 2 end
      for k = 1, 4 do want[k] = math.min(1 - f(k) / f(k - 1), most) end
      near(want, of("cosine", { steps = 4, offset = offset == 0.2 and 0.2 or nil, beta_max = offset == 0.2 and 0.4 or nil }))
    end
    local made = diffusion.schedule(betas)
    for k = 1, T do
      assert.near(a[k], made.a[k], 1e-12)
      assert.near(s[k], made.s[k], 1e-12)
      assert.near(a[k], made.roots.a[k], 1e-6)
      assert.near(s[k], made.roots.s[k], 1e-6)
      assert.near(a[k] ^ 2, made.alpha_bars[k], 1e-6)
      assert.near(betas[k], made.betas[k], 1e-6)
    end
    local tiny = diffusion.schedule { 1e-12, 1e-12 } -- 1 - abar keeps its digits
    assert.near(1, tiny.s[2] ^ 2 / 2e-12, 1e-9)
  end)

  it("refuses betas by their place", function()
    local make <const> = diffusion.schedule
    for _, beta in ipairs { 0, 1 } do raises(("schedule: beta 2 is %d, expected a number between 0 and 1"):format(beta), make, { 0.5, beta }) end
    raises("schedule: beta 1: expected a number in 0..1, found -0.5", make, { -0.5 })
    raises("schedule: expected betas as a list of numbers or a tensor [T], found a table", make, {})
    raises("schedule: unexpected argument 3, a number: it takes 2", make, "linear", {}, 3)
    raises("schedule linear: beta_min: expected a number in 1e-12..0.999, found 0", make, "linear", { beta_min = 0 })
    raises("schedule linear: beta_max: expected a number in 1e-12..0.999, found 1", make, "linear", { beta_max = 1 })
    local many = {}
    for k = 1, 22 do many[k] = 1 - 2.0 ^ -50 end -- abar_21 is the last that is no 0: 2^-1050
    raises("schedule: nothing is left of the data at index 22: the product of 1 - beta is 0", make, many)
  end)
end)

describe("diffusion.loss", function()
  checks.no_bytes_stay(before_each, after_each)

  it("is the mean square by which the model misses the noise at a row's index", function()
    local x1, given, k = { { 1, 2 }, { -1, 0.5 } }, { { 0.3, -0.2 }, { 1, -2 } }, { 2, 5 }
    local times
    local loss = diffusion.loss(function(x, t)
      times = t:totable()
      return x * 0.5
    end, fm.tensor(x1), { schedule = betas, noise = fm.tensor(given), k = fm.tensor(k) })
    local want = 0
    for i = 1, 2 do
      for j = 1, 2 do want = want + ((x1[i][j] * a[k[i]] + given[i][j] * s[k[i]]) * 0.5 - given[i][j]) ^ 2 / 4 end
    end
    assert.near(want, loss:item(), 1e-5)
    for i = 1, 2 do assert.near(1 - k[i] / T, times[i], 1e-6) end
    local x <const>, o <const> = fm.tensor(x1), { schedule = betas, noise = fm.tensor(given), k = 2, cond = fm.ones(2), drop = 0.5, null = 0 }
    raises("diffusion.loss: rng is missing: drop draws from it", diffusion.loss, says, x, o)
    raises("diffusion.loss: rng is missing (or give both noise and k)", diffusion.loss, says, x, { schedule = betas, noise = fm.tensor(given) })
    raises("diffusion.loss: null is given, but no drop, the probability with which it replaces a condition", diffusion.loss, says, x,
      { schedule = betas, rng = fm.rng(1), cond = fm.ones(2), null = 0 })
  end)
end)

-- Diffusion beyond its golden values: what schedules, the loss and the samplers do for normal data,
-- for which the best noise predictor is known; what they take and what they refuse.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local diffusion <const>, flow <const>, nn <const>, ode <const> = fm.diffusion, fm.flow, fm.nn, fm.ode
local raises <const> = checks.raises_text

local double <const> = fm.real == "double"
local in_double <const> = checks.in_double(it)

local function near(want, got, tolerance, what)
  assert(math.abs(got - want) <= tolerance, ("%s: expected %.12g, found %.12g"):format(what or "value", want, got))
end

--- A file beside the script, until it is closed; its name is in `of`.
local function beside(text)
  local path, former = os.tmpname(), package.path
  local folder, name = path:match "^(.*/)(.*)$"
  local file <close> = assert(io.open(path .. ".lua", "w"))
  file:write(text)
  package.path = folder .. "?.lua;" .. former
  return setmetatable({ of = name }, { __close = function()
    os.remove(path)
    os.remove(path .. ".lua")
    package.path, package.loaded[name] = former, nil
  end })
end

local function with(base, more)
  local all = {}
  for name, value in next, base do all[name] = value end
  for name, value in next, more or {} do all[name] = value end
  return all
end

-- ---- normal data ----

local mean <const>, std <const> = 1.5, 0.6

-- E[noise | x] for x = a x1 + s noise, x1 ~ N(mean, std^2).
local function best(x, a, s) return (x - a * mean) * (s / (a * a * std * std + s * s)) end

-- The best predictor on a schedule, for t = 1 - k/T.
local function best_on(schedule)
  local a <const>, s <const> = {}, {}
  for k, abar in ipairs(schedule.alpha_bars:totable()) do a[k], s[k] = abar ^ 0.5, (1 - abar) ^ 0.5 end
  return function(x, t)
    local k = math.floor((1 - t) * schedule.steps + 0.5)
    return best(x, a[k], s[k])
  end
end

-- Standard errors by which mean and deviation of samples miss those of the data.
local function misses(x)
  local n, flat = x:count(), x:reshape(-1)
  return math.abs(flat:mean():item() - mean) / (std / n ^ 0.5), math.abs(flat:var():item() ^ 0.5 / std - 1) * (2 * n) ^ 0.5
end

describe("diffusion.schedule", function()
  checks.no_bytes_stay(before_each, after_each)

  it("has 1000 steps by default, and abar falls to nearly nothing", function()
    for _, name in ipairs { "linear", "cosine" } do
      local schedule = diffusion.schedule(name)
      assert.equal(1000, schedule.steps)
      assert.same({ 1000 }, schedule.betas:shape())
      assert.same({ 1000 }, schedule.alpha_bars:shape())
      local abar = schedule.alpha_bars:totable()
      for k = 2, 1000 do assert(abar[k] < abar[k - 1]) end
      assert(abar[1] > 0.999 and abar[1000] < 1e-4)
    end
    local linear = diffusion.schedule "linear"
    near(1e-4, linear.betas[1], 1e-9)
    near(0.02, linear.betas[1000], 1e-8)
  end)

  it("scales betas that were made for 1000 steps", function()
    local plain, scaled = diffusion.schedule("linear", { steps = 50 }), diffusion.schedule("linear", { steps = 50, scale = true })
    near(20, (scaled.betas / plain.betas):min():item(), 1e-4)
    assert(plain.alpha_bars[50] > 0.5 and scaled.alpha_bars[50] < 1e-4)
    local same = diffusion.schedule("linear", { steps = 1000, scale = true })
    checks.same(same.betas, diffusion.schedule("linear").betas)
    near(0.999, diffusion.schedule("linear", { steps = 10, scale = true }).betas:max():item(), 1e-6, "betas stay below 1")
    assert.equal(1, diffusion.schedule("linear", { steps = 1 }).steps)
  end)

  it("takes options with a name in one table, betas, and a schedule", function()
    local a, b = diffusion.schedule { "linear", steps = 10, beta_max = 0.3 }, diffusion.schedule("linear", { steps = 10, beta_max = 0.3 })
    checks.same(a.betas, b.betas)
    assert.equal(a, diffusion.schedule(a))
    local own = diffusion.schedule { 0.1, 0.2, 0.5 }
    checks.near(own.alpha_bars, fm.tensor { 0.9, 0.72, 0.36 }, 1e-7)
    checks.same(own.betas, diffusion.schedule(fm.tensor { 0.1, 0.2, 0.5 }).betas)
  end)

  it("finds a file beside the script", function()
    do
      local file <close> = beside "return function(o) local b = {} for k = 1, o.n do b[k] = 0.1 * k end return b end"
      checks.near(diffusion.schedule(file.of, { n = 3 }).betas, fm.tensor { 0.1, 0.2, 0.3 }, 1e-7)
    end
    local file <close> = beside "return { 0.25, 0.5 }"
    assert.equal(2, diffusion.schedule(file.of).steps)
    raises(('schedule %s: unknown option "n"'):format(file.of), diffusion.schedule, file.of, { n = 3 })
  end)

  it("refuses what it cannot use", function()
    local make <const> = diffusion.schedule
    raises('schedule: unknown schedule "cosin"; did you mean "cosine"?', make, "cosin")
    raises('schedule linear: unknown option "step"; did you mean "steps"?', make, "linear", { step = 10 })
    raises("schedule linear: steps: expected a whole number in 1..1000000, found 0", make, "linear", { steps = 0 })
    raises("schedule linear: beta_max: expected a number", make, "linear", { beta_max = 1 })
    raises("schedule linear: scale: expected true or false, found 2", make, "linear", { scale = 2 })
    raises("schedule cosine: offset: expected a number in 0..1", make, "cosine", { offset = -1 })
    raises("schedule: beta 2 is 1, expected a number between 0 and 1", make, { 0.1, 1 })
    raises("schedule: expected a name, betas or a schedule, found 3", make, 3)
    raises("schedule: expected betas as a list of numbers", make, {})
    raises("schedule: unexpected options: they go with the name of a schedule", make, { 0.1 }, { steps = 1 })
    raises("schedule: unexpected argument 3", make, "linear", {}, 1)
    local many = {}
    for k = 1, 200 do many[k] = 0.999999 end
    raises("nothing is left of the data at index", make, many)
    local file <close> = beside "return 'betas'"
    raises(("schedule %s: expected betas as a list of numbers"):format(file.of), make, file.of)
  end)
end)

describe("diffusion.loss", function()
  checks.no_bytes_stay(before_each, after_each)

  local B <const>, D <const> = 6, 3
  local x1 <const>, noise <const> = fm.rng(5):normal(B, D), fm.rng(6):normal(B, D)
  local function still(x) return x * 0.5 end

  it("of the best predictor is the noise that x does not tell", function()
    local schedule = diffusion.schedule("linear", { steps = 20, scale = true })
    local data = fm.rng(1):normal(40000, 1) * std + mean
    local model = best_on(schedule)
    for _, k in ipairs { 1, 7, 20 } do
      local abar = schedule.alpha_bars[k]
      local want = abar * std ^ 2 / (abar * std ^ 2 + 1 - abar)
      local loss = diffusion.loss(function(x) return model(x, 1 - k / 20) end, data, { schedule = schedule, rng = fm.rng(2), k = k }):item()
      near(want, loss, 4 * want * (2 / 40000) ^ 0.5, "index " .. k)
    end
  end)

  it("draws a standard normal and an index for each row, all equally likely, and calls the model with t = 1 - k/T", function()
    local schedule, n = diffusion.schedule("cosine", { steps = 4 }), 4000
    local seen, counts
    diffusion.loss(function(x, t)
      seen = x:clone()
      counts = { 0, 0, 0, 0 }
      for _, value in ipairs(t:totable()) do
        local k = (1 - value) * 4
        assert(k == math.floor(k))
        counts[math.tointeger(k)] = counts[math.tointeger(k)] + 1
      end
      return x
    end, fm.zeros(n, 2), { schedule = schedule, rng = fm.rng(3) })
    for k = 1, 4 do near(n / 4, counts[k], 4 * (n * 3 / 16) ^ 0.5) end
    local expected = 0
    for k = 1, 4 do expected = expected + (1 - schedule.alpha_bars[k]) / 4 end
    near(expected, seen:square():mean():item(), 0.05)
  end)

  it("takes k as a number or [B], the noise, and gives the same bits for the same seed", function()
    local schedule = diffusion.schedule("linear", { steps = 10 })
    local o = { schedule = schedule, noise = noise, k = 4 }
    local a = diffusion.loss(still, x1, o):item()
    assert.equal(a, diffusion.loss(still, x1, with(o, { k = fm.full(B, 4) })):item())
    assert.equal(a, diffusion.loss(still, x1, with(o, { k = fm.full({ B, 1 }, 4) })):item())
    local function drawn(seed) return diffusion.loss(still, x1, { schedule = schedule, rng = fm.rng(seed) }):item() end
    assert.equal(drawn(1), drawn(1))
    assert(drawn(1) ~= drawn(2))
    local model = nn.vector_field { dim = D, hidden = 8 }
    assert(diffusion.loss(model, x1, { schedule = "cosine", rng = fm.rng(1) }):item() > 0, "a schedule by name, and a layer")
    assert(diffusion.loss(model, x1, { schedule = { "linear", steps = 5 }, rng = fm.rng(1) }):item() > 0)
  end)

  it("does not depend on how a row is shaped", function()
    local schedule = diffusion.schedule("linear", { steps = 10 })
    local k, y1, y = fm.tensor { 1, 2, 5, 7, 9, 10 }, fm.rng(1):normal(B, 8), fm.rng(2):normal(B, 8)
    local function of(...) return diffusion.loss(still, y1:reshape(B, ...), { schedule = schedule, k = k, noise = y:reshape(B, ...) }):item() end
    near(of(8), of(2, 2, 2), double and 1e-14 or 1e-6)
    near(of(8), of(2, 4), double and 1e-14 or 1e-6)
  end)

  it("passes the condition, and drops that of some rows", function()
    local schedule = diffusion.schedule("linear", { steps = 10 })
    local cond, got = fm.tensor { 1, 2, 3, 1, 2, 3 }, nil
    local function model(x, _, c)
      got = c:totable()
      return x
    end
    local o = { schedule = schedule, rng = fm.rng(1), cond = cond }
    diffusion.loss(model, x1, o)
    assert.same({ 1, 2, 3, 1, 2, 3 }, got)
    diffusion.loss(model, x1, with(o, { drop = 1, null = 4 }))
    assert.same({ 4, 4, 4, 4, 4, 4 }, got)
    diffusion.loss(model, x1, with(o, { drop = 0, null = 4 }))
    assert.same({ 1, 2, 3, 1, 2, 3 }, got)
    local values = {}
    for seed = 1, 2 do values[seed] = diffusion.loss(still, x1, { schedule = schedule, rng = fm.rng(9), cond = cond, drop = seed - 1, null = 4 }):item() end
    assert.equal(values[1], values[2], "drop is drawn last")
    raises("diffusion.loss: drop is given, but no cond", diffusion.loss, still, x1, { schedule = schedule, rng = fm.rng(1), drop = 0.5 })
    raises("diffusion.loss: null is given, but no drop", diffusion.loss, still, x1, { schedule = schedule, rng = fm.rng(1), cond = cond, null = 4 })
    raises("diffusion.loss: null is missing", diffusion.loss, still, x1, with(o, { drop = 0.5 }))
  end)

  it("refuses what it cannot use", function()
    local schedule = diffusion.schedule("linear", { steps = 10 })
    local function fails(text, o, model, x) raises("diffusion.loss: " .. text, diffusion.loss, model or still, x or x1, o) end
    local o = { schedule = schedule, rng = fm.rng(1) }
    fails("schedule is missing", { rng = fm.rng(1) })
    fails("rng is missing (or give both noise and k)", { schedule = schedule, k = 3 })
    fails('unknown option "noize"; did you mean "noise"?', with(o, { noize = noise }))
    fails("noise is [6, 2], expected [6, 3]", with(o, { noise = fm.zeros(B, 2) }))
    fails("k: expected a whole number in 1..10, found 0", with(o, { k = 0 }))
    fails("k: expected a whole number in 1..10, found 11", with(o, { k = 11 }))
    fails("k: expected a whole number or a tensor [6], found a tensor [5]", with(o, { k = fm.ones(5) }))
    fails("k[2]: expected a whole number in 1..10, found 2.5", with(o, { k = fm.tensor { 1, 2.5, 1, 1, 1, 1 } }))
    fails("the model is a number", o, 3)
    fails("x1 is a table", o, still, {})
    fails("the model's prediction is [6, 2]", o, function(x) return x:slice { axis = 2, first = 1, last = 2 } end)
    fails('schedule: unknown schedule "sigmoid"', with(o, { schedule = "sigmoid" }))
    raises("diffusion.loss: unexpected argument 4", diffusion.loss, still, x1, o, 1)
  end)
end)

describe("diffusion.sample", function()
  checks.no_bytes_stay(before_each, after_each)

  local sample <const> = diffusion.sample
  local noise <const> = fm.rng(1):normal(4000, 2)

  it("draws normal data with the right mean and deviation, with and without noise", function()
    for _, name in ipairs { "linear", "cosine" } do
      local schedule = diffusion.schedule(name)
      local model = best_on(schedule)
      for _, o in ipairs { { method = "ancestral" }, { method = "ddim", eta = 1 }, { method = "ddim", eta = 0 }, { method = "ddim", steps = 100 },
        { method = "ddim", steps = 200, eta = 0.5 } } do
        local x = sample(model, noise, with({ schedule = schedule, rng = fm.rng(2) }, o))
        local m, s = misses(x)
        assert(m < 4 and s < 4, ("%s, %s, %s steps, eta %s: mean off by %.1f, deviation by %.1f standard errors"):format(name, o.method, o.steps, o.eta, m, s))
      end
    end
  end)

  -- Where the probability flow takes points: the distance from the mean in deviations stays.
  local function image(x, a, s) return (x - a * mean) * (std / (a * a * std * std + s * s) ^ 0.5) + mean end

  it("ddim without noise goes to the end of the probability flow, with order 1", function()
    local schedule = diffusion.schedule("cosine", { steps = 4096 })
    local model, x = best_on(schedule), noise[{ 1, 50 }]
    local abar = schedule.alpha_bars[4096]
    local want, errors = image(x, abar ^ 0.5, (1 - abar) ^ 0.5), {}
    for i, n in ipairs { 128, 256, 512 } do errors[i] = (sample(model, x, { schedule = schedule, method = "ddim", steps = n }) - want):abs():max():item() end
    assert(errors[3] < 0.01, errors[3])
    for i = 2, 3 do near(2, errors[i - 1] / errors[i], 0.25, "error with half the steps") end
  end)

  it("ddim without noise agrees with ode.solve on the path that its schedule approximates", function()
    local T, betas = 2000, {}
    for k = 1, T do betas[k] = (0.1 + (20 - 0.1) * (k - 0.5) / T) / T end -- vp's beta(t), in the middle of each step
    local schedule = diffusion.schedule(betas)
    local x = noise[{ 1, 50 }]
    local exact = ode.solve(flow.exact.gaussian { mean = { mean, mean }, std = { std, std }, path = "vp" }, x, { rtol = 1e-6, atol = 1e-6 })
    checks.near(sample(best_on(schedule), x, { schedule = schedule, method = "ddim" }), exact, 0.005)
  end)

  in_double("edm_heun has order 2, whatever the model predicts, on each path", function()
    local x = noise[{ 1, 20 }]
    for _, name in ipairs { "vp", "ve", "linear", "cosine", "own" } do
      local path = flow.path(name == "own" and { a = function(t) return t ^ 2 end, s = function(t) return 1 - t end } or name)
      local function exact(t)
        local a, s = path:coefficients(t)
        return a, s
      end
      local models = {
        noise = function(y, t) return best(y, exact(t)) end,
        score = function(y, t)
          local a, s = exact(t)
          return (y - a * mean) * (-1 / (a * a * std * std + s * s))
        end,
        data = function(y, t)
          local a, s = exact(t)
          return (y - best(y, a, s) * s) / a
        end,
        velocity = function(y, t)
          local a, s, da, ds = path:coefficients(t)
          local x0 = best(y, a, s)
          return (y - x0 * s) * (da / a) + x0 * ds
        end,
      }
      local low, high = 0.02, name == "ve" and 2 or 10
      -- the flow down to low, then one step of Euler to 0
      local want = (x * high - mean) * (std ^ 2 / (std ^ 2 + high ^ 2) ^ 0.5 / (std ^ 2 + low ^ 2) ^ 0.5) + mean
      for predict, model in pairs(models) do
        local errors, o = {}, { method = "edm_heun", path = path, predict = predict, sigma_min = low, sigma_max = high }
        for i, n in ipairs { 32, 64, 128 } do
          local y, info = sample(model, x, with(o, { steps = n }))
          assert.same({ 2 * n - 1, n, 1 }, { info.nfe, info.steps, info.t })
          errors[i] = (y - want):abs():max():item()
        end
        local order = math.log(errors[1] / errors[3]) / math.log(4)
        assert(math.abs(order - 2) < 0.15, ("%s, %s: order %.3f, errors %.3g %.3g %.3g"):format(name, predict, order, table.unpack(errors)))
      end
    end
  end)

  it("edm_heun reads a schedule by its noise, between two indices too", function()
    local schedule = diffusion.schedule "linear"
    local logs = {}
    for k, abar in ipairs(schedule.alpha_bars:totable()) do logs[k] = math.log((1 - abar) / abar) / 2 end
    local function model(x, t) -- sigma from the index, as the index was taken from sigma
      local k = (1 - t) * 1000
      local below = math.max(math.min(math.floor(k), 999), 1)
      local sigma = math.exp(logs[below] + (k - below) * (logs[below + 1] - logs[below]))
      local a = 1 / (1 + sigma * sigma) ^ 0.5
      return best(x, a, sigma * a)
    end
    local x, info = sample(model, noise[{ 1, 20 }], { method = "edm_heun", schedule = schedule, steps = 100 })
    local want = (noise[{ 1, 20 }] * 80 - mean) * (std / (std ^ 2 + 80 ^ 2) ^ 0.5) + mean
    checks.near(x, want, 0.003)
    assert.equal(199, info.nfe)
    local stirred = { method = "edm_heun", schedule = schedule, steps = 60, churn = 40, churn_min = 0.05, churn_max = 50, rng = fm.rng(4) }
    local m, s = misses((sample(model, noise, stirred)))
    assert(m < 4 and s < 4, ("churn: mean off by %.1f, deviation by %.1f standard errors"):format(m, s))
    local seen = {}
    sample(function(y, t)
      seen[#seen + 1] = t
      return y
    end, noise[{ 1, 2 }], { method = "edm_heun", schedule = schedule, steps = 2, sigma_max = math.exp(logs[1000]), sigma_min = math.exp(logs[1]) })
    near(0, seen[1], 1e-6, "the noisiest")
    near(0.999, seen[3], 1e-6, "the cleanest")
    assert.equal(seen[2], seen[3])
  end)

  it("edm_heun stirs where churn says so, and never beyond what the model knows: by hand", function()
    local x, draws = fm.rng(1):normal(4, 2), fm.rng(2):normal(3, 4, 2)
    local o = { method = "edm_heun", path = "ve", predict = "noise", steps = 3, rho = 1, sigma_min = 1, sigma_max = 2, draws = draws, churn = 0.6 }
    local function ends(more) return (sample(function(y) return y * 0 + 0.5 end, x, with(o, more))) end
    local start, to_zero = x * 2, -0.5 * 2 -- levels 2, 1.5, 1, 0; a slope of 0.5 all the way
    local at_second = draws[2] * ((1.8 ^ 2 - 1.5 ^ 2) ^ 0.5 * 0.5)
    local at_third = draws[3] * (1.2 ^ 2 - 1) ^ 0.5
    local limit = double and 1e-9 or 1e-5
    checks.near(ends { churn_min = 1.2, churn_max = 1.8, churn_noise = 0.5 }, start + at_second + (to_zero - 0.5 * 0.3), limit)
    checks.near(ends(), start + at_second * 2 + at_third + (to_zero - 0.5 * 0.5), limit)
    checks.near(ends { churn_max = 1.2 }, start + at_third + (to_zero - 0.5 * 0.2), limit)
    o.draws = nil
    checks.near(ends { churn = 0 }, start + to_zero, limit)
  end)

  it("samples what flow.loss trained for the score on ve and vp, from the path's source", function()
    for _, name in ipairs { "vp", "ve" } do
      local path = flow.path(name)
      local function model(x, t)
        local a, s = path:coefficients(t)
        return (x - a * mean) * (-1 / (a * a * std * std + s * s))
      end
      local field = flow.velocity(model, { predict = "score", path = path })
      local x0 = path:source(4000, 2, fm.rng(3))
      local x = ode.solve(field, x0, { rtol = 1e-5, atol = 1e-5 })
      local a, s = path:coefficients(0)
      checks.near(x, image(x0, a, s), 0.01)
      local heun = sample(model, x0 / s, { method = "edm_heun", path = path, predict = "score", steps = 64, sigma_max = name == "ve" and 2 or nil })
      if name == "ve" then checks.near(heun, x, 0.01) end
      local m, d = misses(heun)
      assert(name == "ve" or m < 4 and d < 4, name) -- ve starts at a normal that still has the mean of no data
    end
  end)

  -- ---- what it takes ----

  local few <const> = diffusion.schedule("cosine", { steps = 8 })
  local small <const> = fm.rng(8):normal(5, 3)
  local function pull(x, t) return x * (0.5 + t * 0.1) end
  local chains <const> = {
    { method = "ancestral", schedule = few }, { method = "ddim", schedule = few, steps = 4 }, { method = "ddim", schedule = few, eta = 1 },
    { method = "edm_heun", schedule = few, steps = 6 }, { method = "edm_heun", path = "linear", steps = 6, churn = 3 },
    { method = "edm_heun", path = "vp", predict = "noise", steps = 6 },
  }

  it("is ancestral by default, with all steps; ddim with eta = 1 and all steps is the same chain", function()
    local draws = fm.rng(3):normal(8, 5, 3)
    local a, info = sample(pull, small, { schedule = few, draws = draws })
    assert.same({ 8, 8, "finished", 1 }, { info.nfe, info.steps, info.status, info.t })
    checks.near(sample(pull, small, { schedule = few, method = "ddim", eta = 1, draws = draws }), a, double and 1e-12 or 1e-4)
    checks.same(sample(pull, small, { schedule = few, draws = draws, steps = 8 }), a)
    local ddim = sample(pull, small, { schedule = few, method = "ddim" })
    checks.same(sample(pull, small, { schedule = few, method = "ddim", steps = 8 }), ddim)
    checks.same(sample(pull, small, { schedule = few, method = "ddim", eta = 0, rng = fm.rng(1) }), ddim)
    checks.same(sample(pull, small, { schedule = few, method = diffusion.sample.ddim }), ddim)
  end)

  it("bounds the data that a model implies: clip", function()
    for _, o in ipairs(chains) do
      local function of(clip) return (sample(pull, small, with(o, { rng = fm.rng(2), clip = clip }))) end
      local free = of(nil)
      local far = free:abs():max():item()
      checks.near(of(1e6), free, double and 1e-9 * far or 1e-3 * far)
      local bound = of(far / 2):abs():max():item()
      assert(bound <= far / 2 * (double and 1 + 1e-12 or 1.0001), ("%s: %g, bound %g"):format(o.method, bound, far / 2))
    end
    -- an error of a thousandth, at an index that has nothing left of the data
    local schedule, x = diffusion.schedule "cosine", noise[{ 1, 50 }]
    local exact <const> = best_on(schedule)
    local function wrong(y, t) return exact(y, t) * 1.001 end
    local o = { schedule = schedule, method = "ddim", steps = 10 }
    local off = sample(exact, x, o) - sample(wrong, x, o)
    local clipped = with(o, { clip = 4 })
    local off_clipped = sample(exact, x, clipped) - sample(wrong, x, clipped)
    local far, near_by = off:abs():max():item(), off_clipped:abs():max():item()
    assert(far > 3 and near_by < 0.5, ("off by %g, with clip by %g"):format(far, near_by))
  end)

  it("gives the same bits for the same seed, keeps its arguments, and does not mind how a row is shaped", function()
    local wide = fm.rng(8):normal(5, 12)
    for i, o in ipairs(chains) do
      local before = wide:clone()
      local function of(x, seed) return (sample(pull, x, with(o, { rng = fm.rng(seed) }))) end
      checks.same(of(wide, 1), of(wide, 1))
      checks.same(before, wide)
      checks.same(of(wide, 1), of(wide:reshape(5, 3, 2, 2), 1):reshape(5, 12))
      checks.same(of(wide, 1):reshape(60), of(wide:reshape(60), 1))
      assert.same({ 0, 3 }, of(fm.zeros(0, 3), 1):shape(), i)
    end
  end)

  it("keeps states on the way, at the model's times", function()
    for i, o in ipairs(chains) do
      local x, info = sample(pull, small, with(o, { rng = fm.rng(1), save = "steps" }))
      local n = info.steps
      assert.same({ n + 1, 5, 3 }, info.states:shape())
      assert.equal(n + 1, #info.times)
      checks.same(x, info.states[{ n + 1, n + 1 }]:reshape(5, 3))
      assert.equal(1, info.times[n + 1], i)
      for k = 2, n + 1 do assert(info.times[k] > info.times[k - 1]) end
      local _, ends = sample(pull, small, with(o, { rng = fm.rng(1), save = 2 }))
      checks.same(ends.states, fm.cat({ info.states[{ 1, 1 }], info.states[{ n + 1, n + 1 }] }, { axis = 1 }))
      assert.same({ info.times[1], 1 }, ends.times)
    end
    local _, info = sample(pull, small, { schedule = few, method = "ddim", steps = 4, save = "steps" })
    assert.same({ 0, 0.25, 0.5, 0.75, 1 }, info.times)
  end)

  it("calls a layer with t [B], a function with a number, and passes the condition", function()
    local model = nn.vector_field { dim = 3, hidden = 8, classes = 4 }
    local cond = fm.tensor { 1, 2, 3, 4, 5 }
    for _, o in ipairs(chains) do
      local x = sample(model, small, with(o, { cond = cond, rng = fm.rng(1) }))
      local one = sample(function(y, t)
        assert.equal("number", type(t))
        return model(y, fm.full(#y, t), cond)
      end, small, with(o, { rng = fm.rng(1) }))
      checks.same(x, one)
    end
  end)

  it("records gradients on a tape", function()
    for _, o in ipairs(chains) do
      local x = fm.parameter(small:clone())
      local function end_of(y) return sample(pull, y, with(o, { rng = fm.rng(2) })):sum() end
      local before, after = end_of(small - 0.5):item(), end_of(small + 0.5):item()
      local tape <close> = fm.record()
      end_of(x):backward()
      near(after - before, x:grad():sum():item(), 1e-3 * math.max(1, math.abs(after - before))) -- it is linear in x
    end
  end)

  it("finds a method beside the script, and takes a table", function()
    local text <const> = [[return {
      options = { strength = 2 },
      chain = function(o)
        local function step(model, x, i, draw) return x + model(x, (i - 1) / 2) * o.strength + draw() * 0 end
        return { times = { 0, 0.5, 1 }, scale = 3, draws = true, step = step }
      end,
    }]]
    local file <close> = beside(text)
    local x, info = sample(function(y) return y end, small, { method = file.of, rng = fm.rng(1) })
    checks.near(x, small * 27, double and 1e-12 or 1e-4)
    assert.equal(2, info.nfe)
    checks.near(sample(function(y) return y end, small, { method = load(text)(), strength = 1, rng = fm.rng(1) }), small * 12, double and 1e-12 or 1e-4)
    raises('unknown option "strenght"; did you mean "strength"?', sample, pull, small, { method = file.of, strenght = 1 })
    local function method(chain, given) return { method = { options = given, chain = function() return chain end } } end
    local function still(x) return x end
    raises("the method's chain returned nil, expected a table", sample, pull, small, method(nil))
    raises("the method's step: expected a function, found nil", sample, pull, small, method { times = { 0, 1 } })
    raises("the method's times: expected a list", sample, pull, small, method { step = still })
    raises("the method's times: expected a list", sample, pull, small, method { step = still, times = { 1 } })
    raises("the method's times[2]: expected a number in 0..1", sample, pull, small, method { step = still, times = { 0, "b" } })
    raises("the method's options: expected a table of defaults", sample, pull, small, method({ step = still, times = { 0, 1 } }, "x"))
    raises("the method's step draws noise, but its chain has no draws = true", sample, pull, small,
      method { times = { 0, 1 }, step = function(_, x, _, draw) return x + draw() end })
    local none <close> = beside "return {}"
    raises("diffusion.sample: method: " .. none.of, sample, pull, small, { method = none.of })
  end)

  it("makes no more garbage in a step than ode.solve with a step of its own", function()
    local schedule = diffusion.schedule("linear", { steps = 400 })
    local function kilobytes(f)
      f()
      collectgarbage()
      collectgarbage "stop"
      local before = collectgarbage "count"
      f()
      local used = collectgarbage "count" - before
      collectgarbage "restart"
      return used
    end
    local function step(field, t, x, h) return x + field(x, t) * h end
    local own = kilobytes(function() ode.solve(pull, small, { method = step, steps = 400 }) end)
    for _, o in ipairs { { method = "ancestral" }, { method = "ddim" }, { method = "ddim", eta = 1 }, { method = "edm_heun", steps = 400 } } do
      local used = kilobytes(function() sample(pull, small, with({ schedule = schedule, rng = fm.rng(1) }, o)) end)
      local model_calls = o.method == "edm_heun" and 2 or 1
      assert(used < model_calls * 3 * own + 64, ("%s: %.0f KB, ode.solve %.0f KB"):format(o.method, used, own))
    end
  end)

  it("refuses what it cannot use", function()
    local function fails(text, o, model, x) raises("diffusion.sample: " .. text, sample, model or pull, x or small, o) end
    local o = { schedule = few, rng = fm.rng(1) }
    fails("schedule is missing", { rng = fm.rng(1) })
    fails("schedule is missing")
    fails("rng is missing (or give draws): this chain adds noise", { schedule = few })
    fails("rng is missing", { schedule = few, method = "ddim", eta = 0.1 })
    fails("rng is missing", { schedule = few, method = "edm_heun", churn = 1 })
    fails("give rng or draws, not both", with(o, { draws = fm.zeros(8, 5, 3) }))
    fails("draws: expected a tensor [8, 5, 3], found a tensor [7, 5, 3]", { schedule = few, draws = fm.zeros(7, 5, 3) })
    fails('steps: ancestral takes all 8 of the schedule; for 4 give method = "ddim", eta = 1', with(o, { steps = 4 }))
    fails("steps: expected a whole number in 1..8, found 9", with(o, { method = "ddim", steps = 9 }))
    fails("eta: expected a number in 0..1, found 2", with(o, { method = "ddim", eta = 2 }))
    fails('unknown option "eta"', with(o, { eta = 0.5 }))
    fails('unknown option "step"; did you mean "steps"?', with(o, { method = "ddim", step = 4 }))
    fails('method: unknown name "ancestrall"; did you mean "ancestral"?', with(o, { method = "ancestrall" }))
    fails("method: expected a name", with(o, { method = 3 }))
    fails("expected a table of options, found number", 3)
    fails("noise is a table", o, pull, {})
    fails("noise is []", o, pull, fm.tensor(1))
    fails("the model is a number", o, 3)
    fails("clip: expected a number in", with(o, { clip = 0 }))
    fails("save: expected a whole number", with(o, { save = 0 }))
    raises("diffusion.sample: unexpected argument 4", sample, pull, small, o, 1)
    local edm = { method = "edm_heun" }
    fails("schedule is missing", edm)
    fails("give schedule or path, not both", with(edm, { schedule = few, path = "vp" }))
    fails("predict goes with path", with(edm, { schedule = few, predict = "score" }))
    fails("path: it has noise around its line", with(edm, { path = "schrodinger_bridge" }))
    fails("sigma_min: expected a number in", with(edm, { path = "ve", sigma_min = 0.001 }))
    fails("sigma_max: expected a number in", with(edm, { path = "ve", sigma_max = 3 }))
    fails("sigma_min 1 is not below sigma_max 0.5", with(edm, { path = "ve", sigma_min = 1, sigma_max = 0.5 }))
    fails("rho: expected a number in", with(edm, { path = "ve", rho = 0 }))
    fails("churn: expected a number in", with(edm, { path = "ve", churn = -1 }))
    raises("convert: from: ", sample, pull, small, with(edm, { path = "ve", predict = "nois" }))
  end)
end)

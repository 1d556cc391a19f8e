-- Diffusion models that know the noise: for data N(m, d^2), given x_k, its mean is s (x - a m) /
-- (a^2 d^2 + s^2) with a = sqrt(abar_k), s = sqrt(1 - abar_k). Loss, and samples of every sampler.
local fm <const> = require "fm"
local by_name <const> = require "fm.parts.by_name"
local formula_of <const> = require "fm.verify.parts.formula_of"

local diffusion <const> = fm.diffusion
local m <const>, d <const>, T <const> = 1.5, 0.6, 1000

-- abar_0 .. abar_T as products of 1 - beta, for betas evenly from 1e-4 to 0.02.
local function products()
  local list = { [0] = 1 }
  for k = 1, T do list[k] = list[k - 1] * (1 - (1e-4 + (k - 1) * (0.02 - 1e-4) / (T - 1))) end
  return list
end

-- abar_0 .. abar_T of the cosine schedule, while no beta is cut.
local function cosines()
  local list = {}
  local function f(k) return math.cos((k / T + 0.008) / 1.008 * math.pi / 2) ^ 2 end
  for k = 0, T do list[k] = f(k) / f(0) end
  return list
end

local function noise_model(bars)
  return function(x, t)
    if type(t) == "number" then
      local bar = bars[math.floor((1 - t) * T + 0.5)]
      return (x - bar ^ 0.5 * m) * ((1 - bar) ^ 0.5 / (bar * d * d + 1 - bar))
    end
    local bar = t:totable()
    for i, at in ipairs(bar) do bar[i] = bars[math.floor((1 - at) * T + 0.5)] end
    bar = fm.tensor(bar):reshape(-1, 1)
    return (x - bar:sqrt() * m) * ((1 - bar):sqrt() / (bar * d * d + 1 - bar))
  end
end

-- The affine map x -> p x + q of one step with no noise: x_j = sqrt(abar_j) x1 + sqrt(1 - abar_j)
-- noise, of the best x1 and noise.
local function straight(bars, k, j)
  local V = bars[k] * d * d + 1 - bars[k]
  local a, s, x1 = bars[k] ^ 0.5, (1 - bars[k]) ^ 0.5, bars[k] ^ 0.5 * d * d / V
  local p = bars[j] ^ 0.5 * x1 + (1 - bars[j]) ^ 0.5 * s / V
  return p, bars[j] ^ 0.5 * (m - x1 * a * m) - (1 - bars[j]) ^ 0.5 * s / V * a * m
end

-- Mean and variance of the ancestral chain, by the mean of x_{k-1} given x_k and x1 at the best x1.
-- Ho et al. 2020, equation 7.
local function ancestral_moments(bars)
  local mean, variance = 0, 1
  for k = T, 1, -1 do
    local beta, V = 1 - bars[k] / bars[k - 1], bars[k] * d * d + 1 - bars[k]
    local of_data, of_state = bars[k - 1] ^ 0.5 * beta / (1 - bars[k]), (1 - beta) ^ 0.5 * (1 - bars[k - 1]) / (1 - bars[k])
    local slope = bars[k] ^ 0.5 * d * d / V
    local p, q = of_data * slope + of_state, of_data * (m - slope * bars[k] ^ 0.5 * m)
    mean, variance = p * mean + q, p * p * variance + (k > 1 and beta * (1 - bars[k - 1]) / (1 - bars[k]) or 0)
  end
  return mean, variance
end

local function schedules(case, bars)
  local formulas <const> = { linear = bars, cosine = cosines() }
  for _, name in ipairs(by_name.names "fm.diffusion.schedule") do
    local want = formula_of(formulas, "schedule", name)
    local found, largest = diffusion.schedule(name, { steps = T }).alpha_bars:totable(), 0
    for k = 1, T - 1 do largest = math.max(largest, math.abs(found[k] - want[k])) end
    case:row(("abar of the %s schedule"):format(name), largest, T * 2.0 ^ -52 + case.rounding, "1000 roundings in double, one as a tensor")
  end
  local scaled, bar, largest = diffusion.schedule("linear", { steps = 200, scale = true }).alpha_bars:totable(), 1, 0
  for k = 1, 200 do
    bar = bar * (1 - 5 * (1e-4 + (k - 1) * (0.02 - 1e-4) / 199))
    largest = math.max(largest, math.abs(scaled[k] - bar))
  end
  case:row("abar of 200 scaled steps", largest, T * 2.0 ^ -52 + case.rounding, "1000 roundings in double, one as a tensor")
end

local function losses(case, schedule, bars)
  local list, want = {}, 0
  for i = 1, 40 do list[i] = diffusion.loss(noise_model(bars), case.rng:normal(20000, 1) * d + m, { schedule = schedule, rng = case.rng }):item() end
  for k = 1, T do want = want + bars[k] * d * d / (bars[k] * d * d + 1 - bars[k]) / T end
  case:mean("loss of the best model", list, want)
end

local function samples(case, schedule, bars)
  local x0, model = case.rng:normal(50000, 1), noise_model(bars)
  local x = diffusion.sample(model, x0, { schedule = schedule, rng = case.rng })
  local mean, variance = ancestral_moments(bars)
  case:mean("ancestral, mean", x, m, math.abs(mean - m), "what 1000 steps are off")
  case:mean("ancestral, variance", (x - m):square(), d * d, math.abs(variance - d * d) + (mean - m) ^ 2, "what 1000 steps are off")

  local p, q = 1, 0
  for k = T, 20, -20 do
    local slope, start = straight(bars, k, k - 20)
    p, q = slope * p, slope * q + start
  end
  local few = diffusion.sample(model, x0, { method = "ddim", schedule = schedule, steps = T // 20 })
  case:row("ddim in 50 steps, numbers by hand", case.apart(few, x0 * p + q), 400 * case.rounding * 10, "400 roundings of numbers up to 10")
  local many = diffusion.sample(model, x0, { method = "ddim", schedule = schedule })
  local truth = (x0 - bars[T] ^ 0.5 * m) / (bars[T] * d * d + 1 - bars[T]) ^ 0.5 * d + m
  case:row("ddim in 1000 steps, to the map", case.apart(many, truth), 0.05, "order 1 in 1 / 1000, for noise up to 5, times 10")

  local noisy = diffusion.sample(model, x0, { method = "ddim", schedule = schedule, eta = 1, rng = case.rng })
  case:mean("ddim with eta = 1, variance", (noisy - mean):square(), variance, 1e-4, "the noise of the first step")
end

-- Along sigma = s / a the flow is x = m + sqrt(d^2 + sigma^2) z.
local function heun(case)
  local high <const>, low <const> = 20, 0.01
  local model = fm.flow.exact.gaussian { mean = m, std = d, path = { "ve", sigma_min = low, sigma_max = high } }
  local x0 = case.rng:normal(200, 1)
  local x = diffusion.sample(model, x0, { method = "edm_heun", path = { "ve", sigma_min = low, sigma_max = high }, steps = 100 })
  local truth = (x0 * high - m) / math.sqrt(d * d + high * high) * d + m
  case:row("edm_heun in 100 steps, to the map", case.apart(x, truth), 0.01, "order 2: 100 / 100^2 for curvature by rho = 7")
end

return {
  about = "diffusion that knows the noise of normal data: schedules, loss, every sampler's mean, variance or map",
  seconds = 4,
  run = function(case)
    local bars = products()
    local schedule = diffusion.schedule("linear", { steps = T })
    schedules(case, bars)
    losses(case, schedule, bars)
    samples(case, schedule, bars)
    heun(case)
  end,
}

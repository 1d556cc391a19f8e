-- Every step of diffusion's samplers by hand, for a guess of the data that is a line in x: a few
-- steps with given noise, so that each term of a step counts. Below, bar is abar_k; the formulas
-- are those of the papers, in the data, and the samplers' are in the noise.
local fm <const> = require "fm"
local by_name <const> = require "fm.parts.by_name"
local formula_of <const> = require "fm.verify.parts.formula_of"

local diffusion <const> = fm.diffusion
local betas <const> = { 0.02, 0.1, 0.15, 0.3, 0.5 }
local T <const>, B <const> = #betas, 200
local high <const>, low <const> = 8, 0.05 -- noise levels of EDM's sampler

-- abar_0 .. abar_T.
local function products()
  local list = { [0] = 1 }
  for k = 1, T do list[k] = list[k - 1] * (1 - betas[k]) end
  return list
end

-- The guess of the data; far from it for small x, so that a bound on it matters.
local function data_at(x, clip)
  local guess = x * 0.7 + 0.4
  return clip and guess:clamp(-clip, clip) or guess
end

-- What a model of the noise says that guesses so.
local function model_of(bars)
  return function(x, t)
    local bar = bars[math.floor((1 - t) * T + 0.5)]
    return (x - data_at(x) * bar ^ 0.5) / (1 - bar) ^ 0.5
  end
end

-- x_k = sqrt(bar) x1 + sqrt(1 - bar) noise, and the model is called with 1 - k/T: it says t.
local function losses(case, schedule, bars)
  local x1, noise = case.rng:normal(B, 2), case.rng:normal(B, 2)
  local points, times = 0, 0
  for k = 1, T do
    local o <const> = { schedule = schedule, noise = noise, k = k }
    local xk = x1 * bars[k] ^ 0.5 + noise * (1 - bars[k]) ^ 0.5
    points = math.max(points, math.abs(diffusion.loss(function(x) return x end, x1, o):item() - (xk - noise):square():mean():item()))
    local said = diffusion.loss(function(x, t) return x * 0 + t:reshape(-1, 1) end, x1, o):item()
    times = math.max(times, math.abs(said - (noise - (1 - k / T)):square():mean():item()))
  end
  local bound <const> = 200 * case.rounding
  case:row("loss: the points x_k", points, bound, "200 roundings of numbers up to 10")
  case:row("loss: the times 1 - k/T", times, bound, "200 roundings of numbers up to 10")
end

-- The mean of x_{k-1} given x_k and the data, and its variance. Ho et al. 2020, equations 6 and 7.
local function ancestral(bars, x, draws, clip)
  for k = T, 1, -1 do
    local beta, left = betas[k], 1 - bars[k]
    x = data_at(x, clip) * (bars[k - 1] ^ 0.5 * beta / left) + x * ((1 - beta) ^ 0.5 * (1 - bars[k - 1]) / left)
    if k > 1 then x = x + draws[T + 1 - k] * ((1 - bars[k - 1]) / left * beta) ^ 0.5 end
  end
  return x
end

-- Song, Meng and Ermon 2021, equations 12 and 16, with eta = 0.6, over the indices 5, 3, 2, 0.
local function ddim(bars, x, draws, clip)
  local k, eta <const> = T, 0.6
  for i, j in ipairs { 3, 2, 0 } do
    local x1 = data_at(x, clip)
    local sigma = eta * ((1 - bars[j]) / (1 - bars[k]) * (1 - bars[k] / bars[j])) ^ 0.5
    local noise = (x - x1 * bars[k] ^ 0.5) / (1 - bars[k]) ^ 0.5
    x = x1 * bars[j] ^ 0.5 + noise * (1 - bars[j] - sigma ^ 2) ^ 0.5 + draws[i] * sigma
    k = j
  end
  return x
end

-- EDM's n levels and 0.
local function levels_of(n, from, to)
  local levels <const>, rho <const> = {}, 7
  for i = 0, n - 1 do levels[i + 1] = (from ^ (1 / rho) + i / (n - 1) * (to ^ (1 / rho) - from ^ (1 / rho))) ^ rho end
  levels[n + 1] = 0
  return levels
end

-- Karras et al. 2022, algorithm 2, with 6 steps, S_churn = 1.2, S_min = 0.3, S_max = 5, S_noise =
-- 1.1.
local function heun(x, draws, clip)
  local n <const> = 6
  local levels <const> = levels_of(n, high, low)
  x = x * high
  for i = 1, n do
    local from, to = levels[i], levels[i + 1]
    local gamma = from >= 0.3 and from <= 5 and math.min(1.2 / n, 2 ^ 0.5 - 1) or 0
    local hat = from + gamma * from
    x = x + draws[i] * ((hat ^ 2 - from ^ 2) ^ 0.5 * 1.1)
    local slope = (x - data_at(x, clip)) / hat
    local y = x + slope * (to - hat)
    if to > 0 then y = x + (slope + (y - data_at(y, clip)) / to) * ((to - hat) / 2) end
    x = y
  end
  return x
end

-- The same without churn, for a model of the noise on the schedule: it takes x / sqrt(1 + sigma^2),
-- and a time on the line through log sigma_k between two indices.
local function on_schedule(case, schedule, bars)
  local logs, n <const>, x0 = {}, 6, case.rng:normal(B, 2)
  for k = 1, T do logs[k] = math.log((1 - bars[k]) / bars[k]) / 2 end
  local function noise(x, t) return x * 0.6 + (0.5 * t - 0.2) end
  local function said(x, sigma, clip)
    local k, log_sigma = 1, math.log(sigma)
    while k < T - 1 and log_sigma > logs[k + 1] do k = k + 1 end
    local share = math.min(1, math.max(0, (log_sigma - logs[k]) / (logs[k + 1] - logs[k])))
    local own = noise(x / (1 + sigma ^ 2) ^ 0.5, 1 - (k + share) / T)
    return clip and (x - (x - own * sigma):clamp(-clip, clip)) / sigma or own
  end
  local levels <const> = levels_of(n, math.exp(logs[T]), math.exp(logs[1]))
  for _, clip in ipairs { false, 0.9 } do
    local x = x0 * levels[1]
    for i = 1, n do
      local from, to = levels[i], levels[i + 1]
      local slope = said(x, from, clip)
      local y = x + slope * (to - from)
      if to > 0 then y = x + (slope + said(y, to, clip)) * ((to - from) / 2) end
      x = y
    end
    local found = diffusion.sample(noise, x0, { method = "edm_heun", schedule = schedule, steps = n, clip = clip or nil })
    case:row(("edm_heun on a schedule%s: every step"):format(clip and " with clip" or ""), case.apart(found, x), 4000 * case.rounding,
      "20 operations on numbers up to 10, divided by a level down to 0.1")
  end
end

return {
  about = "a few steps of every sampler of diffusion by hand, with noise, churn and clip; points and times of its loss",
  seconds = 1,
  run = function(case)
    local bars, schedule = products(), diffusion.schedule(betas)
    losses(case, schedule, bars)
    local x0 = case.rng:normal(B, 2)
    local function data_model(x) return data_at(x) end
    local ve <const> = { "ve", sigma_min = 0.01, sigma_max = 2 * high }
    local chains <const> = {
      ancestral = { ancestral, model_of(bars), T, { schedule = schedule } },
      ddim = { ddim, model_of(bars), 3, { schedule = schedule, steps = 3, eta = 0.6 } },
      edm_heun = { function(_, ...) return heun(...) end, data_model, 6, { path = ve, predict = "data", sigma_min = low, sigma_max = high, steps = 6,
        churn = 1.2, churn_min = 0.3, churn_max = 5, churn_noise = 1.1 } },
    }
    for _, name in ipairs(by_name.names "fm.diffusion.sample") do
      local chain <const> = formula_of(chains, "sampler", name)
      local by_hand <const>, model <const>, steps <const>, o <const> = table.unpack(chain)
      o.method, o.draws = name, case.rng:normal(steps, B, 2)
      local draws = {}
      for i = 1, steps do draws[i] = o.draws[{ i, i }]:reshape(B, 2) end
      for _, clip in ipairs { false, 0.9 } do
        o.clip = clip or nil
        local x = diffusion.sample(model, x0, o)
        case:row(("%s%s: every step"):format(name, clip and " with clip" or ""), case.apart(x, by_hand(bars, x0, draws, clip)), 4000 * case.rounding,
          "20 operations on numbers up to 40, divided by sqrt(1 - abar) or a level down to 0.05")
      end
    end
    on_schedule(case, schedule, bars)
  end,
}

-- edm_heun{schedule | path, predict, steps = 18, rho = 7, sigma_min, sigma_max, churn = 0, ...}:
-- Heun's method for dx/dsigma = (x - D(x, sigma)) / sigma, which is what the model says of the
-- noise, from sigma_max times the noise down to sigma = 0. sigma^(1/rho) falls evenly to sigma_min;
-- the last step, from there to 0, is Euler's, so there are 2 steps - 1 evaluations. churn > 0 first
-- adds noise in each step whose sigma is within churn_min .. churn_max. Karras et al. 2022,
-- algorithms 1 and 2.
local fm <const> = require "fm"
local bounded <const> = require "fm.diffusion.sample.parts.bounded"
local levels <const> = require "fm.diffusion.sample.parts.levels"
local options <const> = require "fm.parts.options"

local none <const> = options.none
local usual_low <const>, usual_high <const> = 0.002, 80

-- A level within what the model knows; by default the usual one, or the nearest to it.
local function level(where, name, value, usual, low, high)
  local slack <const> = 1e-6 -- of a level at an end, by rounding
  if value == nil then return math.min(math.max(usual, low), high) end
  return options.number(("%s: %s"):format(where, name), value, low * (1 - slack), high * (1 + slack))
end

-- sigma at each point, the last 0.
local function grid(o, where, low, high)
  local n = options.integer(where .. ": steps", o.steps, 1, 1e6)
  local rho = options.number(where .. ": rho", o.rho, 1e-3, 1e3)
  local from, to, list = high ^ (1 / rho), low ^ (1 / rho), {}
  for i = 0, n - 1 do list[i + 1] = i == 0 and high or (from + i / (n - 1) * (to - from)) ^ rho end
  list[n + 1] = 0.0
  return list
end

local of_churn <const> = { churn_min = 0, churn_max = math.huge, churn_noise = 1 }

-- The options that go with churn, which without it would do nothing; the levels are checked against
-- those of the chain, from least to most.
local function read_churn(o, where, least, most)
  local read = { churn = options.number(where .. ": churn", o.churn, 0, 1e9) }
  for name, usual in next, of_churn do
    if o[name] ~= nil and read.churn == 0 then fm.fail(("%s: %s goes with churn, which is 0"):format(where, name)) end
    read[name] = options.number(("%s: %s"):format(where, name), o[name] == nil and usual or o[name], 0, name == "churn_noise" and 1e3 or math.huge)
  end
  if read.churn_min > read.churn_max then
    fm.fail(("%s: churn_min %g is above churn_max %g"):format(where, read.churn_min, read.churn_max))
  end
  if read.churn_min > most or read.churn_max < least then
    fm.fail(("%s: no noise level lies in churn_min..churn_max: they run from %g down to %g"):format(where, most, least))
  end
  return read
end

-- factor(sigma): how many times sigma the noise is after a step's churn, 1 where there is none.
local function factor_of(read, steps)
  local gamma = math.min(read.churn / steps, 2 ^ 0.5 - 1)
  return function(sigma) return sigma >= read.churn_min and sigma <= read.churn_max and 1 + gamma or 1 end
end

local function chain(o, where)
  local reader = levels(o, where)
  local low = level(where, "sigma_min", o.sigma_min, usual_low, math.max(reader.low, 1e-9), math.min(reader.high, 1e9))
  local high = level(where, "sigma_max", o.sigma_max, usual_high, math.max(reader.low, 1e-9), math.min(reader.high, 1e9))
  if not (low < high) then fm.fail(("%s: sigma_min %g is not below sigma_max %g"):format(where, low, high)) end
  local sigmas, times = grid(o, where, low, high), {}
  for i, sigma in ipairs(sigmas) do times[i] = sigma == 0 and 1.0 or reader.time(sigma) end
  local churn = read_churn(o, where, low, high)
  local factor, size = factor_of(churn, #sigmas - 1), churn.churn_noise
  local within <const> = bounded(o, where)
  local function slope(model, x, sigma) return within(reader.noise(model, x, sigma), x, 1, sigma) end
  return {
    times = times,
    scale = high,
    draws = churn.churn > 0,
    step = function(model, x, i, draw)
      local sigma, next = sigmas[i], sigmas[i + 1]
      local from = math.min(sigma * factor(sigma), math.max(reader.high, sigma))
      if from > sigma then x = x + draw() * ((from * from - sigma * sigma) ^ 0.5 * size) end
      local d = slope(model, x, from)
      local y = x + d * (next - from)
      if next == 0 then return y end
      return x + (d + slope(model, y, next)) * ((next - from) / 2)
    end,
  }
end

return {
  options = {
    schedule = none, path = none, predict = none, steps = 18, rho = 7, sigma_min = none, sigma_max = none,
    churn = 0, churn_min = none, churn_max = none, churn_noise = none,
  },
  chain = chain,
}

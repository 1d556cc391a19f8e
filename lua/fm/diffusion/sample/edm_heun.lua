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

-- factor(sigma): how many times sigma the noise is after a step's churn, 1 where there is none.
local function churn_of(o, where, steps)
  local churn = options.number(where .. ": churn", o.churn, 0, 1e9)
  local low, high = options.number(where .. ": churn_min", o.churn_min, 0, math.huge), options.number(where .. ": churn_max", o.churn_max, 0, math.huge)
  local gamma = math.min(churn / steps, 2 ^ 0.5 - 1)
  return gamma > 0, function(sigma) return sigma >= low and sigma <= high and 1 + gamma or 1 end
end

local function chain(o, where)
  local reader = levels(o, where)
  local low = level(where, "sigma_min", o.sigma_min, usual_low, math.max(reader.low, 1e-9), math.min(reader.high, 1e9))
  local high = level(where, "sigma_max", o.sigma_max, usual_high, math.max(reader.low, 1e-9), math.min(reader.high, 1e9))
  if not (low < high) then fm.fail(("%s: sigma_min %g is not below sigma_max %g"):format(where, low, high)) end
  local sigmas, times = grid(o, where, low, high), {}
  for i, sigma in ipairs(sigmas) do times[i] = sigma == 0 and 1.0 or reader.time(sigma) end
  local stirs, factor = churn_of(o, where, #sigmas - 1)
  local size = options.number(where .. ": churn_noise", o.churn_noise, 0, 1e3)
  local within <const> = bounded(o, where)
  local function slope(model, x, sigma) return within(reader.noise(model, x, sigma), x, 1, sigma) end
  return {
    times = times,
    scale = high,
    draws = stirs,
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
    churn = 0, churn_min = 0, churn_max = math.huge, churn_noise = 1,
  },
  chain = chain,
}

-- Stochastic equations against their moments: relaxation to a normal, noise that grows with x, and
-- flows with noise, whose marginals are those of the flow. What the steps themselves are off is
-- computed for the mean and variance of a linear equation, step by step.
local fm <const> = require "fm"
local by_name <const> = require "fm.parts.by_name"

local flow <const>, sde <const> = fm.flow, fm.sde
local n <const> = 200000
local own <const> = "what Euler's steps are off"

-- Mean and variance after Euler's steps of dx = (p(t) + q(t) x) dt + g(t) dW.
local function euler_moments(m, v, t1, steps, p, q, g)
  local h = t1 / steps
  for i = 0, steps - 1 do
    local t = i * h
    m, v = m + h * (p(t) + q(t) * m), v * (1 + h * q(t)) ^ 2 + h * g(t) ^ 2
  end
  return m, v
end

local function relaxation(case, method)
  local steps <const> = 100
  local m, v = euler_moments(2, 0, 1, steps, function() return 0 end, function() return -1 end, function() return math.sqrt(2) end)
  local equation <const> = { drift = function(x) return -x end, diffusion = math.sqrt(2) }
  local x = sde.solve(equation, fm.full({ n, 1 }, 2), { method = method, steps = steps, rng = case.rng })
  local mean, variance = 2 * math.exp(-1), 1 - math.exp(-2)
  case:mean("relaxation, mean, " .. method, x, mean, math.abs(m - mean), own)
  case:mean("relaxation, variance, " .. method, (x - mean):square(), variance, math.abs(v - variance) + (m - mean) ^ 2, own)
end

-- dx = 0.5 x dW: in Ito's sense the mean stays; in Stratonovich's it grows as exp(t / 8).
local function growth(case, method, mean)
  local equation <const> = { drift = function(x) return x * 0 end, diffusion = function(x) return x * 0.5 end }
  local x = sde.solve(equation, fm.ones(n, 1), { method = method, steps = 50, rng = case.rng })
  case:mean(("dx = 0.5 x dW, mean, %s"):format(method), x, mean, 1e-3, "the square of the step")
end

-- The flow to N(m, d^2) on the straight line, with noise w.
local function noisy_flow(case, w)
  local m <const>, d <const>, steps <const>, t1 <const> = 1.5, 0.4, 100, 0.9
  local target = flow.exact.gaussian { mean = m, std = d }
  local function V(t) return (t * d) ^ 2 + (1 - t) ^ 2 end
  local function slope(t) return (t * d * d - (1 - t)) / V(t) - w / V(t) end
  local function start(t) return m - slope(t) * t * m end
  local mean, v = euler_moments(0, 1, t1, steps, start, slope, function() return math.sqrt(2 * w) end)
  local x = sde.solve(target, case.rng:normal(n, 1), { w = w, t1 = t1, steps = steps, rng = case.rng })
  case:mean(("flow with noise %g, mean at 0.9"):format(w), x, t1 * m, math.abs(mean - t1 * m), own)
  case:mean(("flow with noise %g, variance at 0.9"):format(w), (x - t1 * m):square(), V(t1), math.abs(v - V(t1)) + (mean - t1 * m) ^ 2, own)
end

-- Two normals at -2 and 2 with weights 1 and 3, to the end.
local function noisy_mixture(case)
  local steps <const> = 100
  local target = flow.exact.mixture { means = { { -2 }, { 2 } }, std = 0.3, weights = { 1, 3 } }
  local x = sde.solve(target, case.rng:normal(n, 1), { w = function(t) return 1 - t end, steps = steps, rng = case.rng })
  case:mean("mixture with noise 1 - t: share", x:gt(0), 0.75, 1 / steps, "the step of an order 1")
  case:mean("mixture with noise 1 - t: mean", x, 1, 4 / steps, "the step of an order 1, times 4 between the two")
end

return {
  about = "stochastic equations and flows with noise against their means and variances",
  seconds = 4,
  run = function(case)
    for _, method in ipairs(by_name.names "fm.sde") do relaxation(case, method) end
    growth(case, "euler_maruyama", 1)
    growth(case, "heun", math.exp(1 / 8))
    noisy_flow(case, 0.5)
    noisy_flow(case, 2)
    noisy_mixture(case)
  end,
}

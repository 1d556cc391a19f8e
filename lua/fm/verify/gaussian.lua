-- Normal data: velocity, score, density and map of the flow by formulas of their own, and solved
-- along every path without noise. With mean m, deviation d: x_t is normal with mean a m and
-- variance V = a^2 d^2 + s^2.
local fm <const> = require "fm"
local plain_paths <const> = require "fm.verify.parts.plain_paths"
local worst <const> = require "fm.verify.parts.worst"

local flow <const>, ode <const> = fm.flow, fm.ode
local mean <const>, std <const> = { 1.5, -0.5 }, { 0.4, 1.7 }

-- The velocity at x along dimension k, from E[x1 | x] and E[x0 | x].
local function velocity(path, x, t, k)
  local a, s, da, ds = path:coefficients(t)
  local off = (x - a * mean[k]) / (a * a * std[k] ^ 2 + s * s)
  return da * (mean[k] + a * std[k] ^ 2 * off) + ds * s * off
end

local function log_density(x, k)
  return -0.5 * ((x - mean[k]) / std[k]) ^ 2 - math.log(std[k]) - 0.5 * math.log(2 * math.pi)
end

-- A tensor [B, 2] of f(x, k) for the numbers of x.
local function by_entry(x, f)
  local rows = x:totable()
  for _, row in ipairs(rows) do row[1], row[2] = f(row[1], 1), f(row[2], 2) end
  return fm.tensor(rows)
end

local function paths_without_noise()
  local list = {}
  for _, entry in ipairs(plain_paths()) do
    if not entry[2].noisy then list[#list + 1] = entry end
  end
  return list
end

return {
  about = "normal data: velocity, score, density and map against formulas, along every path without noise",
  run = function(case)
    local x, all = case.rng:normal(50, 2), paths_without_noise()
    local tolerance = fm.real == "double" and 1e-8 or 1e-5
    local rounding = 200 * case.rounding
    local error, which = worst(all, function(path)
      local target, largest = flow.exact.gaussian { mean = mean, std = std, path = path }, 0
      for _, t in ipairs { 0.1, 0.5, 0.9 } do
        local want = by_entry(x, function(value, k) return velocity(path, value, t, k) end)
        largest = math.max(largest, case.apart(target(x, t), want) / math.max(1, want:abs():max():item()))
      end
      return largest
    end)
    case:row(("velocity of %d paths"):format(#all), error, rounding, "200 roundings; the largest is of " .. which)

    error, which = worst(all, function(path)
      local target = flow.exact.gaussian { mean = mean, std = std, path = path }
      local a0, s0 = path:coefficients(0)
      local a, s = path:coefficients(0.9)
      local want = by_entry(x, function(value, k)
        local before, after = math.sqrt(a0 * a0 * std[k] ^ 2 + s0 * s0), math.sqrt(a * a * std[k] ^ 2 + s * s)
        return a * mean[k] + (value - a0 * mean[k]) / before * after
      end)
      return case.apart(ode.solve(target, x, { t1 = 0.9, rtol = tolerance, atol = tolerance }), want)
    end)
    case:row("where a solve from 0 to 0.9 ends", error, 100 * tolerance, ("100 times the tolerance, %g; the largest is of %s"):format(tolerance, which))

    local target = flow.exact.gaussian { mean = mean, std = std }
    local x1 = by_entry(x, function(value, k) return mean[k] + std[k] * value end)
    local want = by_entry(x1, log_density):sum(2)
    local solve <const> = { rtol = tolerance, atol = tolerance }
    case:row("log-density by a solve", case.apart(flow.log_prob(target, x1, solve), want), 100 * tolerance, ("100 times the tolerance, %g"):format(tolerance))
    local score = flow.score(target)(x, 0.7)
    local expected = by_entry(x, function(value, k) return -(value - 0.7 * mean[k]) / ((0.7 * std[k]) ^ 2 + 0.3 ^ 2) end)
    case:row("score from the velocity",
      case.apart(score, expected), 400 * case.rounding * expected:abs():max():item(), "400 roundings: it divides by 1 - t = 0.3")
    local samples = ode.solve(target, case.rng:normal(100000, 2), { method = "rk4", steps = 20 })
    for k = 1, 2 do
      local column = samples:slice { axis = 2, first = k, last = k }
      case:mean(("mean of samples, dimension %d"):format(k), column, mean[k])
      case:mean(("variance of samples, dimension %d"):format(k), (column - mean[k]):square(), std[k] ^ 2, 1e-4, "the solver's error, h^4")
    end
  end,
}

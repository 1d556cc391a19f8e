-- Every method of fm.ode on two equations with known solutions: in fixed steps against the power of
-- the step that is its order, and under error control against the tolerance, between steps too. The
-- error estimate of a step, and the times of grids, against their formulas.
local fm <const> = require "fm"
local by_name <const> = require "fm.parts.by_name"
local worst <const> = require "fm.verify.parts.worst"

local ode <const> = fm.ode

local function decay(x) return -x end
local function witch(x, t) return x * x * (-2 * t) end -- from 1: 1 / (1 + t^2)
local function solution(t) return 1 / (1 + t * t) end

-- So many steps that the power of the step is well above rounding in float.
local function steps_of(order)
  return order == 1 and 512 or order == 2 and 32 or 8
end

-- A method that does not fulfil the conditions of its order is refused when it is first used.
local function methods(case)
  local all, adaptive, refused, why = {}, {}, 0, "a solver checks its tableau when it is first used"
  local names <const> = by_name.names "fm.ode"
  for _, name in ipairs(names) do
    local method = ode[name]
    local ok, problem = pcall(ode.solve, decay, fm.ones(1, 1), { method = name, steps = 1 })
    if not ok then refused, why = refused + 1, tostring(problem)
    else
      table.insert(all, { name, method })
      if method.e or method.error or name == "dop853" then table.insert(adaptive, { name, method }) end
    end
  end
  case:row(("conditions of order, %d methods"):format(#names), refused, 0, "none is refused: " .. why)
  return all, adaptive
end

-- What the error estimate of a step of x' = z x from 1 is, by its coefficients of z^n, from n = 2
-- on: the stability function less that of the other formula of the pair. rk45: Hairer and Wanner
-- II, IV.2; torchdiffeq's is 2/3 of it. tsit5: worked out from the weights in Tsitouras 2011.
local estimates <const> = {
  adaptive_heun = { 1 / 2 },
  rk23 = { 0, 1 / 48, 1 / 48 },
  rk45 = { 0, 0, 0, 97 / 120000, -39 / 120000, 1 / 24000 },
  tsit5 = { 0, 0, 0, 4.26476368e-4, -1.55953320e-4, 2.17001716e-5 },
}
estimates.bosh3, estimates.dopri5 = estimates.rk23, estimates.rk45

-- How far the tolerance from which on a step is accepted is from the estimate, relative to it. The
-- step has the length 2, where estimates are well above rounding.
local function of_estimate(weights, name, controller, part)
  local h <const>, want = 2, 0
  for i, w in ipairs(weights) do want = want + w * (-h) ^ (i + 1) end
  want = math.abs(want * (part or 1))
  local low, high = -2, 2 -- powers of 2 of the tolerance over the estimate
  for _ = 1, 16 do
    local middle = (low + high) / 2
    local _, info = ode.solve(decay, fm.ones(1, 1), { method = name, t1 = h, first_step = h, rtol = 1e-13, atol = want * 2 ^ middle,
      controller = controller })
    if info.rejected > 0 then low = middle else high = middle end
  end
  return math.abs(2 ^ low - 1)
end

local function error_estimates(case, adaptive)
  local known = {}
  for _, entry in ipairs(adaptive) do
    local weights = estimates[entry[1]]
    if weights then known[#known + 1] = { entry[1], weights } end
  end
  local error, which = worst(known, function(weights, name)
    local torch = weights == estimates.rk45 and of_estimate(weights, name, "torchdiffeq", 2 / 3) or 0
    return math.max(torch, of_estimate(weights, name))
  end)
  case:row(("error estimate of a step, %d of %d methods"):format(#known, #adaptive), error, 2e-4 + 1e4 * case.rounding,
    "where a step is accepted, found to 2^-14, and roundings over an estimate of 0.001; the largest is of " .. which)
end

-- Points of 6 steps from 0 to 1, after i of them.
local grids <const> = {
  uniform = function(i) return i / 6 end,
  cosine = function(i) return math.sin(math.pi * i / 12) ^ 2 end,
  quadratic = function(i) return i * i / 36 end,
  edm = function(i) return i == 6 and 1 or 1 - (1 + i / 5 * (0.01 ^ (1 / 4) - 1)) ^ 4 end,
  shift = function(i) return 1 - 1 / (1 + i / (6 - i) / 2.5) end, -- s / (1 - s) of the noise is 2.5 times as large
}
local of_grid <const> = { edm = { rho = 4, sigma_min = 0.01 }, shift = { s = 2.5 } }

local function times_of_grids(case)
  local list = {}
  for name, at in pairs(grids) do list[#list + 1] = { name, at } end
  local error, which = worst(list, function(at, name)
    local grid, largest = { name }, 0
    for key, value in pairs(of_grid[name] or {}) do grid[key] = value end
    local _, there = ode.solve(decay, fm.ones(1, 1), { method = "euler", grid = grid, steps = 6, save = 7 })
    local _, back = ode.solve(decay, fm.ones(1, 1), { method = "euler", grid = grid, steps = 6, save = 7, t0 = 1, t1 = 0 })
    for i = 0, 6 do
      largest = math.max(largest, math.abs(there.times[i + 1] - at(i)), math.abs(back.times[7 - i] - at(i)))
    end
    return largest
  end)
  case:row(("times of %d grids, there and back"):format(#list), error, 1e-14, "rounding in double; the largest is of " .. which)
end

return {
  about = "every solver on equations with known solutions: order, tolerance, error estimates; times of grids",
  run = function(case)
    local one, all, adaptive = fm.ones(1, 1), methods(case)
    local function fixed(field, answer, factor)
      return function(method, name)
        local steps = steps_of(method.order)
        local x = ode.solve(field, one, { method = name, steps = steps })
        return math.abs(x:item() - answer) / (factor * steps ^ -method.order + 100 * case.rounding)
      end
    end
    local error, which = worst(all, fixed(decay, math.exp(-1), 1))
    case:row(("x' = -x, %d methods, error / h^order"):format(#all), error, 1, "their error constants are below 1; the largest is of " .. which)
    error, which = worst(all, fixed(witch, 0.5, 10))
    case:row("x' = -2 t x^2, error / (10 h^order)", error, 1, "high derivatives of the solution, taken as 10; the largest is of " .. which)

    local tolerance <const> = fm.real == "double" and 1e-8 or 1e-5
    local times <const> = { 0, 0.17, 0.33, 0.5, 0.71, 0.9, 1 }
    local why <const> = "100 times the tolerance, %g; the largest is of %s"
    local o <const> = { rtol = tolerance, atol = tolerance, max_nfe = 1e6 }
    error, which = worst(adaptive, function(_, name)
      o.method, o.times, o.control = name, times, "batch"
      local _, info = ode.solve(witch, one, o)
      local largest = 0
      for i, t in ipairs(times) do largest = math.max(largest, case.apart(info.states[i], solution(t))) end
      return largest
    end)
    case:row(("%d methods by tolerance, and between"):format(#adaptive), error, 100 * tolerance, why:format(tolerance, which))
    local starts = fm.tensor { { 1 }, { 0.5 }, { 0.1 } } -- from c: 1 / (1 / c + t^2)
    error, which = worst(adaptive, function(_, name)
      o.method, o.times, o.control = name, nil, "sample"
      local x = ode.solve(function(x, t) return x * x * (t:reshape(-1, 1) * -2) end, starts, o)
      return case.apart(x, 1 / (1 / starts + 1))
    end)
    case:row(("%d methods by tolerance, row by row"):format(#adaptive), error, 100 * tolerance, why:format(tolerance, which))
    error_estimates(case, adaptive)
    times_of_grids(case)
  end,
}

-- Every method of fm.ode on two equations with known solutions: in fixed steps against the power of
-- the step that is its order, and under error control against the tolerance, between steps too.
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

local function methods()
  local all, adaptive = {}, {}
  for _, name in ipairs(by_name.names "fm.ode") do
    local method = ode[name]
    table.insert(all, { name, method })
    if method.e or method.error or name == "dop853" then table.insert(adaptive, { name, method }) end
  end
  return all, adaptive
end

return {
  about = "every solver on equations with known solutions: order in fixed steps, tolerance under control",
  run = function(case)
    local one, all, adaptive = fm.ones(1, 1), methods()
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
  end,
}

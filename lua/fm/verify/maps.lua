-- Two-time models that are known: the maps of the flow to N(m, d^2) on the straight line. With V_t
-- = t^2 d^2 + (1 - t)^2, X(x, s, t) = t m + sqrt(V_t / V_s) (x - s m), and given x_s the pair's
-- velocity has the variance d^2 / V_s. The loss of models of one time by hand, for a line in x, t.
local fm <const> = require "fm"
local by_name <const> = require "fm.parts.by_name"
local formula_of <const> = require "fm.verify.parts.formula_of"

local flow <const> = fm.flow
local m <const>, d <const> = 1.5, 0.4
local n <const> = 400000

local function V(t)
  return t * t * (d * d) + (1 - t) * (1 - t)
end

-- The mean velocity from s to t; u(x, t, t) is the velocity. Written so that s = t divides by
-- nothing: sqrt(V_t / V_s) - 1 over t - s is ((t + s) d^2 - (2 - t - s)) / (sqrt(V_t V_s) + V_s).
local function exact(x, s, t)
  s, t = fm.zeros(#x, 1) + (type(s) == "number" and s or s:reshape(-1, 1)), fm.zeros(#x, 1) + (type(t) == "number" and t or t:reshape(-1, 1))
  local sum = t + s
  local rate = (sum * (d * d) - (2 - sum)) / ((V(t) * V(s)):sqrt() + V(s))
  return rate * (x - s * m) + m
end

-- The rate of the mean velocity in x, for numbers.
local function rate(s, t)
  return (math.sqrt(V(t) / V(s)) - 1) / (t - s)
end

-- The mean square of c0 x0 + c1 (x1 - m).
local function square(c0, c1)
  return c0 * c0 + c1 * c1 * d * d
end

-- What each loss is for the known maps, at s, t and for alpha. Where it compares with the velocity
-- of a pair, the variance of that is left; meanflow carries it from s to t.
local expected <const> = {
  lsd = function() return 0 end,
  psd = function() return 0 end,
  shortcut = function() return 0 end,
  meanflow = function(s, t) return V(t) / V(s) * d * d / V(s) end,
  improved_meanflow = function(s) return d * d / V(s) end,
  alpha = function(s, t, alpha)
    local m_time = s + alpha * (t - s)
    local p, q = rate(s, t), (1 - alpha) * rate(m_time, t)
    return square(p * (1 - s) + alpha - q * (1 - m_time), p * s - alpha - q * m_time) / alpha
  end,
}

-- Consistency-FM with two parts of time, of the velocity v below: Yang et al. 2024. From the
-- boundary on the end is x_e, and slopes are not compared.
local one_time <const> = {
  consistency = function(case)
    local B <const>, segments <const>, delta <const>, boundary <const>, alpha <const>, t, sum = 200, 2, 0.05, 0.4, 0.3, {}, 0
    local function v(x, at) return 0.7 * x - 0.4 * at + 0.2 end
    local x0, x1 = case.rng:normal(B, 1), case.rng:normal(B, 1)
    for i, from in ipairs(x0:totable()) do
      local to = x1[i][1]
      local function at(time) return (1 - time) * from[1] + time * to end
      t[i] = (i - 0.7) / B
      local e, r = math.min(math.floor(t[i] * segments) + 1, segments) / segments, math.min(t[i] + delta, 1)
      local slope, later, far = v(at(t[i]), t[i]), v(at(r), r), r >= boundary
      sum = sum + (at(t[i]) + (e - t[i]) * slope - (far and at(e) or at(r) + (e - r) * later)) ^ 2 / B
      if t[i] < boundary and e - t[i] > 1.01 * delta then sum = sum + alpha * (slope - later) ^ 2 / B end
    end
    local kind <const> = { "consistency", segments = segments, delta = delta, boundary = boundary, alpha = alpha }
    local found = flow.map_loss(kind, function(x, at) return v(x, at:reshape(-1, 1)) end, x1, { x0 = x0, t = fm.tensor(t) }):item()
    case:row("consistency of a line, by hand", math.abs(found / sum - 1), 200 * case.rounding, "200 roundings")
  end,
}

-- The loss of the known maps at fixed times, a value for each of 20 batches.
local function losses(case, kind, s, t, alpha)
  local list = {}
  for i = 1, 20 do
    local x1 = case.rng:normal(n // 20, 1) * d + m
    list[i] = flow.map_loss(kind, exact, x1, { rng = case.rng, s = fm.full({ #x1 }, s), t = fm.full({ #x1 }, t), alpha = alpha }):item()
  end
  return list
end

return {
  about = "flow maps: the known maps of a normal are sampled, and every loss of them is what it should be",
  run = function(case)
    local x0, rounding = case.rng:normal(100, 1), 100 * case.rounding
    for _, steps in ipairs { 1, 3 } do
      case:row(("samples in %d step%s"):format(steps, steps == 1 and "" or "s"), case.apart(flow.map_sample(exact, x0, { steps = steps }), x0 * d + m),
        rounding, "100 roundings")
    end
    local X, x = flow.map(exact), x0 * math.sqrt(V(0.2)) + 0.2 * m
    case:row("map from 0.2 to 0.7", case.apart(X(x, 0.2, 0.7), x0 * math.sqrt(V(0.7)) + 0.7 * m), rounding, "100 roundings")
    for _, kind in ipairs(by_name.names "fm.flow.map_loss") do
      if one_time[kind] then
        one_time[kind](case)
      else
        local of, alpha = formula_of(expected, "map loss", kind), kind == "alpha" and 0.3 or nil
        case:mean(("loss of the map, %s"):format(kind), losses(case, kind, 0.25, 0.75, alpha), of(0.25, 0.75, alpha),
          (300 * case.rounding) ^ 2, "(300 roundings)^2")
      end
    end
    case:mean("any loss at s = t", losses(case, "psd", 0.4, 0.4), d * d / V(0.4))
  end,
}

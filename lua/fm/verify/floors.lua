-- Data that are a few points: the best model's velocity and weights by a sum over the points, and
-- the loss that it has, by quadrature for two points and by its own loss for many.
local fm <const> = require "fm"
local by_name <const> = require "fm.parts.by_name"

local flow <const> = fm.flow

local function tanh(x)
  return 1 - 2 / (math.exp(2 * x) + 1)
end

-- For the points -1 and 1 on the straight line: Var[x1 | x_t] = 1 - tanh(x t / s^2)^2, s = 1 - t,
-- so the loss at t is its mean over s^2. x_t is normal around t (or -t, which gives the same).
local function two_points(t)
  local s, sum, n = 1 - t, 0, 4000
  for i = 0, n do
    local z = -9 + 18 * i / n
    sum = sum + math.exp(-z * z / 2) * (1 - tanh((t + s * z) * t / (s * s)) ^ 2) * 18 / n
  end
  return sum / math.sqrt(2 * math.pi) / (s * s)
end

local function by_hand(case)
  local points, x, t = case.rng:normal(5, 2), case.rng:normal(20, 2), 0.6
  local model, want = flow.exact.empirical { points = points }, {}
  local list = points:totable()
  for i, at in ipairs(x:totable()) do
    local total, mean = 0, { 0, 0 }
    for _, p in ipairs(list) do
      local w = math.exp(-((at[1] - t * p[1]) ^ 2 + (at[2] - t * p[2]) ^ 2) / (2 * (1 - t) ^ 2))
      total = total + w
      for k = 1, 2 do mean[k] = mean[k] + w * p[k] end
    end
    want[i] = { (mean[1] / total - at[1]) / (1 - t), (mean[2] / total - at[2]) / (1 - t) }
  end
  case:row("velocity of 5 points by a sum", case.apart(model(x, t), fm.tensor(want)), 1000 * case.rounding, "1000 roundings: exponents up to 40")
end

local function lossless(case)
  for _, t in ipairs { 0.3, 0.6 } do
    local floor, info = flow.loss_floor(fm.tensor { { -1 }, { 1 } }, { t = t, draws = 100000, rng = case.rng })
    case:row(("floor of -1 and 1 at t = %g"):format(t), math.abs(floor - two_points(t)), 5 * info.standard_error, "5 standard errors of 100000 draws")
  end
end

-- The loss of the best model is the floor, for every prediction it can be read as.
local function of_itself(case)
  local points = case.rng:normal(30, 3) * 0.7 + 1
  local best = flow.exact.empirical { points = points, path = "cosine" }
  local path = flow.path "cosine"
  for _, form in ipairs(by_name.names "fm.flow.prediction") do
    local function model(x, t) return flow.convert(best(x, t), "velocity", form, x, t, path) end
    local o <const> = { path = "cosine", predict = form, t = { 0.2, 0.4, 0.6 }, draws = 20000, rng = case.rng }
    local list, floor, info = {}, flow.loss_floor(points, o)
    for i = 1, 40 do
      local x1, t = points:index_select(case.rng:integers(10000, 1, 30)), case.rng:integers(10000, 1, 3) * 0.2
      list[i] = flow.loss(model, x1, { rng = case.rng, t = t, path = "cosine", predict = form }):item()
    end
    case:mean(("best loss of 30 points, %s"):format(form), list, floor, 5 * info.standard_error, "5 of the floor")
  end
end

return {
  about = "data that are points: the best velocity by a sum, and the loss that it leaves",
  seconds = 3,
  run = function(case)
    by_hand(case)
    lossless(case)
    of_itself(case)
  end,
}

-- What a model may predict: every form turned into every other, models of every form as
-- velocities, their losses at the best model, and straightness and energy of paths. Data are N(m,
-- d^2); with V = a^2 d^2 + s^2 and w = s a' - a s', given x_t the velocity has the variance w^2 d^2
-- / V, the data s^2 d^2 / V, the noise a^2 d^2 / V.
local fm <const> = require "fm"
local by_name <const> = require "fm.parts.by_name"
local plain_paths <const> = require "fm.verify.parts.plain_paths"
local worst <const> = require "fm.verify.parts.worst"

local flow <const> = fm.flow
local m <const>, d <const> = 1.5, 0.6

-- What the best model says at x and t, by form; below, its loss over d^2 / V.
local best <const> = {
  velocity = function(x, a, s, da, ds) return da * m + (a * da * d * d + s * ds) / (a * a * d * d + s * s) * (x - a * m) end,
  data = function(x, a, s) return m + a * d * d / (a * a * d * d + s * s) * (x - a * m) end,
  noise = function(x, a, s) return s / (a * a * d * d + s * s) * (x - a * m) end,
  score = function(x, a, s) return -1 / (a * a * d * d + s * s) * (x - a * m) end,
}
local variance <const> = {
  velocity = function(a, s, da, ds) return (s * da - a * ds) ^ 2 end,
  data = function(_, s) return s * s end,
  noise = function(a) return a * a end,
  score = function(a) return a * a end, -- its loss is that of s times the score
}

-- The integral of f over 0..1, by Simpson's rule.
local function integral(f)
  local n <const>, sum = 2000, 0
  for i = 0, n do sum = sum + f(i / n) * (i % n == 0 and 1 or i % 2 == 1 and 4 or 2) end
  return sum / (3 * n)
end

local function of(form, path)
  return function(x, t)
    local a, s, da, ds = path:coefficients(t)
    if fm.is_tensor(t) then a, s, da, ds = a:reshape(-1, 1), s:reshape(-1, 1), da:reshape(-1, 1), ds:reshape(-1, 1) end
    return best[form](x, a, s, da, ds)
  end
end

local function conversions(case, paths, forms)
  local x, t = case.rng:normal(50, 1), 0.6
  local error, which = worst(paths, function(path)
    local largest = 0
    for _, from in ipairs(forms) do
      for _, to in ipairs(forms) do
        local want = of(to, path)(x, t)
        largest = math.max(largest, case.apart(flow.convert(of(from, path)(x, t), from, to, x, t, path), want) / math.max(1, want:abs():max():item()))
      end
    end
    return largest
  end)
  case:row(("%d forms into each other on %d paths"):format(#forms, #paths), error, 2000 * case.rounding,
    "2000 roundings: slopes and divisors cancel; the largest is of " .. which)
  error, which = worst(paths, function(path)
    local largest, want = 0, of("velocity", path)(x, t)
    for _, form in ipairs(forms) do
      local field = flow.velocity(of(form, path), { predict = form, path = path })
      largest = math.max(largest, case.apart(field(x, t), want) / math.max(1, want:abs():max():item()))
    end
    return largest
  end)
  case:row("models of every form as velocities", error, 2000 * case.rounding, "2000 roundings; the largest is of " .. which)
end

local function losses(case, forms)
  for _, name in ipairs { "linear", "cosine" } do
    local path = flow.path(name)
    for _, form in ipairs(forms) do
      local list = {}
      for i = 1, 40 do list[i] = flow.loss(of(form, path), case.rng:normal(20000, 1) * d + m, { rng = case.rng, path = name, predict = form }):item() end
      local want = integral(function(t)
        local a, s, da, ds = path:coefficients(t)
        return variance[form](a, s, da, ds) * d * d / (a * a * d * d + s * s)
      end)
      case:mean(("loss of the best %s, %s"):format(form, name), list, want)
    end
  end
end

-- On the straight line x_t - t m = sqrt(V) x0, so the velocity is m + (sqrt(V))' x0.
local function lines(case)
  local x0 = case.rng:normal(200, 1)
  local model, square = of("velocity", flow.path "linear"), x0:square():mean():item()
  local energy = integral(function(t) return (t * d * d - (1 - t)) ^ 2 / (t * t * d * d + (1 - t) ^ 2) end)
  local bound <const> = 1e-5 + 200 * case.rounding
  local steps <const> = { steps = 100 }
  case:row("straightness of solved paths", math.abs(flow.straightness(model, x0, steps) - (energy - (d - 1) ^ 2) * square), bound, "h^4 and 200 roundings")
  local want = m * m + 2 * m * (d - 1) * x0:mean():item() + energy * square
  case:row("path energy", math.abs(flow.path_energy(model, x0, steps) - want), bound, "h^4 and 200 roundings")
  local squared = m * m + (d - 1) ^ 2 -- of W2 from N(0, 1) to N(m, d^2)
  local found = flow.normalized_path_energy(model, x0, squared ^ 0.5, steps)
  case:row("path energy over squared W2, less 1", math.abs(found - math.abs(want / squared - 1)), bound, "h^4 and 200 roundings")
end

-- The flow of one path, followed on another: the same map.
local function rescheduled(case)
  local x0, tolerance = case.rng:normal(100, 1), fm.real == "double" and 1e-8 or 1e-5
  local field = flow.reschedule(of("velocity", flow.path "linear"), "linear", "cosine")
  local x1 = fm.ode.solve(field, x0, { rtol = tolerance, atol = tolerance })
  case:row("linear flow on cosine path: same map", case.apart(x1, x0 * d + m), 100 * tolerance, ("100 times the tolerance, %g"):format(tolerance))
end

return {
  about = "velocity, data, noise, score: into each other, as velocities, losses at the best model; straightness",
  seconds = 2,
  run = function(case)
    local paths, forms = {}, by_name.names "fm.flow.prediction"
    for _, entry in ipairs(plain_paths()) do
      local path = entry[2]
      if not path.noisy and path.s(0.0) > 0.9 and path.s(0.0) < 1.1 and path.a(0.6) < 0.999 then paths[#paths + 1] = entry end
    end
    conversions(case, paths, forms)
    losses(case, forms)
    lines(case)
    rescheduled(case)
  end,
}

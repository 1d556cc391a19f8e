-- velocity(model, {predict, path, cond, guard}) -> field(x, t): the field that a solver follows,
-- for a model that predicts the velocity, the data, the noise or the score. At an end of the path
-- where the formula divides by a = 0 (noise and score at t = 0) or uses a slope that has no bound
-- (vp and linear_vp at t = 1), model and path are read `guard` (1e-3) away from the end. For data
-- the divisor s is at least guard; nearer than guard to t = 1 an error of the prediction becomes 20
-- times as large in the velocity, no more, as 0.05 from the end of the straight line (JiT, Li and
-- He 2025), so that a solver may take a stage there, and steps before it have the exact formula.
-- guard = 0.05 is JiT's clamp. With noise gamma z around the path, s is sqrt(s^2 + gamma^2),
-- for a source that is a unit normal, and the noise that is predicted is z: the score is -z /
-- gamma, the divisor gamma at least guard. t is a number or [B]. cond goes to the model; under
-- control = "sample" only the part for the rows that are still there.
local fm <const> = require "fm"
local arguments <const> = require "fm.flow.parts.arguments"
local coefficients <const> = require "fm.flow.path.parts.coefficients"
local divisor <const> = require "fm.flow.prediction.parts.divisor"
local fields <const> = require "fm.parts.field"
local marginal <const> = require "fm.flow.path.parts.marginal"
local options <const> = require "fm.parts.options"
local paths <const> = require "fm.flow.path"
local predictions <const> = require "fm.flow.prediction"

local field_name <const> = "velocity: field"

local function from_velocity(model, cond)
  local call = fields.of(model, cond)
  return fields.new(field_name, function(x, t, pick)
    arguments.batch(field_name, "x", x)
    arguments.any_time(field_name, t)
    return call(x, t, pick)
  end)
end

local function fails_at(kind, path, t, guard)
  return kind.fails ~= nil and kind.fails(path.a(t), coefficients.unbounded(path, t), guard)
end

-- The score -z / gamma of a prediction of the noise z around a path. Where gamma is below guard it
-- stays near that of data which are a unit normal.
local function score_of_noise(z, x, gamma, a, s, guard)
  local score <const> = x * predictions.score.centre(a, s)
  gamma = coefficients.over_rows(gamma, x)
  return score - (z + score * gamma) / divisor(gamma, guard)
end

-- What s is divided by at least. The error of the velocity is w / s times that of the data: 1 / (1
-- - t) for the straight line, so a solver's stage at t = 1 would add h / guard times it in a step
-- h. Nearer to the end than guard it is at most `most` times.
local most <const> = 20

local function guard_for_s(guard, t, x, w)
  if type(t) ~= "number" then return coefficients.over_rows(t, x):gt(1 - guard):where(divisor(w / most, guard), guard) end
  return t > 1 - guard and divisor(w / most, guard) or guard
end

local function from_prediction(model, cond, kind, given, guard)
  local path, call = marginal("velocity", given), fields.of(model, cond)
  local fails_at_1 <const> = fails_at(kind, path, 1.0, guard)
  local inside = coefficients.away_from_ends(guard, fails_at(kind, path, 0.0, guard), fails_at_1)
  local limited <const> = kind.divides_by_s and not fails_at_1
  local noise <const> = kind == predictions.noise and given.noise
  if noise then kind = predictions.score end
  return fields.new(field_name, function(x, t, pick)
    arguments.batch(field_name, "x", x)
    t = arguments.time(field_name, t, #x)
    local at = inside(t)
    local a, s, da, ds = coefficients.columns(x, coefficients.terms_together(path, at))
    local p = call(x, at, pick)
    arguments.batch("velocity", "what the model returned", p, x)
    if noise then p = score_of_noise(p, x, noise.gamma(at), a, s, guard) end
    return kind.velocity(p, x, a, s, da, ds, limited and guard_for_s(guard, t, x, s * da - a * ds) or guard)
  end)
end

return function(model, given, ...)
  options.no_more("velocity", 2, ...)
  arguments.model("velocity", model)
  local o = options.read("velocity", given, { predict = "velocity", path = "linear", cond = options.none, guard = 1e-3 })
  local kind, path = predictions.of("velocity: predict", o.predict), paths.of("velocity", o.path)
  local guard = options.number("velocity: guard", o.guard, 1e-12, 0.1)
  if kind == predictions.velocity then return from_velocity(model, o.cond) end
  if not options.callable(kind.velocity) then fm.fail "velocity: predict: this prediction has no function velocity(p, x, a, s, da, ds, guard)" end
  return from_prediction(model, o.cond, kind, path, guard)
end

-- convert(value, from, to, x, t [, path [, {guard}]]): what a model predicts at x and t in one
-- form, in another: velocity, data, noise, score. With x = a x1 + s x0, each form and x tell both
-- ends: from v = da x1 + ds x0, for example, x1 = (s v - ds x) / (s da - a ds); the score is -x0 /
-- s for x0 ~ N(0, I). A divisor (s, a or s da - a ds) is at least guard (1e-3); there the result
-- stays near that of data which are a unit normal. A slope that has no bound at an end (vp at t =
-- 1) is read guard away from it. t is a number, [B] or [B, 1].
local fm <const> = require "fm"
local arguments <const> = require "fm.flow.parts.arguments"
local coefficients <const> = require "fm.flow.path.parts.coefficients"
local conversion <const> = require "fm.flow.prediction.parts.conversion"
local options <const> = require "fm.parts.options"
local paths <const> = require "fm.flow.path"
local predictions <const> = require "fm.flow.prediction"

local where <const> = "convert"

-- The path, if it is one that the formulas hold for.
local function straight(what)
  local path = paths.of(where, what == nil and "linear" or what)
  if path.noisy then fm.fail(where .. ": path: it has noise around its line: x and one prediction do not tell the others") end
  if path.own.source or path.own.source_log_prob then
    fm.fail(where .. ": path: it has a source of its own; the formulas are for a source that is a unit normal")
  end
  return path
end

local function convertible(name, what)
  local kind = predictions.of(where .. ": " .. name, what)
  for _, part in ipairs { "centre", "rate", "per_rate" } do
    if not options.callable(kind[part]) then
      fm.fail(("%s: %s: this prediction has no function %s(a, s, da, ds, guard): it cannot be converted"):format(where, name, part))
    end
  end
  return kind
end

return function(value, from, to, x, t, path, given, ...)
  options.no_more(where, 7, ...)
  from, to, path = convertible("from", from), convertible("to", to), straight(path)
  local guard = options.number(where .. ": guard", options.read(where, given, { guard = 1e-3 }).guard, 1e-12, 0.1)
  arguments.batch(where, "x", x)
  arguments.batch(where, "value", value, x)
  t = arguments.time_within(where, t, #x)
  if from == to then return value end
  local inside = coefficients.away_from_ends(guard, coefficients.unbounded(path, 0), coefficients.unbounded(path, 1))
  local a, s, da, ds = coefficients.columns(x, coefficients.terms_together(path, inside(t)))
  local scale, centre_from, centre_to = conversion(from, to, a, s, da, ds, guard)
  return (value - x * centre_from) * scale + x * centre_to
end

-- reschedule(field, from_path, to_path, {guard, cond}) -> field(x, t): the flow of a velocity
-- field(x, t) on the path from_path, followed on another path without training again. With rho = a
-- / s of each path, r on to_path belongs to the time t on from_path with the same rho, x there is x
-- / k with k = s_to(r) / s_from(t), and
--   u'_r(x) = (k' / k) x + k t' u_t(x / k).
-- So it has the marginals of to_path, and the same map from x0 to x1. Shaul et al. 2023 (Bespoke
-- solvers). k and its slope are computed from the lengths sqrt(a^2 + s^2), which have a limit at
-- the ends. Where to_path has more noise or less than from_path ever has (vp and ve do not start
-- from pure noise), the flow stands still but for its scale. At an end where t' has no bound all is
-- read `guard` (1e-3) away from it. t is a number or [B]; cond goes to the field. A path with noise
-- around its line is read as the one without that has the same marginals, for a unit normal source.
local fm <const> = require "fm"
local arguments <const> = require "fm.flow.parts.arguments"
local coefficients <const> = require "fm.flow.path.parts.coefficients"
local divisor <const> = require "fm.flow.prediction.parts.divisor"
local fields <const> = require "fm.parts.field"
local marginal <const> = require "fm.flow.path.parts.marginal"
local options <const> = require "fm.parts.options"
local paths <const> = require "fm.flow.path"
local time_of <const> = require "fm.flow.path.parts.time_of"
local f <const> = require "fm.flow.path.parts.functions"

local where <const> = "reschedule"
local slack <const> = fm.real == "double" and 1e-12 or 1e-6 -- of a ratio at an end, by rounding
local tiny <const> = 1e-15

-- A time for each ratio: a / s must grow.
local function check_growth(path)
  for i = 1, 32 do
    local t = i / 33
    if not (path.s(t) * path.da(t) - path.a(t) * path.ds(t) > 0) then
      fm.fail(("%s: from_path: a / s does not grow at t = %.2g, so a ratio of data to noise has no time of its own"):format(where, t))
    end
  end
end

-- yes where condition > 0, else no.
local function choose(condition, yes, no)
  if type(condition) == "number" then return condition > 0 and yes or no end
  return fm.where(condition:clamp { min = 0 }, yes, no)
end

-- Of a path: the square of the length, its logarithm's slope, and the slope of the angle from noise
-- to data.
local function turn(a, s, da, ds)
  local square = a * a + s * s
  return square, (a * da + s * ds) / square, (s * da - a * ds) / square
end

-- match(r) -> t, k, k' / k, t'
local function matching(from, to)
  local find <const> = time_of(from)
  local a0 <const>, s0 <const>, a1 <const>, s1 <const> = from.a(0.0), from.s(0.0), from.a(1.0), from.s(1.0)
  return function(r)
    local a, s, da, ds = coefficients.terms_together(to, r)
    local t = find(a, s)
    local from_a, from_s, from_da, from_ds = coefficients.terms_together(from, t)
    local square, growth, speed = turn(a, s, da, ds)
    local from_square, from_growth, from_speed = turn(from_a, from_s, from_da, from_ds)
    local before, after = s * a0 - a * s0 - slack, a * s1 - s * a1 - slack -- above 0: outside of the ratios of `from`
    speed = choose(before, 0.0, choose(after, 0.0, speed / divisor(from_speed, tiny)))
    local k = choose(before, s / divisor(from_s, tiny), choose(after, a / divisor(from_a, tiny), f.sqrt(square / from_square)))
    growth = choose(before, ds / divisor(s, tiny), choose(after, da / divisor(a, tiny), growth - from_growth * speed))
    return t, k, growth, speed, from_speed
  end
end

return function(field, from, to, given, ...)
  options.no_more(where, 4, ...)
  arguments.model(where, field)
  from, to = marginal(where, paths.of(where .. ": from_path", from)), marginal(where, paths.of(where .. ": to_path", to))
  local o = options.read(where, given, { guard = 1e-3, cond = options.none })
  local guard <const> = options.number(where .. ": guard", o.guard, 1e-9, 0.1)
  check_growth(from)
  local match <const>, call <const> = matching(from, to), fields.of(field, o.cond)

  local function fails_at(r)
    local _, _, _, speed, from_speed = match(r)
    return coefficients.unbounded(to, r) or speed ~= 0 and from_speed < guard
  end
  local inside <const> = coefficients.away_from_ends(guard, fails_at(0.0), fails_at(1.0))

  return fields.new("reschedule: field", function(x, r, pick)
    arguments.batch("reschedule: field", "x", x)
    local t, k, growth, speed = match(inside(arguments.time("reschedule: field", r, #x)))
    k, growth, speed = coefficients.columns(x, k, growth, speed)
    local u = call(x / k, t, pick)
    arguments.batch(where, "what the field returned", u, x)
    return x * growth + u * (k * speed)
  end)
end

-- loss(model, x1, { schedule, rng, k, noise, cond, drop, null }): the mean square of model(x_k, 1 -
-- k/T [, cond]) - noise, with x_k = sqrt(abar_k) x1 + sqrt(1 - abar_k) noise and an index k for
-- each row, all of 1 .. T equally likely. Ho et al. 2020, equation 14. First the noise is drawn,
-- then k, then which rows lose their condition, as flow.loss draws x0, t and these.
local fm <const> = require "fm"
local arguments <const> = require "fm.flow.parts.arguments"
local coefficients <const> = require "fm.flow.path.parts.coefficients"
local drawn <const> = require "fm.flow.parts.drawn"
local dropped <const> = require "fm.flow.parts.dropped"
local options <const> = require "fm.parts.options"
local schedules <const> = require "fm.diffusion.schedule"

local where <const> = "diffusion.loss"
local none <const> = options.none
local defaults <const> = options.often { schedule = none, rng = none, k = none, noise = none, cond = none, drop = none, null = none }

-- Noise is drawn as the source of a path is.
local normal <const> = { own = {} }

local function given_indices(k, n, T)
  if math.type(k) then return fm.full(n, options.integer(where .. ": k", k, 1, T)) end
  if not fm.is_tensor(k) or k:count() ~= n then
    fm.fail(("%s: k: expected a whole number or a tensor [%d], found %s"):format(where, n, options.shown(k)))
  end
  k = k:detach():reshape(-1)
  for i, value in ipairs(k:totable()) do options.integer(("%s: k[%d]"):format(where, i), value, 1, T) end
  return k
end

-- What flow's drawn.pairs takes.
local function what_to_draw(o, T)
  local own = { rng = o.rng, x0 = o.noise, coupling = "independent", cond = o.cond }
  return own, function(_, x1)
    if o.k ~= nil then return given_indices(o.k, #x1, T) end
    return o.rng:integers(#x1, T)
  end
end

return function(model, x1, given, ...)
  options.no_more(where, 3, ...)
  local o = options.read(where, given, defaults)
  local schedule <const> = schedules.of(where, o.schedule)
  if o.noise ~= nil then arguments.batch(where, "noise", o.noise, x1) end
  drawn.check(where, model, x1, { rng = o.rng }, "both noise and k", o.noise ~= nil and o.k ~= nil)
  local own, indices = what_to_draw(o, schedule.steps)
  local noise, x, cond, k = drawn.pairs(where, own, normal, x1, indices)
  local a, s = coefficients.columns(x, schedule.roots.a:index_select(k, 1), schedule.roots.s:index_select(k, 1))
  local xk = x * a + noise * s
  cond = dropped.of_loss(where, o, cond, model, #x)
  local prediction = model(xk, 1 - k / schedule.steps, cond)
  arguments.batch(where, "the model's prediction", prediction, x)
  return fm.mse(prediction, noise)
end

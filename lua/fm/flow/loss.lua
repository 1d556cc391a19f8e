-- loss(model, x1, options): draws x0 and t, makes the pair, moves along the path, compares the
-- model's prediction with its target. Lipman et al. 2023, equation 14: the mean over the batch and
-- all dimensions of |v(xt, t) - u|^2. For other predictions, penalties and weights see
-- parts/compared.lua.
local fm <const> = require "fm"
local arguments <const> = require "fm.flow.parts.arguments"
local compared <const> = require "fm.flow.parts.compared"
local options <const> = require "fm.parts.options"
local paths <const> = require "fm.flow.path"
local predictions <const> = require "fm.flow.prediction"
local shares <const> = require "fm.parts.shares"
local times <const> = require "fm.flow.time"

local none <const> = options.none
local defaults <const> = options.often {
  rng = none, x0 = none, t = none, path = "linear", coupling = "independent", cond = none, drop = none, null = none, time = "uniform",
  predict = "velocity", compare = none, loss = "mse", weight = none, guard = 0.05,
}

-- Times for the rows of x1: given (a number, [B] or [B, 1]) or drawn.
local function times_for(o, x1)
  if o.t == nil then
    local sampler, is_own = times.of("loss: time", o.time)
    local t = sampler(o.rng, #x1)
    if is_own then return t end
    if not fm.is_tensor(t) then fm.fail(("loss: time returned a %s, expected a tensor [%d]"):format(type(t), #x1)) end
    return arguments.time_within("loss: time", t, #x1)
  end
  local t = arguments.time_within("loss", o.t, #x1)
  if type(t) == "number" then return fm.full(#x1, t) end
  return t:count() == #x1 and t or fm.zeros(#x1) + t
end

-- A drawn x0: a point of the path's source, in units of s(0).
local function draw(path, x1, rng)
  if not path.own.source then return rng:normal(x1:shape()) end
  local shape = x1:shape()
  local x0 = path:source(#x1, #shape == 2 and shape[2] or { table.unpack(shape, 2) }, rng)
  local s0 = path.s(0.0)
  if s0 == 0 then fm.fail "loss: path: s(0) is 0: it does not start at its source" end
  return s0 == 1 and x0 or x0 / s0
end

local function coupled(o, x0, x1)
  if o.coupling == "independent" then return x0, x1, o.cond end
  local couplings <const> = require "fm.flow.coupling"
  return couplings.pair("loss", couplings.of("loss", o.coupling), x0, x1, o.cond, o.rng)
end

-- What the loss is taken of: x0, x1, cond, t.
local function drawn(o, path, x1)
  local x0, cond
  x0, x1, cond = coupled(o, o.x0 or draw(path, x1, o.rng), x1)
  return x0, x1, cond, times_for(o, x1)
end

-- The same for the rows of a share: those of the whole batch, which is only drawn and paired at
-- once where a row depends on others.
local function drawn_share(o, path, x1)
  local share <const> = shares.of
  local x0, cond
  if o.coupling == "independent" and (o.x0 or not path.own.source) then
    local part = share(x1)
    x0, cond = o.x0 and share(o.x0) or o.rng:normal(part:shape()), share(o.cond)
    return x0, part, cond, share(times_for(o, x1))
  end
  x0, x1, cond = shares.once(function() return coupled(o, o.x0 or draw(path, x1, o.rng), x1) end)
  local t = times_for(o, x1)
  return share(x0), share(x1), share(cond), share(t)
end

local function check(model, x1, o)
  arguments.model("loss", model)
  arguments.batch("loss", "x1", x1)
  if x1:count() == 0 then fm.fail(("loss: x1 is [%s], expected at least one row"):format(table.concat(x1:shape(), ", "))) end
  if o.rng == nil and not (o.x0 ~= nil and o.t ~= nil) then fm.fail "loss: rng is missing (or give both x0 and t)" end
  if o.rng ~= nil then options.rng("loss", o.rng) end
  if o.x0 ~= nil then arguments.batch("loss", "x0", o.x0, x1) end
end

-- The condition, with that of some rows replaced by null. It is drawn last: a training that drops
-- sees the same x0 and t in its first step.
local function dropped(o, cond, model, n)
  if o.drop == nil then
    if o.null ~= nil then fm.fail "loss: null is given, but no drop, the probability with which it replaces a condition" end
    return cond
  end
  if o.rng == nil then fm.fail "loss: rng is missing: drop draws from it" end
  return require "fm.flow.parts.dropped"("loss", cond, o.drop, o.null, model, o.rng, n)
end

local function check_prediction(prediction, x1)
  if fm.is_tensor(prediction) then return arguments.batch("loss", "the model's prediction", prediction, x1) end
  fm.fail(("loss: the model returned a %s: tensor expected, shaped [%s] as x1"):format(type(prediction), table.concat(x1:shape(), ", ")))
end

return function(model, x1, given, ...)
  options.no_more("loss", 3, ...)
  local o = options.read("loss", given, defaults)
  check(model, x1, o)
  local kind, path = predictions.of("loss: predict", o.predict), paths.of("loss", o.path)
  if path.noisy and not o.rng then fm.fail "loss: rng is missing: this path draws the noise around its line from it" end
  local x0, cond, t
  x0, x1, cond, t = (shares.pass and drawn_share or drawn)(o, path, x1)
  local z = path.noisy and o.rng:normal(x1:shape()) or nil
  local xt, u = paths.sample(path, x0, x1, t, z)
  local prediction = model(xt, t, dropped(o, cond, model, #x1))
  check_prediction(prediction, x1)
  if kind == predictions.velocity and o.loss == "mse" and o.compare == nil and o.weight == nil then return fm.mse(prediction, u) end
  return compared(o, kind, path, t, prediction, z or x0, x1, u)
end

-- What the loss compares and how it counts: a prediction and its target, both as they are or both
-- converted to another quantity by the same formula; a penalty for each difference; a weight for
-- each row.
--
-- Two predictions that mean the same differ as their rates do: with w = s da - a ds, as s : a : w
-- for the data, the noise and the velocity. What divides is at least `guard`: for the straight line
-- 1 - t, which Li and He 2025 (JiT) keep at 0.05 or more.
local fm <const> = require "fm"
local arguments <const> = require "fm.flow.parts.arguments"
local coefficients <const> = require "fm.flow.path.parts.coefficients"
local options <const> = require "fm.parts.options"
local penalties <const> = require "fm.flow.penalty"
local predictions <const> = require "fm.flow.prediction"
local weights <const> = require "fm.flow.weight"

-- ---- conversion ----

-- The kind that an option `compare` names, or nil: in what is predicted.
local function compared_in(what, predicted)
  if what == nil then return nil end
  local kind = predictions.of("loss: compare", what)
  if kind == predicted then return nil end
  if kind.like then fm.fail "loss: compare: a score has no finite mean square: expected velocity, data or noise" end
  return kind
end

-- What a difference of the kind `from` is multiplied by to be one of the kind `to`: a number, or a
-- tensor [B].
local function scale(from, to, at)
  if from == to then return 1 end
  if not (from.per_rate and to.rate) then
    fm.fail "loss: this prediction has no functions rate and per_rate: it cannot be compared as another, nor get a weight by name"
  end
  return to.rate(at.a, at.s, at.da, at.ds, at.guard) * from.per_rate(at.a, at.s, at.da, at.ds, at.guard)
end

-- The coefficients at times t [B]: numbers, or tensors [B].
local function coefficients_at(o, path, t)
  if path.noisy then fm.fail "loss: path: it has noise around its line: one prediction does not tell another (see compare and weight)" end
  local a, s, da, ds = coefficients.terms_together(path, t)
  return { a = a, s = s, da = da, ds = ds, w = s * da - a * ds, guard = options.number("loss: guard", o.guard, 1e-12, 1) }
end

-- ---- penalty and weight ----

local function penalty_of_each(penalty, difference)
  local each = (options.callable(penalty) and penalty or penalty.each)(difference)
  if fm.is_tensor(each) and (each:count() == difference:count() or each:count() == #difference) then return each end
  fm.fail(("loss: loss returned a %s, expected a tensor [%s] or [%d]"):format(arguments.kind_of(each), table.concat(difference:shape(), ", "), #difference))
end

local function mean_penalty(penalty, prediction, target)
  if type(penalty) == "table" and penalty.mean then return penalty.mean(prediction, target) end
  return penalty_of_each(penalty, prediction - target):mean()
end

-- The mean over the batch of each row's mean penalty times its weight.
local function weighted_penalty(penalty, prediction, target, weight)
  if type(weight) ~= "number" and not (fm.is_tensor(weight) and (weight:count() == 1 or weight:count() == #target)) then
    fm.fail(("loss: weight returned a %s, expected a number or a tensor [%d]"):format(arguments.kind_of(weight), #target))
  end
  local rows = penalty_of_each(penalty, prediction - target):reshape(#target, -1):mean(2)
  return (rows * (type(weight) == "number" and weight or weight:reshape(-1))):mean()
end

-- A weight of the room, for differences of the kind `kind`.
local function weight_for(weight, kind, at)
  local value = weight.weight(at.a, at.s, at.w, at.guard)
  return value * scale(kind, predictions.of("loss: weight: of", weight.of), at) ^ 2
end

--- The loss of a prediction of the kind `kind` at times t [B]; o: the options of flow.loss. On a
--- path with noise gamma z around its line x0 is z, and gamma takes the place of s: the score is -z
--- / gamma.
return function(o, kind, path, t, prediction, x0, x1, u)
  local penalty, other = penalties.of("loss: loss", o.loss), compared_in(o.compare, kind)
  local weight = o.weight ~= nil and weights.of("loss: weight", o.weight) or nil
  local of_time = options.callable(weight)
  local at = (other or weight and not of_time) and coefficients_at(o, path, t)
  local curved = path.along and kind == predictions.velocity and not at -- then s is not read, and there is none
  local s = curved and 1 or coefficients.over_rows((path.noise and path.noise.gamma or path.s)(t), x1)
  local target
  if kind.scaled and (not weight or at) and (not at or kind.like) then
    prediction, target, kind = prediction * s, kind.scaled(x0), kind.like and predictions[kind.like] or kind
  else
    target = kind.target(x0, x1, u, s)
  end
  if other then
    local factor = coefficients.over_rows(scale(kind, other, at), x1)
    prediction, target = prediction * factor, target * factor
  end
  if not weight then return mean_penalty(penalty, prediction, target) end
  if of_time then return weighted_penalty(penalty, prediction, target, weight(t)) end
  return weighted_penalty(penalty, prediction, target, weight_for(weight, other or kind, at))
end

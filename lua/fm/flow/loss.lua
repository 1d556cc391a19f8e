-- loss(model, x1, options): draws x0 and t, makes the pair, moves along the path, compares the
-- model's prediction with its target. Lipman et al. 2023, equation 14: the mean over the batch and
-- all dimensions of |v(xt, t) - u|^2. For other predictions, penalties and weights see
-- parts/compared.lua.
local fm <const> = require "fm"
local arguments <const> = require "fm.flow.parts.arguments"
local compared <const> = require "fm.flow.parts.compared"
local drawn <const> = require "fm.flow.parts.drawn"
local dropped <const> = require "fm.flow.parts.dropped"
local options <const> = require "fm.parts.options"
local paths <const> = require "fm.flow.path"
local predictions <const> = require "fm.flow.prediction"
local row_times <const> = require "fm.flow.parts.row_times"

local none <const> = options.none
local defaults <const> = options.often {
  rng = none, x0 = none, t = none, path = "linear", coupling = "independent", cond = none, drop = none, null = none, time = none,
  predict = "velocity", compare = none, loss = "mse", weight = none, guard = 0.05,
}

local function times_for(o, x1)
  if o.t == nil then return row_times.drawn("loss", o.time, o.rng, #x1) end
  return row_times.given("loss", o.t, #x1)
end

local function check_prediction(prediction, x1)
  if fm.is_tensor(prediction) then return arguments.batch("loss", "the model's prediction", prediction, x1) end
  fm.fail(("loss: the model returned a %s: tensor expected, shaped [%s] as x1"):format(type(prediction), table.concat(x1:shape(), ", ")))
end

return function(model, x1, given, ...)
  options.no_more("loss", 3, ...)
  local o = options.read("loss", given, defaults)
  drawn.check("loss", model, x1, o, "both x0 and t", o.x0 ~= nil and o.t ~= nil)
  row_times.check("loss", o)
  local kind, path = predictions.of("loss: predict", o.predict), paths.of("loss", o.path)
  if path.noisy and not o.rng then fm.fail "loss: rng is missing: this path draws the noise around its line from it" end
  local x0, cond, t
  x0, x1, cond, t = drawn.pairs("loss", o, path, x1, times_for)
  local z = path.noisy and o.rng:normal(x1:shape()) or nil
  local xt, u = paths.sample(path, x0, x1, t, z)
  local prediction = model(xt, t, dropped.of_loss("loss", o, cond, model, #x1))
  check_prediction(prediction, x1)
  if kind == predictions.velocity and o.loss == "mse" and o.compare == nil and o.weight == nil then return fm.mse(prediction, u) end
  return compared(o, kind, path, t, prediction, z or x0, x1, u)
end

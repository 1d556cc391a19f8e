-- loss(model, x1, options): draw x0 and t, make the pair, move along the path, compare the model's prediction with its target.
-- Lipman et al. 2023, equation 14: the mean over the batch and all dimensions of |v(xt, t) - u|^2.
local fm <const> = require "fm"
local options <const> = require "fm.options"
local paths <const> = require "fm.flow.path"
local couplings <const> = require "fm.flow.coupling"
local times <const> = require "fm.flow.times"
local predict <const> = require "fm.flow.predict"

local none <const> = options.none
local defaults <const> = {
  rng = none, x0 = none, t = none, path = "linear", coupling = "independent", cond = none, time = "uniform", predict = "velocity", weight = none,
}
local linear <const> = paths.named "linear"

-- Times for the rows of x1: given ones (a number, [B] or [B, 1]) or drawn ones.
local function times_for(o, x1)
  local t = o.t
  if t == nil then
    local draw = type(o.time) == "function" and o.time or options.choose("loss: time", o.time, times)
    return draw(o.rng, #x1)
  end
  if type(t) == "number" then return fm.full(#x1, t) end
  if t:count() ~= #x1 then fm.fail(("loss: t is [%s], expected [%d]"):format(table.concat(t:shape(), ", "), #x1)) end
  return t:rank() == 1 and t or t:reshape(-1)
end

-- The mean over the batch of weight(t) times each row's mean square.
local function weighted(prediction, target, weight, t)
  local square = (prediction - target):square():reshape(#target, -1):mean(2)
  return (square * weight(t)):mean()
end

return function(model, x1, given)
  local o = options.read("loss", given, defaults)
  if not fm.is_tensor(x1) then fm.fail("loss: x1: expected a tensor [B, ...], found " .. type(x1)) end
  if not o.rng and not (o.x0 and o.t) then fm.fail "loss: rng is missing (or give both x0 and t)" end
  if o.rng then options.rng("loss", o.rng) end
  local kind = options.choose("loss: predict", o.predict, predict)
  local path = o.path == "linear" and linear or paths.named(o.path)
  local x0 = o.x0 or o.rng:normal(x1:shape())
  if o.coupling ~= "independent" then x0, x1 = couplings.named(o.coupling)(x0, x1) end
  local t = times_for(o, x1)
  local xt, u = path:sample(x0, x1, t, path.noisy and o.rng:normal(x1:shape()) or nil)
  local prediction = model(xt, t, o.cond)
  local target = kind.target(x0, x1, u)
  if o.weight then return weighted(prediction, target, o.weight, t) end
  return fm.mse(prediction, target)
end

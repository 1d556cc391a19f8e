-- velocity(model, {predict, path, cond, guard}) -> field(x, t): what a solver follows, whatever the model predicts. Division by what vanishes
-- at an end of the path stops at `guard`. t is a number, or [B] under per-sample control.
local fm <const> = require "fm"
local options <const> = require "fm.options"
local paths <const> = require "fm.flow.path"
local predict <const> = require "fm.flow.predict"

return function(model, given)
  local o = options.read("velocity", given, { predict = "velocity", path = "linear", cond = options.none, guard = 1e-3 })
  local kind = options.choose("velocity: predict", o.predict, predict)
  local path = paths.named(o.path)
  options.number("velocity: guard", o.guard, 1e-12, 1)
  if o.predict == "velocity" then return function(x, t) return model(x, t, o.cond) end end
  return function(x, t)
    if type(t) ~= "number" then fm.fail "velocity: this prediction wants one time for the whole batch" end
    local a, s, da, ds = path:coefficients(t)
    return kind.velocity(model(x, t, o.cond), x, a, s, da, ds, o.guard)
  end
end

-- What a model may predict, found by name: flow.prediction("data") is prediction/data.lua, or
-- data.lua beside the script. A file returns a table (or a function of its options that makes one),
-- for xt = a x1 + s x0:
--
--   target(x0, x1, u, s)   what to compare the prediction with; on a path with noise around its
--                          line z and gamma take the place of x0 and s
--   scaled(x0)             if there: without a weight the loss is that of s times the prediction,
--                          against this
--   like                   if there: the kind that s times the prediction is, up to its sign
--   velocity(p, x, a, s, da, ds, guard)
--                          the velocity, from a prediction p at x; a, s, da, ds are numbers or
--                          columns that broadcast over x
--   divides_by_s           if true, `guard` of velocity is larger near t = 1, where an error of p
--                          would become a much larger one of the velocity: a number, or a column
--   fails(a, unbounded, guard)
--                          whether it fails at an end of the path with this a, where a slope may be
--                          unbounded; without this function it never fails
--
-- For flow.convert, and for a loss that compares another form than is predicted, it also has three
-- functions of (a, s, da, ds, guard):
--
--   centre                 centre x is the prediction at x for data that are a unit normal
--   rate                   how fast the prediction moves when, at a fixed x, x1 moves at rate s (so
--                          x0 at rate -a, the velocity at rate s da - a ds)
--   per_rate               1 / rate, finite: the divisor is at least guard
local by_name <const> = require "fm.parts.by_name"

local function is_prediction(value)
  return type(value) == "table" and type(value.target) == "function"
end

return by_name.choice("fm.flow.prediction", { is = is_prediction, expected = "a table { target = , velocity = }" })

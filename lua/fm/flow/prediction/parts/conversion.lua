-- conversion(from, to, a, s, da, ds, guard) -> scale, centre_from, centre_to: two predictions of
-- the same model at x = a x1 + s x0 are related by
--   to = centre_to x + scale (from - centre_from x),
-- because at a fixed x all predictions move together along one line. centre x is the prediction for
-- data that are a unit normal; with a divisor below `guard` the result stays near it, and two
-- results differ by scale times the difference of what they come from. `from` and `to` are
-- predictions with the fields centre, rate and per_rate (see fm.flow.prediction); a, s, da, ds are
-- numbers or columns that broadcast over x.
return function(from, to, a, s, da, ds, guard)
  local scale = to.rate(a, s, da, ds, guard) * from.per_rate(a, s, da, ds, guard)
  return scale, from.centre(a, s, da, ds), to.centre(a, s, da, ds)
end

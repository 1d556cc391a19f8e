-- What a model may predict, how its loss is measured, and which velocity it stands for (for xt = a x1 + s x0).
-- target(x0, x1, u): what to compare with. velocity(p, x, a, s, da, ds): from a prediction p at x.
return {
  velocity = {
    target = function(_, _, u) return u end,
    velocity = function(p) return p end,
  },
  -- u = da x1 + ds x0 with x0 = (x - a x1) / s; for the straight line (x1 - x) / (1 - t)
  data = {
    target = function(_, x1) return x1 end,
    velocity = function(p, x, a, s, da, ds, guard)
      local k = ds / math.max(s, guard)
      return p * (da - k * a) + x * k
    end,
  },
  -- x1 = (x - s x0) / a
  noise = {
    target = function(x0) return x0 end,
    velocity = function(p, x, a, s, da, ds, guard)
      local k = da / math.max(a, guard)
      return p * (ds - k * s) + x * k
    end,
  },
}

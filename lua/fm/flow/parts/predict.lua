-- What a model may predict, how its loss is measured, and which velocity it stands for (for xt = a x1 + s x0).
--   target(x0, x1, u, s)             what to compare with
--   scaled(x0)                       if there: without a weight the loss is that of s times the prediction, against this
--   velocity(p, x, a, s, da, ds, guard)   from a prediction p at x; a, s, da, ds are numbers or columns that broadcast over x
--   fails(a, unbounded, guard)       whether it fails at an end of the path with this a, where a slope may be unbounded

local tiny <const> = 1e-30 -- 0 / 0 is not meant where a power of t has left the range of the numbers

local function at_least(c, low)
  if type(c) == "number" then return math.max(c, low) end
  return c:clamp { min = low }
end

return {
  velocity = {
    target = function(_, _, u) return u end,
  },
  -- u = da x1 + ds x0 with x0 = (x - a x1) / s; for the straight line (x1 - x) / (1 - t). Where s vanishes x0 is 0 in the mean: a larger
  -- divisor is right there.
  data = {
    target = function(_, x1) return x1 end,
    velocity = function(p, x, a, s, da, ds, guard)
      local k = ds / at_least(s, guard)
      return p * (da - k * a) + x * k
    end,
    fails = function(_, unbounded) return unbounded end,
  },
  -- x1 = (x - s x0) / a
  noise = {
    target = function(x0) return x0 end,
    velocity = function(p, x, a, s, da, ds)
      local k = da / at_least(a, tiny)
      return p * (ds - k * s) + x * k
    end,
    fails = function(a, unbounded, guard) return unbounded or a < guard end,
  },
  -- x0 = -s score, for a source that is a unit normal. |score + x0 / s|^2 has no finite mean over t: times s^2 it does. Song et al. 2021,
  -- section 3.3.
  score = {
    target = function(x0, _, _, s) return -x0 / at_least(s, 2.0 ^ -24) end,
    scaled = function(x0) return -x0 end,
    velocity = function(p, x, a, s, da, ds)
      local k = da / at_least(a, tiny)
      return p * (k * s * s - s * ds) + x * k
    end,
    fails = function(a, _, guard) return a < guard end, -- s ds has a bound
  },
}

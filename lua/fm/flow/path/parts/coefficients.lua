-- The coefficients a, s, da, ds of a path (a table with a function of t for each), read where they
-- have values.
--
-- A slope without a bound at an end of 0..1 (ds of vp and linear_vp at t = 1) is read at the
-- nearest number inside instead.
local fm <const> = require "fm"

local coefficients <const> = {}

--- f'(t) for a function of each t alone.
function coefficients.derivative(f)
  return function(t)
    local leaf = fm.parameter(type(t) == "number" and fm.full(1, t) or t:detach())
    local grad
    do
      local tape <close> = fm.record()
      local y = f(leaf)
      if type(y) == "number" or not fm.needs_grad(y) then return 0 end
      y:sum():backward()
      grad = leaf:grad()
    end
    if not grad then return 0 end
    return type(t) == "number" and grad[1] or grad:clone()
  end
end

local double <const> = fm.real == "double"

-- How far the next number is from an end, in the precision of t.
local function spacing(t)
  return (type(t) == "number" or double) and 2.0 ^ -53 or 2.0 ^ -24
end

local steepest <const> = double and 1e150 or 1e18 -- the square of a slope is a number too

-- Whether all values of a slope are usable: an infinite or NaN value makes their sum infinite or
-- NaN.
local function usable(slope)
  return math.abs(type(slope) == "number" and slope or slope:sum():item()) < steepest
end

-- t, with the entries where the slope is not usable moved to `gap` from the end.
local function inside(t, slope, gap)
  if type(t) == "number" then return math.min(math.max(t, gap), 1 - gap) end
  local broken = (fm.zeros(t:shape()) + slope):detach():square() * 0 -- NaN there
  return fm.where(broken, t:detach():clamp(gap, 1 - gap), t)
end

coefficients.usable = usable

-- f(t) for a slope f, and where it was read: at t, or a little inside of 0..1 if f(t) is not
-- usable.
local function nearest(f, t)
  local slope, at, gap = f(t), t, nil
  while not usable(slope) and (gap or 0) < 0.01 do
    gap = gap and 4 * gap or spacing(t)
    at = inside(at, slope, gap)
    slope = f(at)
  end
  return slope, at
end

--- f(t). Its gradient for t is the given slope: that of the function itself may be infinite at an
--- end.
function coefficients.with_slope(f, slope, t)
  if type(t) == "number" or not fm.needs_grad(t) then return f(t) end
  local at = t:detach()
  return (t - at) * (type(slope) == "number" and slope or slope:detach()) + f(at)
end

--- a, s at t; da, ds as near to t as they have a value; numbers where they are constant.
function coefficients.terms(self, t)
  local da, ds = nearest(self.da, t), nearest(self.ds, t)
  return coefficients.with_slope(self.a, da, t), coefficients.with_slope(self.s, ds, t), da, ds
end

--- All four at one time: t, or as near to it as all have a value; their products have the right
--- limits.
function coefficients.terms_together(self, t)
  local da, first = nearest(self.da, t)
  local ds, at = nearest(self.ds, first)
  if not rawequal(at, first) then da = self.da(at) end
  return self.a(at), self.s(at), da, ds
end

--- A coefficient as a column that broadcasts over the rows of x.
function coefficients.over_rows(c, x)
  if type(c) == "number" or c:rank() == 0 then return c end
  local shape = { c:count() }
  for i = 2, x:rank() do shape[i] = 1 end
  return c:reshape(shape)
end

--- Coefficients as columns over the rows of x.
function coefficients.columns(x, ...)
  local list = { ... }
  for i, c in ipairs(list) do list[i] = coefficients.over_rows(c, x) end
  return table.unpack(list)
end

--- Whether a slope has no bound at an end, t = 0 or 1.
function coefficients.unbounded(self, t)
  return not (usable(self.da(t + 0.0)) and usable(self.ds(t + 0.0)))
end

--- Returns inside(t), which keeps t at least `guard` away from the ends that need it.
function coefficients.away_from_ends(guard, from_0, from_1)
  if not from_0 and not from_1 then return function(t) return t end end
  local low, high = from_0 and guard or 0, from_1 and 1 - guard or 1
  return function(t)
    if type(t) == "number" then return math.min(math.max(t, low), high) end
    return t:clamp(low, high)
  end
end

return coefficients

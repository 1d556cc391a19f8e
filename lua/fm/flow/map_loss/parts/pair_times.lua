-- pair_times(kind) -> times(o, x1) -> s, t, m: the times of the rows of x1, [B] each, given or
-- drawn. Of two drawn times the smaller is s. A share of the rows, which ones is drawn too, has s =
-- t, the time that was drawn first. m: nil for kinds without it.
local fm <const> = require "fm"
local options <const> = require "fm.parts.options"
local row_times <const> = require "fm.flow.parts.row_times"

local where <const> = "map_loss"
local rounding <const> = fm.real == "double" and 1e-12 or 1e-6

local function given_pair(o, n)
  if o.s == nil or o.t == nil then fm.fail("map_loss: give both s and t, or neither") end
  if o.share ~= nil then fm.fail("map_loss: share is of drawn times, and s and t are given") end
  local s, t = row_times.given(where, o.s, n, "s"), row_times.given(where, o.t, n)
  local least = (t - s):detach():min():item()
  if least < 0 then fm.fail(("map_loss: t is %g before s in a row, expected s <= t"):format(-least)) end
  return s, t
end

-- Rows with s = t: n share of them, rounded up or down at random; each set of so many is as likely.
local function drawn_pair(o, n, kind)
  local share = o.share == nil and 0.5 or options.number("map_loss: share", o.share, 0, 1)
  local first = row_times.drawn(where, o.time, o.rng, n)
  local s, t
  if kind.pair then s, t = kind.pair(o.rng, n)
  else
    local second = row_times.drawn(where, o.time, o.rng, n)
    s, t = first:minimum(second), first:maximum(second)
  end
  if share == 0 then return s, t end
  if share == 1 then return first, first end
  local equal = (o.rng:permutation(n) - o.rng:uniform(n)):lt(share * n)
  return equal:where(first, s), equal:where(first, t)
end

-- A time between s and t.
local function between(o, what, s, t, n)
  if what == "midpoint" then return (s + t) * 0.5 end
  if what == "uniform" then
    if o.rng == nil then fm.fail 'map_loss: rng is missing: m is drawn from it (or give m, or m = "midpoint")' end
    return s + (t - s) * o.rng:uniform(n)
  end
  if type(what) == "string" then fm.fail(('map_loss: m: expected "midpoint", "uniform", a number or a tensor [%d], found "%s"'):format(n, what)) end
  local m = row_times.given(where, what, n, "m")
  local least = math.min((m - s):min():item(), (t - m):min():item())
  if not (least >= -rounding) then fm.fail(("map_loss: m lies %g outside of s..t in a row"):format(-least)) end
  return m
end

local function one_time(o, x1)
  for _, name in ipairs { "s", "m" } do
    if o[name] ~= nil then fm.fail(("map_loss: %s: this kind has one time, t"):format(name)) end
  end
  if o.t == nil then return nil, row_times.drawn(where, o.time, o.rng, #x1) end
  return nil, row_times.given(where, o.t, #x1)
end

return function(kind)
  if kind.times == 1 then return one_time end
  return function(o, x1)
    local n = #x1
    local pair = (o.s ~= nil or o.t ~= nil) and given_pair or drawn_pair
    local s, t = pair(o, n, kind)
    if kind.m == nil then
      if o.m ~= nil then fm.fail "map_loss: m: this kind has no time between s and t" end
      return s, t
    end
    return s, t, between(o, o.m == nil and kind.m or o.m, s, t, n)
  end
end

-- time_of(path) -> f(a, s): the time in 0..1 at which the path has the ratio a : s of data to
-- noise, the nearest end if it never has. a and s >= 0 are numbers or tensors. By the path's own
-- formula `time`, or by bisection; a / s grows with t.
local fm <const> = require "fm"

local steps <const> = fm.real == "double" and 54 or 26

local function bisected_number(path, a, s)
  local low, high = 0.0, 1.0
  for _ = 1, 54 do
    local t = (low + high) / 2
    if path.a(t) * s < path.s(t) * a then low = t else high = t end
  end
  return high == 1 and low > 1 - 1e-15 and 1.0 or low == 0 and high < 1e-15 and 0.0 or (low + high) / 2
end

local function bisected(path, a, s)
  local low = fm.zeros((type(a) == "number" and s or a):shape())
  local high = low + 1
  for _ = 1, steps do
    local t = (low + high) * 0.5
    local too_early = (path.a(t) * s - path.s(t) * a):clamp { max = 0 }
    low, high = fm.where(too_early, t, low), fm.where(too_early, high, t)
  end
  return (low + high) * 0.5
end

local function within(t)
  if type(t) == "number" then return math.min(math.max(t, 0.0), 1.0) end
  return t:clamp(0, 1)
end

return function(path)
  return function(a, s)
    local numbers <const> = type(a) == "number" and type(s) == "number"
    local t = path.time and path.time(a, s)
    return within(t or (numbers and bisected_number or bisected)(path, a, s))
  end
end

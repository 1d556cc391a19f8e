-- Variance preserving with a = t: s = sqrt(1 - t^2). The slope of s has no bound at t = 1.
local f <const> = require "fm.flow.path.parts.functions"

local function s(t) return f.sqrt((1 - t) * (1 + t)) end -- 1 - t * t would lose the digits of 1 - t

return {
  a = function(t) return t end,
  s = s,
  da = function() return 1 end,
  ds = function(t) return -t / s(t) end,
  time = function(y, z) return y / f.sqrt(y * y + z * z) end,
}

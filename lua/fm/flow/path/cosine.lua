-- A quarter of a circle: a = sin(pi t / 2), s = cos(pi t / 2), computed from the remaining angle,
-- which keeps all its digits near t = 1. Albergo and Vanden-Eijnden 2023.
local f <const> = require "fm.flow.path.parts.functions"

local half <const> = math.pi / 2

local function a(t) return f.sin(t * half) end
local function s(t) return f.sin((1 - t) * half) end

return {
  a = a,
  s = s,
  da = function(t) return s(t) * half end,
  ds = function(t) return a(t) * -half end,
  time = function(y, z) return type(y) == "number" and type(z) == "number" and math.atan(y, z) / half or nil end,
}

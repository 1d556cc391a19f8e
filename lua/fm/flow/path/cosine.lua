-- A quarter of a circle: a = sin(pi t / 2), s = cos(pi t / 2). Albergo and Vanden-Eijnden 2023.
local f <const> = require "fm.flow.path.functions"

local half <const> = math.pi / 2

return {
  a = function(t) return f.sin(t * half) end,
  s = function(t) return f.cos(t * half) end,
  da = function(t) return f.cos(t * half) * half end,
  ds = function(t) return f.sin(t * half) * -half end,
}

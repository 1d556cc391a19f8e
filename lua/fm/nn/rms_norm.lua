-- rms_norm(dim, {eps}): each row divided by its root mean square, then scaled. Zhang and Sennrich
-- 2019.
local fm <const> = require "fm"
local options <const> = require "fm.parts.options"
local module <const> = require "fm.nn.parts.module"

return function(dim, given, ...)
  options.no_more("rms_norm", 2, ...)
  local o = options.read("rms_norm", given, { eps = 1e-6 })
  dim = options.size("rms_norm: dim", dim)
  options.number("rms_norm: eps", o.eps, 0, 1)
  local settings = { eps = o.eps }
  local weight = fm.parameter(fm.ones(dim))
  return module.new({ { "weight", weight } }, function(_, x) return fm.rms_norm(x, weight, settings) end)
end

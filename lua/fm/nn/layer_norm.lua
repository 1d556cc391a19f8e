-- layer_norm(dim, {eps}): each row to mean 0 and variance 1, then scale and shift. Ba et al. 2016.
local fm <const> = require "fm"
local options <const> = require "fm.parts.options"
local module <const> = require "fm.nn.parts.module"

return function(dim, given, ...)
  options.no_more("layer_norm", 2, ...)
  local o = options.read("layer_norm", given, { eps = 1e-5 })
  dim = options.size("layer_norm: dim", dim)
  options.number("layer_norm: eps", o.eps, 0, 1)

  local settings = { eps = o.eps }
  local weight, bias = fm.parameter(fm.ones(dim)), fm.parameter(fm.zeros(dim))
  return module.new({ { "weight", weight }, { "bias", bias } }, function(_, x) return fm.layer_norm(x, weight, bias, settings) end)
end

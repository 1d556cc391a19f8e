-- group_norm(groups, channels, {eps}): x [B, channels, ...]; in each row, the channels of a group
-- to mean 0 and variance 1, then scale and shift by channel. Wu and He 2018.
local fm <const> = require "fm"
local options <const> = require "fm.parts.options"
local module <const> = require "fm.nn.parts.module"

return function(groups, channels, given, ...)
  options.no_more("group_norm", 3, ...)
  local o = options.read("group_norm", given, { eps = 1e-5 })
  groups, channels = options.size("group_norm: groups", groups), options.size("group_norm: channels", channels)
  if channels % groups ~= 0 then fm.fail(("group_norm: %d channels do not make %d groups"):format(channels, groups)) end
  local settings = { groups = groups, eps = options.number("group_norm: eps", o.eps, 0, 1) }
  local weight, bias = fm.parameter(fm.ones(channels)), fm.parameter(fm.zeros(channels))
  return module.new({ { "weight", weight }, { "bias", bias } }, function(_, x) return fm.group_norm(x, weight, bias, settings) end)
end

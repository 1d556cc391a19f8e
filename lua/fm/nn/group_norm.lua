-- group_norm(groups, channels, {eps, act}): x [B, channels, ...]; in each row, the channels of a
-- group to mean 0 and variance 1, then scale and shift by channel. Wu and He 2018. act: the name of
-- an activation, { "name", option = }, or a layer; if it is an op of fm, it runs in the same pass,
-- and what goes into it is not kept.
local fm <const> = require "fm"
local fusing <const> = require "fm.nn.parts.fusing"
local options <const> = require "fm.parts.options"

local fused <const> = fm.group_norm
local takes <const> = fusing.taking(function(op) fused(fm.zeros(1, 1), nil, nil, { groups = 1, act = op }) end)

local function joining(groups, eps)
  return function(self, op)
    local settings <const> = { groups = groups, eps = eps, act = op }
    return function(x) return fused(x, self.weight, self.bias, settings) end
  end
end

local function forward(self, x)
  return self.stage(x)
end

return function(groups, channels, given, ...)
  options.no_more("group_norm", 3, ...)
  local o = options.read("group_norm", given, { eps = 1e-5, act = "none" })
  groups, channels = options.size("group_norm: groups", groups), options.size("group_norm: channels", channels)
  options.number("group_norm: eps", o.eps, 0, 1)
  if channels % groups ~= 0 then fm.fail(("group_norm: %d channels do not make %d groups"):format(channels, groups)) end
  local parts = { { "weight", fm.parameter(fm.ones(channels)) }, { "bias", fm.parameter(fm.zeros(channels)) } }
  return fusing.layer("group_norm", o.act, parts, forward, takes, joining(groups, o.eps))
end

-- linear(inputs, outputs, {bias, act, init}): y = act(x w^T + b); w is [outputs, inputs]. For init
-- see parts/weights.lua. act: the name of an activation, { "name", option = }, or a layer; if it is
-- an op of fm, it runs in the same pass.
local fm <const> = require "fm"
local fusing <const> = require "fm.nn.parts.fusing"
local options <const> = require "fm.parts.options"
local weights <const> = require "fm.nn.parts.weights"

local fused <const> = fm.linear
local takes <const> = fusing.taking(function(op) fused(fm.zeros(1, 1), fm.zeros(1, 1), nil, op) end)

local function joined(self, op)
  return function(x) return fused(x, self.weight, self.bias, op) end
end

local function forward(self, x)
  return self.stage(x)
end

return function(inputs, outputs, given, ...)
  options.no_more("linear", 3, ...)
  local o = options.read("linear", given, { bias = true, act = "none", init = "uniform" })
  inputs, outputs = options.size("linear: inputs", inputs), options.size("linear: outputs", outputs)
  return fusing.layer("linear", o.act, weights("linear", o, inputs, outputs, inputs), forward, takes, joined)
end

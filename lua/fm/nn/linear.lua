-- linear(inputs, outputs, {bias, act, init}): y = act(x w^T + b); w is [outputs, inputs]. For init
-- see parts/weights.lua. act: the name of an activation, { "name", option = }, or a layer; if it is
-- an op of fm, it runs in the same pass.
local fm <const> = require "fm"
local fusing <const> = require "fm.nn.parts.fusing"
local options <const> = require "fm.parts.options"
local module <const> = require "fm.nn.parts.module"
local weights <const> = require "fm.nn.parts.weights"

local fused <const> = fm.linear

local function forward(self, x)
  return fused(x, self.weight, self.bias, self.act)
end

local function forward_and_after(self, x)
  return self.after(fused(x, self.weight, self.bias))
end

local takes <const> = fusing.taking(function(op) fused(fm.zeros(1, 1), fm.zeros(1, 1), nil, op) end)
local fuse <const> = fusing.method(takes, function(self, op)
  return function(x) return fused(x, self.weight, self.bias, op) end
end)

return function(inputs, outputs, given, ...)
  options.no_more("linear", 3, ...)
  local o = options.read("linear", given, { bias = true, act = "none", init = "uniform" })
  inputs, outputs = options.size("linear: inputs", inputs), options.size("linear: outputs", outputs)
  local act, after = fusing.act("linear: act", o.act, takes)
  local weight, bias = weights("linear", o, inputs, outputs, inputs)
  local parts = { { "weight", weight } }
  if bias then parts[#parts + 1] = { "bias", bias } end
  if type(after) == "table" then parts[#parts + 1] = { "act", after } end -- a function has no parameters
  local layer = module.new(parts, after and forward_and_after or forward)
  layer.weight, layer.bias, layer.act, layer.after = weight, bias, act, after
  if not after then layer.fuse = fuse end
  return layer
end

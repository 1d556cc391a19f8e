-- transformer{inputs, length, dim = 128, heads = 4, layers = 4, classes, causal, times = 1}:
-- sequences, x [B, L, inputs] with L up to length -> [B, L, inputs], called model(x, t [, cond]).
-- Time and label scale, shift and gate its blocks of attention: adaLN-zero, Peebles and Xie 2023;
-- for its parts see parts/transformer_layers.lua. It starts as the velocity 0.
--   classes = n   cond is a label [B] in 1..n, or a number; n + 1 means none, and so does no cond
--   causal        row i of a sequence sees rows 1 to i only
--   times = 2     model(x, s, t [, cond])
-- The positions start as sines and cosines and are trained. With the defaults and inputs = 16,
-- length = 64: 1,265,808 parameters.
local fm <const> = require "fm"
local module <const> = require "fm.nn.parts.module"
local options <const> = require "fm.parts.options"
local positions <const> = require "fm.nn.parts.positions"
local transformer_layers <const> = require "fm.nn.parts.transformer_layers"

local none <const> = options.none
local defaults <const> = { inputs = none, length = none, dim = 128, heads = 4, layers = 4, classes = none, causal = false, times = 1 }

return function(given, ...)
  options.no_more("transformer", 1, ...)
  local o = options.read("transformer", given, defaults)
  local inputs <const>, length <const> = options.size("transformer: inputs", o.inputs), options.size("transformer: length", o.length)
  if options.size("transformer: dim", o.dim) % 2 ~= 0 then fm.fail(("transformer: dim: expected an even number, found %d"):format(o.dim)) end
  function o.position() return positions.line(length, o.dim) end
  local parts, run = transformer_layers("transformer", o)
  local self = module.new(parts, function(_, x, ...)
    if not fm.is_tensor(x) or x:rank() ~= 3 or x:size(3) ~= inputs or x:size(2) < 1 or x:size(2) > length then
      fm.fail(("transformer: x: expected a tensor [B, L, %d] with L in 1..%d, found %s"):format(inputs, length, options.shown(x)))
    end
    return run(x, ...)
  end)
  self.classes, self.times = o.classes, o.times
  return self
end

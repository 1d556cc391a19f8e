-- dit{channels, size, patch = 4, dim = 128, heads = 4, layers = 4, classes, times = 1}: a
-- transformer over the square patches of pictures [B, channels, size, size], called
-- model(x, t [, cond]). Peebles and Xie 2023. A patch is one row of channels * patch * patch
-- numbers, channel by channel and line by line; the rest is nn.transformer, with positions that
-- start as sines and cosines of line and column. For the parts see parts/transformer_layers.lua.
-- `embed` is what others write as a convolution with stride `patch`, its weight reshaped to [dim,
-- channels * patch * patch].
--   classes = n   cond is a label [B] in 1..n, or a number; n + 1 means none, and so does no cond
--   times = 2     model(x, s, t [, cond])
-- With the defaults, channels = 1 and size = 32: 1,265,808 parameters.
local fm <const> = require "fm"
local module <const> = require "fm.nn.parts.module"
local options <const> = require "fm.parts.options"
local positions <const> = require "fm.nn.parts.positions"
local transformer_layers <const> = require "fm.nn.parts.transformer_layers"

local none <const> = options.none
local defaults <const> = { channels = none, size = none, patch = 4, dim = 128, heads = 4, layers = 4, classes = none, times = 1 }

local function read(given)
  local o = options.read("dit", given, defaults)
  for _, name in ipairs { "channels", "size", "patch", "dim" } do options.size("dit: " .. name, o[name]) end
  if o.size % o.patch ~= 0 then fm.fail(("dit: size %d is no multiple of patch %d"):format(o.size, o.patch)) end
  if o.dim % 4 ~= 0 then fm.fail(("dit: dim: expected a multiple of 4, found %d"):format(o.dim)) end
  return o
end

return function(given, ...)
  options.no_more("dit", 1, ...)
  local o = read(given)
  local c <const>, size <const>, patch <const>, side <const> = o.channels, o.size, o.patch, o.size // o.patch
  o.inputs, o.causal = c * patch * patch, false
  function o.position() return positions.square(side, o.dim) end
  local parts, run = transformer_layers("dit", o)
  local self = module.new(parts, function(_, x, ...)
    if not fm.is_tensor(x) or x:rank() ~= 4 or x:size(2) ~= c or x:size(3) ~= size or x:size(4) ~= size then
      fm.fail(("dit: x: expected a tensor [B, %d, %d, %d], found %s"):format(c, size, size, options.shown(x)))
    end
    local patches = x:reshape(#x, c, side, patch, side, patch):permute(1, 3, 5, 2, 4, 6):reshape(#x, side * side, o.inputs)
    return run(patches, ...):reshape(#x, side, side, c, patch, patch):permute(1, 4, 2, 5, 3, 6):reshape(x:shape())
  end)
  self.classes, self.times = o.classes, o.times
  return self
end

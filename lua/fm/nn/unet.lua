-- unet{channels, ...}: pictures [B, channels, H, W] -> the same shape, called model(x, t [, cond]).
-- Its structure is that of Ho et al. 2020. Level l works on pictures halved l - 1 times, with
-- width * multipliers[l] channels; H and W must halve as often as there are levels, less one.
--   conv_in     3 x 3, channels -> width
--   down.l.j    `blocks` residual blocks (parts/residual_block.lua); shrink.l: 3 x 3 with stride 2
--   middle.0, middle.1
--   up.l.j      blocks + 1 residual blocks, each of what came and the newest result of the way
--               down that is not used yet, side by side; grow.l: each number becomes a 2 x 2
--               square, then 3 x 3
--   norm_out, silu, conv_out   3 x 3, width -> channels, starts from zero: the velocity 0
-- Levels count from 0 in these names. Time and label make a vector of 4 * width numbers, which is
-- added in each block (parts/conditioning.lua).
--   width = 32, multipliers = { 1, 2, 2 }, blocks = 1
--   attention = { 8 }  heights at which it attends, after the blocks of that level and, at the last
--                 level, between those of the middle; {}: nowhere. A height that the default names
--                 and no level has is left out
--   size          the height of the pictures that these heights are meant for; by default the last
--                 level has the smallest of them. Levels that attend do so for pictures of any size
--   heads = 1     of the attention
--   dropout = 0   in each block
--   classes = n   cond is a label [B] in 1..n, or a number; n + 1 means none, and so does no cond
--   times = 2     model(x, s, t [, cond])
-- With the defaults and channels = 1: 1,112,801 parameters.
local fm <const> = require "fm"
local attending_levels <const> = require "fm.nn.parts.attending_levels"
local conditioning <const> = require "fm.nn.parts.conditioning"
local no_holes <const> = require "fm.parts.no_holes"
local module <const> = require "fm.nn.parts.module"
local options <const> = require "fm.parts.options"
local unet_layers <const> = require "fm.nn.parts.unet_layers"

local none <const> = options.none
local defaults <const> = {
  channels = none, width = 32, multipliers = { 1, 2, 2 }, blocks = 1, attention = none, size = none, heads = 1, classes = none, dropout = 0,
  times = 1,
}

-- The options, and the channels of each level.
local function read(given)
  local o, widths = options.read("unet", given, defaults), {}
  for _, name in ipairs { "channels", "width", "heads" } do options.size("unet: " .. name, o[name]) end
  if o.width % 2 ~= 0 then fm.fail(("unet: width: expected an even number, found %d"):format(o.width)) end
  options.integer("unet: blocks", o.blocks, 1, 1000)
  options.below_one("unet: dropout", o.dropout)
  if type(o.multipliers) == "table" then
    no_holes("unet: multipliers", o.multipliers)
    for level, by in ipairs(o.multipliers) do widths[level] = o.width * options.size("unet: multipliers", by) end
  end
  if #widths == 0 or #widths > 30 then
    fm.fail("unet: multipliers: expected a list of 1 to 30 whole numbers, found " .. options.shown(o.multipliers))
  end
  o.attends = attending_levels(o.attention, o.size, #widths)
  for level, c in ipairs(widths) do
    if o.attends[level] and c % o.heads ~= 0 then fm.fail(("unet: %d channels of level %d are no multiple of %d heads"):format(c, level, o.heads)) end
  end
  return o, widths
end

local function check(x, channels, levels)
  if not fm.is_tensor(x) or x:rank() ~= 4 or x:size(2) ~= channels then
    fm.fail(("unet: x: expected a tensor [B, %d, H, W], found %s"):format(channels, options.shown(x)))
  end
  local halvings <const> = 1 << (levels - 1)
  local function halves(side) return side > 0 and side % halvings == 0 end
  if not (halves(x:size(3)) and halves(x:size(4))) then
    fm.fail(("unet: x is [%s]: height and width must be multiples of %d, because they are halved %d times"):format(
      table.concat(x:shape(), ", "), halvings, levels - 1))
  end
end

return function(given, ...)
  options.no_more("unet", 1, ...)
  local o, widths = read(given)
  local parts, vectors = conditioning("unet", o, o.width, 4 * o.width)
  local run, levels = unet_layers(o, widths, parts), #widths
  local self = module.new(parts, function(_, x, ...)
    check(x, o.channels, levels)
    return run(x, fm.silu(vectors(x, ...)))
  end)
  self.classes, self.times = o.classes, o.times
  return self
end

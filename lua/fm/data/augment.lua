-- augment(x [N, C, H, W], {flip, shift, rng}) -> the same pictures, each changed by chance:
--   flip = true   mirrors it, left and right, with probability 1/2
--   shift = k     moves it by -k..k whole pixels, down and across; the pixels at the edge are
--                 repeated where nothing moves in
-- What is drawn depends on the stream and its step alone, so a run that goes on from a checkpoint
-- draws the same: x1 = data.augment(x1, { flip = true, rng = augment }), with augment =
-- run.rng:stream "augment". Without rng the stream is the dataset's own, as for all datasets. There
-- is no gradient.
local fm <const> = require "fm"
local options <const> = require "fm.parts.options"
local stream <const> = require "fm.data.parts.stream"

local where <const> = "augment"
local most <const> = 1 << 24 -- numbers of a picture: their places are counted in float

-- Row k + shift + 1: where the pixels 1..size come from, when a picture moves by k.
local function sources(size, shift)
  return (fm.range(1, size):reshape(1, size) - fm.range(-shift, shift):reshape(-1, 1)):clamp(1, size)
end

local function check(x, given)
  local o = options.read(where, given, { flip = false, shift = 0, rng = options.none })
  if not fm.is_tensor(x) or x:rank() ~= 4 then fm.fail(("%s: expected pictures [N, C, H, W], found %s"):format(where, options.shown(x))) end
  if x:count() // math.max(1, #x) > most then
    fm.fail(("%s: a picture of %s has more than %d numbers"):format(where, options.shown(x), most))
  end
  if x:count() == 0 then fm.fail(("%s: there is nothing in %s"):format(where, options.shown(x))) end
  options.boolean(where .. ": flip", o.flip)
  o.shift = options.integer(where .. ": shift", o.shift, 0, math.min(x:size(3), x:size(4)) - 1)
  o.rng = stream.of(where, o.rng)
  return o
end

return function(x, given, ...)
  options.no_more(where, 2, ...)
  local o = check(x, given)
  local n, channels, high, wide = table.unpack(x:shape())
  local scope <close> = fm.scope()
  local across, down = sources(wide, o.shift), sources(high, o.shift)
  local mirrored = o.flip and o.rng:integers(n, 0, 1) or fm.zeros(n)
  local down_by = o.shift > 0 and o.rng:integers(n, -o.shift, o.shift) or fm.zeros(n)
  local across_by = o.shift > 0 and o.rng:integers(n, -o.shift, o.shift) or fm.zeros(n)
  across = fm.cat(across, wide + 1 - across, 1) -- the second half: mirrored
  local column = across:index_select(across_by + o.shift + 1 + mirrored * #down, 1):reshape(n, 1, 1, wide)
  local row = (down:index_select(down_by + o.shift + 1, 1) - 1):reshape(n, 1, high, 1) * wide
  local plane = fm.range(0, channels - 1):reshape(1, channels, 1, 1) * (high * wide)
  local from = (column + row + plane):reshape(n, -1)
  return x:detach():reshape(n, -1):gather(from, { axis = 2 }):reshape(x:shape()):detach()
end

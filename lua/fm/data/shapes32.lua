-- shapes32{n, rng, flat}: 32 x 32 colour pictures of one disc, square or triangle each,
-- anti-aliased, at random places, sizes, turns and colours. [n, 3072], channel by channel like
-- CIFAR-10, or [n, 3, 32, 32] with flat = false, in -1..1. Second result: labels 1 disc, 2 square,
-- 3 triangle.
local fm <const> = require "fm"
local options <const> = require "fm.parts.options"
local stream <const> = require "fm.data.parts.stream"

local side <const>, chunk <const> = 32, 500

-- Signed distances to the edge, in pixels, of the three shapes of half size r around the origin;
-- dx, dy are already turned.
local function distances(dx, dy, r)
  local disc = (dx:square() + dy:square() + 1e-6):sqrt() - r
  local square = fm.maximum(dx:abs(), dy:abs()) - r * 0.9
  local tilt = dx:abs() * math.sqrt(3) / 2
  local triangle = fm.maximum(-dy, tilt + dy * 0.5) - r * 0.6
  return disc, square, triangle
end

-- One chunk of n pictures.
local function draw(rng, n, x, y)
  local function column(low, high) return rng:uniform(n, 1) * (high - low) + low end
  local label = rng:integers(n, 1, 3)
  local r, turn = column(5, 11), column(0, 2 * math.pi)
  local px, py = x - column(11, 21), y - column(11, 21)
  local c, s = turn:cos(), turn:sin()
  local disc, square, triangle = distances(px * c - py * s, px * s + py * c, r)
  local kind = label:reshape(n, 1)
  local edge = (kind - 1):where((kind - 2):where(triangle, square), disc)
  local cover = (0.5 - edge):clamp(0, 1):reshape(n, 1, side * side)
  local back, front = rng:uniform(n, 3, 1) * 1.2 - 1.1, rng:uniform(n, 3, 1) * 1.2 - 0.2 -- dark behind, light in front
  return (back + cover * (front - back)):clamp(-1, 1):reshape(n, 3 * side * side), label
end

return function(given, ...)
  options.no_more("shapes32", 1, ...)
  local o = options.read("shapes32", given, { n = 1000, rng = options.none, flat = true })
  options.boolean("shapes32: flat", o.flat)
  o.n = options.size("shapes32: n", o.n)
  local rng = stream.of("shapes32", o.rng)
  local pictures, labels = fm.zeros(o.n, 3 * side * side), fm.zeros(o.n)
  local pixel = fm.zeros(1, side * side)
  local x, y = pixel:clone(), pixel
  for i = 0, side * side - 1 do
    x[1][i + 1], y[1][i + 1] = i % side + 0.5, i // side + 0.5
  end
  for first = 1, o.n, chunk do
    local last = math.min(first + chunk - 1, o.n)
    local scope <close> = fm.scope()
    pictures[{ first, last }], labels[{ first, last }] = draw(rng, last - first + 1, x, y)
  end
  return o.flat and pictures or pictures:reshape(o.n, 3, side, side), labels
end

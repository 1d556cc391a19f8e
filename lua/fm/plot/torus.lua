-- torus(what, {reference, names, title, xlabel, ylabel, label, cells, range, size}): pairs of
-- angles, or a density of them, on the square from -pi to pi, whose opposite sides are the same.
-- `what` is
--   points [n, 2]                  angles in radians; those beyond pi are shown within
--   a function of points [n, 2]    a heat map of its values [n], with its scale
-- reference: points [n, 2], gray below the points or in orange over the heat map; names =
-- {"samples", "reference"} in the legend; label: what the scale shows; range = {low, high}: the
-- ends of the scale; cells: of the heat map, along a side; size: of a side in pixels
local core <const> = require "fm.core"
local surface <const> = require "fm.plot.parts.surface"

local where <const>, pi <const> = "plot.torus", math.pi

local function wrapped(angle)
  return (angle + pi) % (2 * pi) - pi
end

-- One list for each axis.
local function ticks()
  return { { at = -pi, label = "-π" }, { at = -pi / 2, label = "-π/2" }, { at = 0, label = "0" }, { at = pi / 2, label = "π/2" }, { at = pi, label = "π" } }
end

return function(what, given)
  local o = surface.options(where, given, { xlabel = "x1", ylabel = "x2" })
  local scope <close> = core.scope()
  return surface.draw(where, what, o, {
    coordinates = 2, box = { -pi, pi, -pi, pi }, width = o.size, height = o.size, xticks = ticks(), yticks = ticks(),
    place = function(x, y) return wrapped(x), wrapped(y) end,
    point = function(u, v) return u, v end,
  })
end

-- globe(what, {reference, names, middle, title, xlabel, ylabel, label, cells, range, size}): points
-- of the sphere, or a density on it, on a map with equal areas (Mollweide's), with a line every 30
-- degrees. `what` is
--   points [n, 3]                  their directions count, and one of length 0 has no place; (1,
--                                  0, 0) has longitude and latitude 0, (0, 1, 0) has longitude
--                                  90, (0, 0, 1) is the north pole
--   a function of points [n, 3]    a heat map of its values [n], with its scale
-- reference: points [n, 3], gray below the points or in orange over the heat map; names =
-- {"samples", "reference"} in the legend; middle: the longitude in the middle of the map, in
-- degrees; label: what the scale shows; range = {low, high}: the ends of the scale; cells: of the
-- heat map, along the map; size: the width of the panel in pixels
local colors <const> = require "fm.plot.parts.colors"
local core <const> = require "fm.core"
local lettering <const> = require "fm.plot.parts.lettering"
local mollweide <const> = require "fm.plot.parts.mollweide"
local options <const> = require "fm.parts.options"
local plain_numbers <const> = require "fm.parts.plain_numbers"
local surface <const> = require "fm.plot.parts.surface"

local where <const> = "plot.globe"
local beside <const>, above <const>, gap <const> = 30, 5, 5 -- pixels around the map, and between it and the labels of parallels
local half_width <const>, half_height <const> = mollweide.half_width, mollweide.half_height
local parallels <const> = { -60, -30, 0, 30, 60 }

--- The places of a meridian, given by its part of the half width; the whole rim is those of -1 and
--- 1.
local function meridian(part)
  local rows, n = {}, 90
  for i = 0, n do
    local theta = math.pi * (i / n - 0.5)
    rows[i + 1] = { part * half_width * math.cos(theta), half_height * math.sin(theta) }
  end
  return rows
end

local function rim_at(v) -- half the width of the map at this height
  return half_width * math.sqrt(math.max(1 - (v / half_height) ^ 2, 0))
end

local function height_of(latitude)
  local phi = math.rad(latitude)
  return select(2, mollweide.place(math.cos(phi), 0, math.sin(phi), 0))
end

-- Lines of latitude and longitude every 30 degrees from the middle, and the rim.
local function graticule(panel, color, alpha)
  local meridians, straight = {}, {}
  for i = -5, 5 do meridians[i + 6] = meridian(i / 6) end
  for i, latitude in ipairs(parallels) do
    local v = height_of(latitude)
    straight[i] = { { -rim_at(v), v }, { rim_at(v), v } }
  end
  panel:lines(core.tensor(meridians), 1, color, alpha):lines(core.tensor(straight), 1, color, alpha)
  panel:lines(core.tensor { meridian(-1), meridian(1) }, 1.3, colors.frame, 1)
end

-- The names of parallels at the left of the rim, if there is room between them.
local function name_parallels(panel)
  local half = lettering.letter / 2
  if math.abs(panel.dy) * height_of(30) < 2 * half + 4 then return end
  for _, latitude in ipairs(parallels) do
    local v = height_of(latitude)
    local inner = math.max(math.abs(v) - half / math.abs(panel.dy), 0) -- the edge of the letters where the rim is farthest to the left
    local x, y = panel:at(-rim_at(inner), v)
    local text = latitude == 0 and "0°" or ("%d°%s"):format(math.abs(latitude), latitude > 0 and "N" or "S")
    panel.on:text(text, x - gap, y + half, lettering.small, 1, false, colors.text)
  end
end

--- 1 for cells that lie on the map, at least in part.
local function covers(box)
  return function(values)
    local rows, columns, list = values:size(1), values:size(2), {}
    local du, dv = (box[2] - box[1]) / columns, (box[4] - box[3]) / rows
    for i = 1, rows do
      list[i] = {}
      for j = 1, columns do
        local u = math.max(math.abs(box[1] + du * (j - 0.5)) - du / 2, 0) -- of the corner that is nearest to the middle
        local v = math.max(math.abs(box[3] + dv * (i - 0.5)) - dv / 2, 0)
        list[i][j] = (u / half_width) ^ 2 + (v / half_height) ^ 2 < 1 and 1 or 0
      end
    end
    return core.tensor(list)
  end
end

-- Hides what cells at the rim show beyond it: a line around the map, as wide as a cell is long.
local function hide_beyond(panel, cells)
  local width = 1.5 * panel.width / cells + 2
  local outer, half_u, half_v = {}, width / 2 / math.abs(panel.dx), width / 2 / math.abs(panel.dy)
  for i = 0, 180 do
    local a = i * math.pi / 90
    local c, s = math.cos(a), math.sin(a)
    local along_u, along_v = c * half_height, s * half_width -- the normal of the ellipse
    local length = math.sqrt(along_u ^ 2 + along_v ^ 2)
    outer[i + 1] = { half_width * c + half_u * along_u / length, half_height * s + half_v * along_v / length }
  end
  panel:lines(core.tensor { outer }, width, colors.background, 1)
end

local function middle_text(degrees)
  local plain <close> = plain_numbers()
  return ("lines 30° apart, longitude %g° in the middle"):format(degrees)
end

return function(what, given)
  local o = surface.options(where, given, { middle = 0, cells = 160, size = 560 })
  options.number(where .. ": middle", o.middle, -360, 360)
  o.xlabel = o.xlabel or middle_text(o.middle)
  local scope <close> = core.scope()
  local pixel = 2 * half_width / (o.size - 2 * beside)
  local wide, high, middle = half_width + beside * pixel, half_height + above * pixel, math.rad(o.middle)
  local box <const> = { -wide, wide, -high, high }
  return surface.draw(where, what, o, {
    coordinates = 3, box = box, width = o.size, height = math.floor(high / pixel * 2 + 0.5), xticks = {}, yticks = {}, covers = covers(box),
    place = function(x, y, z) return mollweide.place(x, y, z, middle) end,
    point = function(u, v) return mollweide.point(u, v, middle) end,
    under = function(panel)
      graticule(panel, colors.grid, 1)
      name_parallels(panel)
    end,
    over = function(panel)
      hide_beyond(panel, o.cells)
      graticule(panel, colors.muted, 0.35)
      name_parallels(panel)
    end,
  })
end

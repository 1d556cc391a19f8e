-- The legend of a plot stands above it, in rows no wider than the panel, so that it never covers
-- data. Entries: {name, color, line = true | nil}; without a color: a remark.
local core <const> = require "fm.core"
local colors <const> = require "fm.plot.parts.colors"
local lettering <const> = require "fm.plot.parts.lettering"

local legend <const> = {}

local row_height <const>, between <const> = 20, 20

--- Where the entries go in this width: { places, height }.
function legend.place(entries, width)
  local places, x, row = {}, 0, 1
  for _, entry in ipairs(entries) do
    local swatch = entry.color and (entry.line and 24 or 16) or 0
    local name = lettering.cut(entry.name, lettering.small, math.max(width - swatch, 8))
    local wide = swatch + lettering.width(name, lettering.small)
    if x > 0 and x + wide > width then x, row = 0, row + 1 end
    places[#places + 1] = { entry = entry, name = name, x = x, row = row, swatch = swatch }
    x = x + wide + between
  end
  return { places = places, height = #entries > 0 and row * row_height + 6 or 0 }
end

--- Draws it; its room begins at `top`.
function legend.draw(on, placed, left, top)
  for _, place in ipairs(placed.places) do
    local entry, x, y = place.entry, left + place.x, top + place.row * row_height - 6 -- y: the baseline
    if entry.color and entry.line then
      on:rectangle(x, y - 5.5, 18, 2, entry.color)
    elseif entry.color then
      on:discs(core.tensor { { x + 5, y - 4 } }, 0, 1, 0, 1, 4, entry.color)
    end
    on:text(place.name, x + place.swatch, y, lettering.small, 0, false, entry.color and colors.text or colors.muted)
  end
end

--- An entry that says how many are not shown.
function legend.remark(count, what, where)
  return { name = ("%d %s%s %s"):format(count, what, count == 1 and "" or "s", where or "outside") }
end

return legend

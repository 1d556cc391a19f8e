-- densities(list, {titles, limits, title, label, cells, size}): heat maps side by side on one scale, each of what density takes; titles: a
-- text for each. Limits are needed, the same for all; size: of a panel's longer side in pixels.
local core <const> = require "fm.core"
local colors <const> = require "fm.plot.parts.colors"
local figure <const> = require "fm.plot.parts.figure"
local heat <const> = require "fm.plot.parts.heat"
local limits <const> = require "fm.plot.parts.limits"
local options <const> = require "fm.parts.options"
local picture <const> = require "fm.plot.parts.picture"

local where <const> = "plot.densities"
local gap <const>, margin <const>, caption <const> = 16, 16, 22

local function check(list, o)
  if type(list) ~= "table" or core.is_tensor(list) or #list == 0 then
    core.fail(("%s: expected a list of points, functions or grids, found %s"):format(where, type(list)))
  end
  if o.titles and (type(o.titles) ~= "table" or #o.titles ~= #list) then core.fail(("%s: expected %d titles"):format(where, #list)) end
  if not o.limits then core.fail(where .. ": limits are missing: {x0, x1, y0, y1}") end
  figure.check_texts(where, o, "title", "label")
  options.integer(where .. ": size", o.size, 100, 4000)
  if o.cells then options.integer(where .. ": cells", o.cells, 2, 4096) end
end

return function(list, given)
  local o = options.read(where, given, { titles = options.none, limits = options.none, title = options.none, label = options.none,
    cells = options.none, size = 320 })
  check(list, o)
  local scope <close> = core.scope()
  local width, height, shown = figure.equal(limits.check(where, o.limits), o.size)
  local maps, all = {}, {}
  for i, what in ipairs(list) do
    local values, box = heat.values(where, what, o)
    maps[i], all[i] = { values = values, box = box }, values:reshape(-1)
  end
  local scale = heat.scale(core.cat(all, { axis = 1 }), height)

  local title_height, title_width = figure.title(o.title)
  local top = margin + title_height + caption
  local on = picture.new(math.max(2 * margin + #list * (width + gap) - gap + scale.right, 2 * margin + title_width), top + height + margin)
  figure.title(o.title, on, margin)
  local panel
  for i, map in ipairs(maps) do
    local left = margin + (i - 1) * (width + gap)
    if o.titles then on:unclip():text(tostring(o.titles[i]), left + width / 2, top - 8, figure.small, 0.5, false, colors.text) end
    panel = figure.panel(on, left, top, width, height, shown):inside()
    heat.draw(panel, map.values, scale, map.box)
  end
  heat.draw_bar(panel, scale, o.label)
  return on
end

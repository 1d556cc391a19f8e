-- densities(list, {titles, limits, difference, title, xlabel, ylabel, label, cells, size}): heat
-- maps side by side on one scale, each of what density takes; titles: a text for each. Limits are
-- needed, the same for all; size: of a panel's longer side in pixels; label: what the scale shows.
--   difference = true: after them, how each differs from the first, in blue (less) and red (more)
--   with its own scale; a text instead of true is the title of the last
local core <const> = require "fm.core"
local figure <const> = require "fm.plot.parts.figure"
local heat <const> = require "fm.plot.parts.heat"
local labels <const> = require "fm.plot.parts.labels"
local limits <const> = require "fm.plot.parts.limits"
local no_holes <const> = require "fm.parts.no_holes"
local options <const> = require "fm.parts.options"
local panels <const> = require "fm.plot.parts.panels"
local points <const> = require "fm.plot.parts.points"

local where <const> = "plot.densities"

local function check(list, o)
  if type(list) ~= "table" or core.is_tensor(list) or #list == 0 then
    core.fail(("%s: expected a list of points, functions or grids, found %s"):format(where, type(list)))
  end
  no_holes(where, list)
  if o.titles then
    if type(o.titles) ~= "table" or #o.titles ~= #list then core.fail(("%s: expected %d titles"):format(where, #list)) end
    o.titles = labels.check(where .. ": titles", o.titles, #list)
  end
  if not o.limits then core.fail(where .. ": limits are missing: {x0, x1, y0, y1}") end
  figure.check_texts(where, o, "label")
  options.integer(where .. ": size", o.size, 100, 4000)
  if o.cells then options.integer(where .. ": cells", o.cells, 2, 4096) end
  if type(o.difference) ~= "string" then options.boolean(where .. ": difference", o.difference) end
  if o.difference and #list < 2 then core.fail(where .. ": difference: expected at least two maps") end
end

-- Makes tensors of tables, and gives all maps equally many cells when they are subtracted.
local function alike(list, o)
  local same = {}
  for i, what in ipairs(list) do
    same[i] = (core.is_tensor(what) or not options.callable(what)) and points.tensor(where, what, "points, a grid or a function") or what
  end
  if o.difference then o.cells = o.cells or heat.common_cells(same) end
  return same
end

-- Each map but the first, minus the first; raises when their cells differ.
local function subtract(maps)
  local first, rest = maps[1].values, {}
  for i = 2, #maps do
    local values = maps[i].values
    if values:size(1) ~= first:size(1) or values:size(2) ~= first:size(2) then
      core.fail(("%s: difference: number %d has cells %s, the first %s"):format(where, i, points.shape_text(values), points.shape_text(first)))
    end
    rest[i - 1] = { values = values - first, box = maps[i].box }
  end
  return rest
end

-- The titles of all panels, also of the differences; nil without any.
local function captions(o, count)
  if not o.titles and not o.difference then return nil end
  local texts = {}
  for i = 1, count do texts[i] = o.titles and o.titles[i] or "" end
  for i = 2, o.difference and count or 0 do
    texts[#texts + 1] = o.titles and ("%s - %s"):format(texts[i], texts[1]) or count == 2 and "difference" or ("%d - 1"):format(i)
  end
  if type(o.difference) == "string" then texts[#texts] = o.difference end
  return texts
end

local function scale_of(maps, make, height, label)
  local all = {}
  for i, map in ipairs(maps) do all[i] = map.values:reshape(-1) end
  return make(core.cat(all, { axis = 1 }), height, label)
end

return function(list, given)
  local o = figure.options(where, given, { titles = options.none, limits = options.none, difference = false, xlabel = "x1", ylabel = "x2",
    label = options.none, cells = options.none, size = 320 })
  check(list, o)
  local scope <close> = core.scope()
  local width, height, shown = figure.equal(limits.check(where, o.limits), o.size)
  local maps, are_points = {}, false
  for i, what in ipairs(alike(list, o)) do
    local values, box, outside = heat.values(where, what, o)
    maps[i] = { values = values, box = box }
    are_points = are_points or outside ~= nil
  end
  local rest = o.difference and subtract(maps) or {}
  local scale = scale_of(maps, heat.scale, height, o.label or are_points and "density" or nil)
  local apart = rest[1] and scale_of(rest, heat.difference_scale, height, "difference")

  local on, shows = panels { box = shown, count = #maps + #rest, columns = #maps + #rest, width = width, height = height, gap = 16,
    captions = captions(o, #maps), title = o.title, xlabel = o.xlabel, ylabel = o.ylabel, more = { [#maps] = scale.right },
    right = (apart or scale).right }
  for i, map in ipairs(maps) do heat.draw(shows[i]:inside(), map.values, scale, map.box) end
  heat.draw_bar(shows[#maps], scale)
  for i, map in ipairs(rest) do heat.draw(shows[#maps + i]:inside(), map.values, apart, map.box) end
  if apart then heat.draw_bar(shows[#shows], apart) end
  return on
end

-- Points, or the heat map of a function, on a surface that is drawn flat. `surface` has
--   coordinates     of a point
--   place(...)      the place u, v of a point's coordinates in the drawing; not finite: none
--   point(u, v)     the coordinates of a place
--   box             {x0, x1, y0, y1} of the panel, and its size: width, height
--   xticks, yticks  of its axes
--   covers(values)  if there: [rows, columns], 0 for cells of the heat map that are not on it
--   under(panel)    if there: draws what lies below the points
--   over(panel)     if there: draws what lies over a heat map
local cells <const> = require "fm.plot.parts.cells"
local colors <const> = require "fm.plot.parts.colors"
local core <const> = require "fm.core"
local figure <const> = require "fm.plot.parts.figure"
local heat <const> = require "fm.plot.parts.heat"
local legend <const> = require "fm.plot.parts.legend"
local options <const> = require "fm.parts.options"
local points <const> = require "fm.plot.parts.points"

local surface <const> = {}

--- The options of a plot of a surface: those of every plot, its own, and these.
function surface.options(where, given, own)
  for name, value in pairs { reference = options.none, names = options.none, label = options.none, cells = 120, range = options.none, size = 480 } do
    if own[name] == nil then own[name] = value end
  end
  local o = figure.options(where, given, own)
  o.names = points.names(where, o.names)
  figure.check_texts(where, o, "label")
  options.integer(where .. ": size", o.size, 100, 8000)
  options.integer(where .. ": cells", o.cells, 2, 4096)
  if o.range ~= nil then o.range = heat.check_range(where, o.range) end
  return o
end

--- Points [n, coordinates] as places [n, 2], and how many of them have none.
local function flat(where, on, value, expected)
  local shape = ("points [n, %d]"):format(on.coordinates)
  local x, rows, outside = points.tensor(where, value, expected or shape), {}, 0
  if x:rank() ~= 2 or x:size(2) ~= on.coordinates or #x == 0 then
    core.fail(("%s: expected %s, found %s"):format(where, expected or shape, points.shape_text(x)))
  end
  for i, row in ipairs(x:totable()) do
    local u, v = on.place(table.unpack(row))
    rows[i] = { u, v }
    if not (u - u == 0 and v - v == 0) then outside = outside + 1 end
  end
  return core.tensor(rows), outside
end

--- Adds to the legend how many samples and how many points of the reference have no place.
local function remark_on(entries, outside, outside_reference)
  if outside > 0 then entries[#entries + 1] = legend.remark(outside, "sample", "without a place") end
  if outside_reference > 0 then entries[#entries + 1] = legend.remark(outside_reference, "reference point", "without a place") end
end

--- How many cells of a map have no finite value, in the legend; those that are not on it do not
--- count.
local function remark_on_cells(entries, values, covers)
  local off = (values - values):ne(0)
  if covers then off = off * covers:reshape(off:shape()) end
  local count = off:sum():item() // 1 | 0
  if count > 0 then entries[#entries + 1] = legend.remark(count, "cell", "without a finite value") end
end

-- The values of a function at the middles of square cells: [rows, columns], the first row lowest.
local function evaluate(where, on, f, along)
  local box, list = on.box, {}
  local columns, rows = cells.count(box, along)
  for i = 1, rows do
    for j = 1, columns do
      list[#list + 1] = { on.point(box[1] + (box[2] - box[1]) * (j - 0.5) / columns, box[3] + (box[4] - box[3]) * (i - 0.5) / rows) }
    end
  end
  return cells.values(where, f, core.tensor(list), columns, rows)
end

local function frame(on, o, entries, scale)
  return figure.new { box = on.box, width = on.width, height = on.height, title = o.title, xlabel = o.xlabel, ylabel = o.ylabel, legend = entries,
    xticks = on.xticks, yticks = on.yticks, bare = on.covers ~= nil, right = scale and scale.right }
end

local function draw_map(where, f, o, on)
  local values = evaluate(where, on, f, o.cells)
  local known, outside = nil, 0
  if o.reference ~= nil then known, outside = flat(where .. ": reference", on, o.reference) end
  local scale, covers = heat.scale(values, on.height, o.label, o.range), on.covers and on.covers(values)
  local entries = { known and { name = o.names[2], color = colors.accent } }
  remark_on(entries, 0, outside)
  remark_on_cells(entries, values, covers)
  local picture, panel = frame(on, o, #entries > 0 and entries or nil, scale)
  heat.draw(panel, values, scale, on.box, covers)
  panel:inside()
  if on.over then on.over(panel) end
  if known then
    local radius, alpha = points.look(#known, o.size)
    panel:discs(known, radius, colors.accent, alpha)
  end
  panel:frame()
  heat.draw_bar(panel, scale)
  return picture
end

local function draw_points(where, what, o, on)
  local x, outside = flat(where, on, what, ("points [n, %d] or a function of them"):format(on.coordinates))
  local known, outside_reference = nil, 0
  if o.reference ~= nil then known, outside_reference = flat(where .. ": reference", on, o.reference) end
  local entries = known and points.legend(o.names) or {}
  remark_on(entries, outside, outside_reference)
  local picture, panel = frame(on, o, entries)
  if on.under then on.under(panel) end
  if known then
    local radius, alpha = points.look(#known, o.size)
    panel:discs(known, radius * 1.15, colors.reference, math.min(1, alpha * 1.3))
  end
  local radius, alpha = points.look(#x, o.size)
  panel:discs(x, radius, colors.sample, alpha):frame()
  return picture
end

--- The picture of points or of a function.
function surface.draw(where, what, o, on)
  local is_map = not core.is_tensor(what) and options.callable(what)
  return (is_map and draw_map or draw_points)(where, what, o, on)
end

return surface

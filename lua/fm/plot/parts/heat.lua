-- What heat maps share: values on a grid from points, a function or a grid, and the bar that shows
-- their scale.
local cells <const> = require "fm.plot.parts.cells"
local core <const> = require "fm.core"
local colors <const> = require "fm.plot.parts.colors"
local figure <const> = require "fm.plot.parts.figure"
local lettering <const> = require "fm.plot.parts.lettering"
local limits <const> = require "fm.plot.parts.limits"
local options <const> = require "fm.parts.options"
local points <const> = require "fm.plot.parts.points"
local ticks <const> = require "fm.plot.parts.ticks"

local heat <const> = {}

local bar <const> = { gap = 16, width = 14, text = 22 } -- its place at the right of the panel: bar, then text

local function cells_for(n) -- along the longer side, for n points
  return math.min(math.max(math.floor(1.2 * n ^ 0.45), 16), 160)
end

local function count_points(x, o)
  local box = o.limits or limits.around { x }
  local _, _, shown = figure.equal(box, o.size)
  local n = #x
  local columns, rows = cells.count(shown, o.cells or cells_for(n))
  local counts, inside = core.picture.count(x, shown[1], shown[3], shown[2], shown[4], rows, columns)
  local area = (shown[2] - shown[1]) * (shown[4] - shown[3]) / (rows * columns)
  return counts / (n * area), shown, n - inside
end

local function_cells <const> = 120

local function evaluate(where, f, o)
  local _, _, shown = figure.equal(o.limits, o.size)
  local columns, rows = cells.count(shown, o.cells or function_cells)
  local middles = cells.middles(shown, columns, rows)
  return cells.values(where, f, middles, columns, rows), shown
end

--- Values [rows, columns] with the first row lowest, the box {x0, x1, y0, y1} they fill, and, for
--- points, how many lie outside. `o` has limits, cells and size.
function heat.values(where, what, o)
  local is_function = not core.is_tensor(what) and options.callable(what)
  if o.limits then o.limits = limits.check(where, o.limits) end
  if not is_function then
    what = points.tensor(where, what, "points, a grid or a function")
    if what:rank() ~= 2 or what:count() == 0 then
      core.fail(("%s: expected points [n, 2] or a grid [rows, columns], found %s"):format(where, points.shape_text(what)))
    end
    if what:size(2) == 2 then return count_points(what, o) end
  end
  if not o.limits then core.fail(("%s: %s needs limits = {x0, x1, y0, y1}"):format(where, is_function and "a function" or "a grid")) end
  if is_function then return evaluate(where, what, o) end
  return what, o.limits
end

--- The number of cells along the longer side that all entries of a list can have, so that they can
--- be subtracted: that of a grid, or that of the fewest points.
function heat.common_cells(list)
  local least, grid = nil, nil
  for _, what in ipairs(list) do
    if core.is_tensor(what) and what:rank() == 2 and what:count() > 0 then
      if what:size(2) == 2 then least = math.min(least or math.huge, cells_for(#what)) else grid = math.max(what:size(1), what:size(2)) end
    end
  end
  return grid or least
end

-- The smallest and largest finite value.
local function range_of(values)
  local pairs_of = core.cat(values:reshape(-1, 1), values:reshape(-1, 1), 2)
  local extent = core.picture.extent(pairs_of)
  local low, high = extent and extent.low[1] or 0, extent and extent.high[1] or 1
  return limits.held(low), limits.held(high)
end

local function new_scale(low, high, ramp, height, label)
  local scale = { low = low, high = high, ramp = ramp }
  scale.ticks = ticks.fitting { low = low, high = high, length = height, count = math.max(2, height // 46), overhang = math.huge,
    size_of = function() return lettering.letter + 6 end }
  scale.name = lettering.axis_name(label, height + 40)
  scale.text = figure.widest(scale.ticks)
  scale.right = bar.gap + bar.text + scale.text + (label and 4 or 0) + scale.name.height
  return scale
end

--- The option `range` of a scale: two numbers.
function heat.check_range(where, given)
  local low, high
  if type(given) == "table" and #given == 2 then low, high = given[1], given[2] end
  if not (math.type(low) and math.type(high) and low < high and limits.held(low) == low and limits.held(high) == high) then
    core.fail(where .. ": range is two numbers {low, high} with low < high")
  end
  return { low, high }
end

--- The scale of values for a panel of this height: low, high, ticks, and `right`, the room its bar
--- takes. label: what it shows, or nil; range: its ends, in place of those of the values.
function heat.scale(values, height, label, range)
  if range then return new_scale(range[1], range[2], colors.ramp(), height, label) end
  local low, high = range_of(values)
  if low > 0 and low < 0.5 * high then low = 0 end -- a scale of densities begins at 0
  return new_scale(low, high > low and high or low + math.max(1, 1e-6 * math.abs(low)), colors.ramp(), height, label)
end

--- The same for differences: zero in the middle.
function heat.difference_scale(values, height, label)
  local low, high = range_of(values)
  local most = math.max(math.abs(low), math.abs(high))
  if most == 0 then most = 1 end
  return new_scale(-most, most, colors.diverging(), height, label)
end

--- Draws the values into a panel, where they fill `box`. covers [rows, columns], if given: 0 for
--- cells that are not drawn.
function heat.draw(panel, values, scale, box, covers)
  local x0, y1 = panel:at(box[1], box[4])
  local x1, y0 = panel:at(box[2], box[3])
  local image = core.picture.colors(values, scale.low, scale.high, scale.ramp)
  if covers then image = core.cat(image, covers:reshape(values:size(1), values:size(2), 1), 3) end
  panel.on:image(image:index_select(core.range(values:size(1), 1, -1), 1), x0, y1, x1 - x0, y0 - y1) -- the first row is the lowest
  panel:frame()
end

--- Draws the bar of a scale at the right of a panel.
function heat.draw_bar(panel, scale)
  local on, x, top, height = panel.on:unclip(), panel.x + panel.width + bar.gap, panel.y, panel.height
  local low, high = scale.low, scale.high
  local strip = core.linspace(high, low, 128):reshape(128, 1)
  on:image(core.picture.colors(strip, low, high, scale.ramp), x, top, bar.width, height)
  for _, tick in ipairs(scale.ticks) do
    local y = math.floor(top + height * (high / 2 - tick.at / 2) / (high / 2 - low / 2))
    if tick.label then
      on:rectangle(x + bar.width, math.min(y, top + height - 1), 4, 1, colors.frame)
      on:text(tick.label, x + bar.text, y + lettering.letter // 2, lettering.small, 0, false, colors.text)
    end
  end
  lettering.draw_beside(on, scale.name, top + height / 2, x - bar.gap + scale.right, on.height)
end

return heat

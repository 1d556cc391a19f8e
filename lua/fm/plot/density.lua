-- density(what, {limits, title, xlabel, ylabel, label, cells, size}): a heat map with its scale.
-- `what` is
--   points [n, 2]                      their density by counting in cells
--   a function of points [n, 2]        its values [n] at the middles of cells; limits are needed
--   a grid [rows, columns]             the values themselves, the first row lowest; limits are
--                                      needed (a grid of two columns: pass a function)
-- limits = {x0, x1, y0, y1}; cells: along the longer side; size: of the longer side in pixels;
-- label: what the scale shows
local core <const> = require "fm.core"
local figure <const> = require "fm.plot.parts.figure"
local heat <const> = require "fm.plot.parts.heat"
local legend <const> = require "fm.plot.parts.legend"
local options <const> = require "fm.parts.options"

local where <const> = "plot.density"

return function(what, given)
  local o = figure.options(where, given, { limits = options.none, xlabel = "x1", ylabel = "x2", label = options.none, cells = options.none, size = 440 })
  figure.check_texts(where, o, "label")
  options.integer(where .. ": size", o.size, 100, 8000)
  if o.cells then options.integer(where .. ": cells", o.cells, 2, 4096) end
  local scope <close> = core.scope()
  local values, box, outside = heat.values(where, what, o)
  local width, height, shown = figure.equal(box, o.size)
  local scale = heat.scale(values, height, o.label or (outside and "density" or nil))

  local on, panel = figure.new { box = shown, width = width, height = height, title = o.title, xlabel = o.xlabel, ylabel = o.ylabel,
    same_step = true, legend = outside and outside > 0 and { legend.remark(outside, "sample") } or nil, right = scale.right }
  heat.draw(panel, values, scale, box)
  heat.draw_bar(panel, scale)
  return on
end

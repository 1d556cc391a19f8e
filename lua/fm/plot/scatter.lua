-- scatter(x [n, 2], {reference, title, names, limits, size}): samples over the truth, both axes on the same scale.
--   names = {"samples", "reference"} in the legend; limits = {x0, x1, y0, y1}; size: the longer side in pixels
local core <const> = require "fm.core"
local colors <const> = require "fm.plot.parts.colors"
local figure <const> = require "fm.plot.parts.figure"
local limits <const> = require "fm.plot.parts.limits"
local options <const> = require "fm.parts.options"
local points <const> = require "fm.plot.parts.points"

local where <const> = "plot.scatter"

return function(x, given)
  local o = options.read(where, given, { reference = options.none, title = options.none, names = { "samples", "reference" },
    limits = options.none, size = 480 })
  figure.check_texts(where, o, "title")
  if type(o.names) ~= "table" then core.fail(where .. ": names are two texts {samples, reference}") end
  figure.check_texts(where .. ": names", o.names, 1, 2)
  options.integer(where .. ": size", o.size, 100, 8000)
  x = points.check(where, x)
  local truth = o.reference and points.check(where .. ": reference", o.reference)
  local box = o.limits and limits.check(where, o.limits) or limits.around { x, truth }

  local legend, outside = {}, limits.outside(x, box)
  if truth then legend = { { name = o.names[2] or "reference", color = colors.reference }, { name = o.names[1] or "samples", color = colors.sample } } end
  if outside > 0 then legend[#legend + 1] = figure.remark(outside, "sample") end

  local width, height, shown = figure.equal(box, o.size)
  local picture, panel = figure.new { box = shown, width = width, height = height, title = o.title, legend = legend, same_step = true }
  if truth then
    local radius, alpha = points.look(#truth, o.size)
    panel:discs(truth, radius * 1.15, colors.reference, math.min(1, alpha * 1.3))
  end
  local radius, alpha = points.look(#x, o.size)
  panel:discs(x, radius, colors.sample, alpha):frame()
  return picture
end

-- scatter(x [n, 2], {reference, labels, names, title, xlabel, ylabel, limits, size}): samples over
-- the truth, both axes on the same scale.
--   names = {"samples", "reference"} in the legend; limits = {x0, x1, y0, y1}; size: the longer
--   side in pixels
--   labels = {"a", "b", ...}: words at the first points of x, each where it meets no other word;
--   earlier words have precedence; words without room are counted
--   labels = {"a", "b", ..., at = points [m, 2]}: words at these points instead, which are drawn
--   too
local colors <const> = require "fm.plot.parts.colors"
local core <const> = require "fm.core"
local figure <const> = require "fm.plot.parts.figure"
local labels <const> = require "fm.plot.parts.labels"
local legend <const> = require "fm.plot.parts.legend"
local limits <const> = require "fm.plot.parts.limits"
local options <const> = require "fm.parts.options"
local points <const> = require "fm.plot.parts.points"

local where <const> = "plot.scatter"

-- The option `labels`: { texts, at (points or nil), places (the points they stand at) }, or nil.
local function read_labels(given, x)
  if given == nil then return nil end
  local own <const>, texts, by_name = where .. ": labels", given, {}
  if type(given) == "table" then
    texts = {}
    for key, value in next, given do
      local list = math.type(key) == "integer" and texts or by_name
      list[key] = value
    end
  end
  local at = options.read(own, by_name, { at = options.none }).at
  if at ~= nil then at = points.check(own .. ": at", at) end
  return { texts = labels.check(own, texts, #(at or x)), at = at, places = at or x }
end

local function in_pixels(panel, x, count)
  local places = {}
  if count < 1 then return places end
  for i, p in ipairs(x:slice { axis = 1, first = 1, last = math.min(count, #x) }:totable()) do places[i] = { panel:at(p[1], p[2]) } end
  return places
end

-- Writes the words; returns how many had no room.
local function draw_labels(on, panel, words, clouds)
  local room, places = labels.room(panel), in_pixels(panel, words.places, #words.texts)
  for _, p in ipairs(places) do room:take_disc(p[1], p[2], 4) end
  for _, x in ipairs(clouds) do room:prefer_clear(in_pixels(panel, x, labels.most_points)) end
  if words.at then panel:discs(words.at, 3, colors.title, 0.9) end
  return labels.draw(on, room, places, words.texts, colors.title)
end

-- One picture with these entries after the legend's own, and how many words had no room.
local function draw(x, truth, words, o, box, entries)
  local width, height, shown = figure.equal(box, o.size)
  local on, panel = figure.new { box = shown, width = width, height = height, title = o.title, xlabel = o.xlabel, ylabel = o.ylabel,
    legend = entries, same_step = true }
  if truth then
    local radius, alpha = points.look(#truth, o.size)
    panel:discs(truth, radius * 1.15, colors.reference, math.min(1, alpha * 1.3))
  end
  local radius, alpha = points.look(#x, o.size)
  panel:discs(x, radius, colors.sample, alpha)
  local left_out = words and draw_labels(on, panel, words, { x, truth }) or 0
  panel:frame()
  return on, left_out
end

return function(x, given)
  local o = figure.options(where, given, { reference = options.none, labels = options.none, names = options.none, xlabel = "x1", ylabel = "x2",
    limits = options.none, size = 480 })
  local names = points.names(where, o.names)
  options.integer(where .. ": size", o.size, 100, 8000)
  local scope <close> = core.scope()
  x = points.check(where, x)
  local truth = o.reference ~= nil and points.check(where .. ": reference", o.reference) or nil
  local words, clouds = read_labels(o.labels, x), { x, truth }
  if words then clouds[#clouds + 1] = words.at end
  local box = o.limits and limits.check(where, o.limits) or limits.around(clouds)

  local entries, outside = truth and points.legend(names) or {}, limits.outside(x, box)
  if outside > 0 then entries[#entries + 1] = legend.remark(outside, "sample") end
  local picture, left_out = draw(x, truth, words, o, box, entries)
  if left_out == 0 then return picture end
  entries[#entries + 1] = legend.remark(left_out, "word", "without room") -- the words stand where they stood: the panel is as large
  return (draw(x, truth, words, o, box, entries))
end

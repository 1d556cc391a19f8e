-- mean_over_seeds(values) -> { mean, deviation, half, n, text }: the mean of a result over seeds,
-- its standard deviation, and half of the mean's 95 % interval by Student's t, which few seeds make
-- wide. Numbers that are not finite are left out, and n counts the others; deviation and half are
-- nil for one number. text: the mean and half as every page of results writes them.
local fm <const> = require "fm"
local no_holes <const> = require "fm.parts.no_holes"
local options <const> = require "fm.parts.options"
local t_interval <const> = require "fm.records.t_interval"
local words <const> = require "fm.records.words"

local where <const> = "mean_over_seeds"

return function(values, ...)
  options.no_more(where, 1, ...)
  if type(values) ~= "table" then fm.fail(("%s: expected a list of numbers, found %s"):format(where, options.shown(values))) end
  no_holes(where, values)
  for i, value in ipairs(values) do
    if not math.type(value) then fm.fail(("%s: entry %d: expected a number, found %s"):format(where, i, options.shown(value))) end
  end
  local found = t_interval.of(values)
  if found.mean then found.text = table.concat { words.spread(found.mean, found.half) } end
  return found
end

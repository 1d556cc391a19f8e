-- memorisation(samples, train, held_out | {held_out}) -> share, ratio: whether samples lie nearer
-- to the points of a training than true points do that it never saw. share: how often the nearest
-- training point of a sample is nearer than that of a held-out point, over all pairs, equal ones
-- counting half; ratio: the median of the first distances over that of the second. A perfect model
-- has 1/2 and 1; one that repeats its points has 1 and 0; a share below 1/2 is a model that has not
-- found the data. The test of data copying of Meehan, Chaudhuri and Dasgupta 2020, on one cell.
local fm <const> = require "fm.core"
local options <const> = require "fm.parts.options"
local samples <const> = require "fm.metrics.parts.samples"

local where <const> = "memorisation"

-- The distances from the rows of x to the nearest training points, in order.
local function distances(what, x, train)
  local a, b = samples.read(where, x, train, { what, "train" })
  samples.finite(where, what, a)
  local _, distance = fm.measure.nearest(a, b)
  local list = distance:totable()
  table.sort(list)
  return list
end

-- Over all pairs of two sorted lists: how often the first is less, equal ones half.
local function share_below(first, second)
  local less, equal, i, j = 0, 0, 1, 1 -- below first[k] of the second lie i - 1, up to it j - 1
  for _, v in ipairs(first) do
    while i <= #second and second[i] < v do i = i + 1 end
    j = math.max(i, j)
    while j <= #second and second[j] == v do j = j + 1 end
    less, equal = less + #second - j + 1, equal + j - i
  end
  return (less + 0.5 * equal) / (#first * #second)
end

local function median(list)
  local middle = #list // 2
  return #list % 2 == 1 and list[middle + 1] or (list[middle] + list[middle + 1]) / 2
end

local function of(x, train, given, ...)
  options.no_more(where, 3, ...)
  local o = options.read(where, fm.is_tensor(given) and { held_out = given } or given, { held_out = options.none })
  if o.held_out == nil then fm.fail(where .. ": held_out is missing: true points that the training has not seen") end
  samples.finite(where, "train", samples.one(where, "train", train))
  local ours, true_ones = distances("samples", x, train), distances("held_out", o.held_out, train)
  local ours_middle, true_middle = median(ours), median(true_ones)
  local ratio = true_middle > 0 and ours_middle / true_middle or ours_middle > 0 and math.huge or 1.0
  return share_below(ours, true_ones), ratio
end

return { of = of, samples = 1, ranges = { { 0, 1 }, { 0, math.huge } } }

-- rank_histogram(ranks [n, D], draws, {bins, level, names, columns, size, title, xlabel, ylabel}):
-- a histogram of the ranks of metrics.ranks for each of the D numbers, bars over their expected
-- height 1. Behind them is the band in which a bar lies with probability `level` (0.95) when all
-- ranks 0..draws are equally likely. A slope is a bias, a hill in the middle a posterior that is
-- too wide, a valley one that is too narrow. Talts et al. 2018.
--   bins: about 20 by default, and a divisor of draws + 1, the number of ranks
--   names: of the D numbers; columns: panels side by side (5); size: the width of a panel
local colors <const> = require "fm.plot.parts.colors"
local core <const> = require "fm.core"
local figure <const> = require "fm.plot.parts.figure"
local labels <const> = require "fm.plot.parts.labels"
local options <const> = require "fm.parts.options"
local panels <const> = require "fm.plot.parts.panels"

local where <const> = "plot.rank_histogram"

--- The number of bins: the divisor of the number of ranks that is nearest to 20, as a ratio: of a
--- prime number like 101 it is 101, and not 1, with which there is nothing to see.
local function default_bins(count)
  local best = 1
  local function off(bins) return math.abs(math.log(bins / 20)) end
  for bins = 2, math.min(count, 1000) do
    if count % bins == 0 and off(bins) < off(best) then best = bins end
  end
  return best
end

--- The least and the most hits in n trials of probability 1 / bins, without the outer tails of
--- (1 - level) / 2 each.
local function band(n, bins, level)
  local p, log_choose, sum, low = 1 / bins, 0, 0, nil
  for k = 0, n do
    sum = sum + math.exp(log_choose + k * math.log(p) + (n - k) * math.log(1 - p))
    if not low and sum > (1 - level) / 2 then low = k end
    if sum >= (1 + level) / 2 then return low, k end
    log_choose = log_choose + math.log((n - k) / (k + 1))
  end
  return low or n, n
end

--- The hits of each bin in a column of ranks.
local function counts(column, bins, width)
  local hits = {}
  for i = 1, bins do hits[i] = 0 end
  for _, rank in ipairs(column) do
    local bin = rank // width + 1 | 0
    hits[bin] = hits[bin] + 1
  end
  return hits
end

local function read(ranks, draws, given)
  local o = figure.options(where, given, { bins = options.none, level = 0.95, names = options.none, columns = 5, size = 150,
    xlabel = "rank of the truth among the draws", ylabel = "share / expected" })
  if not core.is_tensor(ranks) or ranks:rank() ~= 2 or ranks:count() == 0 then
    core.fail(("%s: ranks: expected a tensor [n, D], found %s"):format(where, options.shown(ranks)))
  end
  options.turns(where .. ": draws", draws)
  if not (ranks:min():item() >= 0 and ranks:max():item() <= draws) then
    core.fail(("%s: ranks: expected numbers in 0..%d, the number of draws"):format(where, draws))
  end
  options.part(where .. ": level", o.level)
  options.integer(where .. ": columns", o.columns, 1, 1000)
  options.integer(where .. ": size", o.size, 40, 4000)
  o.bins = options.integer(where .. ": bins", o.bins or default_bins(draws + 1), 1, 1000)
  if (draws + 1) % o.bins ~= 0 then
    core.fail(("%s: bins: expected a divisor of %d, the number of ranks, found %d"):format(where, draws + 1, o.bins))
  end
  if o.names ~= nil and (type(o.names) ~= "table" or #o.names ~= ranks:size(2)) then
    core.fail(("%s: names: expected a list of %d texts"):format(where, ranks:size(2)))
  end
  local names = o.names
  for k = 1, names and 0 or ranks:size(2) do
    names = names or {}
    names[k] = ("number %d"):format(k)
  end
  o.names = labels.check(where .. ": names", names, ranks:size(2))
  return o
end

local function bar(panel, left, right, low, high, color)
  local x0, y0 = panel:at(left, high)
  local x1, y1 = panel:at(right, low)
  panel.on:rectangle(x0, y0, x1 - x0, y1 - y0, color, 1)
end

return function(ranks, draws, given)
  local o = read(ranks, draws, given)
  local n, columns, width = ranks:size(1), ranks:transpose():totable(), (draws + 1) // o.bins
  local low, high = band(n, o.bins, o.level)
  local lists, top = {}, 2
  for k, column in ipairs(columns) do
    lists[k] = counts(column, o.bins, width)
    for _, hits in ipairs(lists[k]) do top = math.max(top, hits * o.bins / n * 1.05) end
  end
  local on, shows = panels { box = { 0, draws + 1, 0, top }, count = #lists, columns = math.min(o.columns, #lists), width = o.size,
    height = o.size * 2 // 3, gap = 12, captions = o.names, title = o.title, xlabel = o.xlabel, ylabel = o.ylabel, apart = true,
    legend = { { name = ("%g %% of uniform bars"):format(o.level * 100), color = colors.reference } } }
  for k, hits in ipairs(lists) do
    local panel = shows[k]:inside()
    bar(panel, 0, draws + 1, low * o.bins / n, high * o.bins / n, colors.reference)
    for i, count in ipairs(hits) do
      local is_out = count < low or count > high
      bar(panel, (i - 0.9) * width, (i - 0.1) * width, 0, count * o.bins / n, is_out and colors.accent or colors.sample)
    end
    panel:frame()
  end
  return on
end

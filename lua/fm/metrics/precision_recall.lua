-- precision_recall(fake, real, {k}) -> precision, recall: the share of fake rows that lie in a ball
-- around a real row, and of real rows that lie in a ball around a fake row. A ball reaches to the
-- k-th nearest other row of its sample. Kynkaanniemi et al. 2019.
local balls <const> = require "fm.metrics.parts.balls"
local options <const> = require "fm.parts.options"

local function of(fake, real, given, ...)
  local where <const> = "precision_recall"
  options.no_more(where, 3, ...)
  local x, y, k = balls.read(where, fake, real, given, 3)
  local precision = balls.holding(where, x, y, k, "real")
  local recall = balls.holding(where, y, x, k, "fake")
  return precision, recall
end

return { of = of, samples = 2, ranges = { { 0, 1 }, { 0, 1 } } }

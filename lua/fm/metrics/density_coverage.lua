-- density_coverage(fake, real, {k}) -> density, coverage: the mean number of balls around real rows
-- that hold a fake row, divided by k, and the share of these balls that hold any. A ball reaches to
-- the k-th nearest other real row. Naeem et al. 2020.
local balls <const> = require "fm.metrics.parts.balls"
local options <const> = require "fm.parts.options"

local function of(fake, real, given, ...)
  local where <const> = "density_coverage"
  options.no_more(where, 3, ...)
  local x, y, k = balls.read(where, fake, real, given, 5)
  local _, mean, coverage = balls.holding(where, x, y, k, "real")
  return mean / k, coverage
end

return { of = of, samples = 2, ranges = { { 0, math.huge }, { 0, 1 } } }

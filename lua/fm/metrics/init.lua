-- Distances between two samples [n, D], found by name: metrics.wasserstein2 is
-- metrics/wasserstein2.lua. A file returns f(a, b, options) -> number. This file adds f.floor(a, b,
-- options): the same between two true samples, which is what a perfect model would still measure;
-- draws = n takes it over several draws. A file that is not a distance returns { of = f } and has
-- no floor.
local floor <const> = require "fm.metrics.parts.floor"

local Metric <const> = { __call = function(metric, ...) return metric.of(...) end }

return require("fm.parts.by_name").room("fm.metrics", {}, { each = function(value)
  if type(value) == "table" and not getmetatable(value) then return value.of end
  return setmetatable({ of = value, floor = floor(value) }, Metric)
end })

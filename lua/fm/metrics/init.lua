-- Distances between two samples [n, D], found by name: metrics.wasserstein2 is metrics/wasserstein2.lua. A file returns f(a, b, options) ->
-- number; f.floor(a, b, options), made here, is the same between two true samples: what a perfect model would still measure.
local by_name <const> = require "fm.parts.by_name"
local measure <const> = require("fm.core").measure

local Metric <const> = { __call = function(metric, ...) return metric.of(...) end }

local plain <const> = {
  assignment = measure.assignment, -- assignment(cost [n, n]) -> 1-based columns [n]
  -- pca(x, k) -> rows in the first k components [n, k], components [D, k], mean [D]
  pca = function(x, k)
    local mean, components = measure.components(x, k)
    return (x - mean):matmul(components), components, mean
  end,
}

return setmetatable(plain, {
  __index = function(metrics, name)
    local f, is_own = by_name.find("fm.metrics", name)
    if f == nil then by_name.fail("fm.metrics has no", "fm.metrics", name) end
    local metric = setmetatable({ of = f, floor = f }, Metric)
    if is_own then rawset(metrics, name, metric) end
    return metric
  end,
})

-- Measures of samples, rows first, found by name: metrics.wasserstein2 is metrics/wasserstein2.lua.
-- A file returns f(a, b, options) -> one number or several, or { of = f, ... } with any of
--   samples = 2 | 1   how many samples f measures; 1: b is something fixed
--   ranges = list     the least and the largest possible value of each number
-- This file adds f.floor(a, b, options): the same between two true samples, which is what a perfect
-- model would still measure; draws = n takes it over several draws. A file that does not measure
-- samples returns { of = f } alone and has no floor.
local fail <const> = require("fm.core").fail
local floor <const> = require "fm.metrics.parts.floor"
local options <const> = require "fm.parts.options"

local Metric <const> = { __call = function(metric, ...) return metric.of(...) end }

return require("fm.parts.by_name").room("fm.metrics", {}, { each = function(value, name)
  if type(value) ~= "table" or getmetatable(value) then value = { of = value, samples = 2 } end
  if not options.callable(value.of) then
    fail(("metric %s: expected a function of two samples, or a table { of = }, found %s"):format(name, options.shown(value.of)))
  end
  if not value.samples then return value.of end
  local floor_of <const> = value.samples == 1 and floor.of_one or floor.of_two
  return setmetatable({ of = value.of, samples = value.samples, ranges = value.ranges, floor = floor_of(name, value.of) }, Metric)
end })

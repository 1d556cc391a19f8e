-- mmd(a, b, {bandwidths, unbiased}): squared maximum mean discrepancy with the sum of Gaussian
-- kernels exp(-|a - b|^2 / 2 s^2). Gretton et al. 2012; unbiased leaves out pairs of a sample with
-- itself.
local no_holes <const> = require "fm.parts.no_holes"
local options <const> = require "fm.parts.options"
local samples <const> = require "fm.metrics.parts.samples"
local core <const> = require "fm.core"
local mean <const> = core.measure.mean_gaussian

return function(a, b, given)
  local o = options.read("mmd", given, { bandwidths = { 0.5, 1, 2 }, unbiased = false })
  if type(o.bandwidths) ~= "table" or #o.bandwidths == 0 then core.fail "mmd: bandwidths: expected a list of numbers" end
  no_holes("mmd: bandwidths", o.bandwidths)
  for _, s in ipairs(o.bandwidths) do options.number("mmd: bandwidths", s, 1e-12, math.huge) end
  options.boolean("mmd: unbiased", o.unbiased)
  a, b = samples.read_many("mmd", a, b, o.unbiased and 2 or 1)
  return mean(a, a, o.bandwidths, o.unbiased) + mean(b, b, o.bandwidths, o.unbiased) - 2 * mean(a, b, o.bandwidths, false)
end
